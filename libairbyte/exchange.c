#include "exchange.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alloc.h"
#include "clock.h"
#include "pace.h"
#include "trouble.h"

#define REQUEST_TEXT_MAX ((size_t)256 << 10)
#define REQUEST_BODY_MAX ((size_t)256 << 20)
#define ANSWER_MAX ((size_t)8 << 20)
#define LONG_WAIT_MS 10000

/*
 * A lane carries one item of the present step at a time:
 *   IDLE     nothing
 *   READY    the request is built and waits for its turn by limits->rate
 *   OUT      the request is in flight
 *   RESTING  refused or lost; asked for again at ready_ms
 */
enum lane_state { LANE_IDLE, LANE_READY, LANE_OUT, LANE_RESTING };

struct lane {
	enum lane_state state;
	struct exchange *exchange;
	unsigned item;
	unsigned tries;
	int64_t waited_ms; /* waits that use up no try */
	int64_t ready_ms;
	struct ab_request request;
	struct ab_trouble *trouble; /* of one item of several; NULL: none */
	struct ab_wait *untold;     /* for ab_exchange_waiting; NULL: none */
};

struct exchange {
	struct ab_exchange x;
	unsigned step;                /* what x.step is set to before each call */
	unsigned next;                /* the step after this one */
	unsigned cursor;              /* the first item not begun */
	bool opened;                  /* item 0 of this step was asked for */
	bool again;                   /* some item said AB_NEXT */
	bool sent;                    /* some item of this step was sent */
	bool cut;                     /* winding down left an item of this step undone */
	bool over;                    /* outcome.result is set: no new requests */
	unsigned tries[AB_STEPS_MAX]; /* of steps with one item, also when they are revisited */
	struct ab_trouble *trouble;   /* of those steps; NULL: none has tries counted */
	struct ab_outcome outcome;
	struct lane *lanes; /* limits->fan of them */
	struct exchange *prev, *next_one;
};

struct ab_exchange_set {
	const struct ab_destination *destination;
	void *self;
	const struct ab_limits *limits;
	struct ab_http *http;
	struct ab_pace pace;
	struct exchange *active; /* oldest first */
	struct exchange *ended;
	size_t active_count;
	bool winding_down;
	bool resumed;
	struct ab_timing *timings; /* limits->in_flight of them; NULL: they are not kept */
	size_t timing_count;
	uint32_t random;
	int64_t replied_ms; /* when the last reply came */
	int64_t pace_ms;    /* when a lane that is READY can go; INT64_MAX: none waits */
};

struct ab_exchange_set *
ab_exchange_set_new(const struct ab_destination *destination, void *self,
    const struct ab_limits *limits, struct ab_http *http)
{
	struct ab_exchange_set *set = ab_calloc(1, sizeof(*set));

	set->destination = destination;
	set->self = self;
	set->limits = limits;
	set->http = http;
	set->random = (uint32_t)ab_clock_unix_ms() | 1U;
	set->replied_ms = INT64_MIN / 2;
	set->pace_ms = INT64_MAX;
	ab_pace_init(&set->pace, &limits->rate);
	return set;
}

static void
request_init(struct ab_request *request)
{
	ab_buf_init(&request->url, REQUEST_TEXT_MAX);
	ab_buf_init(&request->headers, REQUEST_TEXT_MAX);
	ab_buf_init(&request->head, REQUEST_BODY_MAX);
	ab_buf_init(&request->tail, REQUEST_BODY_MAX);
}

static void
request_release(struct ab_request *request)
{
	ab_buf_release(&request->url);
	ab_buf_release(&request->headers);
	ab_buf_release(&request->head);
	ab_buf_release(&request->tail);
}

/* Empty, but with its memory. */
static void
request_reset(struct ab_request *request)
{
	struct ab_request fresh = {.url = request->url,
	    .headers = request->headers,
	    .head = request->head,
	    .tail = request->tail};

	ab_buf_reset(&fresh.url);
	ab_buf_reset(&fresh.headers);
	ab_buf_reset(&fresh.head);
	ab_buf_reset(&fresh.tail);
	*request = fresh;
}

static void
exchange_free(struct exchange *e, const struct ab_exchange_set *set)
{
	for (unsigned i = 0; i < set->limits->fan; i++) {
		request_release(&e->lanes[i].request);
		free(e->lanes[i].trouble);
		free(e->lanes[i].untold);
	}
	free(e->lanes);
	free(e->trouble);
	free(e->x.scratch);
	ab_buf_release(&e->x.answer);
	free(e);
}

void
ab_exchange_set_free(struct ab_exchange_set *set)
{
	struct exchange *e = NULL;
	struct exchange *following = NULL;

	if (set == NULL)
		return;
	DL_FOREACH_SAFE2(set->active, e, following, next_one)
	{
		ab_batch_free(e->outcome.batch);
		exchange_free(e, set);
	}
	DL_FOREACH_SAFE2(set->ended, e, following, next_one)
	{
		ab_batch_free(e->outcome.batch);
		exchange_free(e, set);
	}
	ab_pace_release(&set->pace);
	free(set->timings);
	free(set);
}

static void
enter_step(struct exchange *e, unsigned step)
{
	e->step = step;
	e->next = step;
	e->cursor = 0;
	e->x.items = 1;
	e->opened = e->again = e->sent = false;
}

void
ab_exchange_start(struct ab_exchange_set *set, enum ab_phase phase, struct ab_stream *stream,
    struct ab_batch *batch, bool complete)
{
	struct exchange *e = ab_calloc(1, sizeof(*e));

	e->x = (struct ab_exchange){
	    .phase = phase, .stream = stream, .batch = batch, .complete = complete};
	ab_buf_init(&e->x.answer, ANSWER_MAX);
	e->outcome = (struct ab_outcome){.phase = phase, .stream = stream, .batch = batch};
	e->lanes = ab_calloc(set->limits->fan, sizeof(*e->lanes));
	for (unsigned i = 0; i < set->limits->fan; i++) {
		e->lanes[i].exchange = e;
		request_init(&e->lanes[i].request);
	}
	enter_step(e, 0);
	DL_APPEND2(set->active, e, prev, next_one);
	set->active_count++;
}

static void
end(struct exchange *e, enum ab_result result, const struct ab_error *error)
{
	if (e->over)
		return; /* the first cause stands */
	e->over = true;
	e->outcome.result = result;
	if (error != NULL)
		e->outcome.error = *error;
}

static void
lane_clear(struct lane *lane)
{
	free(lane->trouble);
	lane->trouble = NULL;
	free(lane->untold);
	lane->untold = NULL;
	lane->state = LANE_IDLE;
	lane->tries = 0;
	lane->waited_ms = 0;
}

static void
rest(struct lane *lane, const struct ab_wait *wait, int64_t now_ms)
{
	lane->state = LANE_RESTING;
	lane->ready_ms = now_ms + ab_clock_scaled(wait->wait_ms);
	free(lane->untold);
	lane->untold = NULL;
	if (wait->wait_ms < LONG_WAIT_MS)
		return;
	lane->untold = ab_malloc(sizeof(*lane->untold));
	*lane->untold = *wait;
}

static uint32_t
next_random(struct ab_exchange_set *set)
{
	set->random ^= set->random << 13;
	set->random ^= set->random >> 17;
	set->random ^= set->random << 5;
	return set->random;
}

/* What was asked for by an item that is done now went well in the end. What other steps tried and
 * may try again stays known, and so does how long was waited for it, unless that is settled too. */
static void
forget_tries(struct exchange *e)
{
	e->tries[e->step] = 0;
	if (e->x.settled)
		memset(e->tries, 0, sizeof(e->tries));
	for (unsigned step = 0; step < AB_STEPS_MAX; step++) {
		if (e->tries[step] > 0)
			return;
	}
	free(e->trouble);
	e->trouble = NULL;
}

static void
try_again(struct ab_exchange_set *set, struct lane *lane, const struct ab_reply *reply,
    const struct ab_error *error, int64_t now_ms)
{
	struct exchange *e = lane->exchange;
	const bool alone = e->x.items == 1;
	struct ab_trouble **trouble = alone ? &e->trouble : &lane->trouble;
	unsigned *tries = alone ? &e->tries[e->step] : &lane->tries;

	ab_trouble_note(trouble, reply->status, error);
	++*tries;
	const int64_t wait_ms = ab_retry_wait(&set->limits->retry, *tries, (*trouble)->waited_ms,
	    reply->retry_after_ms, next_random(set));
	if (wait_ms < 0) {
		struct ab_error given_up;
		ab_trouble_tell(*trouble, &given_up);
		end(e, AB_RESULT_FAILED, &given_up);
		lane_clear(lane);
		return;
	}
	if (alone)
		e->step = e->x.step;
	(*trouble)->waited_ms += wait_ms;
	const struct ab_wait wait = {.stream = e->x.stream,
	    .wait_ms = wait_ms,
	    .next_try = *tries + 1,
	    .tries = set->limits->retry.delays + 1,
	    .error = *error};
	rest(lane, &wait, now_ms);
}

static void
wait_out(
    struct lane *lane, const struct ab_reply *reply, const struct ab_error *error, int64_t now_ms)
{
	struct exchange *e = lane->exchange;
	const int64_t wait_ms = reply->retry_after_ms >= 0 ? reply->retry_after_ms : e->x.wait_ms;

	if (lane->waited_ms + wait_ms > AB_WAIT_TOTAL_MS) {
		struct ab_error given_up;
		ab_fail(&given_up, error->kind, "%.800s; given up after waiting %d minutes",
		    error->message, (int)(lane->waited_ms / 60000));
		end(e, AB_RESULT_FAILED, &given_up);
		lane_clear(lane);
		return;
	}
	lane->waited_ms += wait_ms;
	const struct ab_wait wait = {.stream = e->x.stream, .wait_ms = wait_ms, .error = *error};
	rest(lane, &wait, now_ms);
}

static void
judge(struct ab_exchange_set *set, struct lane *lane, const struct ab_reply *reply, int64_t now_ms)
{
	struct exchange *e = lane->exchange;
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};

	set->replied_ms = now_ms;
	if (set->timings != NULL && set->timing_count < set->limits->in_flight)
		set->timings[set->timing_count++] = (struct ab_timing){
		    .stream = e->x.stream, .us = reply->elapsed_us, .status = reply->status};
	if (lane->request.metered)
		ab_pace_stamp(&set->pace, now_ms);
	if (lane->request.metered && reply->status == 429)
		ab_pace_refuse(&set->pace);
	e->x.step = e->step;
	e->x.item = lane->item;
	e->x.wait_ms = 0;
	e->x.settled = false;
	const enum ab_verdict verdict = set->destination->response(set->self, &e->x, reply, &error);
	switch (verdict) {
	case AB_NEXT:
		e->again = true;
		e->next = e->x.step;
		/* fall through */
	case AB_DONE:
		forget_tries(e);
		lane_clear(lane);
		break;
	case AB_RETRY:
		try_again(set, lane, reply, &error, now_ms);
		break;
	case AB_WAIT:
		wait_out(lane, reply, &error, now_ms);
		break;
	case AB_SPLIT:
		end(e,
		    e->x.batch != NULL && e->x.batch->count > 1 ? AB_RESULT_SPLIT
								: AB_RESULT_FAILED,
		    &error);
		lane_clear(lane);
		break;
	case AB_FAILED:
		end(e, AB_RESULT_FAILED, &error);
		lane_clear(lane);
		break;
	}
}

static void
send(struct ab_exchange_set *set, struct lane *lane)
{
	const struct ab_batch *batch = lane->exchange->x.batch;
	const struct ab_request *request = &lane->request;
	struct ab_view middle = {0};

	if (batch != NULL && request->to > request->from)
		middle =
		    (struct ab_view){batch->body.data + request->from, request->to - request->from};
	if (request->metered)
		ab_pace_take(&set->pace);
	lane->state = LANE_OUT;
	lane->exchange->sent = true;
	ab_http_send(set->http, request, middle, lane);
}

/* Before this nothing can be sent: limits->pause_ms is not over since the last reply, or one is
 * awaited (INT64_MAX). */
static int64_t
pause_end(const struct ab_exchange_set *set)
{
	if (set->limits->pause_ms <= 0)
		return INT64_MIN;
	if (ab_http_in_flight(set->http) > 0)
		return INT64_MAX;
	return set->replied_ms + ab_clock_scaled(set->limits->pause_ms);
}

/* Sends what lane holds if the rate, a pause and the limit of requests in flight allow; false if
 * the latter two do not. */
static bool
send_if_allowed(struct ab_exchange_set *set, struct lane *lane, int64_t now_ms)
{
	if (ab_http_in_flight(set->http) >= set->limits->in_flight)
		return false;
	if (pause_end(set) > now_ms) {
		set->pace_ms = now_ms; /* as soon as the pause is over */
		return false;
	}
	if (lane->request.metered) {
		const int64_t ready_ms = ab_pace_ready_at(&set->pace, now_ms);
		if (ready_ms > now_ms) {
			if (ready_ms < set->pace_ms)
				set->pace_ms = ready_ms;
			return true; /* requests that are not metered may still go */
		}
	}
	send(set, lane);
	return true;
}

/* Asks the connector for the request of lane's item. */
static enum ab_ask
ask(struct ab_exchange_set *set, struct lane *lane)
{
	struct exchange *e = lane->exchange;
	struct ab_error error = {.kind = AB_SYSTEM_ERROR};

	request_reset(&lane->request);
	e->x.step = e->step;
	e->x.item = lane->item;
	const enum ab_ask answer =
	    set->destination->request(set->self, &e->x, &lane->request, &error);
	/* At the first item the connector may find that this step is not the one to begin with. */
	if (!e->opened || e->x.items == 1) {
		e->step = e->x.step;
		e->opened = true;
	}
	const struct ab_request *r = &lane->request;
	if (answer == AB_SEND && (r->url.overflowed || r->headers.overflowed ||
				     r->head.overflowed || r->tail.overflowed)) {
		ab_fail(&error, AB_SYSTEM_ERROR, "a request grew beyond its limit");
		end(e, AB_RESULT_FAILED, &error);
		return AB_REFUSE;
	}
	if (answer == AB_REFUSE)
		end(e, AB_RESULT_FAILED, &error);
	return answer;
}

/* Gives an idle lane the next item that needs a request; false if there is none left. */
static bool
load(struct ab_exchange_set *set, struct lane *lane)
{
	struct exchange *e = lane->exchange;

	while (!e->over && e->cursor < e->x.items) {
		lane->item = e->cursor++;
		if (ask(set, lane) == AB_SEND) {
			lane->state = LANE_READY;
			return true;
		}
	}
	return false;
}

/* Moves one lane as far as it goes; false if the set can send nothing more now. */
static bool
drive_lane(struct ab_exchange_set *set, struct lane *lane, int64_t now_ms)
{
	if (lane->state == LANE_RESTING) {
		if (lane->exchange->over) {
			lane_clear(lane);
			return true;
		}
		if (lane->ready_ms > now_ms)
			return true;
		const enum ab_ask answer = ask(set, lane);
		if (answer != AB_SEND) {
			lane_clear(lane);
			return true;
		}
		lane->state = LANE_READY;
	}
	if (lane->state == LANE_READY && lane->exchange->over)
		lane_clear(lane);
	if (lane->state == LANE_IDLE && !load(set, lane))
		return true;
	return lane->state != LANE_READY || send_if_allowed(set, lane, now_ms);
}

static bool
quiet(const struct exchange *e, unsigned fan)
{
	for (unsigned i = 0; i < fan; i++) {
		if (e->lanes[i].state != LANE_IDLE)
			return false;
	}
	return true;
}

/* Sends nothing; an exchange that has no further request to make is done all the same. */
static void
wind_down_exchange(const struct ab_exchange_set *set, struct exchange *e)
{
	for (unsigned i = 0; i < set->limits->fan; i++) {
		if (e->lanes[i].state == LANE_READY || e->lanes[i].state == LANE_RESTING) {
			e->cut = true;
			lane_clear(&e->lanes[i]);
		}
	}
	if (!quiet(e, set->limits->fan))
		return;
	const bool through = e->opened && !e->cut && e->cursor >= e->x.items && !e->again;
	end(e, through ? AB_RESULT_DONE : AB_RESULT_ABANDONED, NULL);
}

/* Sends what may be sent; false if the set can send nothing more now. */
static bool
drive_exchange(struct ab_exchange_set *set, struct exchange *e, int64_t now_ms)
{
	const unsigned fan = set->limits->fan;
	bool room = true;

	if (set->winding_down) {
		wind_down_exchange(set, e);
		return false;
	}
	for (;;) {
		for (unsigned i = 0; i < fan && (room || e->over); i++) {
			if (!drive_lane(set, &e->lanes[i], now_ms))
				room = false;
		}
		if (e->over || !room || e->cursor < e->x.items || !quiet(e, fan))
			return room;
		if (!e->sent || !e->again) {
			end(e, AB_RESULT_DONE, NULL);
			return room;
		}
		enter_step(e, e->next);
	}
}

void
ab_exchange_drive(struct ab_exchange_set *set, int64_t now_ms)
{
	struct ab_reply reply;
	void *owner = NULL;
	struct exchange *e = NULL;
	struct exchange *following = NULL;
	struct ab_error error;
	bool room = true;

	set->timing_count = 0;
	while (ab_http_receive(set->http, &reply, &owner))
		judge(set, owner, &reply, now_ms);
	if (!set->resumed && ab_exchange_failed(set, &error))
		set->winding_down = true;
	set->pace_ms = INT64_MAX;
	DL_FOREACH_SAFE2(set->active, e, following, next_one)
	{
		if (room || e->over || set->winding_down)
			room = drive_exchange(set, e, now_ms) && room;
		if (e->over && quiet(e, set->limits->fan)) {
			DL_DELETE2(set->active, e, prev, next_one);
			DL_APPEND2(set->ended, e, prev, next_one);
			set->active_count--;
		}
	}
}

/* What an exchange found out becomes the caller's. */
static void
take_answer(struct exchange *e, struct ab_outcome *outcome)
{
	if (e->x.answer.overflowed) {
		outcome->result = AB_RESULT_FAILED;
		ab_fail(&outcome->error, AB_SYSTEM_ERROR,
		    "what the service offers is more than %zu MB", ANSWER_MAX >> 20);
		return;
	}
	outcome->answer = e->x.answer;
	ab_buf_init(&e->x.answer, ANSWER_MAX);
}

bool
ab_exchange_finished(struct ab_exchange_set *set, struct ab_outcome *outcome)
{
	struct exchange *e = set->ended;

	if (e == NULL)
		return false;
	DL_DELETE2(set->ended, e, prev, next_one);
	*outcome = e->outcome;
	if (e->outcome.result == AB_RESULT_DONE)
		take_answer(e, outcome);
	exchange_free(e, set);
	return true;
}

bool
ab_exchange_waiting(struct ab_exchange_set *set, struct ab_wait *wait)
{
	const struct exchange *e = NULL;

	DL_FOREACH2(set->active, e, next_one)
	{
		for (unsigned i = 0; i < set->limits->fan; i++) {
			struct lane *lane = &e->lanes[i];
			if (lane->untold == NULL)
				continue;
			*wait = *lane->untold;
			free(lane->untold);
			lane->untold = NULL;
			return true;
		}
	}
	return false;
}

void
ab_exchange_keep_timings(struct ab_exchange_set *set)
{
	if (set->timings == NULL)
		set->timings = ab_calloc(set->limits->in_flight, sizeof(*set->timings));
}

bool
ab_exchange_timing(struct ab_exchange_set *set, struct ab_timing *timing)
{
	if (set->timing_count == 0)
		return false;
	*timing = set->timings[--set->timing_count];
	return true;
}

int64_t
ab_exchange_deadline(const struct ab_exchange_set *set)
{
	const int64_t pause = pause_end(set);
	int64_t deadline = set->pace_ms;
	const struct exchange *e = NULL;

	/* With every place taken nothing can be sent: only a reply makes work. */
	if (ab_http_in_flight(set->http) >= set->limits->in_flight)
		return INT64_MAX;
	DL_FOREACH2(set->active, e, next_one)
	{
		for (unsigned i = 0; i < set->limits->fan; i++) {
			const struct lane *lane = &e->lanes[i];
			if (lane->state == LANE_RESTING && lane->ready_ms < deadline)
				deadline = lane->ready_ms;
		}
	}
	return deadline > pause ? deadline : pause;
}

size_t
ab_exchange_active(const struct ab_exchange_set *set)
{
	return set->active_count;
}

bool
ab_exchange_failed(const struct ab_exchange_set *set, struct ab_error *error)
{
	const struct exchange *e = NULL;

	DL_FOREACH2(set->active, e, next_one)
	{
		if (e->over && e->outcome.result == AB_RESULT_FAILED) {
			*error = e->outcome.error;
			return true;
		}
	}
	return false;
}

bool
ab_exchange_trouble(const struct ab_exchange_set *set, struct ab_error *error)
{
	const struct exchange *e = NULL;

	DL_FOREACH2(set->active, e, next_one)
	{
		const struct ab_trouble *trouble = e->trouble;
		for (unsigned i = 0; i < set->limits->fan && trouble == NULL; i++)
			trouble = e->lanes[i].trouble;
		if (trouble != NULL) {
			*error = trouble->first;
			return true;
		}
	}
	return false;
}

static bool
keep_one_order(const struct ab_stream *a, const struct ab_stream *b)
{
	const unsigned space = ab_stream_order_space(a);

	return a == b || (space != 0 && space == ab_stream_order_space(b));
}

bool
ab_exchange_shares_key(const struct ab_exchange_set *set, const struct ab_batch *batch)
{
	const struct exchange *e = NULL;

	DL_FOREACH2(set->active, e, next_one)
	{
		if (e->x.batch != NULL && keep_one_order(e->x.stream, batch->stream) &&
		    ab_batch_shares_key(e->x.batch, batch))
			return true;
	}
	return false;
}

void
ab_exchange_wind_down(struct ab_exchange_set *set)
{
	set->winding_down = true;
}

void
ab_exchange_abandon(struct ab_exchange_set *set, int64_t now_ms)
{
	struct exchange *e = NULL;

	ab_exchange_wind_down(set);
	ab_http_cancel(set->http);
	DL_FOREACH2(set->active, e, next_one)
	{
		for (unsigned i = 0; i < set->limits->fan; i++) {
			if (e->lanes[i].state != LANE_OUT)
				continue;
			if (e->lanes[i].request.metered)
				ab_pace_stamp(&set->pace, now_ms);
			e->cut = true;
			lane_clear(&e->lanes[i]);
		}
	}
}

void
ab_exchange_resume(struct ab_exchange_set *set)
{
	set->winding_down = false;
	set->resumed = true;
}
