/*
 * exchange_run.h: one exchange under way: joins a connector's request() and response() to the
 * network. Asks for the requests of a step, has up to limits->fan of them out at once, each in a
 * lane, hands over the replies, and goes on to the next step when all are answered. exchange.c runs
 * many of them.
 */
#ifndef AB_EXCHANGE_RUN_H
#define AB_EXCHANGE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "exchange.h"
#include "http.h"
#include "throttle.h"
#include "tries.h"

/* What the exchanges of a set have in common; it outlives them. */
struct ab_exchange_world {
	const struct ab_destination *destination;
	void *self; /* the connector's */
	const struct ab_limits *limits;
	struct ab_http *http;
	struct ab_throttle throttle;
	uint32_t random; /* never 0 */
};

struct ab_lane; /* lane.h */

struct ab_exchange_run {
	struct ab_exchange x; /* as the connector sees it */
	struct ab_outcome outcome;
	bool over; /* outcome.result is set: no new requests */

	struct ab_exchange_world *world;
	unsigned step;         /* what x.step is set to before each call */
	unsigned next_step;    /* the one after it */
	unsigned cursor;       /* the first item not begun */
	bool opened;           /* item 0 of this step was asked for */
	bool again;            /* some item said AB_NEXT */
	bool sent;             /* some item of this step was sent */
	bool cut;              /* winding down left an item of this step undone */
	struct ab_tries tries; /* of steps with one item */
	struct ab_lane *lanes; /* limits->fan of them */

	struct ab_exchange_run *prev, *next; /* for the list it stands in */
};

/* The batch (or NULL) is handed back in the outcome; nobody frees it before. */
struct ab_exchange_run *ab_exchange_run_new(struct ab_exchange_world *world, enum ab_phase phase,
    struct ab_stream *stream, struct ab_batch *batch, bool complete);
void ab_exchange_run_free(struct ab_exchange_run *run);

/* exchange_reply.c: has the connector judge a reply. owner: as ab_http_receive gave it, of a
 * request of some run, which is returned. */
struct ab_exchange_run *ab_exchange_run_take(
    void *owner, const struct ab_reply *reply, int64_t now_ms);

/* It is over with this result, and nothing new is asked for; error (or NULL) is copied. If it was
 * over before, the first cause stands. */
void ab_exchange_run_end(
    struct ab_exchange_run *run, enum ab_result result, const struct ab_error *error);

/* Sends what may be sent; false if no exchange can send anything more now. */
bool ab_exchange_run_drive(struct ab_exchange_run *run, int64_t now_ms);

/* Sends nothing more; one that has no further request to make is done all the same. */
void ab_exchange_run_wind_down(struct ab_exchange_run *run);

/* What is out was given up (ab_http_cancel): no reply will come. */
void ab_exchange_run_abandon(struct ab_exchange_run *run, int64_t now_ms);

/* Whether it is over, and no reply is awaited: it may be freed. */
bool ab_exchange_run_ended(const struct ab_exchange_run *run);

/* What it ended with; what was found out becomes the caller's. Once. */
void ab_exchange_run_outcome(struct ab_exchange_run *run, struct ab_outcome *outcome);

/* As ab_exchange_waiting, of this one. */
bool ab_exchange_run_waiting(struct ab_exchange_run *run, struct ab_wait *wait);

/* When a request that is to be tried again, or is to wait, is ready; INT64_MAX: none is. */
int64_t ab_exchange_run_deadline(const struct ab_exchange_run *run);

/* The tries that failed so far; NULL: none that still counts. */
const struct ab_trouble *ab_exchange_run_trouble(const struct ab_exchange_run *run);

#endif
