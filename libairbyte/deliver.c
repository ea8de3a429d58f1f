/*
 * Batches to the service. They leave in the order they were filled, over all streams; how many of
 * one stream may be out at once is limits.order, and those that may not be let others pass. What an
 * exchange's end means for the ledger is decided here and nowhere else.
 */
#include "flow.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "emit.h"

#define BATCH_AGE_MS 30000
#define BATCH_AGE_MIN_MS 1000

static int64_t
batch_age_ms(void)
{
	const int64_t age_ms = ab_clock_scaled(BATCH_AGE_MS);

	return age_ms > BATCH_AGE_MIN_MS ? age_ms : BATCH_AGE_MIN_MS;
}

/* --- sealing ------------------------------------------------------------------------------- */

static void
free_batch(struct ab_sync *sync, struct ab_batch *batch)
{
	if (batch != NULL)
		ab_flow_discharge(sync, batch);
	ab_batch_free(batch);
}

void
ab_deliver_seal_one(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_batch *batch = flow->open;
	struct ab_error error;

	if (batch == NULL)
		return;
	flow->open = NULL;
	sync->open_bytes -= batch->charged;
	if (batch->count == 0) {
		free_batch(sync, batch);
		return;
	}
	ab_queue_close(sync, batch);
	ab_batch_seal(batch);
	ab_flow_charge(sync, batch);
	if (!flow->stream->hold) {
		ab_queue_put(sync, batch);
		return;
	}
	ab_flow_discharge(sync, batch);
	if (ab_spool_put(sync->spool, batch, &error) != 0)
		ab_flow_fail(sync, &error);
}

void
ab_deliver_seal(struct ab_sync *sync, struct ab_flow *flow)
{
	ab_key_space_seal_before(sync, flow);
	ab_deliver_seal_one(sync, flow);
}

void
ab_deliver_seal_largest(struct ab_sync *sync)
{
	while (sync->open_bytes > sync->memory_limit / 2) {
		struct ab_flow *largest = NULL;
		for (size_t i = 0; i < sync->catalog->count; i++) {
			struct ab_flow *flow = &sync->flows[i];
			if (flow->open != NULL &&
			    (largest == NULL ||
				ab_batch_bytes(flow->open) > ab_batch_bytes(largest->open)))
				largest = flow;
		}
		if (largest == NULL)
			return;
		ab_deliver_seal(sync, largest);
	}
}

/* The open batch that is due first. What is held waits for the stream's end anyway: the fuller its
 * batches, the fewer there are to replay. */
static struct ab_batch *
first_open(const struct ab_sync *sync)
{
	struct ab_batch *batch = sync->open;

	while (batch != NULL && batch->stream->hold)
		batch = batch->next;
	return batch;
}

void
ab_deliver_seal_due(struct ab_sync *sync)
{
	while (ab_deliver_deadline(sync) <= sync->now_ms)
		ab_deliver_seal(sync, ab_flow_of(sync, first_open(sync)));
}

int64_t
ab_deliver_deadline(const struct ab_sync *sync)
{
	const struct ab_batch *first = first_open(sync);

	return first != NULL ? first->opened_ms + batch_age_ms() : INT64_MAX;
}

/* --- starting ------------------------------------------------------------------------------ */

static bool
may_start(const struct ab_sync *sync)
{
	return ab_exchange_active(sync->exchanges) < sync->limits.in_flight;
}

/* Only a batch in flight of the same queue can keep the first of it back. */
static bool
may_start_first(const struct ab_sync *sync, const struct ab_queue *queue)
{
	switch (sync->limits.order) {
	case AB_ORDER_NONE:
		return true;
	case AB_ORDER_KEY:
		return !ab_exchange_shares_key(sync->exchanges, queue->sealed);
	case AB_ORDER_STREAM:
		break;
	}
	return ab_flow_of(sync, queue->sealed)->delivering == 0;
}

static void
start_batches(struct ab_sync *sync)
{
	struct ab_queue *queue = sync->waiting;

	while (queue != NULL && may_start(sync)) {
		if (!may_start_first(sync, queue)) {
			queue = queue->next;
			continue;
		}
		struct ab_batch *batch = ab_queue_take(sync, queue);
		ab_flow_of(sync, batch)->delivering++;
		ab_exchange_start(sync->exchanges, AB_BATCH, batch->stream, batch, false);
		queue = sync->waiting; /* the next of this stream may be before all others */
	}
}

static bool
is_idle(const struct ab_flow *flow)
{
	return flow->queued == 0 && flow->delivering == 0;
}

/* Whether nothing is left but the end. */
static bool
is_delivered(const struct ab_sync *sync, const struct ab_flow *flow)
{
	if (flow->state == AB_FLOW_ENDING || flow->state == AB_FLOW_ENDED)
		return true;
	return flow->open == NULL && is_idle(flow) &&
	       ab_spool_waiting(sync->spool, flow->stream) == 0;
}

/* Whether that is so of every stream. What is delivered when the input is over stays so, so none is
 * looked at again. */
static bool
all_delivered(struct ab_sync *sync)
{
	assert(sync->input_over);
	while (sync->delivered < sync->catalog->count &&
	       is_delivered(sync, &sync->flows[sync->delivered]))
		sync->delivered++;
	return sync->delivered == sync->catalog->count;
}

/* The end of a resumable stream is final: the next attempt adds to it. So it waits until little can
 * keep back the states, or the next attempt would add what is there. */
static bool
may_end(struct ab_sync *sync, const struct ab_flow *flow)
{
	return may_start(sync) &&
	       (!flow->stream->resumable || !sync->any_state_of_all || all_delivered(sync));
}

static void
start_end(struct ab_sync *sync, struct ab_flow *flow, bool complete)
{
	flow->state = AB_FLOW_ENDING;
	flow->ended_well = complete;
	flow->stream->goes_on = flow->changed != NULL && !sync->aborting;
	ab_exchange_start(sync->exchanges, AB_END, flow->stream, NULL, complete);
}

/* Puts one more batch of the spool into the queue, or into the batch at its end: what was sealed
 * because memory was short need not be a request of its own. Returns false if there is none. */
static bool
refill(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_batch *batch = NULL;
	struct ab_error error;

	if (ab_spool_take(sync->spool, flow->stream, &batch, &error) != 0) {
		ab_flow_fail(sync, &error);
		return false;
	}
	if (batch == NULL)
		return false;
	/* Half a request saves nearly as many as a whole one, and half of the memory. */
	struct ab_batch *before = flow->queue->sealed;
	if (before != NULL && ab_batch_merge(before, batch, sync->limits.batch_records,
				  sync->limits.batch_bytes / 2)) {
		ab_flow_charge(sync, before);
	} else {
		ab_flow_charge(sync, batch);
		ab_queue_put(sync, batch);
	}
	return true;
}

/* Keeps a full batch of the spool ready behind the one that is out: it is full when the next one
 * does not fit into it. */
static void
replay(struct ab_sync *sync, struct ab_flow *flow)
{
	const struct ab_queue *queue = flow->queue;

	while ((queue->sealed == NULL || queue->sealed->next == NULL) && ab_flow_has_room(sync) &&
	       !sync->failed && refill(sync, flow)) {
	}
	if (is_idle(flow) && ab_spool_waiting(sync->spool, flow->stream) == 0 &&
	    may_end(sync, flow))
		start_end(sync, flow, true);
}

/* All that will come has come and is delivered or spooled: did the stream end well? */
static void
close_stream(struct ab_sync *sync, struct ab_flow *flow)
{
	const struct ab_ending ending = {
	    .clean_eof = sync->clean_eof && !flow->incomplete_seen,
	    .complete_seen = ab_status_complete(sync, flow),
	    .any_state_seen = sync->any_state,
	    .state_after_last = flow->state_after_last,
	    .counts_agree = !flow->counts_disagree,
	    .on_platform = sync->catalog->on_platform,
	    .records = flow->records,
	};
	/* A stream that is announced replaces nothing: no proof is needed. */
	const bool proven = sync->dialect->announces && (sync->clean_eof || flow->changed != NULL);
	const char *why_not = proven ? NULL : ab_stream_why_not_ended(flow->stream, &ending);
	char label[256];
	struct ab_error error;

	if (flow->stream->overwrite && why_not != NULL) {
		ab_fail(&error, AB_TRANSIENT_ERROR,
		    "stream %s is not replaced, because %s; %s, and its states are not "
		    "acknowledged",
		    ab_stream_label(flow->stream, label, sizeof(label)), why_not,
		    flow->stream->emptied ? "its old data is gone already, the new is incomplete"
					  : "nothing old was removed");
		ab_flow_blame(sync, &error);
	}
	if (flow->stream->hold && why_not == NULL) {
		flow->state = AB_FLOW_REPLAYING;
		replay(sync, flow);
	} else {
		start_end(sync, flow, why_not == NULL);
	}
}

static bool
all_came(const struct ab_sync *sync, const struct ab_flow *flow)
{
	return sync->input_over || flow->changed != NULL;
}

static void
advance(struct ab_sync *sync, struct ab_flow *flow)
{
	switch (flow->state) {
	case AB_FLOW_NEW:
		if (may_start(sync)) {
			flow->state = AB_FLOW_BEGINNING;
			ab_exchange_start(sync->exchanges, AB_BEGIN, flow->stream, NULL, false);
		}
		break;
	case AB_FLOW_OPEN:
		if (all_came(sync, flow))
			ab_deliver_seal(sync, flow);
		if (all_came(sync, flow) && is_idle(flow) &&
		    (flow->stream->hold ? may_start(sync) : may_end(sync, flow)))
			close_stream(sync, flow);
		break;
	case AB_FLOW_REPLAYING:
		replay(sync, flow);
		break;
	case AB_FLOW_BEGINNING:
	case AB_FLOW_ENDING:
	case AB_FLOW_ENDED:
		break;
	}
}

static void
end_flow(struct ab_sync *sync, struct ab_flow *flow)
{
	flow->state = AB_FLOW_ENDED;
	sync->ended++;
}

/* After a failure: streams that were begun end as not complete, also one that did not begin again,
 * whose end was not the last; the others are through. */
static void
abort_flow(struct ab_sync *sync, struct ab_flow *flow)
{
	switch (flow->state) {
	case AB_FLOW_NEW:
	case AB_FLOW_BEGINNING:
		if (!flow->went_on) {
			end_flow(sync, flow);
			break;
		}
		/* fall through */
	case AB_FLOW_OPEN:
	case AB_FLOW_REPLAYING:
		if (may_start(sync))
			start_end(sync, flow, false);
		break;
	case AB_FLOW_ENDING:
	case AB_FLOW_ENDED:
		break;
	}
}

static void
advance_all(struct ab_sync *sync)
{
	while (sync->input_over && sync->open != NULL)
		ab_deliver_seal(sync, ab_flow_of(sync, sync->open));
	for (size_t i = 0; i < sync->catalog->count && may_start(sync); i++)
		advance(sync, &sync->flows[i]);
	start_batches(sync);
}

static void
abort_all(struct ab_sync *sync)
{
	for (size_t i = 0; i < sync->catalog->count; i++)
		abort_flow(sync, &sync->flows[i]);
}

void
ab_deliver_advance(struct ab_sync *sync)
{
	if (sync->aborting)
		abort_all(sync);
	else if (!sync->failed)
		advance_all(sync);
}

/* --- settling ------------------------------------------------------------------------------ */

void
ab_deliver_reject(struct ab_sync *sync, struct ab_flow *flow, uint64_t ordinal, const char *reason,
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
			ab_deliver_reject(sync, flow, entry->ordinal, ab_batch_reason(batch, i),
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
	free_batch(sync, batch);
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
	end_flow(sync, flow);
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
	free_batch(sync, outcome->batch);
	if (outcome->phase != AB_END)
		return;
	if (flow->stream->goes_on)
		flow->state = AB_FLOW_OPEN; /* its last end is to come */
	else
		end_flow(sync, flow);
}

bool
ab_deliver_settle(struct ab_sync *sync)
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

void
ab_deliver_drop(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_batch *open = flow->open;

	if (open != NULL) {
		sync->open_bytes -= open->charged;
		if (open->count > 0)
			ab_queue_close(sync, open);
	}
	free_batch(sync, open);
	flow->open = NULL;
	while (flow->queue->sealed != NULL)
		free_batch(sync, ab_queue_take(sync, flow->queue));
}
