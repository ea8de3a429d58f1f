/*
 * pace.h: a service's rate limit, kept without asking the service.
 *
 * Services count in one of two ways. A sliding window: at most `requests` within any `per_ms`. Or a
 * token bucket: it holds `burst` tokens, is full at first, gets `requests` more per `per_ms` in an
 * even flow, and each request takes one.
 *
 * A slot (of the window) or token (of the bucket) is taken when a request starts and stamped when
 * its reply comes. Only from then on it comes back: the service counted the request at some moment
 * between the two, so counting from the later one never sends too much. now_ms must not run
 * backwards.
 */
#ifndef AB_PACE_H
#define AB_PACE_H

#include <stddef.h>
#include <stdint.h>

/* A service's limit, as its documentation states it. burst times per_ms is below 10^15. */
struct ab_rate {
	size_t requests; /* per per_ms; 0: no pacing */
	int64_t per_ms;
	size_t burst; /* tokens of the bucket; 0: it is a window */
};

struct ab_pace {
	struct ab_rate rate;
	size_t out; /* slots or tokens taken and not stamped */

	/* The window. */
	int64_t window_ms; /* rate.per_ms by AB_TIME_SCALE */
	int64_t *stamps;   /* ring of the last rate.requests reply times */
	size_t first;      /* the oldest stamp */
	size_t count;

	/* The bucket. Its tokens are measured in whole parts, so that no fraction is ever lost: a
	 * token is as many as per_ms has microseconds (by AB_TIME_SCALE), and rate.requests flow
	 * back in each microsecond. */
	int64_t token;   /* parts */
	int64_t refill;  /* parts per ms */
	int64_t debt;    /* parts stamped and not back at debt_ms */
	int64_t debt_ms; /* the last stamp */
};

/* per_ms is multiplied by AB_TIME_SCALE (clock.h). */
void ab_pace_init(struct ab_pace *pace, const struct ab_rate *rate);
void ab_pace_release(struct ab_pace *pace);

/* When a slot or token is free: now_ms or earlier = now; INT64_MAX = only after a reply. */
int64_t ab_pace_ready_at(struct ab_pace *pace, int64_t now_ms);

/* Takes the slot or token that ab_pace_ready_at, just called, said is free. */
void ab_pace_take(struct ab_pace *pace);

/* The reply came, or was lost. Also a refusal keeps what it took: it says that others use the same
 * limit, so the pace falls by about what they take instead of asking again and again. */
void ab_pace_stamp(struct ab_pace *pace, int64_t now_ms);

/* The request just stamped was refused, since the service's bucket is empty: others take from it
 * too, or an earlier run did. So is ours then, and rests for a per_ms. A window learns nothing. */
void ab_pace_refuse(struct ab_pace *pace);

#endif
