#include "exchange_run.h"

#include <stdlib.h>

#include "alloc.h"
#include "lane.h"
#include "request.h"

#define ANSWER_MAX ((size_t)8 << 20)

/* --- beginning and end --- */

static void
enter_step(struct ab_exchange_run *run, unsigned step)
{
	run->step = step;
	run->next_step = step;
	run->cursor = 0;
	run->x.items = 1;
	run->opened = run->again = run->sent = false;
}

struct ab_exchange_run *
ab_exchange_run_new(struct ab_exchange_world *world, enum ab_phase phase, struct ab_stream *stream,
    struct ab_batch *batch, bool complete)
{
	struct ab_exchange_run *run = ab_calloc(1, sizeof(*run));

	run->x = (struct ab_exchange){
	    .phase = phase, .stream = stream, .batch = batch, .complete = complete};
	ab_buf_init(&run->x.answer, ANSWER_MAX);
	run->outcome = (struct ab_outcome){.phase = phase, .stream = stream, .batch = batch};
	run->world = world;
	run->lanes = ab_calloc(world->limits->fan, sizeof(*run->lanes));
	for (unsigned i = 0; i < world->limits->fan; i++)
		ab_lane_init(&run->lanes[i], run);
	enter_step(run, 0);
	return run;
}

void
ab_exchange_run_free(struct ab_exchange_run *run)
{
	for (unsigned i = 0; i < run->world->limits->fan; i++)
		ab_lane_release(&run->lanes[i]);
	free(run->lanes);
	ab_tries_clear(&run->tries);
	free(run->x.scratch);
	ab_buf_release(&run->x.answer);
	free(run);
}

void
ab_exchange_run_end(
    struct ab_exchange_run *run, enum ab_result result, const struct ab_error *error)
{
	if (run->over)
		return; /* the first cause stands */
	run->over = true;
	run->outcome.result = result;
	if (error != NULL)
		run->outcome.error = *error;
}

static bool
quiet(const struct ab_exchange_run *run)
{
	for (unsigned i = 0; i < run->world->limits->fan; i++) {
		if (run->lanes[i].state != AB_LANE_IDLE)
			return false;
	}
	return true;
}

bool
ab_exchange_run_ended(const struct ab_exchange_run *run)
{
	return run->over && quiet(run);
}

void
ab_exchange_run_outcome(struct ab_exchange_run *run, struct ab_outcome *outcome)
{
	*outcome = run->outcome;
	if (outcome->result != AB_RESULT_DONE)
		return;
	if (run->x.answer.overflowed) {
		outcome->result = AB_RESULT_FAILED;
		ab_fail(&outcome->error, AB_SYSTEM_ERROR,
		    "what the service offers is more than %zu MB", ANSWER_MAX >> 20);
		return;
	}
	outcome->answer = run->x.answer;
	ab_buf_init(&run->x.answer, ANSWER_MAX);
}

/* --- requests --- */

/* Asks the connector for the request of lane's item. */
static enum ab_ask
ask(struct ab_lane *lane)
{
	struct ab_exchange_run *run = lane->run;
	const struct ab_exchange_world *world = run->world;
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};

	ab_request_reset(&lane->request);
	run->x.step = run->step;
	run->x.item = lane->item;
	enum ab_ask answer =
	    world->destination->request(world->self, &run->x, &lane->request, &error);
	/* At the first item the connector may find that this step is not the one to begin with. */
	if (!run->opened || run->x.items == 1) {
		run->step = run->x.step;
		run->opened = true;
	}
	if (answer == AB_SEND && ab_request_overflowed(&lane->request)) {
		ab_fail(&error, AB_SYSTEM_ERROR, "a request grew beyond its limit");
		answer = AB_REFUSE;
	}
	if (answer == AB_REFUSE)
		ab_exchange_run_end(run, AB_RESULT_FAILED, &error);
	return answer;
}

/* Gives an idle lane the next item that needs a request; false if there is none left. */
static bool
load(struct ab_lane *lane)
{
	struct ab_exchange_run *run = lane->run;

	while (!run->over && run->cursor < run->x.items) {
		lane->item = run->cursor++;
		if (ask(lane) == AB_SEND) {
			lane->state = AB_LANE_READY;
			return true;
		}
	}
	return false;
}

/* False if no exchange can send anything more now. */
static bool
send_if_allowed(struct ab_lane *lane, int64_t now_ms)
{
	struct ab_exchange_run *run = lane->run;
	struct ab_throttle *throttle = &run->world->throttle;
	const enum ab_throttle_answer answer =
	    ab_throttle_ask(throttle, lane->request.metered, now_ms);

	if (answer == AB_THROTTLE_SEND) {
		ab_lane_send(lane, run->world->http, throttle, run->x.batch);
		run->sent = true;
	}
	return answer != AB_THROTTLE_ALL;
}

/* Moves one lane as far as it goes; false if no exchange can send anything more now. */
static bool
drive_lane(struct ab_lane *lane, int64_t now_ms)
{
	if (lane->state == AB_LANE_RESTING) {
		if (lane->run->over) {
			ab_lane_clear(lane);
			return true;
		}
		if (lane->ready_ms > now_ms)
			return true;
		if (ask(lane) != AB_SEND) {
			ab_lane_clear(lane);
			return true;
		}
		lane->state = AB_LANE_READY;
	}
	if (lane->state == AB_LANE_READY && lane->run->over)
		ab_lane_clear(lane);
	if (lane->state == AB_LANE_IDLE && !load(lane))
		return true;
	return lane->state != AB_LANE_READY || send_if_allowed(lane, now_ms);
}

bool
ab_exchange_run_drive(struct ab_exchange_run *run, int64_t now_ms)
{
	const unsigned fan = run->world->limits->fan;
	bool room = true;

	for (;;) {
		for (unsigned i = 0; i < fan && (room || run->over); i++) {
			if (!drive_lane(&run->lanes[i], now_ms))
				room = false;
		}
		if (run->over || !room || run->cursor < run->x.items || !quiet(run))
			return room;
		if (!run->sent || !run->again) {
			ab_exchange_run_end(run, AB_RESULT_DONE, NULL);
			return room;
		}
		enter_step(run, run->next_step);
	}
}

void
ab_exchange_run_wind_down(struct ab_exchange_run *run)
{
	for (unsigned i = 0; i < run->world->limits->fan; i++) {
		struct ab_lane *lane = &run->lanes[i];
		if (lane->state == AB_LANE_READY || lane->state == AB_LANE_RESTING) {
			run->cut = true;
			ab_lane_clear(lane);
		}
	}
	if (!quiet(run))
		return;
	const bool through = run->opened && !run->cut && run->cursor >= run->x.items && !run->again;
	ab_exchange_run_end(run, through ? AB_RESULT_DONE : AB_RESULT_ABANDONED, NULL);
}

void
ab_exchange_run_abandon(struct ab_exchange_run *run, int64_t now_ms)
{
	for (unsigned i = 0; i < run->world->limits->fan; i++) {
		struct ab_lane *lane = &run->lanes[i];
		if (lane->state != AB_LANE_OUT)
			continue;
		ab_throttle_given_up(&run->world->throttle, lane->request.metered, now_ms);
		run->cut = true;
		ab_lane_clear(lane);
	}
}

/* --- what is asked about it --- */

bool
ab_exchange_run_waiting(struct ab_exchange_run *run, struct ab_wait *wait)
{
	for (unsigned i = 0; i < run->world->limits->fan; i++) {
		if (ab_lane_waiting(&run->lanes[i], wait))
			return true;
	}
	return false;
}

int64_t
ab_exchange_run_deadline(const struct ab_exchange_run *run)
{
	int64_t deadline = INT64_MAX;

	for (unsigned i = 0; i < run->world->limits->fan; i++) {
		const struct ab_lane *lane = &run->lanes[i];
		if (lane->state == AB_LANE_RESTING && lane->ready_ms < deadline)
			deadline = lane->ready_ms;
	}
	return deadline;
}

const struct ab_trouble *
ab_exchange_run_trouble(const struct ab_exchange_run *run)
{
	const struct ab_trouble *trouble = run->tries.trouble;

	for (unsigned i = 0; i < run->world->limits->fan && trouble == NULL; i++)
		trouble = run->lanes[i].tries.trouble;
	return trouble;
}
