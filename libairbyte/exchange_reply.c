/*
 * What the connector makes of a reply, and what then becomes of the lane that carried it.
 */
#include "exchange_run.h"

#include "lane.h"

static uint32_t
next_random(struct ab_exchange_world *world)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 17;
	world->random ^= world->random << 5;
	return world->random;
}

/* Nothing more comes of the lane's item, nor of the exchange. */
static void
stop(struct ab_lane *lane, enum ab_result result, const struct ab_error *error)
{
	ab_exchange_run_end(lane->run, result, error);
	ab_lane_clear(lane);
}

static void
try_again(struct ab_lane *lane, const struct ab_reply *reply, const struct ab_error *error,
    int64_t now_ms)
{
	struct ab_exchange_run *run = lane->run;
	const struct ab_retry_policy *policy = &run->world->limits->retry;
	const bool alone = run->x.items == 1;
	struct ab_tries *tries = alone ? &run->tries : &lane->tries;
	struct ab_error given_up;

	const int64_t wait_ms = ab_tries_failed(
	    tries, run->step, policy, reply, error, next_random(run->world), &given_up);
	if (wait_ms < 0) {
		stop(lane, AB_RESULT_FAILED, &given_up);
		return;
	}
	const struct ab_wait wait = {.stream = run->x.stream,
	    .wait_ms = wait_ms,
	    .next_try = tries->of_step[run->step] + 1,
	    .tries = policy->delays + 1,
	    .error = *error};
	if (alone)
		run->step = run->x.step;
	ab_lane_rest(lane, &wait, now_ms);
}

static void
wait_out(struct ab_lane *lane, const struct ab_reply *reply, const struct ab_error *error,
    int64_t now_ms)
{
	const struct ab_exchange *x = &lane->run->x;
	const struct ab_wait wait = {.stream = x->stream,
	    .wait_ms = reply->retry_after_ms >= 0 ? reply->retry_after_ms : x->wait_ms,
	    .error = *error};
	struct ab_error given_up;

	if (ab_lane_wait_out(lane, &wait, now_ms, &given_up) != 0)
		stop(lane, AB_RESULT_FAILED, &given_up);
}

/* A batch of one record cannot be halved. */
static enum ab_result
result_of_split(const struct ab_batch *batch)
{
	return batch != NULL && batch->count > 1 ? AB_RESULT_SPLIT : AB_RESULT_FAILED;
}

static void
judge(struct ab_lane *lane, const struct ab_reply *reply, int64_t now_ms)
{
	struct ab_exchange_run *run = lane->run;
	const struct ab_exchange_world *world = run->world;
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};

	run->x.step = run->step;
	run->x.item = lane->item;
	run->x.wait_ms = 0;
	run->x.settled = false;
	switch (world->destination->response(world->self, &run->x, reply, &error)) {
	case AB_NEXT:
		run->again = true;
		run->next_step = run->x.step;
		/* fall through */
	case AB_DONE:
		ab_tries_succeeded(&run->tries, run->step, run->x.settled);
		ab_lane_clear(lane);
		break;
	case AB_RETRY:
		try_again(lane, reply, &error, now_ms);
		break;
	case AB_WAIT:
		wait_out(lane, reply, &error, now_ms);
		break;
	case AB_SPLIT:
		stop(lane, result_of_split(run->x.batch), &error);
		break;
	case AB_FAILED:
		stop(lane, AB_RESULT_FAILED, &error);
		break;
	}
}

struct ab_exchange_run *
ab_exchange_run_take(void *owner, const struct ab_reply *reply, int64_t now_ms)
{
	struct ab_lane *lane = owner;
	struct ab_exchange_run *run = lane->run;

	ab_throttle_replied(&run->world->throttle, lane->request.metered, reply->status, now_ms);
	judge(lane, reply, now_ms);
	return run;
}
