/*
 * throttle.h: whether one more request may be sent now: the number in flight, the pause after a
 * reply, and the rate of metered requests (struct ab_limits).
 */
#ifndef AB_THROTTLE_H
#define AB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "http.h"
#include "pace.h"

struct ab_throttle {
	const struct ab_limits *limits;
	const struct ab_http *http;
	struct ab_pace pace;
	int64_t replied_ms; /* when the last reply came */
	int64_t kept_ms;    /* when what was kept back may go; INT64_MAX: nothing was */
};

/* limits and http, which sends the requests, must outlive it. */
void ab_throttle_init(
    struct ab_throttle *throttle, const struct ab_limits *limits, const struct ab_http *http);
void ab_throttle_release(struct ab_throttle *throttle);

/* Forgets what was kept back: all that waits will ask again. */
void ab_throttle_restart(struct ab_throttle *throttle);

enum ab_throttle_answer {
	AB_THROTTLE_SEND,
	AB_THROTTLE_RATE, /* it is kept back, as it is metered; others may still go */
	AB_THROTTLE_ALL,  /* nothing may go */
};
enum ab_throttle_answer ab_throttle_ask(struct ab_throttle *throttle, bool metered, int64_t now_ms);

/* What became of a request that ab_throttle_ask let go: it is sent at once, its reply came or was
 * lost (status 0), or it was given up. */
void ab_throttle_sent(struct ab_throttle *throttle, bool metered);
void ab_throttle_replied(struct ab_throttle *throttle, bool metered, int status, int64_t now_ms);
void ab_throttle_given_up(struct ab_throttle *throttle, bool metered, int64_t now_ms);

/* When one may go, of those that were kept back and one that asks at next_ms (INT64_MAX: there is
 * none); INT64_MAX: only after a reply. */
int64_t ab_throttle_deadline(const struct ab_throttle *throttle, int64_t next_ms);

#endif
