#include "flow.h"

void
ab_flow_init(struct ab_flow *flow, struct ab_stream *stream)
{
	*flow = (struct ab_flow){.stream = stream, .queue = &flow->own, .own.streams = 1};
}

struct ab_flow *
ab_flow_of(const struct ab_sync *sync, const struct ab_batch *batch)
{
	return &sync->flows[batch->stream->index];
}

void
ab_flow_blame(struct ab_sync *sync, const struct ab_error *error)
{
	if (!sync->blamed)
		sync->failure = *error;
	sync->blamed = true;
}

void
ab_flow_fail(struct ab_sync *sync, const struct ab_error *error)
{
	ab_flow_blame(sync, error);
	sync->failed = true;
	if (!sync->aborting)
		ab_exchange_wind_down(sync->exchanges);
}

bool
ab_flow_has_room(const struct ab_sync *sync)
{
	/* States that wait must not stop the records they wait for. */
	const size_t states = ab_ledger_bytes(sync->ledger);
	const size_t share = sync->memory_limit / 4;
	const size_t sending = ab_http_buffers(sync->http);

	return sync->batch_bytes + sending + (states < share ? states : share) < sync->memory_limit;
}

bool
ab_flow_takes_input(const struct ab_sync *sync)
{
	return sync->begun == sync->catalog->count && ab_flow_has_room(sync);
}

void
ab_flow_charge(struct ab_sync *sync, struct ab_batch *batch)
{
	const size_t bytes = ab_batch_bytes(batch);

	sync->batch_bytes += bytes - batch->charged;
	batch->charged = bytes;
}

void
ab_flow_discharge(struct ab_sync *sync, struct ab_batch *batch)
{
	sync->batch_bytes -= batch->charged;
	batch->charged = 0;
}

void
ab_flow_free_batch(struct ab_sync *sync, struct ab_batch *batch)
{
	if (batch != NULL)
		ab_flow_discharge(sync, batch);
	ab_batch_free(batch);
}

void
ab_flow_end(struct ab_sync *sync, struct ab_flow *flow)
{
	flow->state = AB_FLOW_ENDED;
	sync->ended++;
}
