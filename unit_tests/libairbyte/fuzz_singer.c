/*
 * Any lines as those of a Singer stream, one reader for all of them: what is taken has views within
 * the line, and a SCHEMA that is taken can be applied, and is the same as itself.
 */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>

#include "singer_message.h"
#include "singer_schema.h"

static void
check_schema(struct ab_view line)
{
	struct ab_stream stream = {.name = "s"};
	struct ab_error err;
	cJSON *document = ab_singer_schema_read(line, &err);

	if (document == NULL)
		return;
	CHECK(ab_singer_schema_same(document, document));
	ab_singer_schema_apply(&stream, document, true);
	CHECK(cJSON_IsObject(stream.schema));
	CHECK(stream.dedup == (stream.primary_keys > 0));
	for (size_t i = 0; i < stream.primary_keys; i++)
		CHECK(stream.primary_key[i].count == 1 && stream.primary_key[i].parts[0] != NULL);
	ab_stream_undescribe(&stream);
}

static void
check_message(
    const struct ab_message_reader *reader, const struct ab_message *message, struct ab_view line)
{
	switch (message->kind) {
	case AB_MESSAGE_RECORD:
		check_within(message->raw, line);
		CHECK(reader->tape.nodes[message->data].type == AB_JSON_OBJECT);
		CHECK(message->stream.data != NULL);
		break;
	case AB_MESSAGE_STATE:
		CHECK(message->text.bare && message->text.line.len > 0);
		check_within(message->text.line, line);
		break;
	case AB_MESSAGE_SCHEMA:
		CHECK(message->stream.data != NULL);
		check_schema(message->raw);
		break;
	case AB_MESSAGE_VERSION:
	case AB_MESSAGE_UNKNOWN:
		break;
	case AB_MESSAGE_STATUS:
	case AB_MESSAGE_OTHER:
		abort(); /* kinds of the other dialect */
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_messages(&ab_singer_dialect, fuzz_view(data, size), check_message);
	return 0;
}
