/*
 * keeper.h: whole runs of a Singer stream into a service that keeps the last value of each key.
 * What it answers, and the states that leave, are told in their order as one text. Streams whose
 * names begin with the same small letter are of one key space, unless they have a property `alone`.
 * Include it in one file of a test program.
 */
#ifndef AB_KEEPER_H
#define AB_KEEPER_H

#include <cjson/cJSON.h>

#include "fake_emit.h"
#include "fake_http.h"

#include "run.h"
#include "singer_message.h"

#define SCHEMA(stream) SCHEMA_WITH(stream, "\"id\":{}")
#define SCHEMA_WITH(stream, properties)                                                            \
	"{\"type\":\"SCHEMA\",\"stream\":\"" stream "\",\"schema\":{\"properties\":{" properties   \
	"}},\"key_properties\":[\"id\"]}\n"
#define RECORD(stream, key, value)                                                                 \
	"{\"type\":\"RECORD\",\"stream\":\"" stream "\",\"record\":{\"id\":" #key                  \
	",\"value\":" #value "}}\n"
#define KEEPER_KEYS 4096
#define STATE(value) "{\"type\":\"STATE\",\"value\":" #value "}\n"

static struct {
	struct ab_buf story;
	size_t records_max; /* of a call; one with more is to be halved */
	size_t complete;    /* streams that were ended as complete */
	enum ab_order order;
	unsigned kept[128][KEEPER_KEYS]; /* values, by the first letter of the stream and the key */
	bool busy[128][KEEPER_KEYS];     /* a call that sets it is under way */
} keeper;

/* --- the destination: the body is " key=value" per record --- */

static struct ab_view
member(const struct ab_record *record, const char *name)
{
	return ab_json_view(record->json, ab_json_get(record->json, record->data, name));
}

static enum ab_taken
keeper_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	const struct ab_view key = member(record, "id");
	const struct ab_view value = member(record, "value");

	(void)self;
	(void)err;
	ab_batch_key(batch, key.data, key.len);
	ab_buf_printf(
	    &batch->body, " %.*s=%.*s", (int)key.len, key.data, (int)value.len, value.data);
	return AB_TAKEN;
}

static int
keeper_streams(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	(void)self;
	(void)err;
	for (size_t i = 0; i < count; i++) {
		const char letter = streams[i].name[0];
		const cJSON *properties = cJSON_GetObjectItem(streams[i].schema, "properties");
		const bool alone = cJSON_HasObjectItem(properties, "alone");
		streams[i].key_space = letter >= 'a' && !alone ? (unsigned)letter : 0;
	}
	return 0;
}

/* Takes the next " key=value" off a body; returns what follows. */
static const char *
keeper_next(const char *body, size_t *key, unsigned *value)
{
	char *end = NULL;

	*key = strtoul(body, &end, 10);
	assert_int_equal(*end, '=');
	assert_true(*key < KEEPER_KEYS);
	*value = (unsigned)strtoul(end + 1, &end, 10);
	return end;
}

/* No key is in two calls at once. */
static void
keeper_occupy(const struct ab_exchange *x)
{
	const size_t letter = (size_t)x->stream->name[0];
	size_t key = 0;
	unsigned value = 0;

	for (const char *at = x->batch->body.data; *at != '\0';) {
		at = keeper_next(at, &key, &value);
		assert_false(keeper.order == AB_ORDER_KEY && keeper.busy[letter][key]);
		keeper.busy[letter][key] = true;
	}
}

static enum ab_ask
keeper_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)err;
	keeper.complete += x->phase == AB_END && x->complete;
	if (x->phase != AB_BATCH)
		return AB_SKIP;
	out->method = AB_POST;
	ab_buf_add_text(&out->url, x->stream->name);
	out->to = x->batch->body.len;
	keeper_occupy(x);
	return AB_SEND;
}

static enum ab_verdict
keeper_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	if (in->status == 413) {
		ab_fail(err, AB_SYSTEM_ERROR, "too many");
		return AB_SPLIT;
	}
	return ab_verdict_of_status(in, err);
}

static const struct ab_destination keeper_destination = {
    .name = "keeper",
    .version = "1",
    .streams = keeper_streams,
    .append = keeper_append,
    .request = keeper_request,
    .response = keeper_response,
};

/* --- the service --- */

/* Sets what a call asks for, unless it is refused; returns the number of its records. */
static size_t
keeper_visit(const struct fake_call *call, bool apply)
{
	const size_t letter = (size_t)call->url[0];
	size_t records = 0;
	size_t key = 0;
	unsigned value = 0;

	for (const char *at = call->body; *at != '\0'; records++) {
		at = keeper_next(at, &key, &value);
		keeper.busy[letter][key] = false;
		if (apply)
			keeper.kept[letter][key] = value;
	}
	return records;
}

static void
keeper_answer(const struct fake_call *call, struct ab_reply *reply)
{
	const bool refused = keeper_visit(call, false) > keeper.records_max;

	if (!refused)
		keeper_visit(call, true);
	reply->status = refused ? 413 : 200;
	ab_buf_printf(&keeper.story, "%s%s%s\n", call->url, call->body, refused ? " refused" : "");
}

static void
keeper_tell_state(const char *line, size_t len)
{
	ab_buf_printf(&keeper.story, "state %.*s\n", (int)len, line);
}

/* --- runs --- */

static int
keeper_set_up(void **state)
{
	(void)state;
	ab_buf_init(&keeper.story, (size_t)1 << 24);
	keeper.records_max = SIZE_MAX;
	keeper.complete = 0;
	memset(keeper.kept, 0, sizeof(keeper.kept));
	memset(keeper.busy, 0, sizeof(keeper.busy));
	fake_emit.state = keeper_tell_state;
	fake.answer = keeper_answer;
	fake.pick = NULL;
	return 0;
}

static int
keeper_tear_down(void **state)
{
	(void)state;
	ab_buf_release(&keeper.story);
	return 0;
}

static inline void
keeper_run(struct ab_limits limits, const char *lines)
{
	const struct ab_sync_options options = {.dialect = &ab_singer_dialect};
	struct ab_catalog catalog;
	struct ab_error err;

	ab_buf_reset(&keeper.story);
	ab_catalog_init(&catalog, 100);
	keeper.order = limits.order;
	if (run_lines(&keeper_destination, limits, &catalog, options, lines, &err) != 0)
		fail_msg("%s", err.message);
}

static inline void
keeper_expect(struct ab_limits limits, const char *lines, const char *told)
{
	keeper_run(limits, lines);
	assert_string_equal(keeper.story.data, told);
}

#endif
