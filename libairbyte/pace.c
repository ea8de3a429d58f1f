#include "pace.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"

void
ab_pace_init(struct ab_pace *pace, size_t limit, int64_t window_ms)
{
	*pace = (struct ab_pace){.limit = limit, .window_ms = window_ms};
	if (limit > 0)
		pace->stamps = ab_calloc(limit, sizeof(pace->stamps[0]));
}

void
ab_pace_release(struct ab_pace *pace)
{
	free(pace->stamps);
	*pace = (struct ab_pace){.limit = 0};
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
		pace->first = (pace->first + 1) % pace->limit;
		pace->count--;
	}
	if (pace->limit == 0 || pace->count + pace->out < pace->limit)
		return now_ms;
	return pace->count > 0 ? free_at(pace) : INT64_MAX;
}

void
ab_pace_take(struct ab_pace *pace)
{
	assert(pace->limit == 0 || pace->count + pace->out < pace->limit);
	pace->out++;
}

void
ab_pace_stamp(struct ab_pace *pace, int64_t now_ms)
{
	assert(pace->out > 0);
	pace->out--;
	if (pace->limit == 0)
		return;
	pace->stamps[(pace->first + pace->count) % pace->limit] = now_ms;
	pace->count++;
}
