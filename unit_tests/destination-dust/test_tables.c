#include "fixture.h"
#include "tables.h"

enum { LOOK, MAKE, ROWS, DELETE };

#define TABLES "\"data_format\":\"tables\""
static const char there[] =
    "{\"table\":{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\",\"schema\":"
    "[{\"name\":\"id\",\"value_type\":\"int\",\"possible_values\":null},"
    "{\"name\":\"gone\",\"value_type\":\"text\",\"possible_values\":null}]}}";

static void
open_tables(struct fixture *f, const char *extra, bool overwrite, const char *schema)
{
	char text[300];

	snprintf(text, sizeof(text), "%s%s%s", TABLES, extra[0] != '\0' ? "," : "", extra);
	assert_int_equal(fixture_open_raw(f, text), 0);
	fixture_stream(f, "users", "id", schema);
	f->stream.overwrite = overwrite;
	fixture_start(f);
}

/* Begin, with a table that is there or not. */
static void
begin(struct fixture *f, bool exists)
{
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	if (exists) {
		assert_int_equal(fixture_reply(f, 200, there), AB_DONE);
		return;
	}
	assert_int_equal(
	    fixture_refuse(f, 404, "table_not_found", "Failed to get table."), AB_NEXT);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
	assert_int_equal(fixture_reply(f, 200, "{\"table\":{}}"), AB_DONE);
}

static void
begin_batch(struct fixture *f)
{
	ab_batch_seal(f->batch);
	fixture_exchange(f, AB_BATCH, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

static void
a_table_that_is_not_there_is_made(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_GET, "tables/airbyte_users", "");
	assert_int_equal(
	    fixture_refuse(&f, 404, "table_not_found", "Failed to get table."), AB_NEXT);
	assert_int_equal(f.x.step, MAKE);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_POST, "tables",
	    "{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\",\"title\":\"Airbyte "
	    "stream: "
	    "users\",\"description\":\"Airbyte stream: users\"}");
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
	assert_false(f.stream.hold);
	fixture_close(&f);
}

static void
each_reply_to_a_begin_has_its_verdict(void **unused)
{
	static const struct {
		unsigned step;
		int status;
		const char *type;
		const char *message;
		enum ab_verdict verdict;
		enum ab_failure kind;
		const char *part;
	} cases[] = {
	    {LOOK, 404, "data_source_not_found", "The data source you requested was not found.",
		AB_FAILED, AB_CONFIG_ERROR, "look-up of the table of stream users"},
	    {LOOK, 401, "invalid_api_key_error", "The API key provided is invalid or disabled.",
		AB_FAILED, AB_CONFIG_ERROR, "API key"},
	    {LOOK, 503, "service_unavailable", "x", AB_RETRY, AB_TRANSIENT_ERROR, "x"},
	    {MAKE, 500, "internal_server_error",
		"Failed to upsert table (table names must be unique).", AB_FAILED, AB_CONFIG_ERROR,
		"table_id_prefix"},
	    {MAKE, 500, "internal_server_error", "There was an error.", AB_RETRY,
		AB_TRANSIENT_ERROR, "There was an error."},
	    {MAKE, 403, "data_source_auth_error", "no", AB_FAILED, AB_CONFIG_ERROR,
		"Dust refused the table of stream users: no (HTTP 403, data_source_auth_error)"},
	    {MAKE, 400, "invalid_request_error", "Required at name", AB_FAILED, AB_CONFIG_ERROR,
		"Required at name"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture f;
		open_tables(&f, "", false, "{}");
		fixture_exchange(&f, AB_BEGIN, false);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		f.x.step = cases[i].step;
		assert_int_equal(
		    fixture_refuse(&f, cases[i].status, cases[i].type, cases[i].message),
		    cases[i].verdict);
		assert_int_equal(f.err.kind, cases[i].kind);
		expect_contains(f.err.message, cases[i].part);
		fixture_close(&f);
	}
}

static void
rows_are_appended_in_one_request(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"userName\":\"a\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":\"b c\",\"x\":[1]}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":3}"), AB_TAKEN);
	begin_batch(&f);
	assert_int_equal(f.request.method, AB_POST);
	char expected[600];
	snprintf(expected, sizeof(expected),
	    "{\"rows\":[{\"row_id\":\"1\",\"value\":{\"id\":1,\"user_name\":\"a\"}},"
	    "{\"row_id\":\"%s\",\"value\":{\"id\":\"b c\",\"x\":\"[1]\"}},"
	    "{\"row_id\":\"3\",\"value\":{\"id\":3}}],\"truncate\":false}",
	    fixture_key(&f, 1));
	fixture_expect(&f, AB_POST, "tables/airbyte_users/rows", expected);
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{\"name\":\"x\"}}"), AB_DONE);
	assert_int_equal(f.limits.batch_records, 500);
	assert_true(f.limits.batch_bytes + 64 <= 1 << 20);
	assert_int_equal(f.limits.order, AB_ORDER_STREAM);
	fixture_close(&f);
}

static void
each_reply_to_rows_has_its_verdict(void **unused)
{
	static const struct {
		int status;
		const char *type;
		const char *message;
		enum ab_verdict verdict;
	} cases[] = {
	    {400, "invalid_request_error",
		"Invalid request body: keys must be lowercase alphanumeric.", AB_FAILED},
	    {403, "data_source_auth_error", "no", AB_FAILED},
	    {413, "content_too_large", "Request body too large.", AB_SPLIT},
	    {429, "rate_limit_error",
		"Too many pending table updates are queued for this table. Please retry later.",
		AB_WAIT},
	    {500, "internal_server_error", "Failed to upsert database rows.", AB_RETRY},
	    {504, "", "", AB_RETRY},
	};
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2}"), AB_TAKEN);
	begin_batch(&f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    fixture_refuse(&f, cases[i].status, cases[i].type, cases[i].message),
		    cases[i].verdict);
		expect_contains(f.err.message, cases[i].message);
		if (cases[i].verdict == AB_WAIT)
			assert_int_equal(f.x.wait_ms, 15000);
	}
	assert_int_equal(fixture_lose(&f), AB_RETRY);
	assert_int_equal(fixture_reply_as(&f, 200, "text/html", "<html>"), AB_FAILED);
	fixture_close(&f);
}

static void
a_row_too_large_for_the_server_is_rejected(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	begin_batch(&f);
	assert_int_equal(fixture_reply_as(&f, 413, "text/plain", "too large"), AB_DONE);
	assert_true(f.batch->entries[0].rejected);
	fixture_close(&f);
}

static void
deletions_follow_the_rows_of_their_batch(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2}"), AB_TAKEN);
	assert_int_equal(
	    fixture_append(&f, "{\"id\":\"a/b\",\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f);
	fixture_expect(&f, AB_POST, "tables/airbyte_users/rows",
	    "{\"rows\":[{\"row_id\":\"2\",\"value\":{\"id\":2}}],\"truncate\":false}");
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_NEXT);
	assert_int_equal(f.x.step, DELETE);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.items, 3);
	fixture_expect(&f, AB_DELETE, "tables/airbyte_users/rows/1", "");
	assert_int_equal(fixture_reply(&f, 200, "{\"success\":true}"), AB_DONE);
	assert_int_equal(fixture_ask(&f, 1), AB_SKIP);
	assert_int_equal(fixture_ask(&f, 2), AB_SEND);
	expect_contains(f.request.url.data, "/rows/a_b--");
	assert_int_equal(fixture_refuse(&f, 429, "rate_limit_error", "queue"), AB_WAIT);
	assert_int_equal(f.x.wait_ms, 15000);
	assert_int_equal(fixture_refuse(&f, 500, "internal_server_error", "x"), AB_RETRY);
	assert_int_equal(
	    fixture_refuse(&f, 404, "table_not_found", "The table you requested was not found."),
	    AB_DONE);
	assert_int_equal(fixture_refuse(&f, 404, "data_source_not_found", "x"), AB_FAILED);
	fixture_close(&f);
}

static void
a_batch_of_deletions_alone_sends_no_rows(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f);
	assert_int_equal(f.x.step, DELETE);
	fixture_expect(&f, AB_DELETE, "tables/airbyte_users/rows/1", "");
	fixture_close(&f);
}

static void
an_overwrite_of_a_table_is_held_and_begins_with_a_truncate(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", true, "{}");
	begin(&f, true);
	assert_true(f.stream.hold);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	begin_batch(&f);
	fixture_expect(&f, AB_POST, "tables/airbyte_users/rows",
	    "{\"rows\":[{\"row_id\":\"1\",\"value\":{\"id\":1}}],\"truncate\":true}");
	/* Until it is known to have arrived, it is sent as it was. */
	assert_int_equal(fixture_lose(&f), AB_RETRY);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	expect_contains(f.body, "\"truncate\":true}");
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
	begin_batch(&f);
	expect_contains(f.body, "\"truncate\":false}");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_close(&f);
}

static void
an_overwrite_of_a_new_table_appends(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", true, "{}");
	begin(&f, false);
	assert_false(f.stream.hold);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	begin_batch(&f);
	expect_contains(f.body, "\"truncate\":false}");
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_close(&f);
}

static void
an_overwrite_without_records_empties_the_table(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", true, "{}");
	begin(&f, true);
	fixture_exchange(&f, AB_END, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_POST, "tables/airbyte_users/rows", "{\"rows\":[],\"truncate\":true}");
	assert_int_equal(fixture_refuse(&f, 413, "x", "y"), AB_FAILED);
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
	fixture_close(&f);
}

static void
a_first_batch_of_deletions_alone_still_empties_the_table(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", true, "{}");
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\"}"), AB_TAKEN);
	begin_batch(&f);
	fixture_expect(&f, AB_POST, "tables/airbyte_users/rows", "{\"rows\":[],\"truncate\":true}");
	fixture_close(&f);
}

static void
with_first_batch_nothing_is_held(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "\"overwrite_when\":\"first_batch\"", true, "{}");
	begin(&f, true);
	assert_false(f.stream.hold);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	begin_batch(&f);
	expect_contains(f.body, "\"truncate\":true}");
	fixture_close(&f);
}

static void
rows_without_a_key_have_no_order_among_them(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, TABLES), 0);
	fixture_stream(&f, "users", "", "{}");
	fixture_start(&f);
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"a\":1}"), AB_TAKEN);
	assert_int_equal(f.batch->entries[0].key_len, 0);
	expect_contains(f.batch->body.data, "{\"row_id\":\"");
	fixture_close(&f);
}

/* A schema with this many fields. */
static char *
wide_schema(unsigned count)
{
	struct ab_buf text;

	ab_buf_init(&text, 1 << 20);
	ab_buf_add_text(&text, "{\"properties\":{\"id\":{}");
	for (unsigned i = 1; i < count; i++)
		ab_buf_printf(&text, ",\"field_%u\":{}", i);
	ab_buf_add_text(&text, "}}");
	return text.data; /* the caller's to free */
}

static void
more_than_511_declared_columns_are_refused_at_the_begin(void **unused)
{
	char *most = wide_schema(511);
	char *more = wide_schema(512);
	struct fixture f;

	(void)unused;
	open_tables(&f, "", false, most);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_close(&f);
	open_tables(&f, "", false, more);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_REFUSE);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	expect_contains(f.err.message, "stream users has 512 columns");
	fixture_close(&f);
	free(most);
	free(more);
}

static void
columns_that_turn_up_or_are_in_the_table_count_too(void **unused)
{
	char *schema = wide_schema(510);
	struct fixture f;

	(void)unused;
	/* 510 declared, and `gone` in the table. */
	open_tables(&f, "", false, schema);
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"new\":2}"), AB_BROKEN);
	assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
	expect_contains(f.err.message, "stream users has 511 columns and its table 1 others");
	fixture_close(&f);
	/* What will be replaced does not count. */
	open_tables(&f, "", true, schema);
	begin(&f, true);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"new\":2}"), AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":1,\"newer\":2}"), AB_BROKEN);
	expect_contains(f.err.message, "stream users has 512 columns; Dust keeps 511");
	fixture_close(&f);
	free(schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_that_is_not_there_is_made),
	    cmocka_unit_test(each_reply_to_a_begin_has_its_verdict),
	    cmocka_unit_test(rows_are_appended_in_one_request),
	    cmocka_unit_test(each_reply_to_rows_has_its_verdict),
	    cmocka_unit_test(a_row_too_large_for_the_server_is_rejected),
	    cmocka_unit_test(deletions_follow_the_rows_of_their_batch),
	    cmocka_unit_test(a_batch_of_deletions_alone_sends_no_rows),
	    cmocka_unit_test(an_overwrite_of_a_table_is_held_and_begins_with_a_truncate),
	    cmocka_unit_test(an_overwrite_of_a_new_table_appends),
	    cmocka_unit_test(an_overwrite_without_records_empties_the_table),
	    cmocka_unit_test(a_first_batch_of_deletions_alone_still_empties_the_table),
	    cmocka_unit_test(with_first_batch_nothing_is_held),
	    cmocka_unit_test(rows_without_a_key_have_no_order_among_them),
	    cmocka_unit_test(more_than_511_declared_columns_are_refused_at_the_begin),
	    cmocka_unit_test(columns_that_turn_up_or_are_in_the_table_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
