/*
 * Streams that are announced as they appear. A new one is begun like those of a catalog; one whose
 * schema or key changed is delivered and ended as it was, and begun anew; if the connector refuses
 * that, it is ended once more, for good. No line is taken meanwhile (ab_flow_takes_input).
 */
#include "announce.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "emit.h"
#include "intake.h"
#include "singer_schema.h"
#include "streams.h"

/* Warnings about a stream; above those of the connectors. */
enum { NOTE_DELETION = 31 };

#define TYPE_TOLD_BYTES 64

/* Begins a stream as the document says. If the connector refuses that, the stream is as it was. */
static int
start_flow(struct ab_sync *sync, struct ab_flow *flow, struct cJSON *document, struct ab_error *err)
{
	struct ab_stream *stream = flow->stream;
	struct cJSON *before = stream->described;

	stream->described = NULL; /* kept */
	ab_singer_schema_apply(stream, document, sync->dedup);
	if (ab_streams_open(sync->destination, sync->self, stream, 1, err) != 0) {
		if (before != NULL)
			ab_singer_schema_apply(stream, before, sync->dedup);
		return -1;
	}
	cJSON_Delete(before);
	flow->state = AB_FLOW_NEW;
	return 0;
}

/* What went before in the input is still delivered; one that is refused is not begun. */
static int
add_stream(struct ab_sync *sync, const struct ab_message *message, struct cJSON *document,
    struct ab_error *err)
{
	const struct ab_view name = message->stream;
	char why[64];

	if (memchr(name.data, '\0', name.len) != NULL) {
		cJSON_Delete(document);
		return ab_fail(err, AB_CONFIG_ERROR, "the name of its stream has a NUL");
	}
	char *text = ab_memdup(name.data, name.len);
	struct ab_stream *stream = ab_catalog_add(sync->catalog, NULL, text);
	free(text);
	if (stream == NULL) {
		cJSON_Delete(document);
		snprintf(why, sizeof(why), "a run takes %zu streams at most", sync->catalog->cap);
		return ab_message_blame(name, AB_CONFIG_ERROR, why, err);
	}
	ab_ledger_add(sync->ledger);
	struct ab_flow *flow = &sync->flows[stream->index];
	ab_flow_init(flow, stream);
	ab_digest_hex(message->raw.data, message->raw.len, flow->schema_digest);
	if (start_flow(sync, flow, document, err) == 0)
		return 0;
	ab_flow_end(sync, flow);
	return -1;
}

/* Most SCHEMAs of a known stream are the line that it had before, and reading one takes long. */
static bool
is_repeated(struct ab_flow *flow, struct ab_view line)
{
	char digest[AB_DIGEST_HEX + 1];

	ab_digest_hex(line.data, line.len, digest);
	if (memcmp(digest, flow->schema_digest, sizeof(digest)) == 0)
		return true;
	memcpy(flow->schema_digest, digest, sizeof(digest));
	return false;
}

static void
change_later(struct ab_sync *sync, struct ab_flow *flow, struct cJSON *document)
{
	if (ab_singer_schema_same(flow->stream->described, document)) {
		cJSON_Delete(document);
		return;
	}
	flow->changed = document;
	flow->changed_line = sync->line.number;
	sync->begun--;
}

int
ab_announce_stream(struct ab_sync *sync, const struct ab_message *message, struct ab_error *err)
{
	struct ab_error error;
	const struct ab_stream *stream =
	    ab_catalog_find(sync->catalog, (struct ab_view){0}, message->stream);

	if (stream != NULL && is_repeated(&sync->flows[stream->index], message->raw))
		return 0;
	struct cJSON *document = ab_singer_schema_read(message->raw, &error);
	if (document == NULL)
		return ab_message_blame(message->stream, AB_CONFIG_ERROR, error.message, err);
	if (stream == NULL)
		return add_stream(sync, message, document, err);
	change_later(sync, &sync->flows[stream->index], document);
	return 0;
}

bool
ab_announce_change(struct ab_sync *sync, struct ab_flow *flow)
{
	struct cJSON *document = flow->changed;
	struct ab_error error;
	char label[256];

	if (document == NULL || sync->aborting)
		return false;
	flow->changed = NULL;
	flow->went_on = true;
	if (start_flow(sync, flow, document, &error) != 0) {
		flow->state = AB_FLOW_OPEN;
		ab_intake_refuse(sync, flow->changed_line, &error);
		return true;
	}
	ab_emit_log(AB_INFO, "stream %s: its schema or key changed",
	    ab_stream_label(flow->stream, label, sizeof(label)));
	return true;
}

int
ab_announce_check(struct ab_sync *sync, const struct ab_flow *flow,
    const struct ab_message *message, struct ab_error *err)
{
	struct ab_stream *stream = flow->stream;
	const struct ab_json *json = &sync->reader.tape;
	char why[256];

	for (size_t i = 0; i < stream->primary_keys; i++) {
		const char *key = stream->primary_key[i].parts[0];
		if (ab_json_get(json, message->data, key) != 0)
			continue;
		snprintf(why, sizeof(why), "a record lacks the key property %.200s", key);
		return ab_message_blame(message->stream, AB_CONFIG_ERROR, why, err);
	}
	if (!sync->destination->heeds_deletions &&
	    ab_json_get_present(json, message->data, sync->dialect->deleted_at) != 0)
		ab_note(stream, NOTE_DELETION,
		    "records with %s are deletions; this destination does not delete, and takes "
		    "them like all others",
		    sync->dialect->deleted_at);
	return 0;
}

void
ab_announce_version(struct ab_sync *sync)
{
	if (!sync->told_of_versions)
		ab_emit_log(AB_INFO,
		    "ACTIVATE_VERSION messages have no effect: records of older versions stay");
	sync->told_of_versions = true;
}

void
ab_announce_unknown(struct ab_sync *sync, const struct ab_message *message)
{
	const struct ab_view type = message->raw;

	if (!sync->told_of_unknown)
		ab_emit_log(AB_WARN,
		    "line %llu of the input has the type \"%.*s\", which is not known; such "
		    "messages are ignored",
		    (unsigned long long)sync->line.number,
		    (int)(type.len < TYPE_TOLD_BYTES ? type.len : TYPE_TOLD_BYTES), type.data);
	sync->told_of_unknown = true;
}
