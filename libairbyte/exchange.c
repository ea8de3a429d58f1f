#include "exchange.h"

#include <stdlib.h>
#include <utlist.h>

#include "alloc.h"
#include "clock.h"
#include "exchange_run.h"

struct ab_exchange_set {
	struct ab_exchange_world world;
	struct ab_exchange_run *active; /* oldest first */
	struct ab_exchange_run *ended;
	size_t active_count;
	bool winding_down;
	bool resumed;
	struct ab_timing *timings; /* limits->in_flight of them; NULL: they are not kept */
	size_t timing_count;
};

struct ab_exchange_set *
ab_exchange_set_new(const struct ab_destination *destination, void *self,
    const struct ab_limits *limits, struct ab_http *http)
{
	struct ab_exchange_set *set = ab_calloc(1, sizeof(*set));

	set->world = (struct ab_exchange_world){.destination = destination,
	    .self = self,
	    .limits = limits,
	    .http = http,
	    .random = (uint32_t)ab_clock_unix_ms() | 1U};
	ab_throttle_init(&set->world.throttle, limits, http);
	return set;
}

static void
free_runs(struct ab_exchange_run *runs)
{
	struct ab_exchange_run *run = NULL;
	struct ab_exchange_run *following = NULL;

	DL_FOREACH_SAFE(runs, run, following)
	{
		ab_batch_free(run->outcome.batch);
		ab_exchange_run_free(run);
	}
}

void
ab_exchange_set_free(struct ab_exchange_set *set)
{
	if (set == NULL)
		return;
	free_runs(set->active);
	free_runs(set->ended);
	ab_throttle_release(&set->world.throttle);
	free(set->timings);
	free(set);
}

void
ab_exchange_start(struct ab_exchange_set *set, enum ab_phase phase, struct ab_stream *stream,
    struct ab_batch *batch, bool complete)
{
	struct ab_exchange_run *run =
	    ab_exchange_run_new(&set->world, phase, stream, batch, complete);

	DL_APPEND(set->active, run);
	set->active_count++;
}

static void
take_replies(struct ab_exchange_set *set, int64_t now_ms)
{
	struct ab_reply reply;
	void *owner = NULL;

	set->timing_count = 0;
	while (ab_http_receive(set->world.http, &reply, &owner)) {
		const struct ab_exchange_run *run = ab_exchange_run_take(owner, &reply, now_ms);
		if (set->timings != NULL && set->timing_count < set->world.limits->in_flight)
			set->timings[set->timing_count++] =
			    (struct ab_timing){.stream = run->x.stream,
				.us = reply.elapsed_us,
				.status = reply.status};
	}
}

void
ab_exchange_drive(struct ab_exchange_set *set, int64_t now_ms)
{
	struct ab_exchange_run *run = NULL;
	struct ab_exchange_run *following = NULL;
	struct ab_error error;
	bool room = true;

	take_replies(set, now_ms);
	if (!set->resumed && ab_exchange_failed(set, &error))
		set->winding_down = true;
	ab_throttle_restart(&set->world.throttle);
	DL_FOREACH_SAFE(set->active, run, following)
	{
		if (set->winding_down)
			ab_exchange_run_wind_down(run);
		else if (room || run->over)
			room = ab_exchange_run_drive(run, now_ms) && room;
		if (ab_exchange_run_ended(run)) {
			DL_DELETE(set->active, run);
			DL_APPEND(set->ended, run);
			set->active_count--;
		}
	}
}

bool
ab_exchange_finished(struct ab_exchange_set *set, struct ab_outcome *outcome)
{
	struct ab_exchange_run *run = set->ended;

	if (run == NULL)
		return false;
	DL_DELETE(set->ended, run);
	ab_exchange_run_outcome(run, outcome);
	ab_exchange_run_free(run);
	return true;
}

bool
ab_exchange_waiting(struct ab_exchange_set *set, struct ab_wait *wait)
{
	struct ab_exchange_run *run = NULL;

	DL_FOREACH(set->active, run)
	{
		if (ab_exchange_run_waiting(run, wait))
			return true;
	}
	return false;
}

void
ab_exchange_keep_timings(struct ab_exchange_set *set)
{
	if (set->timings == NULL)
		set->timings = ab_calloc(set->world.limits->in_flight, sizeof(*set->timings));
}

bool
ab_exchange_timing(struct ab_exchange_set *set, struct ab_timing *timing)
{
	if (set->timing_count == 0)
		return false;
	*timing = set->timings[--set->timing_count];
	return true;
}

int64_t
ab_exchange_deadline(const struct ab_exchange_set *set)
{
	const struct ab_exchange_run *run = NULL;
	int64_t next_ms = INT64_MAX;

	DL_FOREACH(set->active, run)
	{
		const int64_t run_ms = ab_exchange_run_deadline(run);
		if (run_ms < next_ms)
			next_ms = run_ms;
	}
	return ab_throttle_deadline(&set->world.throttle, next_ms);
}

size_t
ab_exchange_active(const struct ab_exchange_set *set)
{
	return set->active_count;
}

bool
ab_exchange_failed(const struct ab_exchange_set *set, struct ab_error *error)
{
	const struct ab_exchange_run *run = NULL;

	DL_FOREACH(set->active, run)
	{
		if (run->over && run->outcome.result == AB_RESULT_FAILED) {
			*error = run->outcome.error;
			return true;
		}
	}
	return false;
}

bool
ab_exchange_trouble(const struct ab_exchange_set *set, struct ab_error *error)
{
	const struct ab_exchange_run *run = NULL;

	DL_FOREACH(set->active, run)
	{
		const struct ab_trouble *trouble = ab_exchange_run_trouble(run);
		if (trouble != NULL) {
			*error = trouble->first;
			return true;
		}
	}
	return false;
}

static bool
keep_one_order(const struct ab_stream *a, const struct ab_stream *b)
{
	const unsigned space = ab_stream_order_space(a);

	return a == b || (space != 0 && space == ab_stream_order_space(b));
}

bool
ab_exchange_shares_key(const struct ab_exchange_set *set, const struct ab_batch *batch)
{
	const struct ab_exchange_run *run = NULL;

	DL_FOREACH(set->active, run)
	{
		if (run->x.batch != NULL && keep_one_order(run->x.stream, batch->stream) &&
		    ab_batch_shares_key(run->x.batch, batch))
			return true;
	}
	return false;
}

void
ab_exchange_wind_down(struct ab_exchange_set *set)
{
	set->winding_down = true;
}

void
ab_exchange_abandon(struct ab_exchange_set *set, int64_t now_ms)
{
	struct ab_exchange_run *run = NULL;

	ab_exchange_wind_down(set);
	ab_http_cancel(set->world.http);
	DL_FOREACH(set->active, run)
	{
		ab_exchange_run_abandon(run, now_ms);
	}
}

void
ab_exchange_resume(struct ab_exchange_set *set)
{
	set->winding_down = false;
	set->resumed = true;
}
