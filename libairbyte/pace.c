#include "pace.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"
#include "clock.h"

void
ab_pace_init(struct ab_pace *pace, const struct ab_rate *rate)
{
	*pace = (struct ab_pace){.rate = *rate, .window_ms = ab_clock_scaled(rate->per_ms)};
	if (rate->requests > 0)
		pace->stamps = ab_calloc(rate->requests, sizeof(pace->stamps[0]));
}

void
ab_pace_release(struct ab_pace *pace)
{
	free(pace->stamps);
	*pace = (struct ab_pace){.out = 0};
}

/* Both clock readings are cut to whole ms, so the true distance may be up to 1 ms less. */
static int64_t
free_at(const struct ab_pace *pace)
{
	return pace->stamps[pace->first] + pace->window_ms + 1;
}

int64_t
ab_pace_ready_at(struct ab_pace *pace, int64_t now_ms)
{
	while (pace->count > 0 && free_at(pace) <= now_ms) {
		pace->first = (pace->first + 1) % pace->rate.requests;
		pace->count--;
	}
	if (pace->rate.requests == 0 || pace->count + pace->out < pace->rate.requests)
		return now_ms;
	return pace->count > 0 ? free_at(pace) : INT64_MAX;
}

void
ab_pace_take(struct ab_pace *pace)
{
	assert(pace->rate.requests == 0 || pace->count + pace->out < pace->rate.requests);
	pace->out++;
}

void
ab_pace_stamp(struct ab_pace *pace, int64_t now_ms)
{
	assert(pace->out > 0);
	pace->out--;
	if (pace->rate.requests == 0)
		return;
	pace->stamps[(pace->first + pace->count) % pace->rate.requests] = now_ms;
	pace->count++;
}
