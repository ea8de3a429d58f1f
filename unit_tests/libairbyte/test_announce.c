/*
 * Whole runs of a Singer stream: what the connector and the service see, and what leaves, in its
 * order, as one text.
 */
#include "testing.h"

#include "fake_emit.h"
#include "fake_http.h"

#include "run.h"
#include "singer_message.h"

#define SCHEMA(stream, properties, keys)                                                           \
	"{\"type\":\"SCHEMA\",\"stream\":\"" stream "\",\"schema\":{\"properties\":{" properties   \
	"}},\"key_properties\":[" keys "]}\n"
#define RECORD(stream, data)                                                                       \
	"{\"type\":\"RECORD\",\"stream\":\"" stream "\",\"record\":{" data "}}\n"
#define STATE(value) "{\"type\":\"STATE\",\"value\":" value "}\n"
#define ID "\"id\":{}"

static struct ab_buf story;
static bool refuse_streams;
static bool refuse_changes;
static size_t records;   /* of a batch; 0: the default */
static const char *hard; /* calls that begin with this get: */
static int status;
static int begin_status; /* to a begin under a changed schema */
static int end_status;   /* to the first end */
static unsigned ends;    /* streams whose end the log told of */
static unsigned changes; /* of schemas that it told of */

/* --- what leaves --- */

static void
tell_state(const char *line, size_t len)
{
	ab_buf_printf(&story, "state %.*s\n", (int)len, line);
}

static void
tell_log(enum ab_level level, const char *text)
{
	if (level == AB_WARN)
		ab_buf_printf(&story, "warning %s\n", text);
	else if (strstr(text, "ACTIVATE_VERSION") != NULL)
		ab_buf_printf(&story, "info %s\n", text);
	else if (strstr(text, ": ended with ") != NULL)
		ends++;
	else if (strstr(text, ": its schema or key changed") != NULL)
		changes++;
}

/* --- a destination that tells all it sees --- */

/* What the connector keeps of a stream, which borrows from its description as connectors do. */
struct kept {
	const char *key; /* the first; NULL: none */
};

static int
tell_streams(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	(void)self;
	assert_int_equal(count, 1);
	ab_buf_printf(&story, "stream %s, %zu keys%s%s\n", streams->name, streams->primary_keys,
	    streams->dedup ? ", dedup" : "", streams->self != NULL ? ", again" : "");
	const bool refuse = streams->self != NULL ? refuse_changes : refuse_streams;
	struct kept *kept = ab_calloc(1, sizeof(*kept));
	kept->key = streams->primary_keys > 0 ? streams->primary_key[0].parts[0] : NULL;
	streams->self = kept;
	return refuse ? ab_fail(err, AB_CONFIG_ERROR, "not this one") : 0;
}

static void
tell_close(void *self, void *stream_self)
{
	(void)self;
	free(stream_self);
}

static enum ab_taken
tell_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	(void)self;
	(void)err;
	ab_buf_printf(&batch->body, "%s%.*s", record->deleted ? "-" : "", (int)record->raw.len,
	    record->raw.data);
	return AB_TAKEN;
}

static enum ab_ask
tell_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	static const char *const names[] = {
	    [AB_BEGIN] = "begin", [AB_BATCH] = "batch", [AB_END] = "end"};

	const struct kept *kept = x->stream->self;

	(void)self;
	(void)err;
	assert_true((kept->key == NULL) == (x->stream->primary_keys == 0));
	if (kept->key != NULL)
		assert_string_equal(kept->key, x->stream->primary_key[0].parts[0]);
	out->method = AB_POST;
	ab_buf_printf(&out->url, "%s %s%s%s", names[x->phase], x->stream->name,
	    x->phase == AB_END && !x->complete ? " (not complete)" : "",
	    x->phase == AB_END && x->stream->goes_on ? ", goes on" : "");
	out->to = x->batch != NULL ? x->batch->body.len : 0;
	return AB_SEND;
}

static const struct ab_destination teller = {
    .name = "teller",
    .version = "1",
    .streams = tell_streams,
    .stream_close = tell_close,
    .append = tell_append,
    .request = tell_request,
    .response = run_verdict,
};

static void
answer(const struct fake_call *call, struct ab_reply *reply)
{
	ab_buf_printf(&story, "%s%s%s\n", call->url, call->body[0] != '\0' ? " " : "", call->body);
	reply->status = strncmp(call->url, hard, strlen(hard)) == 0 ? status : 200;
	if (strncmp(call->url, "end", 3) == 0) {
		reply->status = end_status;
		end_status = 200;
	}
	if (strncmp(call->url, "begin", 5) == 0 && strstr(story.data, ", again\n") != NULL)
		reply->status = begin_status;
}

/* --- one run --- */

static int
run_with(const struct ab_destination *destination, size_t streams_max, const char *lines,
    struct ab_error *err)
{
	const struct ab_limits limits = {.order = AB_ORDER_STREAM, .batch_records = records};
	const struct ab_sync_options options = {.dialect = &ab_singer_dialect, .dedup = true};
	struct ab_catalog catalog;

	ab_buf_release(&story);
	fake.answer = answer;
	ab_catalog_init(&catalog, streams_max);
	return run_lines(destination, limits, &catalog, options, lines, err);
}

static int
set_up(void **state)
{
	(void)state;
	ab_buf_init(&story, 1 << 20);
	fake_emit.state = tell_state;
	fake_emit.log = tell_log;
	refuse_streams = refuse_changes = false;
	records = 0;
	hard = "batch";
	fake.pick = NULL;
	status = begin_status = end_status = 200;
	ends = changes = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_buf_release(&story);
	return 0;
}

static void
expect(const char *lines, const char *told)
{
	struct ab_error err;

	if (run_with(&teller, 8, lines, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(story.data, told);
}

static void
expect_failure(const char *lines, const char *message, const char *told)
{
	struct ab_error err;

	assert_int_equal(run_with(&teller, 2, lines, &err), -1);
	assert_string_equal(err.message, message);
	assert_string_equal(story.data, told);
}

/* The places of texts in the story, which must be there in this order. */
static void
expect_order(const char *const *texts, size_t count)
{
	const char *at = story.data;

	for (size_t i = 0; i < count; i++) {
		at = strstr(at, texts[i]);
		if (at == NULL)
			fail_msg("\"%s\" is not in its place in \"%s\"", texts[i], story.data);
	}
}

static void
streams_are_begun_as_they_appear(void **state)
{
	static const char *const of_a[] = {"stream a, 1 keys, dedup\nbegin a\nstream b",
	    "batch a {\"id\":1}{\"id\":3}\n", "state 1\nstate 2\n", "end a\n"};
	static const char *const of_b[] = {
	    "stream b, 0 keys\nbegin b\n", "batch b {\"id\":2}\n", "state 2\n", "end b\n"};
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    run_with(&teller, 8,
		SCHEMA("a", ID, "\"id\"") RECORD("a", "\"id\":1") STATE("1") SCHEMA("b", ID, "")
		    RECORD("b", "\"id\":2") RECORD("a", "\"id\":3") STATE("2"),
		&err),
	    0);
	expect_order(of_a, COUNT(of_a));
	expect_order(of_b, COUNT(of_b));
}

static void
a_state_of_no_records_leaves_and_an_empty_stream_is_ended(void **state)
{
	(void)state;
	expect("\n" STATE("{\"a\": 1}") "  \r\n", "state {\"a\": 1}\n");
	expect(SCHEMA("a", ID, ""), "stream a, 0 keys\nbegin a\nend a\n");
	expect("", "");
}

#define MARK "\xef\xbb\xbf"

static void
a_byte_order_mark_before_the_first_line_is_passed_over(void **state)
{
	(void)state;
	expect(MARK STATE("1") STATE("2"), "state 1\nstate 2\n");
	expect(MARK "\n" STATE("1"), "state 1\n");
	expect(MARK, "");
	expect_failure(STATE("1") MARK STATE("2"),
	    "line 2 of the input cannot be taken: invalid JSON at byte 1: a value was expected",
	    "state 1\n");
	expect_failure("\xef\xbb" STATE("1"),
	    "line 1 of the input cannot be taken: invalid JSON at byte 1: a value was expected",
	    "");
}

static void
a_repeated_schema_changes_nothing(void **state)
{
	(void)state;
	expect(SCHEMA("a", ID, "") RECORD("a", "\"id\":1") SCHEMA("a", ID, "")
		   RECORD("a", "\"id\":2"),
	    "stream a, 0 keys\nbegin a\nbatch a {\"id\":1}{\"id\":2}\nend a\n");
}

static void
a_schema_in_another_order_changes_nothing(void **state)
{
	(void)state;
	expect(SCHEMA("a", ID ",\"b\":{}", "") SCHEMA("a", "\"b\":{}," ID, "")
		   SCHEMA("a", ID ",\"b\":{}", "") RECORD("a", "\"id\":1"),
	    "stream a, 0 keys\nbegin a\nbatch a {\"id\":1}\nend a\n");
}

static void
a_schema_of_an_earlier_time_is_a_change_too(void **state)
{
	(void)state;
	expect(SCHEMA("a", ID, "") SCHEMA("a", ID, "\"id\"") SCHEMA("a", ID, "\"id\"")
		   SCHEMA("a", ID, ""),
	    "stream a, 0 keys\nbegin a\nend a, goes on\n"
	    "stream a, 1 keys, dedup, again\nbegin a\nend a, goes on\n"
	    "stream a, 0 keys, again\nbegin a\nend a\n");
}

static void
what_came_before_a_change_is_delivered_under_the_old_schema(void **state)
{
	(void)state;
	expect(SCHEMA("a", ID, "") RECORD("a", "\"id\":1") STATE("1")
		   SCHEMA("a", ID ",\"b\":{}", "\"id\"") RECORD("a", "\"id\":2") STATE("2"),
	    "stream a, 0 keys\nbegin a\nbatch a {\"id\":1}\nstate 1\nend a, goes on\n"
	    "stream a, 1 keys, dedup, again\nbegin a\nbatch a {\"id\":2}\nstate 2\nend a\n");
	expect(SCHEMA("a", ID, "") SCHEMA("a", ID, "\"id\""),
	    "stream a, 0 keys\nbegin a\nend a, goes on\nstream a, 1 keys, dedup, again\nbegin "
	    "a\nend a\n");
}

static void
versions_and_unknown_types_are_told_of_once(void **state)
{
	(void)state;
	expect("{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"x\",\"version\":1}\n"
	       "{\"type\":\"VOLUME\"}\n{\"type\":\"VOLUME\"}\n"
	       "{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"x\",\"version\":2}\n",
	    "info ACTIVATE_VERSION messages have no effect: records of older versions stay\n"
	    "warning line 2 of the input has the type \"VOLUME\", which is not known; such "
	    "messages are ignored\n");
}

static void
of_an_unknown_type_no_more_is_told_than_a_log_may_hold(void **state)
{
	char type[501];
	char line[1024];
	struct ab_error err;

	(void)state;
	memset(type, 'x', sizeof(type) - 1);
	type[sizeof(type) - 1] = '\0';
	snprintf(line, sizeof(line), "{\"type\":\"\\n%s\"}\n", type);
	assert_int_equal(run_with(&teller, 1, line, &err), 0);
	assert_non_null(strstr(story.data, "the type \"\\nxxx"));
	assert_null(strstr(story.data, type + sizeof(type) - 64));
}

#define DELETED RECORD("a", "\"id\":1,\"_sdc_deleted_at\":\"x\"")

static void
deletions_are_marked_where_they_can_be(void **state)
{
	struct ab_destination deleting = teller;
	struct ab_error err;

	(void)state;
	deleting.heeds_deletions = true;
	assert_int_equal(
	    run_with(&deleting, 1,
		SCHEMA("a", ID, "") DELETED RECORD("a", "\"id\":2,\"_sdc_deleted_at\":null"), &err),
	    0);
	assert_string_equal(story.data,
	    "stream a, 0 keys\nbegin a\nbatch a -{\"id\":1,\"_sdc_deleted_at\":\"x\"}"
	    "{\"id\":2,\"_sdc_deleted_at\":null}\nend a\n");
}

static void
deletions_are_warned_of_once_where_they_cannot_be(void **state)
{
	(void)state;
	expect(SCHEMA("a", ID, "") DELETED DELETED,
	    "stream a, 0 keys\nbegin a\n"
	    "warning stream a: records with _sdc_deleted_at are deletions; this destination does "
	    "not delete, and takes them like all others\n"
	    "batch a {\"id\":1,\"_sdc_deleted_at\":\"x\"}{\"id\":1,\"_sdc_deleted_at\":\"x\"}\n"
	    "end a\n");
}

static void
bad_lines_are_refused_after_what_came_before_is_safe(void **state)
{
#define GOOD SCHEMA("a", ID, "\"id\"") RECORD("a", "\"id\":1") STATE("1")
	static const struct {
		const char *line, *message;
	} cases[] = {
	    {RECORD("b", "\"id\":1"),
		"line 4 of the input cannot be taken: stream b: a record came before its SCHEMA"},
	    {RECORD("a", "\"x\":1"), "line 4 of the input cannot be taken: stream a: a record "
				     "lacks the key property id"},
	    {"{\"type\":\n", "line 4 of the input cannot be taken: invalid JSON at byte 9: the "
			     "text ends too early"},
	    {"{\"type\":\"SCHEMA\",\"stream\":\"b\",\"schema\":{}}\n",
		"line 4 of the input cannot be taken: stream b: its schema has no properties"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char lines[1024];
		struct ab_error err;
		snprintf(lines, sizeof(lines), "%s%s%s", GOOD, cases[i].line,
		    RECORD("a", "\"id\":2") STATE("2"));
		assert_int_equal(run_with(&teller, 8, lines, &err), -1);
		assert_string_equal(err.message, cases[i].message);
		assert_string_equal(story.data,
		    "stream a, 1 keys, dedup\nbegin a\nbatch a {\"id\":1}\nstate 1\n"
		    "end a (not complete)\n");
	}
}

static void
a_stream_the_connector_refuses_ends_the_input(void **state)
{
	(void)state;
	refuse_streams = true;
	expect_failure(SCHEMA("a", ID, "") RECORD("a", "\"id\":1"),
	    "line 1 of the input cannot be taken: not this one", "stream a, 0 keys\n");
}

static void
more_streams_than_there_is_room_for_are_refused(void **state)
{
	static const char lines[] = SCHEMA("a", ID, "") SCHEMA("b", ID, "") SCHEMA("c", ID, "");
	struct ab_error err;

	(void)state;
	assert_int_equal(run_with(&teller, 2, lines, &err), -1);
	assert_string_equal(err.message,
	    "line 3 of the input cannot be taken: stream c: a run takes 2 streams at most");
	assert_null(strstr(story.data, "stream c"));
}

static void
nothing_begins_anew_after_a_failure(void **state)
{
	(void)state;
	status = 400;
	expect_failure(SCHEMA("a", ID, "") RECORD("a", "\"id\":1") STATE("1")
			   SCHEMA("a", ID, "\"id\"") RECORD("a", "\"id\":2"),
	    "HTTP 400", "stream a, 0 keys\nbegin a\nbatch a {\"id\":1}\nend a (not complete)\n");
}

/* d and a have a record each, then a changes. */
#define CHANGED                                                                                    \
	SCHEMA("d", ID, "")                                                                        \
	RECORD("d", "\"id\":4")                                                                    \
	SCHEMA("a", ID, "")                                                                        \
	RECORD("a", "\"id\":1")                                                                    \
	STATE("1") SCHEMA("a", ID, "\"id\"") RECORD("a", "\"id\":2") STATE("2")

static void
a_change_the_connector_refuses_ends_the_stream_as_it_was(void **state)
{
	static const char *const of_a[] = {"batch a {\"id\":1}\n", "end a, goes on\n",
	    "stream a, 1 keys, dedup, again\n", "end a (not complete)\n"};
	static const char *const of_d[] = {
	    "batch d {\"id\":4}\n", "state 1\n", "end d (not complete)\n"};
	struct ab_error err;

	(void)state;
	refuse_changes = true;
	assert_int_equal(run_with(&teller, 8, CHANGED, &err), -1);
	assert_string_equal(err.message, "line 6 of the input cannot be taken: not this one");
	expect_order(of_a, COUNT(of_a));
	expect_order(of_d, COUNT(of_d));
	assert_null(strstr(story.data, "state 2"));
	assert_int_equal(ends, 2);
	assert_int_equal(changes, 0);
}

static void
a_stream_that_cannot_begin_again_is_ended_once_more(void **state)
{
	static const char *const of_a[] = {"end a, goes on\n", "stream a, 1 keys, dedup, again\n",
	    "begin a\n", "end a (not complete)\n"};
	struct ab_error err;

	(void)state;
	begin_status = 400;
	assert_int_equal(run_with(&teller, 8, CHANGED, &err), -1);
	assert_string_equal(err.message, "HTTP 400");
	expect_order(of_a, COUNT(of_a));
	assert_int_equal(changes, 1);
}

/* Batches of d only once an end was tried. */
static size_t
d_after_an_end(size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(fake.calls[i].url, "batch d") == 0)
		i++;
	return i == count && strstr(story.data, "end ") != NULL ? 0 : i;
}

static void
an_end_to_go_on_that_is_given_up_is_followed_by_the_last(void **state)
{
	static const char *const of_a[] = {
	    "batch a {\"id\":1}\n", "end a, goes on\n", "batch d", "end a (not complete)\n"};
	struct ab_error err;

	(void)state;
	records = 1;
	fake.pick = d_after_an_end;
	end_status = 503;
	hard = "batch d";
	status = 400;
	assert_int_equal(run_with(&teller, 8, CHANGED, &err), -1);
	assert_string_equal(err.message, "HTTP 400");
	expect_order(of_a, COUNT(of_a));
}

static void
so_is_one_that_fails(void **state)
{
	static const char *const of_a[] = {"end a, goes on\n", "end a (not complete)\n"};
	struct ab_error err;

	(void)state;
	end_status = 400;
	assert_int_equal(run_with(&teller, 8, CHANGED, &err), -1);
	expect_order(of_a, COUNT(of_a));
	assert_null(strstr(story.data, "again"));
}

/* There are more of them than requests at once. */
static void
after_a_failure_every_stream_is_ended_though_one_cannot_be(void **state)
{
	struct ab_buf lines;
	struct ab_error err;

	(void)state;
	ab_buf_init(&lines, 1 << 16);
	for (char name = 'a'; name <= 't'; name++)
		ab_buf_printf(&lines, SCHEMA("%c", ID, "") RECORD("%c", "\"id\":1"), name, name);
	status = end_status = 400;
	assert_int_equal(run_with(&teller, 20, lines.data, &err), -1);
	for (char name = 'a'; name <= 't'; name++) {
		char end[32];
		snprintf(end, sizeof(end), "end %c (not complete)\n", name);
		assert_non_null(strstr(story.data, end));
	}
	ab_buf_release(&lines);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(streams_are_begun_as_they_appear),
	    CASE(a_state_of_no_records_leaves_and_an_empty_stream_is_ended),
	    CASE(a_byte_order_mark_before_the_first_line_is_passed_over),
	    CASE(a_repeated_schema_changes_nothing),
	    CASE(a_schema_in_another_order_changes_nothing),
	    CASE(a_schema_of_an_earlier_time_is_a_change_too),
	    CASE(what_came_before_a_change_is_delivered_under_the_old_schema),
	    CASE(versions_and_unknown_types_are_told_of_once),
	    CASE(of_an_unknown_type_no_more_is_told_than_a_log_may_hold),
	    CASE(deletions_are_marked_where_they_can_be),
	    CASE(deletions_are_warned_of_once_where_they_cannot_be),
	    CASE(bad_lines_are_refused_after_what_came_before_is_safe),
	    CASE(a_stream_the_connector_refuses_ends_the_input),
	    CASE(more_streams_than_there_is_room_for_are_refused),
	    CASE(nothing_begins_anew_after_a_failure),
	    CASE(a_change_the_connector_refuses_ends_the_stream_as_it_was),
	    CASE(a_stream_that_cannot_begin_again_is_ended_once_more),
	    CASE(an_end_to_go_on_that_is_given_up_is_followed_by_the_last),
	    CASE(so_is_one_that_fails),
	    CASE(after_a_failure_every_stream_is_ended_though_one_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
