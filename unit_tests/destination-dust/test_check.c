#include "fixture.h"

enum { SPACES, DATA_SOURCES, READ, PROBE, UNDO };

static const char spaces[] =
    "{\"spaces\":[{\"sId\":\"vlt_1\",\"name\":\"Team\"},{\"sId\":\"vlt_2\",\"name\":\"All\"}]}";
static const char data_sources[] =
    "{\"data_sources\":[{\"sId\":\"dts_1\",\"name\":\"folder\",\"connectorId\":null},"
    "{\"sId\":\"dts_2\",\"name\":\"managed-notion\",\"connectorId\":\"7\","
    "\"connectorProvider\":\"notion\"}]}";
static const char no_text[] =
    "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Invalid request body, `text` or "
    "`section` must be provided.\"}}";

static void
begin(struct fixture *f, const char *extra)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_exchange(f, AB_CHECK, false);
}

/* Goes through the steps before this one. */
static void
go_to(struct fixture *f, unsigned step)
{
	static const char *const replies[] = {spaces, data_sources, "{\"documents\":[]}"};

	while (f->x.step < step) {
		const char *reply = replies[f->x.step];
		assert_int_equal(fixture_ask(f, 0), AB_SEND);
		assert_int_equal(fixture_reply(f, 200, reply), AB_NEXT);
	}
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

static void
a_good_configuration_is_checked_in_four_requests(void **unused)
{
	static const char *const formats[] = {
	    "\"data_format\":\"documents\"", "\"data_format\":\"tables\""};
	static const char *const places[] = {"documents?limit=1", "tables"};

	(void)unused;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct fixture f;
		begin(&f, formats[i]);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(f.request.method, AB_GET);
		assert_string_equal(f.request.url.data, "https://dust.tt/api/v1/w/W1/spaces");
		assert_int_equal(fixture_reply(&f, 200, spaces), AB_NEXT);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_string_equal(
		    f.request.url.data, "https://dust.tt/api/v1/w/W1/spaces/vlt_1/data_sources");
		assert_int_equal(fixture_reply(&f, 200, data_sources), AB_NEXT);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		fixture_expect(&f, AB_GET, places[i], "");
		assert_int_equal(fixture_reply(&f, 200, "{}"), AB_NEXT);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		fixture_expect(&f, AB_POST, "documents/airbyte-connection-check", "{}");
		assert_int_equal(fixture_reply(&f, 400, no_text), AB_DONE);
		fixture_close(&f);
	}
}

static void
each_refusal_names_the_field_to_blame(void **unused)
{
	static const struct {
		unsigned step;
		int status;
		const char *type;
		const char *message;
		const char *part; /* of what we say */
	} cases[] = {
	    {SPACES, 401, "malformed_authorization_header_error", "Malformed Authorization header",
		"api_key must look like sk-..."},
	    {SPACES, 401, "not_authenticated",
		"The request does not have valid authentication credentials.", "api_key"},
	    {SPACES, 404, "workspace_not_found", "The workspace was not found.",
		"workspace_id W1 is not known at https://dust.tt"},
	    {SPACES, 401, "workspace_auth_error",
		"Only users of the workspace can access this content.",
		"api_key belongs to another workspace than workspace_id W1"},
	    {SPACES, 403, "workspace_can_use_product_required_error",
		"Your current plan does not allow API access. Please upgrade your plan.", "plan"},
	    {DATA_SOURCES, 404, "space_not_found", "The space you requested was not found.",
		"space_id vlt_1"},
	    {READ, 404, "data_source_not_found", "The data source you requested was not found.",
		"Dust refused the reading of data_source_id"},
	    {PROBE, 403, "data_source_auth_error",
		"You are not allowed to update data in this data source.",
		"api_key may not write to data_source_id dts_1: You are not allowed"},
	    {PROBE, 404, "data_source_not_found", "The data source you requested was not found.",
		"The data source you requested was not found. (HTTP 404, data_source_not_found)"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		begin(&f, "");
		go_to(&f, cases[i].step);
		assert_int_equal(
		    fixture_refuse(&f, cases[i].status, cases[i].type, cases[i].message),
		    AB_FAILED);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, cases[i].part);
		assert_null(strstr(f.err.message, "sk-0123"));
		fixture_close(&f);
	}
}

static void
an_unknown_key_suggests_the_other_region(void **unused)
{
	static const struct {
		const char *extra;
		const char *message;
	} cases[] = {
	    {"", "api_key is not known at https://dust.tt; check it, or if the workspace is in the "
		 "European region set base_url to https://eu.dust.tt"},
	    {"\"base_url\":\"https://eu.dust.tt/\"",
		"api_key is not known at https://eu.dust.tt; check it, or if the workspace is in "
		"the US region set base_url to https://dust.tt"},
	    {"\"base_url\":\"http://localhost:1\"",
		"api_key is not known at http://localhost:1; check api_key and base_url"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		begin(&f, cases[i].extra);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(fixture_refuse(&f, 401, "invalid_api_key_error",
				     "The API key provided is invalid or disabled."),
		    AB_FAILED);
		assert_string_equal(f.err.message, cases[i].message);
		fixture_close(&f);
	}
}

static void
what_is_no_dust_server_is_told(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "");
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_reply_as(&f, 404, "text/plain", "404 Not Found"), AB_FAILED);
	expect_contains(f.err.message, "base_url https://dust.tt is not a Dust server");
	assert_int_equal(fixture_reply_as(&f, 301, "text/html", ""), AB_FAILED);
	expect_contains(f.err.message, "base_url");
	assert_int_equal(fixture_reply_as(&f, 200, "text/html", "<html>"), AB_FAILED);
	expect_contains(f.err.message, "base_url https://dust.tt is not a Dust server");
	assert_int_equal(fixture_reply(&f, 200, "{\"spaces\":{}}"), AB_FAILED);
	expect_contains(f.err.message, "base_url");
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	fixture_close(&f);
}

static void
losses_and_server_errors_are_tried_again(void **unused)
{
	(void)unused;
	for (unsigned step = SPACES; step <= PROBE; step++) {
		struct fixture f;
		begin(&f, "");
		go_to(&f, step);
		assert_int_equal(fixture_lose(&f), AB_RETRY);
		assert_string_equal(
		    f.err.message, "cannot reach base_url https://dust.tt: connection reset");
		assert_int_equal(fixture_refuse(&f, 503, "service_unavailable", "later"), AB_RETRY);
		expect_contains(f.err.message, "later (HTTP 503, service_unavailable)");
		assert_int_equal(fixture_reply_as(&f, 502, "text/html", "<html>"), AB_RETRY);
		expect_contains(f.err.message, "not Dust's (HTTP 502, text/html)");
		fixture_close(&f);
	}
}

static void
an_unknown_space_or_data_source_is_answered_with_those_there_are(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "\"space_id\":\"vlt_9\"");
	go_to(&f, DATA_SOURCES);
	assert_int_equal(fixture_refuse(&f, 404, "space_not_found", "x"), AB_FAILED);
	assert_string_equal(f.err.message,
	    "space_id vlt_9 is not in the workspace; there are: Team (vlt_1), All (vlt_2)");
	fixture_close(&f);

	begin(&f, "\"data_source_id\":\"dts_9\"");
	go_to(&f, DATA_SOURCES);
	assert_int_equal(fixture_reply(&f, 200, data_sources), AB_FAILED);
	assert_string_equal(f.err.message,
	    "data_source_id dts_9 is not in space vlt_1; there are: folder (dts_1), "
	    "managed-notion (dts_2)");
	assert_int_equal(fixture_reply(&f, 200, "{\"data_sources\":[]}"), AB_FAILED);
	expect_contains(f.err.message, "there are: none");
	fixture_close(&f);
}

static void
no_more_than_five_names_are_told(void **unused)
{
	char reply[1000] = "{\"spaces\":[";
	struct fixture f;

	(void)unused;
	for (int i = 0; i < 7; i++)
		snprintf(reply + strlen(reply), sizeof(reply) - strlen(reply),
		    "%s{\"sId\":\"v%d\",\"name\":\"n\"}", i > 0 ? "," : "", i);
	snprintf(reply + strlen(reply), sizeof(reply) - strlen(reply), "]}");
	begin(&f, "");
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_reply(&f, 200, reply), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_refuse(&f, 404, "space_not_found", "x"), AB_FAILED);
	expect_contains(f.err.message, "n (v4), ...");
	assert_null(strstr(f.err.message, "v5"));
	fixture_close(&f);
}

static void
a_data_source_may_be_called_by_its_name(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "\"data_source_id\":\"folder\"");
	go_to(&f, DATA_SOURCES);
	assert_int_equal(fixture_reply(&f, 200, data_sources), AB_NEXT);
	fixture_close(&f);
}

static void
a_managed_data_source_is_read_only(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "\"data_source_id\":\"dts_2\"");
	go_to(&f, DATA_SOURCES);
	assert_int_equal(fixture_reply(&f, 200, data_sources), AB_FAILED);
	expect_contains(f.err.message, "managed by a connection (notion) and so read-only");
	fixture_close(&f);
}

static void
the_probe_is_undone_if_it_was_stored(void **unused)
{
	struct fixture f;

	(void)unused;
	begin(&f, "");
	go_to(&f, PROBE);
	assert_int_equal(fixture_refuse(&f, 429, "rate_limit_error", "x"), AB_DONE);
	assert_int_equal(fixture_reply(&f, 200, "{}"), AB_NEXT);
	assert_int_equal(f.x.step, UNDO);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_DELETE, "documents/airbyte-connection-check", "");
	assert_int_equal(fixture_reply(&f, 200, "{}"), AB_DONE);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_configuration_is_checked_in_four_requests),
	    cmocka_unit_test(each_refusal_names_the_field_to_blame),
	    cmocka_unit_test(an_unknown_key_suggests_the_other_region),
	    cmocka_unit_test(what_is_no_dust_server_is_told),
	    cmocka_unit_test(losses_and_server_errors_are_tried_again),
	    cmocka_unit_test(an_unknown_space_or_data_source_is_answered_with_those_there_are),
	    cmocka_unit_test(no_more_than_five_names_are_told),
	    cmocka_unit_test(a_data_source_may_be_called_by_its_name),
	    cmocka_unit_test(a_managed_data_source_is_read_only),
	    cmocka_unit_test(the_probe_is_undone_if_it_was_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
