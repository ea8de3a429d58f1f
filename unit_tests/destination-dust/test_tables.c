#include "fixture.h"
#include "tables.h"

enum { LOOK, MAKE, ROWS, DELETE, MARK };

#define TABLES "\"data_format\":\"tables\""
static const char there[] =
    "{\"table\":{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\","
    "\"tags\":[\"airbyte:stream:users\"],\"schema\":"
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
	    "users\",\"description\":\"Airbyte stream: users\","
	    "\"tags\":[\"airbyte:stream:users\"]}");
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

/* --- which table --- */

/* Streams that share the plain id airbyte_users; the first is the one to have it. */
static const struct ab_stream alike[] = {{.name = "users"}, {.name = "Users"}};

struct two {
	struct fixture f;
	struct ab_stream streams[3];
	size_t count;
	struct ab_exchange begins[3];
};

static void
open_two(struct two *two, const struct ab_stream *first, const struct ab_stream *second)
{
	*two = (struct two){.count = second != NULL ? 2 : 1};
	assert_int_equal(fixture_open_raw(&two->f, TABLES), 0);
	two->streams[0] = *first;
	if (second != NULL)
		two->streams[1] = *second;
	two->streams[0].self = two->streams[1].self = NULL;
	assert_int_equal(fixture_tell(&two->f, two->streams, two->count), 0);
	for (size_t i = 0; i < two->count; i++)
		two->begins[i] =
		    (struct ab_exchange){.phase = AB_BEGIN, .stream = &two->streams[i], .items = 1};
}

static void
close_two(struct two *two)
{
	fixture_forget(&two->f, two->streams, two->count);
	fixture_close(&two->f);
}

static const char *
table_of(const struct two *two, size_t i)
{
	return ((const struct dust_table *)two->streams[i].self)->id;
}

/* What the service holds: ids, and the names of the streams they are tagged with. */
struct world {
	struct {
		char id[128];
		char tag[128]; /* empty: none */
	} tables[8];
	size_t count;
};

static void
put_table(struct world *world, const char *id, const char *tag)
{
	assert_true(world->count < COUNT(world->tables));
	snprintf(world->tables[world->count].id, 128, "%s", id);
	snprintf(world->tables[world->count++].tag, 128, "%s", tag);
}

/* One request and its reply; returns true when the begin is over. */
static bool
step(struct two *two, size_t i, struct world *world)
{
	struct fixture *f = &two->f;
	struct ab_exchange *x = &two->begins[i];
	char body[600];

	ab_buf_reset(&f->request.url);
	ab_buf_reset(&f->request.head);
	assert_int_equal(dust_destination.request(f->self, x, &f->request, &f->err), AB_SEND);
	struct ab_reply reply = {
	    .status = 200, .type = "application/json", .body = body, .retry_after_ms = -1};
	snprintf(body, sizeof(body), "{\"table\":{}}");
	if (f->request.method == AB_POST) {
		put_table(world, table_of(two, i), two->streams[i].name);
	} else {
		const char *id = strrchr(f->request.url.data, '/') + 1;
		size_t at = 0;
		while (at < world->count && strcmp(world->tables[at].id, id) != 0)
			at++;
		reply.status = at < world->count ? 200 : 404;
		const char *tag = at < world->count ? world->tables[at].tag : "";
		snprintf(body, sizeof(body),
		    at == world->count ? "{\"error\":{\"type\":\"table_not_found\"}}"
		    : tag[0] == '\0'   ? "{\"table\":{\"tags\":[\"x\"]}}"
				       : "{\"table\":{\"tags\":[\"airbyte:stream:%s\"]}}",
		    tag);
	}
	reply.len = strlen(body);
	const enum ab_verdict verdict = dust_destination.response(f->self, x, &reply, &f->err);
	assert_true(verdict == AB_DONE || verdict == AB_NEXT || verdict == AB_FAILED);
	if (verdict == AB_FAILED)
		x->step = AB_STEPS_MAX;
	return verdict != AB_NEXT;
}

/* All begins, turn by turn; order: bits that say whose turn it is. */
static void
begin_all(struct two *two, struct world *world, unsigned order)
{
	bool over[3] = {false, two->count < 2, two->count < 3};

	for (unsigned turn = 0; !(over[0] && over[1] && over[2]); turn++) {
		size_t i = order >> turn % 8 & 1;
		while (over[i])
			i = (i + 1) % 3;
		over[i] = step(two, i, world);
	}
}

static void
two_streams_never_end_on_one_table(void **unused)
{
	struct two names;
	char plain[100];
	char suffixed[2][100];

	(void)unused;
	open_two(&names, &alike[0], &alike[1]);
	for (size_t i = 0; i < 2; i++) {
		const struct dust_table *table = names.streams[i].self;
		snprintf(plain, sizeof(plain), "%s", table->name.plain);
		snprintf(suffixed[i], sizeof(suffixed[i]), "%s", table->name.suffixed);
	}
	close_two(&names);
	/* Each of the three ids is not there, untagged, the one's, or the other's. */
	for (unsigned state = 0; state < 4 * 4 * 4; state++) {
		for (unsigned order = 0; order < 256; order++) {
			const char *const tags[] = {NULL, "", "users", "Users"};
			const char *const ids[] = {plain, suffixed[0], suffixed[1]};
			struct world world = {.count = 0};
			struct two two;
			for (unsigned k = 0; k < 3; k++) {
				const char *tag = tags[state >> 2 * k & 3];
				if (tag != NULL)
					put_table(&world, ids[k], tag);
			}
			open_two(&two, &alike[order & 1], &alike[(order & 1) ^ 1]);
			begin_all(&two, &world, order);
			if (two.begins[0].step != AB_STEPS_MAX &&
			    two.begins[1].step != AB_STEPS_MAX)
				assert_string_not_equal(table_of(&two, 0), table_of(&two, 1));
			close_two(&two);
		}
	}
}

static void
a_stream_alone_finds_the_table_it_had_among_others(void **unused)
{
	(void)unused;
	/* Where the plain table comes from: made, or there before and nobody's. */
	for (unsigned kind = 0; kind < 4; kind++) {
		struct world world = {.count = 0};
		struct two both;
		char had[2][100];
		if (kind >= 2)
			put_table(&world, "airbyte_users", "");
		open_two(&both, &alike[kind & 1], &alike[(kind & 1) ^ 1]);
		begin_all(&both, &world, 0x55);
		for (size_t i = 0; i < 2; i++)
			snprintf(had[i], sizeof(had[i]), "%s", table_of(&both, i));
		assert_string_not_equal(had[0], had[1]);
		assert_string_equal(had[kind & 1], "airbyte_users");
		const size_t tables = world.count;
		for (size_t i = 0; i < 2; i++) {
			struct two alone;
			open_two(&alone, &both.streams[i], NULL);
			begin_all(&alone, &world, 0);
			assert_string_equal(table_of(&alone, 0), had[i]);
			close_two(&alone);
		}
		assert_int_equal(world.count, tables);
		close_two(&both);
	}
}

static void
streams_that_come_one_by_one_are_told_apart(void **unused)
{
	struct two two;
	struct world world = {.count = 0};

	(void)unused;
	open_two(&two, &alike[0], NULL);
	two.streams[1] = alike[1];
	assert_int_equal(fixture_tell(&two.f, &two.streams[1], 1), 0);
	two.begins[1] =
	    (struct ab_exchange){.phase = AB_BEGIN, .stream = &two.streams[1], .items = 1};
	two.count = 2;
	begin_all(&two, &world, 0x55);
	assert_string_equal(table_of(&two, 0), "airbyte_users");
	assert_memory_equal(table_of(&two, 1), "airbyte_users_", 14);
	close_two(&two);
}

static void
a_stream_that_comes_again_begins_anew(void **unused)
{
	struct two two;
	struct world world = {.count = 0};

	(void)unused;
	open_two(&two, &alike[0], NULL);
	begin_all(&two, &world, 0);
	assert_true(((const struct dust_table *)two.streams[0].self)->missing);
	cJSON *schema = cJSON_Parse("{\"properties\":{\"id\":{},\"more\":{}}}");
	two.streams[0].schema = schema;
	assert_int_equal(fixture_tell(&two.f, two.streams, 1), 0);
	const struct dust_table *table = two.streams[0].self;
	assert_false(table->missing);
	assert_int_equal(dust_columns_count(&table->columns), 2);
	two.begins[0] =
	    (struct ab_exchange){.phase = AB_BEGIN, .stream = &two.streams[0], .items = 1};
	begin_all(&two, &world, 0);
	assert_string_equal(table->id, "airbyte_users");
	assert_int_equal(world.count, 1);
	close_two(&two);
	cJSON_Delete(schema);
}

static void
whoever_came_first_keeps_the_plain_table(void **unused)
{
	struct world world = {.count = 0};
	struct two two;

	(void)unused;
	open_two(&two, &alike[1], NULL);
	begin_all(&two, &world, 0);
	assert_string_equal(table_of(&two, 0), "airbyte_users");
	close_two(&two);
	open_two(&two, &alike[0], &alike[1]);
	begin_all(&two, &world, 0x55);
	assert_string_equal(table_of(&two, 1), "airbyte_users");
	assert_memory_equal(table_of(&two, 0), "airbyte_users_", 14);
	close_two(&two);
}

static void
a_suffixed_table_of_another_stream_is_refused(void **unused)
{
	struct world world = {.count = 0};
	struct two two;

	(void)unused;
	open_two(&two, &alike[1], NULL);
	put_table(&world, "airbyte_users", "users");
	put_table(&world, ((struct dust_table *)two.streams[0].self)->name.suffixed, "third");
	begin_all(&two, &world, 0);
	assert_int_equal(two.begins[0].step, AB_STEPS_MAX);
	assert_int_equal(two.f.err.kind, AB_CONFIG_ERROR);
	expect_contains(two.f.err.message, "belongs to another stream");
	expect_contains(two.f.err.message, "stream Users");
	close_two(&two);
}

/* A stream that is called as another one's table would be. */
static void
a_name_that_looks_like_a_suffixed_one_takes_nothing_away(void **unused)
{
	struct ab_stream lookalike = {.name = NULL};
	char name[100];
	struct two two;

	(void)unused;
	open_two(&two, &alike[1], NULL);
	const struct dust_table *table = two.streams[0].self;
	snprintf(name, sizeof(name), "%s", table->name.suffixed + strlen("airbyte_"));
	lookalike.name = name;
	close_two(&two);
	for (unsigned order = 0; order < 256; order++) {
		struct world world = {.count = 0};
		put_table(&world, "airbyte_users", "users");
		open_two(&two, &alike[1], &lookalike);
		begin_all(&two, &world, order);
		assert_int_equal(two.begins[0].step, AB_STEPS_MAX);
		assert_string_equal(table_of(&two, 1), table_of(&two, 0));
		expect_contains(two.f.err.message, "belongs to another stream");
		close_two(&two);
	}
}

static void
a_look_up_that_is_not_of_a_table_is_not_believed(void **unused)
{
	struct fixture f;

	(void)unused;
	open_tables(&f, "", true, "{}");
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_reply(&f, 200, "{}"), AB_FAILED);
	expect_contains(f.err.message, "not what Dust sends");
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":[]}"), AB_FAILED);
	assert_int_equal(fixture_refuse(&f, 429, "rate_limit_error", "slow"), AB_WAIT);
	assert_int_equal(f.x.wait_ms, 5000);
	fixture_close(&f);
}

/* --- rows --- */

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
a_deletion_adds_no_columns(void **unused)
{
	struct fixture f;
	char *schema = NULL;

	(void)unused;
	schema = wide_schema(510);
	open_tables(&f, "", true, schema);
	begin(&f, true);
	assert_int_equal(
	    fixture_append(&f, "{\"id\":1,\"_ab_cdc_deleted_at\":\"x\",\"b\":1,\"c\":2}"),
	    AB_TAKEN);
	assert_int_equal(fixture_append(&f, "{\"id\":2,\"b\":1}"), AB_TAKEN);
	/* Nor does it get others past the limit. */
	assert_int_equal(fixture_append(&f, "{\"id\":3,\"_ab_cdc_deleted_at\":null}"), AB_BROKEN);
	expect_contains(f.err.message, "stream users has 512 columns");
	fixture_close(&f);
	free(schema);
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

/* --- generations --- */

#define USERS_TABLE(tags)                                                                          \
	"{\"table\":{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\","                   \
	"\"title\":\"Our \\\"users\\\"\",\"description\":\"All.\",\"tags\":[" tags "],"            \
	"\"schema\":[{\"name\":\"gone\",\"value_type\":\"text\"}]}}"

/* A truncate refresh with generation 5. */
static void
open_refresh(struct fixture *f, const char *extra)
{
	char text[300];

	snprintf(text, sizeof(text), "%s%s%s", TABLES, extra[0] != '\0' ? "," : "", extra);
	assert_int_equal(fixture_open_raw(f, text), 0);
	fixture_stream(f, "users", "id", "{}");
	f->stream.overwrite = f->stream.resumable = true;
	f->stream.generation_id = 5;
	f->stream.sync_id = 7;
	fixture_start(f);
	fixture_exchange(f, AB_BEGIN, false);
	assert_int_equal(fixture_ask(f, 0), AB_SEND);
}

static void
a_table_is_marked_when_its_content_is_replaced(void **unused)
{
	static const char *const tags[][2] = {
	    {"\"airbyte:stream:users\"", "\"airbyte:stream:users\",\"airbyte:generation:5.7\""},
	    {"\"a\",\"airbyte:stream:users\",\"airbyte:generation:4\",\"b\"",
		"\"a\",\"airbyte:stream:users\",\"b\",\"airbyte:generation:5.7\""},
	    {"\"b\"", "\"b\",\"airbyte:generation:5.7\""},
	};

	(void)unused;
	for (size_t i = 0; i < 2 * COUNT(tags); i++) {
		const bool has_rows = i < COUNT(tags);
		struct fixture f;
		char text[1000];
		open_refresh(&f, "");
		snprintf(text, sizeof(text), USERS_TABLE("%s"), tags[i % COUNT(tags)][0]);
		if (i % COUNT(tags) == 2) {
			assert_int_equal(fixture_reply(&f, 200, text), AB_NEXT);
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
			assert_int_equal(fixture_refuse(&f, 404, "table_not_found", "no"), AB_DONE);
		} else {
			assert_int_equal(fixture_reply(&f, 200, text), AB_DONE);
		}
		assert_true(f.stream.overwrite && f.stream.hold);
		if (has_rows) {
			assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
			begin_batch(&f);
			assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
		}
		fixture_exchange(&f, AB_END, true);
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		if (!has_rows) {
			assert_int_equal(f.x.step, ROWS);
			assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_NEXT);
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		}
		assert_int_equal(f.x.step, MARK);
		snprintf(text, sizeof(text),
		    "{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\","
		    "\"title\":\"Our \\\"users\\\"\",\"description\":\"All.\",\"tags\":[%s]}",
		    tags[i % COUNT(tags)][1]);
		fixture_expect(&f, AB_POST, "tables", text);
		assert_int_equal(fixture_lose(&f), AB_RETRY);
		assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
		fixture_close(&f);
	}
}

static void
a_new_table_is_marked_too(void **unused)
{
	struct fixture f;

	(void)unused;
	open_refresh(&f, "");
	assert_int_equal(
	    fixture_refuse(&f, 404, "table_not_found", "Failed to get table."), AB_NEXT);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_null(strstr(f.body, "generation"));
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	fixture_expect(&f, AB_POST, "tables",
	    "{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\",\"title\":\"Airbyte "
	    "stream: users\",\"description\":\"Airbyte stream: users\","
	    "\"tags\":[\"airbyte:stream:users\",\"airbyte:generation:5.7\"]}");
	assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
	fixture_close(&f);
}

static void
a_table_that_holds_the_generation_is_added_to(void **unused)
{
	static const char *const tags[] = {
	    "\"airbyte:stream:users\",\"airbyte:generation:5.7\"", "\"airbyte:generation:5.7\""};

	(void)unused;
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct fixture f;
		char text[1000];
		open_refresh(&f, i == 0 ? "" : "\"overwrite_when\":\"first_batch\"");
		snprintf(text, sizeof(text), USERS_TABLE("%s"), tags[i]);
		if (i == 1) {
			assert_int_equal(fixture_reply(&f, 200, text), AB_NEXT);
			assert_int_equal(fixture_ask(&f, 0), AB_SEND);
			assert_int_equal(fixture_refuse(&f, 404, "table_not_found", "no"), AB_DONE);
		} else {
			assert_int_equal(fixture_reply(&f, 200, text), AB_DONE);
		}
		assert_false(f.stream.overwrite);
		assert_false(f.stream.hold);
		assert_int_equal(fixture_append(&f, "{\"id\":1}"), AB_TAKEN);
		begin_batch(&f);
		expect_contains(f.body, "\"truncate\":false}");
		assert_int_equal(fixture_reply(&f, 200, "{\"table\":{}}"), AB_DONE);
		fixture_exchange(&f, AB_END, true);
		assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
		fixture_close(&f);
	}
}

static void
an_attempt_that_did_not_end_well_marks_nothing(void **unused)
{
	struct fixture f;

	(void)unused;
	open_refresh(&f, "");
	assert_int_equal(fixture_reply(&f, 200, USERS_TABLE("\"airbyte:stream:users\"")), AB_DONE);
	fixture_exchange(&f, AB_END, false);
	assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
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
	    cmocka_unit_test(two_streams_never_end_on_one_table),
	    cmocka_unit_test(a_stream_alone_finds_the_table_it_had_among_others),
	    cmocka_unit_test(streams_that_come_one_by_one_are_told_apart),
	    cmocka_unit_test(a_stream_that_comes_again_begins_anew),
	    cmocka_unit_test(whoever_came_first_keeps_the_plain_table),
	    cmocka_unit_test(a_suffixed_table_of_another_stream_is_refused),
	    cmocka_unit_test(a_name_that_looks_like_a_suffixed_one_takes_nothing_away),
	    cmocka_unit_test(a_look_up_that_is_not_of_a_table_is_not_believed),
	    cmocka_unit_test(rows_are_appended_in_one_request),
	    cmocka_unit_test(each_reply_to_rows_has_its_verdict),
	    cmocka_unit_test(a_row_too_large_for_the_server_is_rejected),
	    cmocka_unit_test(deletions_follow_the_rows_of_their_batch),
	    cmocka_unit_test(a_deletion_adds_no_columns),
	    cmocka_unit_test(a_batch_of_deletions_alone_sends_no_rows),
	    cmocka_unit_test(an_overwrite_of_a_table_is_held_and_begins_with_a_truncate),
	    cmocka_unit_test(an_overwrite_of_a_new_table_appends),
	    cmocka_unit_test(an_overwrite_without_records_empties_the_table),
	    cmocka_unit_test(a_table_is_marked_when_its_content_is_replaced),
	    cmocka_unit_test(a_new_table_is_marked_too),
	    cmocka_unit_test(a_table_that_holds_the_generation_is_added_to),
	    cmocka_unit_test(an_attempt_that_did_not_end_well_marks_nothing),
	    cmocka_unit_test(a_first_batch_of_deletions_alone_still_empties_the_table),
	    cmocka_unit_test(with_first_batch_nothing_is_held),
	    cmocka_unit_test(rows_without_a_key_have_no_order_among_them),
	    cmocka_unit_test(more_than_511_declared_columns_are_refused_at_the_begin),
	    cmocka_unit_test(columns_that_turn_up_or_are_in_the_table_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
