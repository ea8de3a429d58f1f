#include "lane.h"

#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "request.h"

#define LONG_WAIT_MS 10000

void
ab_lane_init(struct ab_lane *lane, struct ab_exchange_run *run)
{
	*lane = (struct ab_lane){.run = run};
	ab_request_init(&lane->request);
}

void
ab_lane_release(struct ab_lane *lane)
{
	ab_lane_clear(lane);
	ab_request_release(&lane->request);
}

void
ab_lane_clear(struct ab_lane *lane)
{
	ab_tries_clear(&lane->tries);
	free(lane->untold);
	lane->untold = NULL;
	lane->state = AB_LANE_IDLE;
	lane->waited_ms = 0;
}

void
ab_lane_send(struct ab_lane *lane, struct ab_http *http, struct ab_throttle *throttle,
    const struct ab_batch *batch)
{
	const struct ab_request *request = &lane->request;
	struct ab_view middle = {0};

	if (batch != NULL && request->to > request->from)
		middle =
		    (struct ab_view){batch->body.data + request->from, request->to - request->from};
	ab_throttle_sent(throttle, request->metered);
	lane->state = AB_LANE_OUT;
	ab_http_send(http, request, middle, lane);
}

void
ab_lane_rest(struct ab_lane *lane, const struct ab_wait *wait, int64_t now_ms)
{
	lane->state = AB_LANE_RESTING;
	lane->ready_ms = now_ms + ab_clock_scaled(wait->wait_ms);
	free(lane->untold);
	lane->untold = NULL;
	if (wait->wait_ms < LONG_WAIT_MS)
		return;
	lane->untold = ab_malloc(sizeof(*lane->untold));
	*lane->untold = *wait;
}

int
ab_lane_wait_out(
    struct ab_lane *lane, const struct ab_wait *wait, int64_t now_ms, struct ab_error *given_up)
{
	if (lane->waited_ms + wait->wait_ms > AB_WAIT_TOTAL_MS)
		return ab_fail(given_up, wait->error.kind,
		    "%.800s; given up after waiting %d minutes", wait->error.message,
		    (int)(lane->waited_ms / 60000));
	lane->waited_ms += wait->wait_ms;
	ab_lane_rest(lane, wait, now_ms);
	return 0;
}

bool
ab_lane_waiting(struct ab_lane *lane, struct ab_wait *wait)
{
	if (lane->untold == NULL)
		return false;
	*wait = *lane->untold;
	free(lane->untold);
	lane->untold = NULL;
	return true;
}
