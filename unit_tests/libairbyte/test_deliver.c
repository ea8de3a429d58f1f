/*
 * Which batch goes when: whole runs of a Singer stream. What the service answers, and the states
 * that leave, are told in their order as one text.
 */
#include "testing.h"

#include <fcntl.h>

#include "fake_emit.h"
#include "fake_http.h"

#include "flow.h"
#include "singer_message.h"
#include "sync.h"

#define SCHEMA(stream)                                                                             \
	"{\"type\":\"SCHEMA\",\"stream\":\"" stream                                                \
	"\",\"schema\":{\"properties\":{\"id\":{}}},\"key_properties\":[\"id\"]}\n"
#define RECORD(stream, key)                                                                        \
	"{\"type\":\"RECORD\",\"stream\":\"" stream "\",\"record\":{\"id\":\"" key "\"}}\n"
#define STATE(value) "{\"type\":\"STATE\",\"value\":" value "}\n"

static struct ab_buf story;
static size_t records_max; /* per call; more are to be halved */

static void
tell_state(const char *line, size_t len)
{
	ab_buf_printf(&story, "state %.*s\n", (int)len, line);
}

/* --- a destination: the body is " number:key" per record --- */

static enum ab_taken
append(void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	const uint32_t id = ab_json_get(record->json, record->data, "id");
	const struct ab_view key = ab_json_view(record->json, id);

	(void)self;
	(void)err;
	ab_batch_key(batch, key.data, key.len);
	ab_buf_printf(&batch->body, " %llu:%.*s", (unsigned long long)record->ordinal, (int)key.len,
	    key.data);
	return AB_TAKEN;
}

static enum ab_ask
request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)err;
	if (x->phase != AB_BATCH)
		return AB_SKIP;
	out->method = AB_POST;
	ab_buf_add_text(&out->url, x->stream->name);
	out->to = x->batch->body.len;
	return AB_SEND;
}

static enum ab_verdict
response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	if (in->status == 413) {
		ab_fail(err, AB_SYSTEM_ERROR, "too many");
		return AB_SPLIT;
	}
	return ab_verdict_of_status(in, err);
}

static const struct ab_destination destination = {
    .name = "keeper",
    .version = "1",
    .append = append,
    .request = request,
    .response = response,
};

/* --- the service --- */

static void
answer(const struct fake_call *call, struct ab_reply *reply)
{
	size_t records = 0;

	for (const char *at = call->body; *at != '\0'; at++)
		records += *at == ' ';
	reply->status = records > records_max ? 413 : 200;
	ab_buf_printf(
	    &story, "%s%s%s\n", call->url, call->body, reply->status == 200 ? "" : " refused");
}

/* Those of stream a only when there are no others to come. */
static size_t
a_late(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fake.calls[i].url[0] != 'a')
			return i;
	}
	return fake.sent < 3 ? count : 0;
}

/* --- runs --- */

static int
set_up(void **state)
{
	(void)state;
	ab_buf_init(&story, (size_t)1 << 24);
	records_max = SIZE_MAX;
	fake_emit.state = tell_state;
	fake.answer = answer;
	fake.pick = NULL;
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
run(struct ab_limits limits, const char *lines)
{
	struct ab_catalog catalog;
	struct ab_error err;
	char path[64];

	ab_buf_reset(&story);
	write_temporary(path, lines);
	ab_catalog_init(&catalog, 100);
	ab_sync_default_limits(&limits);
	const struct ab_sync_options options = {
	    .input = open(path, O_RDONLY | O_CLOEXEC), .dialect = &ab_singer_dialect};
	if (ab_sync_write(&destination, NULL, &limits, &catalog, &options, &err) != 0)
		fail_msg("%s", err.message);
	close(options.input);
	ab_catalog_release(&catalog);
	unlink(path);
}

static void
expect(struct ab_limits limits, const char *lines, const char *told)
{
	run(limits, lines);
	assert_string_equal(story.data, told);
}

/* --- which goes first --- */

#define THREE SCHEMA("a") SCHEMA("b") SCHEMA("c")

static void
batches_leave_in_the_order_they_were_filled_and_so_do_states(void **state)
{
	static const enum ab_order orders[] = {AB_ORDER_NONE, AB_ORDER_KEY, AB_ORDER_STREAM};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++)
		expect((struct ab_limits){.batch_records = 1, .in_flight = 1, .order = orders[i]},
		    THREE RECORD("c", "x") STATE("1") RECORD("b", "x") STATE("2") RECORD("c", "y")
			STATE("3") RECORD("a", "x") STATE("4") RECORD("b", "y") STATE("5"),
		    "c 1:x\nstate 1\nb 1:x\nstate 2\nc 2:y\nstate 3\na 1:x\nstate 4\nb 2:y\n"
		    "state 5\n");
}

static void
what_is_open_at_the_end_leaves_in_the_order_it_was_opened(void **state)
{
	(void)state;
	expect((struct ab_limits){.in_flight = 1},
	    THREE RECORD("c", "x") RECORD("a", "x") STATE("1") RECORD("b", "x") RECORD("c", "y"),
	    "c 1:x 2:y\na 1:x\nstate 1\nb 1:x\n");
}

static void
a_batch_that_may_not_go_yet_lets_others_pass(void **state)
{
	(void)state;
	fake.pick = a_late;
	expect((struct ab_limits){.batch_records = 1, .in_flight = 2, .order = AB_ORDER_STREAM},
	    SCHEMA("a") SCHEMA("b") RECORD("a", "x") RECORD("a", "y") RECORD("b", "x")
		RECORD("b", "y"),
	    "b 1:x\nb 2:y\na 1:x\na 2:y\n");
}

static void
halves_go_before_what_was_filled_later(void **state)
{
	(void)state;
	records_max = 1;
	expect((struct ab_limits){.in_flight = 1},
	    THREE RECORD("b", "x") RECORD("a", "x") RECORD("b", "y") RECORD("b", "z"),
	    "b 1:x 2:y 3:z refused\nb 1:x\nb 2:y 3:z refused\nb 2:y\nb 3:z\na 1:x\n");
}

/* --- what is due --- */

struct opened {
	struct ab_catalog catalog;
	struct ab_flow flows[3];
	struct ab_sync sync;
};

/* Streams a, b and c, without an open batch. */
static void
opened_init(struct opened *opened)
{
	static const char *const names[] = {"a", "b", "c"};

	*opened = (struct opened){.sync = {.flows = opened->flows, .catalog = &opened->catalog}};
	ab_catalog_init(&opened->catalog, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		ab_flow_init(&opened->flows[i], ab_catalog_add(&opened->catalog, NULL, names[i]));
}

static void
open_at(struct opened *opened, size_t stream, int64_t now_ms)
{
	struct ab_flow *flow = &opened->flows[stream];

	opened->sync.now_ms = now_ms;
	flow->open = ab_batch_new(flow->stream, 100, now_ms);
	ab_queue_open(&opened->sync, flow->open);
	ab_batch_commit(flow->open, 1, (struct ab_view){0});
}

static void
seal_due_at(struct opened *opened, int64_t now_ms)
{
	opened->sync.now_ms = now_ms;
	ab_deliver_seal_due(&opened->sync);
	for (const struct ab_queue *queue = opened->sync.waiting; queue != NULL;
	     queue = queue->next)
		ab_buf_add_text(&story, queue->sealed->stream->name);
}

static void
opened_release(struct opened *opened)
{
	for (size_t i = 0; i < COUNT(opened->flows); i++)
		ab_deliver_drop(&opened->sync, &opened->flows[i]);
	ab_catalog_release(&opened->catalog);
}

static void
what_is_due_by_age_is_sealed_in_the_order_it_was_opened(void **state)
{
	struct opened opened;

	(void)state;
	opened_init(&opened);
	open_at(&opened, 1, 5);
	open_at(&opened, 0, 5);
	open_at(&opened, 2, 6);
	assert_int_equal(ab_deliver_deadline(&opened.sync), 30005);
	seal_due_at(&opened, 30004);
	assert_string_equal(story.data, "");
	seal_due_at(&opened, 30005);
	assert_string_equal(story.data, "ba");
	assert_int_equal(ab_deliver_deadline(&opened.sync), 30006);
	opened_release(&opened);
}

static void
what_is_held_is_never_due_and_keeps_nothing_back(void **state)
{
	struct opened opened;

	(void)state;
	opened_init(&opened);
	opened.flows[2].stream->hold = true;
	open_at(&opened, 2, 5);
	assert_int_equal(ab_deliver_deadline(&opened.sync), INT64_MAX);
	open_at(&opened, 1, 6);
	seal_due_at(&opened, 40000);
	assert_string_equal(story.data, "b");
	assert_int_equal(ab_deliver_deadline(&opened.sync), INT64_MAX);
	assert_non_null(opened.flows[2].open);
	opened_release(&opened);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(batches_leave_in_the_order_they_were_filled_and_so_do_states),
	    CASE(what_is_open_at_the_end_leaves_in_the_order_it_was_opened),
	    CASE(a_batch_that_may_not_go_yet_lets_others_pass),
	    CASE(halves_go_before_what_was_filled_later),
	    CASE(what_is_due_by_age_is_sealed_in_the_order_it_was_opened),
	    CASE(what_is_held_is_never_due_and_keeps_nothing_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
