/*
 * Batches leave in the order they were filled, over all streams; how many of one stream may be out
 * at once is limits.order, and those that may not be let others pass.
 */
#include "deliver.h"

#include <assert.h>

#include "alloc.h"
#include "queue.h"
#include "seal.h"
#include "status.h"

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
	/* At once: streams that cannot send yet are not to be read back. */
	if (queue->sealed != NULL)
		start_batches(sync);
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
			ab_seal(sync, flow);
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

/* After a failure: streams that were begun end as not complete, also one that did not begin again,
 * whose end was not the last; the others are through. */
static void
abort_flow(struct ab_sync *sync, struct ab_flow *flow)
{
	switch (flow->state) {
	case AB_FLOW_NEW:
	case AB_FLOW_BEGINNING:
		if (!flow->went_on) {
			ab_flow_end(sync, flow);
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

/* What was taken from the input is in batches of all sizes; what comes out of the spool is larger,
 * and would not fit where they were. */
static void
seal_rest(struct ab_sync *sync)
{
	if (sync->open == NULL)
		return;
	while (sync->open != NULL)
		ab_seal(sync, ab_flow_of(sync, sync->open));
	ab_alloc_trim();
}

static void
advance_all(struct ab_sync *sync)
{
	if (sync->input_over)
		seal_rest(sync);
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
ab_deliver(struct ab_sync *sync)
{
	if (sync->aborting)
		abort_all(sync);
	else if (!sync->failed)
		advance_all(sync);
}
