/*
 * Messages to batches, states to the ledger. A line that cannot be taken ends the input: what came
 * before it is still delivered and acknowledged, then the run fails.
 */
#include "intake.h"

#include <assert.h>
#include <string.h>

#include "announce.h"
#include "bytes.h"
#include "emit.h"
#include "key_space.h"
#include "queue.h"
#include "seal.h"
#include "settle.h"
#include "status.h"

static void
end_input(struct ab_sync *sync, bool clean)
{
	sync->input_over = true;
	sync->clean_eof = clean;
}

void
ab_intake_refuse(struct ab_sync *sync, uint64_t line, const struct ab_error *cause)
{
	struct ab_error error;

	ab_fail(&error, cause->kind, "line %llu of the input cannot be taken: %s",
	    (unsigned long long)line, cause->message);
	ab_flow_blame(sync, &error);
	end_input(sync, false);
}

static void
refuse_line(struct ab_sync *sync, const struct ab_error *cause)
{
	ab_intake_refuse(sync, sync->line.number, cause);
}

static bool
same_view(struct ab_view view, const char *text)
{
	if (view.data == NULL || text == NULL)
		return view.data == NULL && text == NULL;
	return strlen(text) == view.len && ab_bytes_same(view.data, text, view.len);
}

static struct ab_flow *
find_flow(struct ab_sync *sync, const struct ab_message *message)
{
	if (sync->last != NULL && same_view(message->stream, sync->last->stream->name) &&
	    same_view(message->namespace, sync->last->stream->namespace))
		return sync->last;
	const struct ab_stream *stream =
	    ab_catalog_find(sync->catalog, message->namespace, message->stream);
	return stream != NULL ? &sync->flows[stream->index] : NULL;
}

/* Another batch will most likely become as large as the full one before it: room for it from the
 * start saves copies. Not with many streams, where all the room would be of batches hardly begun.
 */
static void
make_room(const struct ab_sync *sync, struct ab_flow *flow)
{
	if (flow->full_bytes <= flow->open->body.limit &&
	    sync->open_bytes + flow->full_bytes <= sync->memory_limit / 8)
		ab_buf_reserve(&flow->open->body, flow->full_bytes);
}

/* The open batch, with as much room as the next record may take. */
static struct ab_batch *
open_batch(struct ab_sync *sync, struct ab_flow *flow)
{
	const struct ab_limits *limits = &sync->limits;

	if (flow->open == NULL) {
		flow->open = ab_batch_new(flow->stream, limits->record_bytes, sync->now_ms);
		make_room(sync, flow);
	}
	/* A batch of several records never passes batch_bytes; a record alone may. */
	flow->open->body.limit = flow->open->count > 0 ? limits->batch_bytes : limits->record_bytes;
	return flow->open;
}

static void
reject(
    struct ab_sync *sync, struct ab_flow *flow, const struct ab_record *record, const char *reason)
{
	ab_settle_reject(sync, flow, record->ordinal, reason, record->raw);
	if (flow->open != NULL && flow->open->count > 0) {
		ab_batch_skip(flow->open, record->ordinal);
		return;
	}
	ab_ledger_done(sync->ledger, flow->stream->index, record->ordinal, record->ordinal);
	flow->safe++;
}

/* Returns false if the record needs another batch than this one, which then is as before. */
static bool
append(struct ab_sync *sync, struct ab_flow *flow, const struct ab_record *record)
{
	struct ab_batch *batch = open_batch(sync, flow);
	const size_t before = batch->charged;
	struct ab_error error;
	char reason[128];
	bool fits = true;

	const enum ab_taken taken = sync->destination->append(sync->self, batch, record, &error);
	const bool whole = taken == AB_TAKEN && !batch->body.overflowed;
	if (whole && batch->count == 0)
		ab_queue_open(sync, batch);
	if (whole && ab_key_space_admits(sync, flow)) {
		ab_batch_commit(batch, record->ordinal,
		    ab_reject_wants_records(sync->reject) ? record->raw : (struct ab_view){0});
	} else {
		assert(taken != AB_NEXT_BATCH || batch->count > 0);
		ab_batch_rollback(batch);
		if (taken == AB_BROKEN) {
			ab_flow_fail(sync, &error);
		} else if (taken == AB_REJECTED) {
			reject(sync, flow, record, error.message);
		} else if (batch->count > 0) {
			fits = false;
		} else {
			snprintf(reason, sizeof(reason),
			    "it is larger than the %zu bytes that one "
			    "request may hold",
			    sync->limits.record_bytes);
			reject(sync, flow, record, reason);
		}
	}
	ab_flow_charge(sync, batch);
	sync->open_bytes += batch->charged - before;
	return fits;
}

/* A record alone may be more than what several may be: nothing more goes in then. */
static bool
is_full(const struct ab_sync *sync, const struct ab_batch *batch)
{
	return batch->count >= sync->limits.batch_records ||
	       batch->body.len >= sync->limits.batch_bytes;
}

static void
seal_full(struct ab_sync *sync, struct ab_flow *flow)
{
	flow->full_bytes = flow->open->body.len;
	ab_seal(sync, flow);
}

static bool
is_deletion(const struct ab_sync *sync, const struct ab_message *message)
{
	return sync->destination->heeds_deletions &&
	       ab_json_get_present(&sync->reader.tape, message->data, sync->dialect->deleted_at) !=
		   0;
}

static void
take_record(struct ab_sync *sync, const struct ab_message *message)
{
	struct ab_flow *flow = find_flow(sync, message);
	struct ab_error error;

	if (flow == NULL) {
		ab_fail(&error, AB_CONFIG_ERROR,
		    sync->dialect->announces ? "stream %.*s: a record came before its SCHEMA"
					     : "its stream %.*s is not in the catalog",
		    (int)(message->stream.len < 200 ? message->stream.len : 200),
		    message->stream.data);
		refuse_line(sync, &error);
		return;
	}
	if (sync->dialect->announces && ab_announce_check(sync, flow, message, &error) != 0) {
		refuse_line(sync, &error);
		return;
	}
	const struct ab_record record = {
	    .ordinal = ab_ledger_record(sync->ledger, flow->stream->index),
	    .emitted_at_ms =
		message->emitted_at_ms >= 0 ? message->emitted_at_ms : sync->started_unix_ms,
	    .json = &sync->reader.tape,
	    .data = message->data,
	    .raw = message->raw,
	    .deleted = is_deletion(sync, message),
	};
	if (flow->records++ == 0) {
		char label[256];
		flow->started_ms = sync->now_ms;
		ab_emit_log(AB_INFO, "stream %s: started",
		    ab_stream_label(flow->stream, label, sizeof(label)));
	}
	flow->bytes += message->raw.len;
	flow->state_after_last = false;
	sync->last = flow;
	if (!append(sync, flow, &record)) {
		seal_full(sync, flow);
		const bool fits = append(sync, flow, &record);
		assert(fits); /* an empty batch takes or rejects it */
	}
	if (flow->open != NULL && is_full(sync, flow->open))
		seal_full(sync, flow);
}

static void
count_state(struct ab_flow *flow, bool agrees)
{
	flow->state_after_last = true;
	if (!agrees)
		flow->counts_disagree = true;
}

static void
take_state(struct ab_sync *sync, const struct ab_message *message)
{
	const struct ab_flow *known =
	    message->scope == AB_STATE_STREAM ? find_flow(sync, message) : NULL;
	const size_t scope = message->scope == AB_STATE_ALL ? AB_LEDGER_ALL
			     : known != NULL                ? known->stream->index
							    : AB_LEDGER_FOREIGN;
	uint64_t since = 0;
	struct ab_error error;

	if (ab_ledger_state(sync->ledger, scope, &message->text, &since, &error) != 0) {
		ab_flow_fail(sync, &error);
		return;
	}
	const bool agrees = message->source_count < 0 || (uint64_t)message->source_count == since;
	sync->any_state = true;
	sync->any_state_of_all = sync->any_state_of_all || scope == AB_LEDGER_ALL;
	if (known != NULL)
		count_state(&sync->flows[scope], agrees);
	else if (scope == AB_LEDGER_ALL)
		for (size_t i = 0; i < sync->catalog->count; i++)
			count_state(&sync->flows[i], agrees);
}

/* Some shells and editors begin a file with a byte order mark. It is no part of the first line. */
static struct ab_view
without_mark(struct ab_view line)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t len = sizeof(mark) - 1;

	if (line.len < len || memcmp(line.data, mark, len) != 0)
		return line;
	return (struct ab_view){line.data + len, line.len - len};
}

static bool
is_blank(struct ab_view line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
			return false;
	}
	return true;
}

static void
take_line(struct ab_sync *sync, struct ab_view line)
{
	struct ab_message message;
	struct ab_error error;

	if (sync->line.number == 1)
		line = without_mark(line);
	if (is_blank(line))
		return;
	if (sync->dialect->parse(&sync->reader, line, &message, &error) != 0) {
		refuse_line(sync, &error);
		return;
	}
	switch (message.kind) {
	case AB_MESSAGE_RECORD:
		take_record(sync, &message);
		break;
	case AB_MESSAGE_STATE:
		take_state(sync, &message);
		break;
	case AB_MESSAGE_STATUS:
		ab_status_take(sync, find_flow(sync, &message), &message);
		break;
	case AB_MESSAGE_SCHEMA:
		if (ab_announce_stream(sync, &message, &error) != 0)
			refuse_line(sync, &error);
		break;
	case AB_MESSAGE_VERSION:
		ab_announce_version(sync);
		break;
	case AB_MESSAGE_UNKNOWN:
		ab_announce_unknown(sync, &message);
		break;
	case AB_MESSAGE_OTHER:
		break;
	}
}

void
ab_intake_take(struct ab_sync *sync)
{
	struct ab_view line;

	while (!sync->input_over && !sync->failed && ab_flow_takes_input(sync) &&
	       ab_line_peek(&sync->line, &line)) {
		take_line(sync, line);
		ab_line_consume(&sync->line);
		ab_seal_largest(sync);
	}
	if (sync->line.eof && !sync->input_over && !sync->failed &&
	    !ab_line_peek(&sync->line, &line))
		end_input(sync, true);
}

void
ab_intake_fill(struct ab_sync *sync)
{
	struct ab_error error;

	if (ab_line_fill(&sync->line, &error) < 0) {
		ab_flow_blame(sync, &error);
		end_input(sync, false);
	}
	/* After a failure input is drained, so that its sender sees our reason, not a broken pipe.
	 */
	if (sync->failed || sync->input_over)
		ab_line_discard(&sync->line);
	ab_intake_take(sync);
}
