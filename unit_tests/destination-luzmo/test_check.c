#include "fixture.h"

#define FINE "{'count':1,'rows':[{'id':'a','type':'api'}]}"

static void
begin(struct fixture *f, const char *extra)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_exchange(f, AB_CHECK, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

static void
a_good_pair_is_checked_in_one_request(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "");
	assert_string_equal(
	    fixture_asked(&f), "authorization get 'find':{'where':{'type':'api'}}}");
	assert_false(f.request.single);
	assert_int_equal(fixture_answer(&f, 200, FINE), AB_DONE);
	fixture_close(&f);
}

static void
a_pair_that_is_not_known_may_be_of_another_region(void **unused)
{
	static const struct {
		const char *extra;
		int status;
		const char *reply;
		const char *message;
	} cases[] = {
	    {"", 401, "{'message':'Invalid key'}",
		"api_key and api_token are not known at https://api.luzmo.com; check both, or if "
		"the account is in the US region (app.us.luzmo.com) set api_host to "
		"https://api.us.luzmo.com; Luzmo says: Invalid key (HTTP 401)"},
	    {"'api_host':'https://api.us.luzmo.com/'", 401, "",
		"api_key and api_token are not known at https://api.us.luzmo.com; check both, or "
		"if the account is in the EU region (app.luzmo.com) set api_host to "
		"https://api.luzmo.com; Luzmo says: HTTP 401"},
	    {"'api_host':'http://localhost:1'", 401, "<html>",
		"api_key and api_token are not known at http://localhost:1; check both, and "
		"api_host; Luzmo says: HTTP 401"},
	    {"", 200, NONE,
		"https://api.luzmo.com knows no such combination of api_key and api_token (it "
		"answered with none); check both, or if the account is in the US region "
		"(app.us.luzmo.com) set api_host to https://api.us.luzmo.com"},
	    {"'api_host':'api.us.luzmo.com'", 200, NONE,
		"https://api.us.luzmo.com knows no such combination of api_key and api_token (it "
		"answered with none); check both, or if the account is in the EU region "
		"(app.luzmo.com) set api_host to https://api.luzmo.com"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		begin(&f, cases[i].extra);
		assert_int_equal(fixture_answer(&f, cases[i].status, cases[i].reply), AB_FAILED);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		assert_string_equal(f.err.message, cases[i].message);
		fixture_close(&f);
	}
}

static void
refusals_are_told_in_luzmos_words(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "");
	assert_int_equal(fixture_answer(&f, 403, "{'message':'Not yours'}"), AB_FAILED);
	assert_string_equal(f.err.message, "Luzmo refused the check: Not yours (HTTP 403)");
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	assert_int_equal(fixture_answer(&f, 400, REFUSED), AB_FAILED);
	assert_string_equal(f.err.message, "Luzmo refused the check: No. (HTTP 400)");
	fixture_close(&f);
}

static void
what_is_not_luzmos_is_told_so(void **unused)
{
	static const char *const replies[] = {"<html>", "{'rows':[", "", "[]", "null", "{}",
	    "{'count':0}", "{'rows':null}", "{'rows':{}}", "{'rows':[]}garbage"};
	struct fixture f;

	(void)unused;
	begin(&f, "");
	fixture_expect_unreadable(&f, replies, COUNT(replies));
	assert_int_equal(fixture_answer(&f, 204, ""), AB_FAILED);
	fixture_close(&f);
}

static void
a_refusal_without_luzmos_words_is_a_strangers(void **unused)
{
	static const struct {
		int status;
		const char *reply;
	} cases[] = {
	    {404, "<html>"},
	    /* Whatever it says: Luzmo has this path. */
	    {404, "{'message':'No such page'}"},
	    {301, "<html>"},
	    {400, "<html>"},
	    {403, ""},
	    {403, "{'error':'denied'}"},
	    {405, "{}"},
	    {413, "<html>"},
	};
	struct fixture f;

	(void)unused;
	begin(&f, "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char message[200];
		snprintf(message, sizeof(message),
		    "api_host https://api.luzmo.com is not a Luzmo API: it answered HTTP %d",
		    cases[i].status);
		assert_int_equal(fixture_answer(&f, cases[i].status, cases[i].reply), AB_FAILED);
		assert_string_equal(f.err.message, message);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	}
	fixture_close(&f);
}

static void
losses_and_server_errors_are_tried_again(void **unused)
{
	static const int statuses[] = {LOST, UNSENT, 408, 429, 500, 502, 503, 504};
	struct fixture f;

	(void)unused;
	begin(&f, "");
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_int_equal(fixture_answer(&f, statuses[i], "<html>"), AB_RETRY);
		assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
	}
	assert_int_equal(fixture_answer(&f, UNSENT, ""), AB_RETRY);
	assert_string_equal(
	    f.err.message, "cannot reach api_host https://api.luzmo.com: connection refused");
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_pair_is_checked_in_one_request),
	    cmocka_unit_test(a_pair_that_is_not_known_may_be_of_another_region),
	    cmocka_unit_test(refusals_are_told_in_luzmos_words),
	    cmocka_unit_test(what_is_not_luzmos_is_told_so),
	    cmocka_unit_test(a_refusal_without_luzmos_words_is_a_strangers),
	    cmocka_unit_test(losses_and_server_errors_are_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
