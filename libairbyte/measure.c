/*
 * Metrics of a run: counts of records now and then and at the end; with LOG_LEVEL DEBUG the time of
 * each request as it comes, since there may be hundreds of them a second.
 */
#include "measure.h"

#include "clock.h"
#include "emit.h"
#include "metrics.h"

/* A rejected record may be counted before the batch that skipped it is safe. */
static uint64_t
taken(const struct ab_sync *sync, const struct ab_flow *flow)
{
	const uint64_t rejected = ab_ledger_rejected_total(sync->ledger, flow->stream->index);

	return flow->safe > rejected ? flow->safe - rejected : 0;
}

static void
measure_stream(const struct ab_sync *sync, struct ab_flow *flow, bool last)
{
	const uint64_t records = taken(sync, flow);

	if (records <= flow->measured && !last)
		return;
	ab_metrics_records(
	    flow->stream->name, records > flow->measured ? records - flow->measured : 0);
	flow->measured = records;
}

static void
measure_streams(struct ab_sync *sync, bool last)
{
	for (size_t i = 0; i < sync->catalog->count; i++)
		measure_stream(sync, &sync->flows[i], last);
	sync->next_metrics_ms = sync->now_ms + ab_clock_scaled(AB_METRICS_EVERY_MS);
}

void
ab_measure_start(struct ab_sync *sync)
{
	sync->next_metrics_ms = INT64_MAX;
	if (!sync->dialect->announces)
		return;
	sync->next_metrics_ms = sync->now_ms + ab_clock_scaled(AB_METRICS_EVERY_MS);
	if (ab_emit_wanted(AB_DEBUG))
		ab_exchange_keep_timings(sync->exchanges);
}

void
ab_measure(struct ab_sync *sync)
{
	struct ab_timing timing;

	while (ab_exchange_timing(sync->exchanges, &timing))
		ab_metrics_request(
		    timing.stream != NULL ? timing.stream->name : NULL, timing.us, timing.status);
	if (sync->now_ms >= sync->next_metrics_ms)
		measure_streams(sync, false);
}

int64_t
ab_measure_deadline(const struct ab_sync *sync)
{
	return sync->next_metrics_ms;
}

void
ab_measure_end(struct ab_sync *sync)
{
	if (sync->dialect->announces)
		measure_streams(sync, true);
}
