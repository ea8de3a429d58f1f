/*
 * Any lines as those of the Airbyte protocol, one reader for all of them: what is taken says what
 * the line says, as cJSON reads it, and a state that leaves is still JSON.
 */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>

#include "buf.h"
#include "ledger.h"
#include "message.h"

#define LIMIT ((size_t)1 << 26)

/* The last member of a name, as we read it; cJSON finds the first. NULL for a null. */
static const cJSON *
member(const cJSON *object, const char *name)
{
	const cJSON *found = NULL;
	const cJSON *child = NULL;

	cJSON_ArrayForEach(child, object)
	{
		if (cJSON_IsObject(object) && strcmp(child->string, name) == 0)
			found = child;
	}
	return cJSON_IsNull(found) ? NULL : found;
}

static const cJSON *
owner_of_names(const cJSON *line, const struct ab_message *message)
{
	if (message->kind == AB_MESSAGE_RECORD)
		return member(line, "record");
	const cJSON *owner = message->kind == AB_MESSAGE_STATE
				 ? member(member(line, "state"), "stream")
				 : member(member(line, "trace"), "stream_status");
	return member(owner, "stream_descriptor");
}

static void
check_text(struct ab_view view, const cJSON *text)
{
	CHECK((view.data != NULL) == cJSON_IsString(text));
	if (view.data != NULL)
		CHECK(strlen(text->valuestring) == view.len &&
		      memcmp(view.data, text->valuestring, view.len) == 0);
}

/* cJSON takes neither surrogates that are alone nor NaN, cuts a text at a NUL, and gives up at
 * fewer levels than we do: then there is nothing to compare with. */
static void
check_names(const struct ab_message *message, struct ab_view line)
{
	static const char nul[] = "\\u0000";
	char *copy = malloc(line.len + 1);

	CHECK(copy != NULL);
	memcpy(copy, line.data, line.len);
	copy[line.len] = '\0';
	cJSON *parsed = cJSON_ParseWithLengthOpts(copy, line.len + 1, NULL, 1);
	if (parsed != NULL && strstr(copy, nul) == NULL) {
		const cJSON *owner = owner_of_names(parsed, message);
		check_text(message->stream,
		    member(owner, message->kind == AB_MESSAGE_RECORD ? "stream" : "name"));
		check_text(message->namespace, member(owner, "namespace"));
	}
	cJSON_Delete(parsed);
	free(copy);
}

static void
check_record(
    const struct ab_message_reader *reader, const struct ab_message *message, struct ab_view line)
{
	struct ab_json json;
	struct ab_error err;

	check_within(message->raw, line);
	CHECK(reader->tape.nodes[message->data].type == AB_JSON_OBJECT);
	CHECK(!reader->tape.nodes[message->data].leaf);
	ab_json_init(&json);
	CHECK(ab_json_parse(&json, message->raw.data, message->raw.len, 0, &err) == 0);
	ab_json_release(&json);
	check_names(message, line);
}

/* It leaves with our statistics, once, and what is around them is as it came. */
static void
check_state(const struct ab_message *message, struct ab_view line)
{
	struct ab_ledger *ledger = ab_ledger_new(1);
	struct ab_buf out;
	struct ab_json json;
	struct ab_error err;
	uint64_t since = 0;

	ab_buf_init(&out, LIMIT);
	ab_json_init(&json);
	ab_ledger_record(ledger, 0);
	ab_ledger_done(ledger, 0, 1, 1);
	CHECK(ab_ledger_state(ledger, AB_LEDGER_ALL, &message->text, &since, &err) == 0);
	CHECK(since == 1 && ab_ledger_release(ledger, &out, &err) == 1);
	CHECK(ab_json_parse(&json, out.data, out.len, 3, &err) == 0);
	const uint32_t state = ab_json_get(&json, 0, "state");
	const uint32_t stats = ab_json_get(&json, state, "destinationStats");
	const struct ab_view ours = ab_json_raw(&json, stats);
	CHECK(ours.len == 19 && memcmp(ours.data, "{\"recordCount\":1.0}", 19) == 0);
	const size_t head = message->text.cut_at;
	const size_t tail = line.len - head - message->text.cut_len;
	CHECK(memcmp(out.data, line.data, head) == 0);
	CHECK(memcmp(out.data + out.len - tail, line.data + line.len - tail, tail) == 0);
	ab_json_release(&json);
	ab_buf_release(&out);
	ab_ledger_free(ledger);
	if (message->scope == AB_STATE_STREAM)
		check_names(message, line);
}

static void
check_message(
    const struct ab_message_reader *reader, const struct ab_message *message, struct ab_view line)
{
	switch (message->kind) {
	case AB_MESSAGE_RECORD:
		check_record(reader, message, line);
		break;
	case AB_MESSAGE_STATE:
		check_state(message, line);
		break;
	case AB_MESSAGE_STATUS:
		check_names(message, line);
		break;
	case AB_MESSAGE_OTHER:
		break;
	case AB_MESSAGE_SCHEMA:
	case AB_MESSAGE_VERSION:
	case AB_MESSAGE_UNKNOWN:
		abort(); /* kinds of the other dialect */
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_messages(&ab_airbyte_dialect, fuzz_view(data, size), check_message);
	return 0;
}
