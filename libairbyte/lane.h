/*
 * lane.h: what carries one item of an exchange's step at a time: its request, its tries, its waits.
 */
#ifndef AB_LANE_H
#define AB_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "exchange.h"
#include "http.h"
#include "throttle.h"
#include "tries.h"

enum ab_lane_state {
	AB_LANE_IDLE,    /* nothing */
	AB_LANE_READY,   /* the request is built and waits for its turn by the throttle */
	AB_LANE_OUT,     /* the request is in flight */
	AB_LANE_RESTING, /* refused or lost; to be asked for again at ready_ms */
};

struct ab_lane {
	enum ab_lane_state state;
	struct ab_exchange_run *run; /* whose it is */
	unsigned item;
	int64_t ready_ms;
	int64_t waited_ms; /* waits that use up no try */
	struct ab_request request;
	struct ab_tries tries;  /* of one item of several */
	struct ab_wait *untold; /* a long wait that nobody was told of; NULL: none */
};

void ab_lane_init(struct ab_lane *lane, struct ab_exchange_run *run);
void ab_lane_release(struct ab_lane *lane);

/* It is idle; of its item nothing stays but the memory of the request. */
void ab_lane_clear(struct ab_lane *lane);

/* Sends the request, which ab_throttle_ask let go; batch: for its middle, or NULL. The reply's
 * owner is the lane. */
void ab_lane_send(struct ab_lane *lane, struct ab_http *http, struct ab_throttle *throttle,
    const struct ab_batch *batch);

/* Rests for wait->wait_ms (by AB_TIME_SCALE). */
void ab_lane_rest(struct ab_lane *lane, const struct ab_wait *wait, int64_t now_ms);

/* The same for a wait that uses up no try. Returns -1, and does not rest, if all of them together
 * would pass AB_WAIT_TOTAL_MS; *given_up says so, and why it would have. */
int ab_lane_wait_out(
    struct ab_lane *lane, const struct ab_wait *wait, int64_t now_ms, struct ab_error *given_up);

/* The wait begun since it was asked for last, if it is 10 s or longer and not over; false if there
 * is none. */
bool ab_lane_waiting(struct ab_lane *lane, struct ab_wait *wait);

#endif
