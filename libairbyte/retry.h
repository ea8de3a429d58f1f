/*
 * retry.h: pure: how often and how long to wait before a request is sent again.
 */
#ifndef AB_RETRY_H
#define AB_RETRY_H

#include <stdint.h>

#define AB_RETRY_DELAYS_MAX 8

/* Policy as data: the wait before each further try. */
struct ab_retry_policy {
	int64_t delays_ms[AB_RETRY_DELAYS_MAX];
	unsigned delays;  /* further tries after the first */
	int64_t total_ms; /* all waits together never pass this */
};

/*
 * The wait in ms after the failed try number failed (1 = the first), or -1: no more. waited_ms is
 * what this request has waited so far. A Retry-After (retry_after_ms >= 0) takes the place of a
 * shorter delay; one that does not fit into what is left of the total means no more, as waiting
 * less than the service asked for is a try wasted. random spreads the wait over [wait, 1.25 wait],
 * so that many clients do not come back at once; the spread is cut to what is left of the total.
 */
int64_t ab_retry_wait(const struct ab_retry_policy *policy, unsigned failed, int64_t waited_ms,
    int64_t retry_after_ms, uint32_t random);

/* 1 if the status says "again" (408, 425, 429, 500, 502, 503, 504, or 0 = lost), 0 if it is 2xx, -1
 * if it says no. The one place that knows. */
int ab_retry_status(int status);

#endif
