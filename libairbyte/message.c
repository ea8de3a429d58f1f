#include "message.h"

#include <string.h>
#include <strings.h>

#include "bytes.h"

/* The root's members, those of `record`, and those of `data`. */
#define TAPE_DEPTH 3
/* Names come from the catalog, which is bounded; this only keeps a hostile line from growing one.
 */
#define NAME_MAX_BYTES ((size_t)1 << 20)
#define NAME_TOLD_BYTES ((size_t)200)

void
ab_message_init(struct ab_message_reader *reader)
{
	ab_json_init(&reader->tape);
	ab_json_init(&reader->inner);
	ab_buf_init(&reader->descriptor, NAME_MAX_BYTES);
	ab_buf_init(&reader->name, NAME_MAX_BYTES);
	ab_buf_init(&reader->namespace, NAME_MAX_BYTES);
}

void
ab_message_release(struct ab_message_reader *reader)
{
	ab_json_release(&reader->tape);
	ab_json_release(&reader->inner);
	ab_buf_release(&reader->descriptor);
	ab_buf_release(&reader->name);
	ab_buf_release(&reader->namespace);
}

bool
ab_message_is(const struct ab_json *json, uint32_t node, enum ab_json_type type)
{
	return node != 0 && json->nodes[node].type == type;
}

/* The platform compares enum values without regard to case. */
bool
ab_message_says(const struct ab_json *json, uint32_t node, const char *word)
{
	const struct ab_view view = ab_json_view(json, node);

	return ab_message_is(json, node, AB_JSON_STRING) && view.len == strlen(word) &&
	       (ab_bytes_same(view.data, word, view.len) ||
		   strncasecmp(view.data, word, view.len) == 0);
}

int
ab_message_open(struct ab_message_reader *reader, struct ab_view line, unsigned depth,
    struct ab_message *message, struct ab_error *err)
{
	*message = (struct ab_message){.emitted_at_ms = -1, .source_count = -1};
	if (ab_json_parse(&reader->tape, line.data, line.len, depth, err) != 0)
		return -1;
	if (reader->tape.nodes[0].type != AB_JSON_OBJECT)
		return ab_fail(err, AB_SYSTEM_ERROR, "it is not a JSON object");
	return 0;
}

int
ab_message_strict(const struct ab_json *json, struct ab_error *err)
{
	if (json->specials)
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "invalid JSON: only a RECORD may hold NaN or Infinity");
	return 0;
}

int
ab_message_blame(struct ab_view stream, enum ab_failure kind, const char *why, struct ab_error *err)
{
	const size_t len = stream.len < NAME_TOLD_BYTES ? stream.len : NAME_TOLD_BYTES;

	return ab_fail(err, kind, "stream %.*s: %s", (int)len, stream.data, why);
}

struct ab_view
ab_message_text(const struct ab_json *json, uint32_t node, struct ab_buf *buf)
{
	if (!json->nodes[node].escaped)
		return ab_json_view(json, node);
	ab_buf_reset(buf);
	ab_json_unescape(json, node, false, buf);
	return (struct ab_view){.data = buf->data, .len = buf->len};
}

/* Reads the members called name_key and "namespace" of an object whose members have nodes. */
static int
read_names(struct ab_message_reader *reader, const struct ab_json *json, uint32_t object,
    const char *name_key, struct ab_message *message, struct ab_error *err)
{
	const uint32_t name = ab_json_get_present(json, object, name_key);
	const uint32_t namespace = ab_json_get_present(json, object, "namespace");

	if (!ab_message_is(json, name, AB_JSON_STRING))
		return ab_fail(err, AB_SYSTEM_ERROR, "it names no stream");
	if (namespace != 0 && !ab_message_is(json, namespace, AB_JSON_STRING))
		return ab_fail(err, AB_SYSTEM_ERROR, "its namespace is not a string");
	message->stream = ab_message_text(json, name, &reader->name);
	if (namespace != 0)
		message->namespace = ab_message_text(json, namespace, &reader->namespace);
	return 0;
}

/* Most states are of the stream that the one before was of: its descriptor is still on the tape. */
static int
parse_descriptor(struct ab_message_reader *reader, struct ab_view raw, struct ab_error *err)
{
	struct ab_buf *last = &reader->descriptor;

	if (raw.len == last->len && memcmp(raw.data, last->data, raw.len) == 0)
		return 0;
	ab_buf_reset(last);
	if (ab_json_parse(&reader->inner, raw.data, raw.len, 1, err) != 0)
		return -1;
	ab_buf_add(last, raw.data, raw.len);
	if (!last->overflowed)
		reader->inner.text = last->data;
	return 0;
}

/* A stream_descriptor lies below the tape's depth: it is read on its own. */
static int
read_descriptor(struct ab_message_reader *reader, uint32_t owner, struct ab_message *message,
    struct ab_error *err)
{
	const uint32_t node = ab_json_get_present(&reader->tape, owner, "stream_descriptor");
	struct ab_error inner;

	if (!ab_message_is(&reader->tape, node, AB_JSON_OBJECT))
		return ab_fail(err, AB_SYSTEM_ERROR, "it has no stream_descriptor");
	const struct ab_view raw = ab_json_raw(&reader->tape, node);
	if (parse_descriptor(reader, raw, &inner) != 0)
		return ab_fail(err, AB_SYSTEM_ERROR, "%s", inner.message);
	return read_names(reader, &reader->inner, 0, "name", message, err);
}

static int
parse_record(struct ab_message_reader *reader, struct ab_message *message, struct ab_error *err)
{
	const struct ab_json *json = &reader->tape;
	const uint32_t record = ab_json_get_present(json, 0, "record");

	message->kind = AB_MESSAGE_RECORD;
	if (!ab_message_is(json, record, AB_JSON_OBJECT))
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "a RECORD message needs an object named record");
	if (read_names(reader, json, record, "stream", message, err) != 0)
		return -1;
	message->data = ab_json_get_present(json, record, "data");
	if (!ab_message_is(json, message->data, AB_JSON_OBJECT))
		return ab_fail(err, AB_SYSTEM_ERROR, "a RECORD message needs an object named data");
	message->raw = ab_json_raw(json, message->data);
	const uint32_t emitted = ab_json_get_present(json, record, "emitted_at");
	if (emitted != 0 && !ab_json_integer(json, emitted, &message->emitted_at_ms))
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "emitted_at must be a whole number of milliseconds");
	return 0;
}

/* Where destinationStats goes: over the one that is there, else before the closing brace. */
static void
locate_stats(const struct ab_json *json, uint32_t state, struct ab_state_text *text)
{
	const struct ab_view raw = ab_json_raw(json, state);
	const uint32_t stats = ab_json_get(json, state, "destinationStats");

	text->cut_at = (size_t)(raw.data - text->line.data) + raw.len - 1;
	text->cut_len = 0;
	text->comma = ab_json_first(json, state) != 0;
	if (stats != 0) {
		const struct ab_view name = ab_json_raw(json, stats - 1);
		const struct ab_view value = ab_json_raw(json, stats);
		text->cut_at = (size_t)(name.data - text->line.data);
		text->cut_len = (size_t)(value.data + value.len - name.data);
		text->comma = false;
	}
}

static int
parse_state(struct ab_message_reader *reader, struct ab_view line, struct ab_message *message,
    struct ab_error *err)
{
	const struct ab_json *json = &reader->tape;
	const uint32_t state = ab_json_get_present(json, 0, "state");

	message->kind = AB_MESSAGE_STATE;
	if (!ab_message_is(json, state, AB_JSON_OBJECT))
		return ab_fail(err, AB_SYSTEM_ERROR, "a STATE message needs an object named state");
	message->text = (struct ab_state_text){.line = line};
	locate_stats(json, state, &message->text);
	const uint32_t stats = ab_json_get_present(json, state, "sourceStats");
	const uint32_t count = ab_json_get_present(json, stats, "recordCount");
	message->source_count = -1;
	if (stats != 0 && count != 0 && !ab_json_integer(json, count, &message->source_count))
		message->source_count = -1;

	const uint32_t type = ab_json_get_present(json, state, "type");
	const uint32_t stream = ab_json_get_present(json, state, "stream");
	const bool of_stream = ab_message_says(json, type, "STREAM");
	message->scope = AB_STATE_ALL;
	if (type == 0 || (!of_stream && (ab_message_says(json, type, "GLOBAL") ||
					    ab_message_says(json, type, "LEGACY"))))
		return 0;
	if (!of_stream || !ab_message_is(json, stream, AB_JSON_OBJECT))
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "a STATE message must be GLOBAL, LEGACY, or STREAM with an object named "
		    "stream");
	message->scope = AB_STATE_STREAM;
	return read_descriptor(reader, stream, message, err);
}

/* Any other TRACE is not for a destination. */
static int
parse_trace(struct ab_message_reader *reader, struct ab_message *message, struct ab_error *err)
{
	const struct ab_json *json = &reader->tape;
	const uint32_t trace = ab_json_get_present(json, 0, "trace");
	const uint32_t status = ab_json_get_present(json, trace, "stream_status");

	if (trace == 0 || status == 0 ||
	    !ab_message_says(json, ab_json_get_present(json, trace, "type"), "STREAM_STATUS"))
		return 0;
	message->kind = AB_MESSAGE_STATUS;
	const uint32_t word = ab_json_get_present(json, status, "status");
	if (ab_message_says(json, word, "COMPLETE"))
		message->status = AB_STATUS_COMPLETE;
	else if (ab_message_says(json, word, "INCOMPLETE"))
		message->status = AB_STATUS_INCOMPLETE;
	return read_descriptor(reader, status, message, err);
}

static int
parse(struct ab_message_reader *reader, struct ab_view line, struct ab_message *message,
    struct ab_error *err)
{
	const struct ab_json *json = &reader->tape;

	if (ab_message_open(reader, line, TAPE_DEPTH, message, err) != 0)
		return -1;
	const uint32_t type = ab_json_get_present(json, 0, "type");
	if (ab_message_says(json, type, "RECORD"))
		return parse_record(reader, message, err);
	if (ab_message_strict(json, err) != 0)
		return -1;
	if (ab_message_says(json, type, "STATE"))
		return parse_state(reader, line, message, err);
	if (ab_message_says(json, type, "TRACE"))
		return parse_trace(reader, message, err);
	return 0;
}

const struct ab_dialect ab_airbyte_dialect = {
    .deleted_at = "_ab_cdc_deleted_at",
    .parse = parse,
};
