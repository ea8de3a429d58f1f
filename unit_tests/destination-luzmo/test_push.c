#include "fixture.h"

#define ROWS2 "[1,'a'],[2,'a']"
#define PUSH(type, options) "data create 'properties':{" type options ",'data':[" ROWS2 "]}}"
#define INTO(type) "'type':'" type "','securable_id':'D',"
#define OPTIONS(update) "'options':{'header':['id','name'],'update_metadata':" update "}"
#define HAS(rows) "{'rows':[{'id':'D','rows':" rows "}]}"

/* A stream whose dataset is there, and a batch of two rows. */
static void
open_push(struct fixture *f, const char *extra, bool overwrite, const char *tags)
{
	fixture_open(f, extra, overwrite);
	fixture_begin(f, tags);
	fixture_batch(f, 2);
}

static enum ab_verdict
push(struct fixture *f, int status, const char *reply)
{
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_int_equal(f->x.step, LUZMO_PUSH);
	return fixture_answer(f, status, reply);
}

static void
rows_are_appended(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, PUSH(INTO("append"), OPTIONS("false")), 200, HAS("102")}};
	struct fixture f;

	(void)unused;
	open_push(&f, "", false, TAGGED);
	assert_int_equal(fixture_converse(&f, turns, 1), AB_DONE);
	assert_true(f.request.single);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 102);
	assert_false(fixture_luzmo_stream(&f)->written);
	assert_false(f.stream.emptied);
	fixture_close(&f);
}

static void
an_overwrite_replaces_once(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_PUSH, PUSH(INTO("replace"), OPTIONS("false")), 200, HAS("2")}};
	static const struct turn second[] = {
	    {LUZMO_PUSH, PUSH(INTO("append"), OPTIONS("false")), 200, HAS("4")}};
	static const char *const extras[] = {"", "'overwrite_when':'first_batch'"};

	(void)unused;
	for (size_t i = 0; i < COUNT(extras); i++) {
		struct fixture f;
		open_push(&f, extras[i], true, TAGGED);
		assert_int_equal(fixture_converse(&f, first, 1), AB_DONE);
		assert_true(f.request.single);
		assert_true(fixture_luzmo_stream(&f)->written);
		/* What was held back is replaced at the end, and is not gone before. */
		assert_int_equal(f.stream.emptied, i == 1);
		fixture_batch(&f, 2);
		assert_int_equal(fixture_converse(&f, second, 1), AB_DONE);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 4);
		assert_int_equal(f.stream.emptied, i == 1);
		fixture_close(&f);
	}
}

static void
a_dataset_is_created_with_its_name(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH,
		PUSH("'type':'create',", "'options':{'header':['id','name'],"
					 "'update_metadata':true,'name':{'en':'Airbyte - users'}}"),
		200, HAS("2")},
	    {LUZMO_TAG_LINK, "tag associate 'id':'T'", 204, ""},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "'typed_columns':false,'overwrite_when':'first_batch'", true);
	fixture_begin_with_tag(&f);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_true(f.request.single);
	f.x.step = LUZMO_START;
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "D");
	assert_true(fixture_luzmo_stream(&f)->linked);
	assert_true(fixture_luzmo_stream(&f)->written);
	assert_true(fixture_luzmo_stream(&f)->ours);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 2);
	/* Nothing was there that could be gone. */
	assert_false(f.stream.emptied);
	fixture_close(&f);
}

static void
the_reply_to_a_create_must_name_the_dataset(void **unused)
{
	static const char *const bad[] = {"{}", "{'rows':[]}", "{'rows':[{'rows':2}]}",
	    "{'rows':[{'id':7}]}", "{'id':[]}", "{'rows':['D']}", ("{'id':'" LONG_ID "'}")};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_begin_with_tag(&f);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, bad, COUNT(bad));
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "");
	/* The dataset itself is as good as a list of one. */
	assert_int_equal(fixture_answer(&f, 200, "{'id':'D','rows':2}"), AB_NEXT);
	assert_string_equal(fixture_luzmo_stream(&f)->dataset, "D");
	fixture_close(&f);
}

static void
the_reply_to_an_append_may_say_nothing(void **unused)
{
	static const char *const replies[] = {
	    "{}", HAS("null"), HAS("'x'"), HAS("-1"), HAS("1e300"), "{'rows':5}", "{'id':'D'}"};

	(void)unused;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct fixture f;
		open_push(&f, "", false, TAGGED);
		assert_int_equal(push(&f, 200, replies[i]), AB_DONE);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 102);
		fixture_close(&f);
	}
}

/* A list of nothing is what a wrong key may be answered. */
static void
a_reply_that_is_not_about_the_dataset_is_none(void **unused)
{
	static const char *const bad[] = {"{'count':0,'rows':[]}", "{'rows':[7]}",
	    "{'rows':[null]}", "{'rows':[{'id':'E','rows':102}]}", "{'id':'E'}"};
	struct fixture f;

	(void)unused;
	open_push(&f, "", false, TAGGED);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	for (size_t i = 0; i < COUNT(bad); i++) {
		f.x.step = LUZMO_PUSH;
		assert_int_equal(fixture_answer(&f, 200, bad[i]), AB_RETRY);
		assert_int_equal(f.x.step, LUZMO_COUNT);
		expect_contains(f.err.message, "is not what Luzmo sends");
	}
	fixture_close(&f);
}

static void
new_columns_update_the_metadata_once(void **unused)
{
	static const char found[] = "{'rows':[{'id':'D','rows':100,'columns':[{'id':'C1',"
				    "'source_name':'id','order':0}]}]}";
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200, found}, {LUZMO_TAGS, "securable get", 200, TAGGED}};
	static const struct turn first[] = {
	    {LUZMO_PUSH, PUSH(INTO("append"), OPTIONS("true")), 200, HAS("102")}};
	static const struct turn second[] = {
	    {LUZMO_PUSH, PUSH(INTO("append"), OPTIONS("false")), 200, HAS("104")}};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "'typed_columns':false", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, 2), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, first, 1), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, second, 1), AB_DONE);
	fixture_close(&f);
}

static void
refusals_are_final(void **unused)
{
	static const int statuses[] = {400, 401, 403, 404};
	struct fixture f;

	(void)unused;
	open_push(&f, "", true, TAGGED);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_int_equal(
		    push(&f, statuses[i], "{'message':'Rows exceed 10,000'}"), AB_FAILED);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message,
		    "Luzmo refused a push of 2 rows of stream users: Rows exceed 10,000 (HTTP 4");
	}
	assert_int_equal(
	    push(&f, 400, "{'message':'No','validation':{'data':['too wide']}}"), AB_FAILED);
	expect_contains(f.err.message, "[data: too wide]");
	assert_true(fixture_luzmo_stream(&f)->replacing);
	assert_false(fixture_luzmo_stream(&f)->doubtful);
	fixture_close(&f);
}

static void
what_is_no_answer_of_luzmos_is_no_acknowledgement(void **unused)
{
	static const char *const pages[] = {"<html>", "{'rows':[", "[]", "", "7", "null"};
	struct fixture f;

	(void)unused;
	open_push(&f, "", false, TAGGED);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect_unreadable(&f, pages, COUNT(pages));
	assert_int_equal(push(&f, 204, ""), AB_FAILED);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 100);
	fixture_close(&f);
}

static void
a_request_that_is_too_large_is_halved(void **unused)
{
	struct fixture f;

	(void)unused;
	open_push(&f, "", true, TAGGED);
	assert_int_equal(push(&f, 413, "<html>"), AB_SPLIT);
	expect_contains(f.err.message, "413");
	assert_true(fixture_luzmo_stream(&f)->replacing);
	struct ab_batch *second = ab_batch_split(f.batch);
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(push(&f, 200, HAS("1")), AB_DONE);
	assert_string_equal(fixture_asked(&f),
	    "data create 'properties':{" INTO("replace") OPTIONS("false") ",'data':[[1,'a']]}}");
	ab_batch_free(f.batch);
	f.batch = second;
	fixture_exchange(&f, AB_BATCH, false);
	assert_int_equal(push(&f, 200, HAS("2")), AB_DONE);
	assert_string_equal(fixture_asked(&f),
	    "data create 'properties':{" INTO("append") OPTIONS("false") ",'data':[[2,'a']]}}");
	fixture_close(&f);
}

static void
a_record_that_is_too_large_alone_is_rejected(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", true);
	fixture_begin(&f, TAGGED);
	fixture_batch(&f, 1);
	assert_int_equal(push(&f, 413, "<html>"), AB_DONE);
	assert_string_equal(
	    ab_batch_reason(f.batch, 0), "Luzmo takes no request as large as it (HTTP 413)");
	/* The next one replaces. */
	assert_true(fixture_luzmo_stream(&f)->replacing);
	assert_false(fixture_luzmo_stream(&f)->written);
	fixture_close(&f);
}

static void
what_was_not_carried_out_is_sent_again(void **unused)
{
	static const int statuses[] = {429, UNSENT};
	struct fixture f;

	(void)unused;
	open_push(&f, "", false, TAGGED);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_int_equal(push(&f, statuses[i], REFUSED), AB_RETRY);
		assert_int_equal(f.x.step, LUZMO_PUSH);
		assert_false(fixture_luzmo_stream(&f)->doubtful);
	}
	fixture_close(&f);
}

static void
a_replace_is_sent_again_without_a_look(void **unused)
{
	static const int statuses[] = {LOST, 408, 500, 502, 503, 504, 429, UNSENT};
	const size_t in_doubt = 6;

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct fixture f;
		open_push(&f, "", true, TAGGED);
		assert_int_equal(push(&f, statuses[i], "<html>"), AB_RETRY);
		assert_int_equal(f.x.step, LUZMO_PUSH);
		/* It may still be carried out after what comes next: see count.h. */
		assert_int_equal(fixture_luzmo_stream(&f)->doubtful, i < in_doubt);
		assert_int_equal(push(&f, 200, HAS("2")), AB_DONE);
		assert_string_equal(fixture_asked(&f), PUSH(INTO("replace"), OPTIONS("false")));
		fixture_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_appended),
	    cmocka_unit_test(an_overwrite_replaces_once),
	    cmocka_unit_test(a_dataset_is_created_with_its_name),
	    cmocka_unit_test(the_reply_to_a_create_must_name_the_dataset),
	    cmocka_unit_test(the_reply_to_an_append_may_say_nothing),
	    cmocka_unit_test(a_reply_that_is_not_about_the_dataset_is_none),
	    cmocka_unit_test(new_columns_update_the_metadata_once),
	    cmocka_unit_test(refusals_are_final),
	    cmocka_unit_test(what_is_no_answer_of_luzmos_is_no_acknowledgement),
	    cmocka_unit_test(a_request_that_is_too_large_is_halved),
	    cmocka_unit_test(a_record_that_is_too_large_alone_is_rejected),
	    cmocka_unit_test(what_was_not_carried_out_is_sent_again),
	    cmocka_unit_test(a_replace_is_sent_again_without_a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
