/*
 * exchange.h: many conversations with the service at once. What one of them is, its steps and
 * tries, is exchange_run.h.
 *
 * Nothing happens outside ab_exchange_drive. Requests in flight over the whole set never pass
 * limits->in_flight (throttle.h), those of one exchange never limits->fan; exchanges that were
 * started earlier go first.
 */
#ifndef AB_EXCHANGE_H
#define AB_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "destination.h"
#include "http.h"

struct ab_exchange_set;

enum ab_result {
	AB_RESULT_DONE,
	AB_RESULT_SPLIT,     /* the batch is to be halved and delivered again */
	AB_RESULT_FAILED,    /* error says why: the first cause, and how often it was tried */
	AB_RESULT_ABANDONED, /* the set was wound down before this exchange was through */
};

/* How an exchange ended. */
struct ab_outcome {
	enum ab_phase phase;
	enum ab_result result;
	struct ab_stream *stream;
	struct ab_batch *batch; /* the caller's again */
	struct ab_buf answer;   /* of an AB_DISCOVER that is done, the caller's; else empty */
	struct ab_error error;
};

/* A wait of 10 s or longer that an exchange has begun. */
struct ab_wait {
	struct ab_stream *stream; /* NULL in AB_CHECK and AB_DISCOVER */
	int64_t wait_ms;          /* before AB_TIME_SCALE */
	unsigned next_try;        /* what comes after it, from 2; 0: AB_WAIT, it uses up no try */
	unsigned tries;           /* that the policy allows */
	struct ab_error error;    /* why */
};

/* How long a request took. */
struct ab_timing {
	const struct ab_stream *stream; /* NULL without one */
	int64_t us;
	int status; /* of HTTP; 0: its reply was lost */
};

/* destination, self, limits and http must outlive the set. */
struct ab_exchange_set *ab_exchange_set_new(const struct ab_destination *destination, void *self,
    const struct ab_limits *limits, struct ab_http *http);
void ab_exchange_set_free(struct ab_exchange_set *set);

/* Begins an exchange; the batch (or NULL) is the set's until the outcome hands it back. */
void ab_exchange_start(struct ab_exchange_set *set, enum ab_phase phase, struct ab_stream *stream,
    struct ab_batch *batch, bool complete);

/* Takes in replies, sends what may be sent. Never waits. */
void ab_exchange_drive(struct ab_exchange_set *set, int64_t now_ms);

/* The next exchange that ended; false if there is none. */
bool ab_exchange_finished(struct ab_exchange_set *set, struct ab_outcome *outcome);

/* The next wait begun since it was asked for last; false if there is none. What nobody asks for is
 * forgotten with the wait. */
bool ab_exchange_waiting(struct ab_exchange_set *set, struct ab_wait *wait);

/* From now on the time of each request is kept until it is asked for, but only of those that one
 * ab_exchange_drive took in; and the next of them, false if there is none. */
void ab_exchange_keep_timings(struct ab_exchange_set *set);
bool ab_exchange_timing(struct ab_exchange_set *set, struct ab_timing *timing);

/* When ab_exchange_drive has something to do even if no reply comes; INT64_MAX: nothing. */
int64_t ab_exchange_deadline(const struct ab_exchange_set *set);

/* Exchanges begun and not finished. */
size_t ab_exchange_active(const struct ab_exchange_set *set);

/* Whether an active exchange has failed and is only waiting for its other requests; its error. From
 * then on nothing more is sent (see ab_exchange_wind_down), unless the set was resumed. */
bool ab_exchange_failed(const struct ab_exchange_set *set, struct ab_error *error);

/* The first cause of an exchange that is to be tried again; false if none is. */
bool ab_exchange_trouble(const struct ab_exchange_set *set, struct ab_error *error);

/* Whether an active exchange of this stream, or of another that keeps one order with it (enum
 * ab_order), delivers a batch that shares a key with this one. */
bool ab_exchange_shares_key(const struct ab_exchange_set *set, const struct ab_batch *batch);

/* Sends nothing more: exchanges end when their requests in flight have been answered. */
void ab_exchange_wind_down(struct ab_exchange_set *set);

/* The same, and what is in flight is given up: with the next drive all exchanges have ended. */
void ab_exchange_abandon(struct ab_exchange_set *set, int64_t now_ms);

/* Exchanges started from now on are served again, and one that fails stops none of the others. */
void ab_exchange_resume(struct ab_exchange_set *set);

#endif
