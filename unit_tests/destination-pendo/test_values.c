#include "fixture.h"
#include "values.h"

/* The reason row i was rejected for, "" if it was not. */
static const char *
reason(const struct fixture *f, size_t i)
{
	const char *text = ab_batch_reason(f->batch, i);

	return text != NULL ? text : "";
}

static void
a_batch_is_one_call(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 2);
	assert_int_equal(f.request.method, AB_POST);
	assert_true(f.request.metered);
	assert_false(f.request.single);
	assert_int_equal(f.request.silence_s, 330);
	assert_string_equal(
	    f.request.url.data, "https://app.pendo.io/api/v1/metadata/visitor/custom/value");
	assert_string_equal(f.body, quoted("[{'visitorId':'1','values':{'plan':'p'}},"
					   "{'visitorId':'2','values':{'plan':'p'}}]"));
	assert_int_equal(
	    fixture_answer(&f, 200, "{'total':2,'updated':2,'failed':0,'kind':'visitor'}"),
	    AB_DONE);
	assert_string_equal(reason(&f, 0), "");
	assert_string_equal(fixture_told(&f), "");
	fixture_close(&f);
}

static void
nothing_is_created_unless_it_is_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "'create_missing':true");
	fixture_deliver(&f, 1);
	assert_string_equal(f.request.url.data,
	    "https://app.pendo.io/api/v1/metadata/visitor/custom/value?create=true");
	fixture_close(&f);
}

#define MISSING "{'total':3,'updated':2,'failed':1,'missing':['2']}"

static void
ids_that_pendo_lacks_are_rejected_ignored_or_fatal(void **state)
{
	static const struct {
		const char *extra;
		enum ab_verdict verdict;
		const char *reason;
	} cases[] = {
	    {"", AB_DONE, "Pendo has no visitor of this id"},
	    {"'on_missing':'ignore'", AB_DONE, ""},
	    {"'on_missing':'fail'", AB_FAILED, "Pendo has no visitor of this id"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra);
		fixture_deliver(&f, 3);
		assert_int_equal(fixture_answer(&f, 200, MISSING), cases[i].verdict);
		assert_string_equal(reason(&f, 0), "");
		assert_string_equal(reason(&f, 1), cases[i].reason);
		assert_string_equal(reason(&f, 2), "");
		if (cases[i].verdict == AB_FAILED)
			expect_contains(f.err.message, "Pendo does not have 1 of the visitors of "
						       "stream visitors");
		expect_contains(
		    fixture_told(&f), "1 record was not written: Pendo has no visitor of this id");
		expect_contains(f.stream.notes->text, "; ids: 2");
		fixture_close(&f);
	}
}

/* The batch's second id has three records. */
static void
all_records_of_an_id_that_pendo_lacks_share_its_fate(void **state)
{
	static const struct {
		const char *extra;
		bool rejected;
	} cases[] = {{"", true}, {"'on_missing':'ignore'", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, cases[i].extra);
		assert_int_equal(fixture_take(&f, "{'id':2,'plan':'a'}"), AB_TAKEN);
		assert_int_equal(fixture_take(&f, "{'id':1,'plan':'b'}"), AB_TAKEN);
		assert_int_equal(fixture_take(&f, "{'id':2,'plan':'c'}"), AB_TAKEN);
		assert_int_equal(fixture_take(&f, "{'id':2,'plan':'d'}"), AB_TAKEN);
		assert_int_equal(fixture_take(&f, "{'id':3,'plan':'e'}"), AB_TAKEN);
		ab_batch_seal(f.batch);
		fixture_exchange(&f, AB_BATCH, false);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(fixture_answer(&f, 200, MISSING), AB_DONE);
		assert_int_equal(f.batch->entries[1].key_rejected, cases[i].rejected);
		assert_null(ab_batch_fallback(f.batch));
		expect_contains(fixture_told(&f), "3 records were not written: Pendo has no ");
		expect_contains(f.stream.notes->text, "; ids: 2");
		fixture_close(&f);
	}
}

static void
errors_that_name_a_record_reject_it(void **state)
{
	static const char *const names[] = {"id", "visitorId", "accountId"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct fixture f;
		char reply[200];
		fixture_open(&f, "");
		fixture_deliver(&f, 3);
		snprintf(reply, sizeof(reply),
		    "{'total':3,'updated':1,'failed':2,'missing':['1'],'errors':[{'%s':'3',"
		    "'message':'too\\n long'}]}",
		    names[i]);
		assert_int_equal(fixture_answer(&f, 200, reply), AB_DONE);
		assert_string_equal(reason(&f, 0), "Pendo has no visitor of this id");
		assert_string_equal(reason(&f, 1), "");
		assert_string_equal(reason(&f, 2), "Pendo refused it: too  long");
		fixture_close(&f);
	}
}

static void
refusals_without_a_name_halve_the_batch(void **state)
{
	static const char *const replies[] = {
	    "{'total':3,'updated':2,'failed':1,'errors':['bad']}",
	    "{'total':2,'updated':2,'failed':0}",
	    "{'total':2,'updated':1,'failed':1,'missing':['1']}",
	    "{'total':3,'updated':1,'failed':2,'missing':['1'],'errors':['bad']}",
	    "{'total':3,'updated':2,'failed':1}",
	    "{'total':3,'updated':2,'failed':1,'errors':[{'id':'nobody','message':'bad'}]}",
	    "{'total':3,'updated':2,'failed':1,'missing':['nobody']}",
	    "{'total':3,'updated':1,'failed':2,'missing':['1','1']}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct fixture f;
		fixture_open(&f, "");
		fixture_deliver(&f, 3);
		if (fixture_answer(&f, 200, replies[i]) != AB_SPLIT)
			fail_msg("%s does not halve", replies[i]);
		for (size_t row = 0; row < 3; row++)
			assert_string_equal(reason(&f, row), "");
		/* What the halves will tell is not told twice. */
		assert_int_equal(fixture_notes(&f), 1);
		assert_string_equal(fixture_told(&f),
		    "calls are halved: Pendo refused records without naming them; so those that "
		    "it does not take are found, and where they are many, a smaller batch_records "
		    "does so in fewer calls");
		assert_int_equal(fixture_notes(&f), 1);
		fixture_close(&f);
	}
}

static void
a_record_alone_needs_no_name(void **state)
{
	static const struct {
		const char *reply, *reason;
	} cases[] = {
	    {"{'total':1,'updated':0,'failed':1,'errors':['bad value']}",
		"Pendo refused it: bad value"},
	    {"{'total':1,'updated':0,'failed':1e300}", "Pendo refused it: Pendo gives no reason"},
	    {"{'total':1,'updated':0,'failed':1}", "Pendo refused it: Pendo gives no reason"},
	    {"{'total':1,'updated':0,'failed':1,'errors':[{'code':5}]}",
		"Pendo refused it: Pendo gives no reason"},
	    {"{'total':1,'updated':0,'failed':1,'missing':['1 ']}",
		"Pendo has no visitor of this id"},
	    {"{'total':1,'updated':0,'failed':1,'missing':['1'],'errors':null}",
		"Pendo has no visitor of this id"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, "");
		fixture_deliver(&f, 1);
		assert_int_equal(fixture_answer(&f, 200, cases[i].reply), AB_DONE);
		assert_string_equal(reason(&f, 0), cases[i].reason);
		fixture_close(&f);
	}
}

static void
where_all_others_are_refused_their_errors_are_in_order(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 3);
	assert_int_equal(
	    fixture_answer(
		&f, 200, "{'total':3,'updated':0,'failed':3,'missing':['2'],'errors':['a','b']}"),
	    AB_DONE);
	assert_string_equal(reason(&f, 0), "Pendo refused it: a");
	assert_string_equal(reason(&f, 1), "Pendo has no visitor of this id");
	assert_string_equal(reason(&f, 2), "Pendo refused it: b");
	fixture_close(&f);
}

static void
what_is_no_outcome_is_no_acknowledgement(void **state)
{
	static const char *const replies[] = {"<html>", "", "[]", "{}", "{'updated':3}",
	    "{'total':'3'}", "{'total':3,'missing':{}}", "{'total':3,'errors':'bad'}",
	    "{'total':3}x"};
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 3);
	for (size_t i = 0; i < COUNT(replies); i++) {
		if (fixture_answer(&f, 200, replies[i]) != AB_FAILED)
			fail_msg("%s is taken for an answer", replies[i]);
		expect_contains(f.err.message, "is not what Pendo sends");
	}
	fixture_close(&f);
}

static void
a_call_that_is_refused_as_a_whole_is_halved(void **state)
{
	static const int statuses[] = {400, 408, 413};
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 2);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_int_equal(fixture_answer(&f, statuses[i], "{'message':'no'}"), AB_SPLIT);
		expect_contains(f.err.message, "an update of 2 records of stream visitors: no");
	}
	fixture_deliver(&f, 1);
	assert_int_equal(fixture_answer(&f, 408, ""), AB_RETRY);
	assert_int_equal(fixture_reply_as(&f, 400, "text/plain", "no mapping\n"), AB_DONE);
	assert_string_equal(reason(&f, 0), "Pendo refused it: no mapping (HTTP 400)");
	fixture_deliver(&f, 1);
	assert_int_equal(fixture_reply_as(&f, 413, "text/html", "<html>"), AB_DONE);
	assert_string_equal(reason(&f, 0), "Pendo refused it: HTTP 413");
	fixture_close(&f);
}

static void
the_first_call_that_is_halved_is_told_with_what_to_set(void **state)
{
	static const struct {
		int status;
		const char *body, *told;
	} cases[] = {
	    {408, "",
		"calls are halved: Pendo refused an update of 2 records of stream visitors: it "
		"took longer than Pendo allows for a call (HTTP 408); a smaller batch_records "
		"makes them shorter"},
	    {413, "'no'",
		"calls are halved: Pendo refused an update of 2 records of stream visitors: no "
		"(HTTP 413); a smaller batch_bytes makes them smaller"},
	    {400, "'no'",
		"calls are halved: Pendo refused an update of 2 records of stream visitors: no "
		"(HTTP 400); so those that it does not take are found, and where they are many, a "
		"smaller batch_records does so in fewer calls"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		fixture_open(&f, "");
		fixture_deliver(&f, 2);
		for (int turn = 0; turn < 2; turn++)
			assert_int_equal(
			    fixture_answer(&f, cases[i].status, cases[i].body), AB_SPLIT);
		assert_int_equal(fixture_notes(&f), 1);
		assert_string_equal(f.stream.notes->text, cases[i].told);
		fixture_close(&f);
	}
}

static void
a_call_that_took_too_long_is_called_so_whatever_came_with_it(void **state)
{
	static const struct {
		const char *type, *body, *words;
	} cases[] = {
	    {"", "", "it took longer than Pendo allows for a call (HTTP 408)"},
	    {"text/html", "<html>", "it took longer than Pendo allows for a call (HTTP 408)"},
	    {"", "Request Timeout", "it took longer than Pendo allows for a call (HTTP 408)"},
	    {"text/plain", "timed out", "timed out (HTTP 408)"},
	    {"application/json", "'timed out'", "timed out (HTTP 408)"},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    fixture_reply_as(&f, 408, cases[i].type, quoted(cases[i].body)), AB_RETRY);
		expect_contains(f.err.message, cases[i].words);
	}
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_service_that_takes_nothing_is_not_asked_for_ever(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	for (unsigned i = 1; i < 2 * PENDO_REFUSALS_MAX; i++) {
		fixture_deliver_from(&f, i, 1);
		if (i == PENDO_REFUSALS_MAX)
			assert_int_equal(
			    fixture_answer(&f, 200, "{'total':1,'updated':1}"), AB_DONE);
		else
			assert_int_equal(fixture_answer(&f, 400, "{'error':'no'}"), AB_DONE);
	}
	/* Another version of the last one proves nothing more. */
	fixture_deliver_from(&f, 2 * PENDO_REFUSALS_MAX - 1, 1);
	assert_int_equal(fixture_answer(&f, 400, "{'error':'no'}"), AB_DONE);
	fixture_deliver(&f, 1);
	assert_int_equal(fixture_answer(&f, 400, "'no field'"), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	assert_string_equal(f.err.message,
	    "Pendo refused an update of 1 record of stream visitors: no field (HTTP 400)");
	fixture_close(&f);
}

/* What the end of the stream answers. */
static enum ab_ask
end(struct fixture *f)
{
	fixture_exchange(f, AB_END, false);
	return fixture_ask(f, 0);
}

static void
a_stream_of_which_nothing_was_taken_fails_at_its_end(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	for (unsigned i = 0; i < 3; i++) {
		fixture_deliver_from(&f, i, 1);
		assert_int_equal(fixture_answer(&f, 400, "'no field'"), AB_DONE);
		assert_true(f.stream.in_doubt);
	}
	assert_int_equal(end(&f), AB_REFUSE);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	assert_string_equal(f.err.message,
	    "Pendo has taken no record of stream visitors, and refused 3 of them: no field (HTTP "
	    "400)");
	/* What was rejected is told all the same. */
	assert_int_equal(fixture_notes(&f), 1);
	assert_true(f.stream.in_doubt);
	fixture_close(&f);
}

static void
one_call_that_worked_makes_refusals_rejections(void **state)
{
	static const char *const extras[] = {"", "'on_missing':'ignore'", ""};
	static const char *const replies[] = {"{'total':1,'updated':1}",
	    "{'total':1,'updated':0,'missing':['1']}", "{'total':1,'updated':0,'missing':['1']}"};

	(void)state;
	for (size_t i = 0; i < COUNT(extras); i++) {
		for (unsigned good = 0; good < 2; good++) {
			struct fixture f;
			fixture_open(&f, extras[i]);
			for (unsigned turn = 0; turn < 2; turn++) {
				fixture_deliver(&f, 1);
				if (turn == good)
					assert_int_equal(
					    fixture_answer(&f, 200, replies[i]), AB_DONE);
				else
					assert_int_equal(fixture_answer(&f, 400, "'no'"), AB_DONE);
			}
			assert_int_equal(end(&f), AB_SKIP);
			fixture_close(&f);
		}
	}
}

static void
a_stream_that_was_refused_nothing_ends_well(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	assert_int_equal(end(&f), AB_SKIP);
	fixture_deliver(&f, 1);
	assert_int_equal(
	    fixture_answer(&f, 200, "{'total':1,'updated':0,'missing':['1']}"), AB_DONE);
	assert_int_equal(end(&f), AB_SKIP);
	fixture_close(&f);
}

static void
what_was_refused_under_an_earlier_schema_counts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 1);
	assert_int_equal(fixture_answer(&f, 400, "'no'"), AB_DONE);
	f.stream.goes_on = true;
	assert_int_equal(end(&f), AB_SKIP);
	assert_int_equal(fixture_tell(&f, &f.stream, 1), 0);
	f.stream.goes_on = false;
	assert_int_equal(end(&f), AB_REFUSE);
	fixture_close(&f);
}

static void
passing_trouble_is_waited_out_and_the_rest_is_final(void **state)
{
	static const struct {
		int status;
		enum ab_verdict verdict;
		enum ab_failure kind;
	} cases[] = {
	    {409, AB_RETRY, AB_TRANSIENT_ERROR},
	    {429, AB_WAIT, AB_TRANSIENT_ERROR},
	    {500, AB_RETRY, AB_TRANSIENT_ERROR},
	    {502, AB_RETRY, AB_TRANSIENT_ERROR},
	    {503, AB_RETRY, AB_TRANSIENT_ERROR},
	    {504, AB_RETRY, AB_TRANSIENT_ERROR},
	    {301, AB_FAILED, AB_SYSTEM_ERROR},
	    {401, AB_FAILED, AB_CONFIG_ERROR},
	    {403, AB_FAILED, AB_CONFIG_ERROR},
	    {404, AB_FAILED, AB_CONFIG_ERROR},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, "");
	fixture_deliver(&f, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(fixture_answer(&f, cases[i].status, ""), cases[i].verdict);
		assert_int_equal(f.err.kind, cases[i].kind);
		if (cases[i].verdict == AB_WAIT)
			assert_int_equal(f.x.wait_ms, 30000);
	}
	assert_int_equal(fixture_lose(&f), AB_RETRY);
	assert_string_equal(reason(&f, 0), "");
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_batch_is_one_call),
	    cmocka_unit_test(nothing_is_created_unless_it_is_asked_for),
	    cmocka_unit_test(ids_that_pendo_lacks_are_rejected_ignored_or_fatal),
	    cmocka_unit_test(all_records_of_an_id_that_pendo_lacks_share_its_fate),
	    cmocka_unit_test(errors_that_name_a_record_reject_it),
	    cmocka_unit_test(refusals_without_a_name_halve_the_batch),
	    cmocka_unit_test(a_record_alone_needs_no_name),
	    cmocka_unit_test(where_all_others_are_refused_their_errors_are_in_order),
	    cmocka_unit_test(what_is_no_outcome_is_no_acknowledgement),
	    cmocka_unit_test(a_call_that_is_refused_as_a_whole_is_halved),
	    cmocka_unit_test(the_first_call_that_is_halved_is_told_with_what_to_set),
	    cmocka_unit_test(a_call_that_took_too_long_is_called_so_whatever_came_with_it),
	    cmocka_unit_test(a_service_that_takes_nothing_is_not_asked_for_ever),
	    cmocka_unit_test(a_stream_of_which_nothing_was_taken_fails_at_its_end),
	    cmocka_unit_test(one_call_that_worked_makes_refusals_rejections),
	    cmocka_unit_test(a_stream_that_was_refused_nothing_ends_well),
	    cmocka_unit_test(what_was_refused_under_an_earlier_schema_counts),
	    cmocka_unit_test(passing_trouble_is_waited_out_and_the_rest_is_final),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
