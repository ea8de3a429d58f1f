#include "fixture.h"

static void
begin(struct fixture *f, const char *extra)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_exchange(f, AB_CHECK, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

static void
a_check_asks_for_the_key_and_the_schema(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "");
	assert_int_equal(f.request.method, AB_GET);
	assert_string_equal(f.request.url.data, "https://app.pendo.io/api/v1/token/verify");
	assert_string_equal(f.request.headers.data,
	    "x-pendo-integration-key: " KEY "\nContent-Type: application/json\n");
	assert_string_equal(f.body, "");
	assert_int_equal(fixture_answer(&f, 200, "{'valid':true,'writeAccess':true}"), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_string_equal(
	    f.request.url.data, "https://app.pendo.io/api/v1/metadata/schema/visitor");
	assert_int_equal(fixture_answer(&f, 200, SCHEMA), AB_DONE);
	fixture_close(&f);
}

static void
a_key_that_does_not_do_is_told_so(void **state)
{
	static const struct {
		const char *extra;
		int status;
		const char *reply, *message;
	} cases[] = {
	    {"", 200, "{'valid':true,'writeAccess':false}", "the integration key can only read"},
	    {"", 200, "{'valid':true}", "the integration key can only read"},
	    {"", 200, "{'valid':false,'writeAccess':true}",
		"Pendo says that the integration key is not valid"},
	    {"", 403, "",
		"Pendo refused the check of the integration key: the integration key is wrong, of "
		"another region, or may not do this (HTTP 403)"},
	    {"'region':'EU'", 403, "",
		"may not do this (HTTP 403); the key ends in .us: is the region US?"},
	    {"", 403, "<html>", "(HTTP 403)"},
	    {"", 404, "", "an answer that is not Pendo's (HTTP 404"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		begin(&f, cases[i].extra);
		assert_int_equal(fixture_answer(&f, cases[i].status, cases[i].reply), AB_FAILED);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, cases[i].message);
		fixture_close(&f);
	}
}

static void
what_is_not_pendos_is_no_answer(void **state)
{
	static const char *const replies[] = {"<html>", "", "[]", "true", "{}", "{'valid':'yes'}",
	    "{'valid':true,'writeAccess':true}x"};
	static const char *const schemas[] = {
	    "<html>", "", "[]", "{}", "{'custom':[]}", "{'sample':[]}", "{'auto':{},'custom':7}"};
	struct fixture f;

	(void)state;
	begin(&f, "");
	for (size_t i = 0; i < COUNT(replies); i++) {
		assert_int_equal(fixture_answer(&f, 200, replies[i]), AB_FAILED);
		expect_contains(f.err.message, "is not what Pendo sends; check region");
	}
	f.x.step = 1;
	for (size_t i = 0; i < COUNT(schemas); i++) {
		assert_int_equal(fixture_answer(&f, 200, schemas[i]), AB_FAILED);
		expect_contains(f.err.message, "is not what Pendo sends; check region");
	}
	fixture_close(&f);
}

static void
passing_trouble_is_tried_again(void **state)
{
	static const int statuses[] = {408, 409, 429, 500, 502, 503, 504};
	struct fixture f;

	(void)state;
	begin(&f, "'base_url':'http://h'");
	for (size_t i = 0; i < COUNT(statuses); i++) {
		assert_int_equal(fixture_answer(&f, statuses[i], ""), AB_RETRY);
		assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
	}
	assert_int_equal(fixture_lose(&f), AB_RETRY);
	assert_string_equal(f.err.message, "cannot reach base_url http://h: connection reset");
	fixture_close(&f);
}

static void
a_discovery_lists_the_fields_of_both_kinds(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_exchange(&f, AB_DISCOVER, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_string_equal(
	    f.request.url.data, "https://app.pendo.io/api/v1/metadata/schema/visitor");
	assert_int_equal(fixture_answer(&f, 200,
			     "{'custom':{'visitorId':{'Type':'integer'},'a\\u0022':{'type':'time'},"
			     "'b':{'Type':'list'},'c':{'Type':'float','is_deleted':true}}}"),
	    AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_string_equal(
	    f.request.url.data, "https://app.pendo.io/api/v1/metadata/schema/account");
	assert_int_equal(fixture_answer(&f, 503, ""), AB_RETRY);
	assert_int_equal(fixture_answer(&f, 200, "{'auto':{}}"), AB_DONE);
	assert_string_equal(f.x.answer.data,
	    quoted("{'operations':[{'object_name':'visitor','sync_mode':'update',"
		   "'matching_keys':[['visitorId']],'json_schema':{"
		   "'$schema':'http://json-schema.org/draft-07/schema#','type':'object',"
		   "'additionalProperties':false,'required':['visitorId'],'properties':{"
		   "'visitorId':{'type':'string'},"
		   "'a\\\"':{'type':'string','format':'date-time'},"
		   "'b':{'type':'array','items':{'type':'string'}}}}},"
		   "{'object_name':'account','sync_mode':'update','matching_keys':[['accountId']],"
		   "'json_schema':{'$schema':'http://json-schema.org/draft-07/schema#',"
		   "'type':'object','additionalProperties':false,'required':['accountId'],"
		   "'properties':{'accountId':{'type':'string'}}}}]}"));
	fixture_close(&f);
}

static void
a_discovery_that_is_refused_fails(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(fixture_open_raw(&f, ""), 0);
	fixture_exchange(&f, AB_DISCOVER, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 403, ""), AB_FAILED);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_check_asks_for_the_key_and_the_schema),
	    cmocka_unit_test(a_key_that_does_not_do_is_told_so),
	    cmocka_unit_test(what_is_not_pendos_is_no_answer),
	    cmocka_unit_test(passing_trouble_is_tried_again),
	    cmocka_unit_test(a_discovery_lists_the_fields_of_both_kinds),
	    cmocka_unit_test(a_discovery_that_is_refused_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
