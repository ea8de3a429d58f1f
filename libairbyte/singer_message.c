#include "singer_message.h"

#include "datetime.h"

/* The root's members, and those of `record`. */
#define TAPE_DEPTH 2

/* Many messages have one, and not all have to. */
static void
find_stream(struct ab_message_reader *reader, struct ab_message *message)
{
	const uint32_t stream = ab_json_get_present(&reader->tape, 0, "stream");

	if (ab_message_is(&reader->tape, stream, AB_JSON_STRING))
		message->stream = ab_message_text(&reader->tape, stream, &reader->name);
}

static int
require_stream(const struct ab_message *message, struct ab_error *err)
{
	return message->stream.data != NULL ? 0
					    : ab_fail(err, AB_SYSTEM_ERROR, "it names no stream");
}

/* What is no date-time counts as absent: the time of the run is as good. */
static int64_t
time_extracted(const struct ab_json *json)
{
	const uint32_t node = ab_json_get_present(json, 0, "time_extracted");
	const struct ab_view text = ab_json_view(json, node);
	int64_t ms = -1;

	if (!ab_message_is(json, node, AB_JSON_STRING) ||
	    !ab_datetime_parse(text.data, text.len, &ms))
		return -1;
	return ms;
}

static int
parse_record(const struct ab_json *json, struct ab_message *message, struct ab_error *err)
{
	message->kind = AB_MESSAGE_RECORD;
	if (require_stream(message, err) != 0)
		return -1;
	message->data = ab_json_get_present(json, 0, "record");
	if (!ab_message_is(json, message->data, AB_JSON_OBJECT))
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "a RECORD message needs an object named record");
	message->raw = ab_json_raw(json, message->data);
	message->emitted_at_ms = time_extracted(json);
	return 0;
}

static int
parse_schema(struct ab_view line, struct ab_message *message, struct ab_error *err)
{
	message->kind = AB_MESSAGE_SCHEMA;
	message->raw = line;
	return require_stream(message, err);
}

/* A state may be anything, null too. */
static int
parse_state(const struct ab_json *json, struct ab_message *message, struct ab_error *err)
{
	const uint32_t value = ab_json_get(json, 0, "value");

	message->kind = AB_MESSAGE_STATE;
	message->scope = AB_STATE_ALL;
	if (value == 0)
		return ab_fail(err, AB_SYSTEM_ERROR, "a STATE message needs a value");
	message->text = (struct ab_state_text){.line = ab_json_raw(json, value), .bare = true};
	return 0;
}

static int
parse_any(const struct ab_json *json, struct ab_view line, struct ab_message *message,
    struct ab_error *err)
{
	const uint32_t type = ab_json_get_present(json, 0, "type");

	if (!ab_message_is(json, type, AB_JSON_STRING))
		return ab_fail(err, AB_SYSTEM_ERROR, "it has no type");
	if (ab_message_says(json, type, "RECORD"))
		return parse_record(json, message, err);
	if (ab_message_strict(json, err) != 0)
		return -1;
	if (ab_message_says(json, type, "SCHEMA"))
		return parse_schema(line, message, err);
	if (ab_message_says(json, type, "STATE"))
		return parse_state(json, message, err);
	if (ab_message_says(json, type, "BATCH"))
		return ab_fail(err, AB_CONFIG_ERROR,
		    "it is a BATCH message, and records in files are not read; configure the tap "
		    "without batch_config");
	message->kind = ab_message_says(json, type, "ACTIVATE_VERSION") ? AB_MESSAGE_VERSION
									: AB_MESSAGE_UNKNOWN;
	message->raw = ab_json_view(json, type);
	return 0;
}

/* What is wrong with a message is said of its stream, where it has one. */
static int
parse(struct ab_message_reader *reader, struct ab_view line, struct ab_message *message,
    struct ab_error *err)
{
	struct ab_error error;

	if (ab_message_open(reader, line, TAPE_DEPTH, message, err) != 0)
		return -1;
	find_stream(reader, message);
	if (parse_any(&reader->tape, line, message, &error) == 0)
		return 0;
	if (message->stream.data != NULL)
		return ab_message_blame(message->stream, error.kind, error.message, err);
	*err = error;
	return -1;
}

const struct ab_dialect ab_singer_dialect = {
    .announces = true,
    .deleted_at = "_sdc_deleted_at",
    .parse = parse,
};
