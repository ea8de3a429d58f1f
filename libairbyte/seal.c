#include "seal.h"

#include "clock.h"
#include "key_space.h"
#include "queue.h"

#define BATCH_AGE_MS 30000
#define BATCH_AGE_MIN_MS 1000

static int64_t
batch_age_ms(void)
{
	const int64_t age_ms = ab_clock_scaled(BATCH_AGE_MS);

	return age_ms > BATCH_AGE_MIN_MS ? age_ms : BATCH_AGE_MIN_MS;
}

void
ab_seal_one(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_batch *batch = flow->open;
	struct ab_error error;

	if (batch == NULL)
		return;
	flow->open = NULL;
	sync->open_bytes -= batch->charged;
	if (batch->count == 0) {
		ab_flow_free_batch(sync, batch);
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
ab_seal(struct ab_sync *sync, struct ab_flow *flow)
{
	ab_key_space_seal_before(sync, flow);
	ab_seal_one(sync, flow);
}

void
ab_seal_largest(struct ab_sync *sync)
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
		ab_seal(sync, largest);
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
ab_seal_due(struct ab_sync *sync)
{
	while (ab_seal_deadline(sync) <= sync->now_ms)
		ab_seal(sync, ab_flow_of(sync, first_open(sync)));
}

int64_t
ab_seal_deadline(const struct ab_sync *sync)
{
	const struct ab_batch *first = first_open(sync);

	return first != NULL ? first->opened_ms + batch_age_ms() : INT64_MAX;
}
