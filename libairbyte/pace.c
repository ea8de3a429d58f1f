#include "pace.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"

void
ab_pace_init(struct ab_pace *pace, const struct ab_rate *rate)
{
	*pace = (struct ab_pace){.rate = *rate};
	if (rate->requests == 0)
		return;
	if (rate->burst > 0) {
		pace->token = ab_clock_scaled(rate->per_ms * 1000);
		pace->refill = (int64_t)rate->requests * 1000;
		return;
	}
	pace->window_ms = ab_clock_scaled(rate->per_ms);
	pace->stamps = ab_calloc(rate->requests, sizeof(pace->stamps[0]));
}

void
ab_pace_release(struct ab_pace *pace)
{
	free(pace->stamps);
	*pace = (struct ab_pace){.out = 0};
}

/* --- window -------------------------------------------------------------------------------- */

/* Both clock readings are cut to whole ms, so the true distance may be up to 1 ms less. */
static int64_t
free_at(const struct ab_pace *pace)
{
	return pace->stamps[pace->first] + pace->window_ms + 1;
}

static int64_t
window_ready_at(struct ab_pace *pace, int64_t now_ms)
{
	while (pace->count > 0 && free_at(pace) <= now_ms) {
		pace->first = (pace->first + 1) % pace->rate.requests;
		pace->count--;
	}
	if (pace->count + pace->out < pace->rate.requests)
		return now_ms;
	return pace->count > 0 ? free_at(pace) : INT64_MAX;
}

static void
window_stamp(struct ab_pace *pace, int64_t now_ms)
{
	pace->stamps[(pace->first + pace->count) % pace->rate.requests] = now_ms;
	pace->count++;
}

/* --- bucket -------------------------------------------------------------------------------- */

static int64_t
bucket_ready_at(const struct ab_pace *pace)
{
	if (pace->out >= pace->rate.burst)
		return INT64_MAX;
	const size_t free_tokens = pace->rate.burst - pace->out - 1; /* beside the one asked for */
	const int64_t excess = pace->debt - (int64_t)free_tokens * pace->token;
	/* Rounded up, also below zero: debt_ms may be 1 ms ahead of the clock, see bucket_stamp. */
	return pace->debt_ms +
	       (excess > 0 ? (excess - 1) / pace->refill + 1 : excess / pace->refill);
}

static void
bucket_stamp(struct ab_pace *pace, int64_t now_ms)
{
	/* The reading is cut to whole ms, so the reply may have come up to 1 ms later. */
	const int64_t stamp_ms = now_ms + 1;
	const int64_t elapsed_ms = stamp_ms - pace->debt_ms;

	if (elapsed_ms > pace->debt / pace->refill)
		pace->debt = 0;
	else
		pace->debt -= elapsed_ms * pace->refill;
	pace->debt += pace->token;
	pace->debt_ms = stamp_ms;
}

static void
bucket_refuse(struct ab_pace *pace)
{
	const size_t held = pace->out < pace->rate.burst ? pace->rate.burst - pace->out : 0;
	const int64_t empty = (int64_t)(held + pace->rate.requests) * pace->token;

	if (pace->debt < empty)
		pace->debt = empty;
}

/* --- either -------------------------------------------------------------------------------- */

int64_t
ab_pace_ready_at(struct ab_pace *pace, int64_t now_ms)
{
	if (pace->rate.requests == 0)
		return now_ms;
	return pace->rate.burst > 0 ? bucket_ready_at(pace) : window_ready_at(pace, now_ms);
}

void
ab_pace_take(struct ab_pace *pace)
{
	assert(pace->rate.requests == 0 || pace->rate.burst > 0 ||
	       pace->count + pace->out < pace->rate.requests);
	assert(pace->rate.requests == 0 || pace->rate.burst == 0 || pace->out < pace->rate.burst);
	pace->out++;
}

void
ab_pace_stamp(struct ab_pace *pace, int64_t now_ms)
{
	assert(pace->out > 0);
	pace->out--;
	if (pace->rate.requests == 0)
		return;
	if (pace->rate.burst > 0)
		bucket_stamp(pace, now_ms);
	else
		window_stamp(pace, now_ms);
}

void
ab_pace_refuse(struct ab_pace *pace)
{
	if (pace->rate.requests > 0 && pace->rate.burst > 0)
		bucket_refuse(pace);
}
