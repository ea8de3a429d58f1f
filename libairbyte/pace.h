/*
 * pace.h: a sliding window, so that a service's rate limit is kept without asking it.
 *
 * At most rate.requests within any rate.per_ms. A slot is taken when a request starts and stamped
 * when its reply comes: the service counted it at some moment between the two, so counting from the
 * later one never sends too much. now_ms must not run backwards.
 */
#ifndef AB_PACE_H
#define AB_PACE_H

#include <stddef.h>
#include <stdint.h>

/* A service's limit, as its documentation states it. */
struct ab_rate {
	size_t requests; /* within any per_ms; 0: no pacing */
	int64_t per_ms;
};

struct ab_pace {
	struct ab_rate rate;
	int64_t window_ms; /* rate.per_ms by AB_TIME_SCALE */
	int64_t *stamps;   /* ring of the last rate.requests reply times */
	size_t first;      /* the oldest stamp */
	size_t count;
	size_t out; /* slots taken and not stamped */
};

/* per_ms is multiplied by AB_TIME_SCALE (clock.h). */
void ab_pace_init(struct ab_pace *pace, const struct ab_rate *rate);
void ab_pace_release(struct ab_pace *pace);

/* When a slot is free: now_ms or earlier = now; INT64_MAX = only after a reply. */
int64_t ab_pace_ready_at(struct ab_pace *pace, int64_t now_ms);

/* Takes the slot that ab_pace_ready_at, just called, said is free. */
void ab_pace_take(struct ab_pace *pace);

/* The reply came, or was lost. Also a refusal keeps its slot for a window: it says that others use
 * the same limit, so the pace falls by about what they take instead of asking again and again. */
void ab_pace_stamp(struct ab_pace *pace, int64_t now_ms);

#endif
