#include "settle.h"

#include "announce.h"
#include "emit.h"
#include "key_space.h"
#include "queue.h"

void
ab_settle_reject(struct ab_sync *sync, struct ab_flow *flow, uint64_t ordinal, const char *reason,
    struct ab_view record)
{
	struct ab_error error;

	ab_ledger_rejected(sync->ledger, flow->stream->index, ordinal);
	if (ab_reject_record(sync->reject, flow->stream, ordinal, reason, record, &error) != 0)
		ab_flow_fail(sync, &error);
}

static void
reject_entries(struct ab_sync *sync, struct ab_flow *flow, const struct ab_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct ab_entry *entry = &batch->entries[i];
		if (entry->rejected)
			ab_settle_reject(sync, flow, entry->ordinal, ab_batch_reason(batch, i),
			    ab_batch_entry_record(batch, i));
	}
}

/* A resumed attempt must not see part of an overwrite as all there is, nor miss records that were
 * rejected because all would have been. */
static void
withhold(struct ab_sync *sync, const struct ab_flow *flow)
{
	const struct ab_stream *stream = flow->stream;
	const bool partly = stream->overwrite && !flow->ended_well;

	ab_ledger_withhold(sync->ledger, stream->index, partly || stream->in_doubt);
}

static void
settle_batch(struct ab_sync *sync, struct ab_flow *flow, struct ab_batch *batch)
{
	struct ab_batch *fallback = ab_batch_fallback(batch);

	/* What falls back goes before all that was sealed later, which may hold its keys. */
	if (fallback != NULL) {
		ab_flow_charge(sync, fallback);
		ab_queue_put_back(sync, fallback);
	}
	if (batch->older != NULL)
		reject_entries(sync, flow, batch->older);
	reject_entries(sync, flow, batch);
	withhold(sync, flow);
	ab_ledger_done(sync->ledger, flow->stream->index, batch->first, batch->last);
	flow->safe += batch->last - batch->first + 1;
	ab_flow_free_batch(sync, batch);
}

static void
split_batch(struct ab_sync *sync, struct ab_batch *batch)
{
	struct ab_batch *second = ab_batch_split(batch);

	ab_flow_charge(sync, batch);
	ab_flow_charge(sync, second);
	ab_queue_put_back(sync, second);
	ab_queue_put_back(sync, batch);
}

static void
settle_end(struct ab_sync *sync, struct ab_flow *flow)
{
	char label[256];
	char rate[160];

	if (!sync->aborting && !flow->stream->goes_on)
		flow->stream->in_doubt = false;
	withhold(sync, flow);
	if (ab_announce_change(sync, flow))
		return;
	ab_flow_end(sync, flow);
	if (!sync->aborting)
		ab_emit_log(AB_INFO, "stream %s: ended with %s, %llu rejected",
		    ab_stream_label(flow->stream, label, sizeof(label)),
		    ab_progress_rate(rate, sizeof(rate), flow->records, flow->bytes,
			flow->records > 0 ? sync->now_ms - flow->started_ms : 0),
		    (unsigned long long)ab_ledger_rejected_total(
			sync->ledger, flow->stream->index));
}

static void
settle_done(struct ab_sync *sync, struct ab_flow *flow, const struct ab_outcome *outcome)
{
	switch (outcome->phase) {
	case AB_BEGIN:
		flow->state = AB_FLOW_OPEN;
		flow->went_on = false;
		ab_key_space_join(sync, flow);
		flow->ended_well = false;
		withhold(sync, flow);
		sync->begun++;
		break;
	case AB_BATCH:
		settle_batch(sync, flow, outcome->batch);
		break;
	case AB_END:
		settle_end(sync, flow);
		break;
	case AB_CHECK:
	case AB_DISCOVER:
		break;
	}
}

static void
settle(struct ab_sync *sync, const struct ab_outcome *outcome)
{
	struct ab_flow *flow = &sync->flows[outcome->stream->index];

	if (outcome->phase == AB_BATCH)
		flow->delivering--;
	switch (outcome->result) {
	case AB_RESULT_DONE:
		settle_done(sync, flow, outcome);
		return;
	case AB_RESULT_SPLIT:
		split_batch(sync, outcome->batch);
		return;
	case AB_RESULT_FAILED:
		ab_flow_fail(sync, &outcome->error);
		break;
	case AB_RESULT_ABANDONED:
		break;
	}
	ab_flow_free_batch(sync, outcome->batch);
	if (outcome->phase != AB_END)
		return;
	if (flow->stream->goes_on)
		flow->state = AB_FLOW_OPEN; /* its last end is to come */
	else
		ab_flow_end(sync, flow);
}

bool
ab_settle(struct ab_sync *sync)
{
	struct ab_outcome outcome;
	struct ab_error error;
	bool any = false;

	/* Its other requests may be out for long; what is sent meanwhile is refused as well. */
	if (!sync->failed && ab_exchange_failed(sync->exchanges, &error))
		ab_flow_fail(sync, &error);
	while (ab_exchange_finished(sync->exchanges, &outcome)) {
		settle(sync, &outcome);
		any = true;
	}
	return any;
}
