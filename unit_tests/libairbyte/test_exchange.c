#include "testing.h"

#include "fake_http.h"

#include "clock.h"
#include "exchange.h"

/* A destination of one's own for each case: functions over this script. */
static struct {
	unsigned items; /* of step 0 */
	unsigned steps; /* all but the last answer AB_NEXT */
	bool skip[64];  /* items of step 0 that need no request */
	bool metered;
	bool recount;     /* a try of step 0 that failed goes to step 1, which leads back to 0 */
	bool settles;     /* or finds that it was done, and leads to 2 */
	int statuses[64]; /* of the replies, in order of sending; 0-terminated: 200 */
	size_t answered;
	enum ab_verdict special; /* for HTTP 299 */
	int64_t wait_ms;         /* for AB_WAIT */
	size_t answers;          /* bytes that each reply adds to the answer */
	char log[4096];          /* "step.item " for each request built */
	int64_t retry_after_ms;
} script;

static enum ab_ask
script_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)err;
	if (x->step == 0 && x->item == 0)
		x->items = script.items;
	if (x->step == 0 && script.skip[x->item])
		return AB_SKIP;
	snprintf(script.log + strlen(script.log), sizeof(script.log) - strlen(script.log), "%u.%u ",
	    x->step, x->item);
	ab_buf_printf(&out->url, "http://h/%u/%u", x->step, x->item);
	out->metered = script.metered;
	return AB_SEND;
}

static enum ab_verdict
script_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	if (in->status == 299) {
		ab_fail(err, AB_TRANSIENT_ERROR, "special");
		x->wait_ms = script.wait_ms;
		return script.special;
	}
	const enum ab_verdict verdict = ab_verdict_of_status(in, err);
	if (script.recount && x->step < 2 &&
	    (x->step == 0 ? verdict == AB_RETRY : verdict == AB_DONE)) {
		x->settled = x->step == 1 && script.settles;
		x->step = x->settled ? 2 : 1 - x->step;
		if (x->settled)
			return AB_NEXT;
		return x->step == 0 ? AB_NEXT : AB_RETRY;
	}
	if (verdict != AB_DONE)
		return verdict;
	for (size_t i = 0; i < script.answers; i++)
		ab_buf_add_char(&x->answer, 'a');
	if (x->step + 1 >= script.steps)
		return AB_DONE;
	x->step++;
	return AB_NEXT;
}

static const struct ab_destination destination = {
    .name = "x", .request = script_request, .response = script_response};

static void
answer(const struct fake_call *call, struct ab_reply *reply)
{
	(void)call;
	const int status = script.statuses[script.answered++];
	reply->status = status == 0 ? 200 : status == -1 ? 0 : status;
	reply->retry_after_ms = script.retry_after_ms;
	reply->elapsed_us = 42;
	if (status == -1)
		snprintf(reply->loss, sizeof(reply->loss), "cut");
}

static struct ab_limits limits;
static struct ab_exchange_set *set;

static int
set_up(void **state)
{
	(void)state;
	memset(&script, 0, sizeof(script));
	script.items = script.steps = 1;
	script.retry_after_ms = -1;
	fake.answer = answer;
	fake.pick = NULL;
	fake.mute = false;
	limits = (struct ab_limits){.in_flight = 8,
	    .fan = 1,
	    .retry = {.delays_ms = {1000, 2000, 4000}, .delays = 3, .total_ms = 60000}};
	return 0;
}

static void
begin(void)
{
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
}

static int
tear_down(void **state)
{
	(void)state;
	ab_exchange_set_free(set);
	ab_http_free(NULL);
	set = NULL;
	return 0;
}

/* Drives with a clock of the test's own until the exchange ends; returns the time that took. */
static int64_t
run(struct ab_outcome *outcome)
{
	int64_t now_ms = 1000;

	for (int turns = 0; turns < 10000; turns++) {
		ab_exchange_drive(set, now_ms);
		if (ab_exchange_finished(set, outcome))
			return now_ms - 1000;
		const int64_t deadline = ab_exchange_deadline(set);
		if (fake.count == 0 && deadline != INT64_MAX && deadline > now_ms)
			now_ms = deadline;
	}
	fail_msg("the exchange never ended");
	return 0;
}

static void
steps_follow_one_another(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.steps = 3;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_string_equal(script.log, "0.0 1.0 2.0 ");
}

static void
items_of_a_step_go_out_together_up_to_the_fan(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 10;
	script.steps = 2;
	limits.fan = 4;
	script.skip[0] = script.skip[3] = true;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_string_equal(script.log, "0.1 0.2 0.4 0.5 0.6 0.7 0.8 0.9 1.0 ");
	assert_int_equal(fake.most, 4);
}

static void
requests_in_flight_are_bounded_over_all_exchanges(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 10;
	limits.fan = 4;
	limits.in_flight = 5;
	begin();
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	run(&outcome);
	run(&outcome);
	assert_int_equal(fake.most, 5);
	assert_int_equal(fake.sent, 20);
}

static void
an_exchange_that_skips_everything_does_no_io(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 3;
	script.steps = 2;
	script.skip[0] = script.skip[1] = script.skip[2] = true;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 0);
}

static void
losses_and_refusals_are_tried_again_with_growing_waits(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.statuses[0] = 503;
	script.statuses[1] = -1;
	script.statuses[2] = 429;
	begin();
	const int64_t took_ms = run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 4);
	assert_true(took_ms >= 7000 && took_ms <= 8750);
}

static void
out_of_tries_the_first_cause_and_a_tally_are_told(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.statuses[0] = 503;
	script.statuses[1] = -1;
	script.statuses[2] = 503;
	script.statuses[3] = 503;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_int_equal(outcome.error.kind, AB_TRANSIENT_ERROR);
	assert_string_equal(outcome.error.message,
	    "HTTP 503; given up after 4 tries (3 x HTTP 503, 1 x connection lost)");
	assert_int_equal(fake.sent, 4);
}

/* Step 0 fails each time, and what it may have done is counted by step 1 in between. */
static void
a_step_that_is_revisited_tells_its_first_cause_and_all_its_tries(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.recount = true;
	limits.retry.delays = 6;
	limits.retry.delays_ms[3] = limits.retry.delays_ms[4] = limits.retry.delays_ms[5] = 5000;
	script.statuses[0] = -1;
	for (int i = 2; i <= 12; i += 2)
		script.statuses[i] = 503;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(outcome.error.message,
	    "no answer: cut; given up after 7 tries (1 x connection lost, 6 x HTTP 503)");
	assert_string_equal(script.log, "0.0 1.0 0.0 1.0 0.0 1.0 0.0 1.0 0.0 1.0 0.0 1.0 0.0 ");
}

/* What step 1 counted says that step 0 was done after all, and step 2 fails for its own reasons. */
static void
a_step_that_is_settled_leaves_no_trouble(void **state)
{
	static const int statuses[] = {-1, 200, 503, 503, 503, 503};
	struct ab_outcome outcome;

	(void)state;
	script.recount = script.settles = true;
	memcpy(script.statuses, statuses, sizeof(statuses));
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(
	    outcome.error.message, "HTTP 503; given up after 4 tries (4 x HTTP 503)");
	assert_string_equal(script.log, "0.0 1.0 2.0 2.0 2.0 2.0 ");
}

static void
the_tally_has_the_tries_of_every_step_that_is_not_through(void **state)
{
	static const int statuses[] = {-1, 502, 200, 503, 200, 503, 200, 503};
	struct ab_outcome outcome;

	(void)state;
	script.recount = true;
	memcpy(script.statuses, statuses, sizeof(statuses));
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(outcome.error.message,
	    "no answer: cut; given up after 5 tries "
	    "(1 x connection lost, 1 x HTTP 502, 3 x HTTP 503)");
}

static void
waits_of_steps_that_are_revisited_stay_within_the_total(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.recount = true;
	limits.retry = (struct ab_retry_policy){
	    .delays_ms = {4000, 4000, 4000, 4000}, .delays = 4, .total_ms = 10000};
	for (int i = 0; i <= 8; i += 2)
		script.statuses[i] = 503;
	begin();
	assert_in_range(run(&outcome), 8000, 10000);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(
	    outcome.error.message, "HTTP 503; given up after 3 tries (3 x HTTP 503)");
}

static void
trouble_that_is_over_is_forgotten(void **state)
{
	static const int statuses[] = {-1, 200, 200, 503, 503, 503, 503};
	struct ab_outcome outcome;
	struct ab_error error;

	(void)state;
	script.recount = true;
	script.steps = 3;
	limits.retry.total_ms = 7900; /* enough for either step, not for both */
	memcpy(script.statuses, statuses, sizeof(statuses));
	begin();
	run(&outcome);
	assert_string_equal(
	    outcome.error.message, "HTTP 503; given up after 4 tries (4 x HTTP 503)");
	assert_false(ab_exchange_trouble(set, &error));
}

static void
trouble_is_known_while_a_step_is_to_be_revisited(void **state)
{
	struct ab_error error;

	(void)state;
	script.recount = true;
	script.statuses[0] = 503;
	begin();
	ab_exchange_drive(set, 1);    /* step 0 is sent */
	ab_exchange_drive(set, 2);    /* refused */
	ab_exchange_drive(set, 2000); /* step 1 is sent */
	ab_exchange_drive(set, 2001); /* well, and step 0 again */
	assert_true(ab_exchange_trouble(set, &error));
	assert_string_equal(error.message, "HTTP 503");
	ab_exchange_drive(set, 2002);
	assert_false(ab_exchange_trouble(set, &error));
}

static void
a_refusal_for_good_is_not_tried_again(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.statuses[0] = 403;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_int_equal(outcome.error.kind, AB_CONFIG_ERROR);
	assert_int_equal(fake.sent, 1);
}

static void
after_a_refusal_no_further_item_is_sent(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 10;
	limits.fan = 2;
	script.statuses[1] = 400;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_in_range(fake.sent, 2, 3);
}

/* Of four requests the first is answered first, the second never. */
static size_t
never_the_second(size_t count)
{
	return count == 4 ? 0 : 1;
}

static void
a_refusal_stops_the_others_while_an_item_is_still_out(void **state)
{
	struct ab_outcome outcome;
	struct ab_error error;

	(void)state;
	script.items = limits.fan = 2;
	script.steps = 2;
	script.statuses[0] = 403;
	fake.pick = never_the_second;
	begin();
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	ab_exchange_drive(set, 1);
	assert_int_equal(fake.sent, 4);
	assert_false(ab_exchange_failed(set, &error));
	ab_exchange_drive(set, 2);
	assert_int_equal(fake.sent, 4);
	assert_true(ab_exchange_failed(set, &error));
	assert_int_equal(error.kind, AB_CONFIG_ERROR);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_ABANDONED);
}

static void
retry_after_is_obeyed(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.statuses[0] = 429;
	script.retry_after_ms = 30000;
	begin();
	const int64_t took_ms = run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_in_range(took_ms, 30000, 37500);
}

static void
a_long_wait_between_tries_is_told_once(void **state)
{
	struct ab_wait wait;

	(void)state;
	script.statuses[0] = -1;
	script.retry_after_ms = 30000;
	begin();
	ab_exchange_drive(set, 1);
	assert_false(ab_exchange_waiting(set, &wait));
	ab_exchange_drive(set, 2);
	assert_true(ab_exchange_waiting(set, &wait));
	assert_null(wait.stream);
	assert_in_range(wait.wait_ms, 30000, 37500);
	assert_int_equal(wait.next_try, 2);
	assert_int_equal(wait.tries, 4);
	assert_string_equal(wait.error.message, "no answer: cut");
	assert_false(ab_exchange_waiting(set, &wait));
}

static void
a_long_wait_without_a_try_is_told_as_such(void **state)
{
	struct ab_stream stream = {.name = "s"};
	struct ab_wait wait;

	(void)state;
	script.special = AB_WAIT;
	script.wait_ms = 10000;
	script.statuses[0] = 299;
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	ab_exchange_start(set, AB_BEGIN, &stream, NULL, false);
	ab_exchange_drive(set, 1);
	ab_exchange_drive(set, 2);
	assert_true(ab_exchange_waiting(set, &wait));
	assert_ptr_equal(wait.stream, &stream);
	assert_int_equal(wait.wait_ms, 10000);
	assert_int_equal(wait.next_try, 0);
	assert_string_equal(wait.error.message, "special");
}

static void
short_waits_are_not_told(void **state)
{
	struct ab_outcome outcome;
	struct ab_wait wait;

	(void)state;
	script.statuses[0] = script.statuses[1] = 503;
	script.statuses[2] = 299;
	script.special = AB_WAIT;
	script.wait_ms = 9999;
	begin();
	for (int64_t now_ms = 1; !ab_exchange_finished(set, &outcome); now_ms += 1000) {
		ab_exchange_drive(set, now_ms);
		assert_false(ab_exchange_waiting(set, &wait));
	}
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 4);
}

static void
waits_of_many_items_are_all_told_and_those_that_are_over_are_not(void **state)
{
	struct ab_wait wait;
	unsigned told = 0;

	(void)state;
	script.items = 6;
	limits.fan = 3;
	script.statuses[0] = script.statuses[1] = script.statuses[2] = 503;
	script.retry_after_ms = 20000;
	begin();
	ab_exchange_drive(set, 1);
	ab_exchange_drive(set, 2);
	while (ab_exchange_waiting(set, &wait))
		told++;
	assert_int_equal(told, 3);
	script.statuses[3] = script.statuses[4] = script.statuses[5] = 503;
	ab_exchange_drive(set, 30000);
	ab_exchange_drive(set, 30001);
	ab_exchange_wind_down(set);
	ab_exchange_drive(set, 30002);
	assert_false(ab_exchange_waiting(set, &wait));
}

static void
waiting_out_uses_no_try_but_has_an_end(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.special = AB_WAIT;
	script.wait_ms = 60000;
	for (int i = 0; i < 20; i++)
		script.statuses[i] = 299;
	begin();
	assert_int_equal(run(&outcome), 20 * 60000);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	tear_down(NULL);

	for (int i = 0; i < 60; i++)
		script.statuses[i] = 299;
	script.answered = 0;
	begin();
	assert_int_equal(run(&outcome), 45 * 60000);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(outcome.error.message, "special; given up after waiting 45 minutes");
}

/* However long a limit was waited out, a loss after it has all its tries. */
static void
waiting_out_leaves_the_tries_their_time(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.special = AB_WAIT;
	script.wait_ms = 60000;
	for (int i = 0; i < 10; i++)
		script.statuses[i] = 299;
	script.statuses[10] = script.statuses[11] = script.statuses[12] = 503;
	begin();
	assert_in_range(run(&outcome), 10 * 60000 + 7000, 10 * 60000 + 8750);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
}

/* What is due cannot go while every place is taken: the loop must sleep until a reply comes. */
static void
with_every_place_taken_only_a_reply_makes_work(void **state)
{
	(void)state;
	limits.in_flight = 1;
	script.statuses[0] = 503;
	begin();
	ab_exchange_drive(set, 1); /* sent */
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	ab_exchange_drive(set, 2); /* refused: the first rests, the second is out */
	fake.mute = true;
	assert_int_equal(fake.count, 1);
	ab_exchange_drive(set, 100000);
	assert_int_equal(fake.count, 1);
	assert_true(ab_exchange_deadline(set) == INT64_MAX);
	fake.mute = false;
	ab_exchange_drive(set, 100001);
	ab_exchange_drive(set, 100002);
	assert_int_equal(ab_exchange_active(set), 0);
}

static void
a_batch_is_split_until_one_record_is_left(void **state)
{
	struct ab_outcome outcome;
	struct ab_stream stream = {.name = "s"};

	(void)state;
	script.special = AB_SPLIT;
	script.statuses[0] = script.statuses[1] = 299;
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	for (size_t records = 2; records >= 1; records--) {
		struct ab_batch *batch = ab_batch_new(&stream, 100, 0);
		for (size_t i = 1; i <= records; i++) {
			ab_buf_add_text(&batch->body, "x");
			ab_batch_commit(batch, i, (struct ab_view){0});
		}
		ab_batch_seal(batch);
		ab_exchange_start(set, AB_BATCH, &stream, batch, false);
		run(&outcome);
		assert_int_equal(outcome.result, records == 2 ? AB_RESULT_SPLIT : AB_RESULT_FAILED);
		assert_ptr_equal(outcome.batch, batch);
		ab_batch_free(batch);
	}
}

/* A sealed batch with one record, of the only key there is. */
static struct ab_batch *
batch_of(struct ab_stream *stream)
{
	struct ab_batch *batch = ab_batch_new(stream, 100, 0);

	ab_batch_key(batch, "k", 1);
	ab_batch_commit(batch, 1, (struct ab_view){0});
	ab_batch_seal(batch);
	return batch;
}

static void
a_key_is_shared_within_an_order(void **state)
{
	struct ab_stream alone[] = {{.name = "a"}, {.name = "b"}};
	struct ab_stream spaced[] = {{.key_space = 7}, {.key_space = 7}, {.key_space = 8}};
	struct ab_stream held[] = {{.key_space = 7, .hold = true}, {.key_space = 7, .hold = true}};
	const struct {
		struct ab_stream *out, *next;
		bool shares;
	} cases[] = {
	    {&alone[0], &alone[0], true},
	    {&alone[0], &alone[1], false},
	    {&spaced[0], &spaced[1], true},
	    {&spaced[0], &spaced[2], false},
	    {&spaced[0], &held[0], false},
	    {&held[0], &spaced[0], false},
	    {&held[0], &held[1], false},
	    {&held[0], &held[0], true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_batch *next = batch_of(cases[i].next);
		set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
		ab_exchange_start(set, AB_BATCH, cases[i].out, batch_of(cases[i].out), false);
		assert_int_equal(ab_exchange_shares_key(set, next), cases[i].shares);
		ab_batch_free(next);
		tear_down(state);
	}
}

static void
metered_requests_keep_the_window(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 50;
	script.metered = true;
	limits.fan = 8;
	limits.rate = (struct ab_rate){.requests = 10, .per_ms = 60000};
	begin();
	assert_in_range(run(&outcome), 4 * 60000, 4 * 60000 + 100);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 50);
}

static void
a_pause_follows_each_reply(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 4;
	limits.fan = 4;
	limits.pause_ms = 500;
	begin();
	assert_int_equal(run(&outcome), 3 * 500);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.most, 1);
	assert_int_equal(fake.sent, 4);
}

/* When the first exchange is to go again a pause keeps it back, and the second, whose turn comes
 * before the pause is over, stands behind it. */
static void
until_a_pause_ends_there_is_nothing_to_do(void **state)
{
	(void)state;
	script.special = AB_WAIT;
	script.statuses[0] = script.statuses[1] = 299;
	limits.pause_ms = 10000;
	begin();
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	ab_exchange_drive(set, 0); /* the first is sent */
	script.wait_ms = 11000;
	ab_exchange_drive(set, 0);
	ab_exchange_drive(set, 10000); /* the second is sent */
	script.wait_ms = 5000;
	for (int64_t now_ms = 10000; now_ms < 20000; now_ms += 500) {
		ab_exchange_drive(set, now_ms);
		assert_int_equal(ab_exchange_deadline(set), 20000);
	}
	assert_int_equal(fake.sent, 2);
	fake.mute = true;
	ab_exchange_drive(set, 20000);
	assert_int_equal(fake.sent, 3);
	ab_exchange_drive(set, 40000);
	assert_true(ab_exchange_deadline(set) == INT64_MAX);
}

static void
the_time_of_a_request_is_kept_on_demand(void **state)
{
	struct ab_timing timing;

	(void)state;
	for (int kept = 0; kept < 2; kept++) {
		begin();
		if (kept)
			ab_exchange_keep_timings(set);
		ab_exchange_drive(set, 1000);
		assert_false(ab_exchange_timing(set, &timing));
		ab_exchange_drive(set, 1000);
		assert_int_equal(ab_exchange_timing(set, &timing), kept);
		if (kept) {
			assert_null(timing.stream);
			assert_int_equal(timing.status, 200);
			assert_true(timing.us == 42);
		}
		assert_false(ab_exchange_timing(set, &timing));
		if (!kept)
			tear_down(state);
	}
}

/* Somebody else uses the limit too: what is refused is not asked for again at once by the others.
 */
static void
a_refusal_keeps_its_slot_of_the_window(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 15;
	script.metered = true;
	script.special = AB_WAIT;
	script.wait_ms = 5;
	for (int i = 0; i < 3; i++)
		script.statuses[i] = 299;
	limits.fan = 8;
	limits.rate = (struct ab_rate){.requests = 10, .per_ms = 60000};
	begin();
	for (int64_t now_ms = 1; now_ms < 60000; now_ms += 100)
		ab_exchange_drive(set, now_ms);
	assert_int_equal(fake.sent, 10);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 18);
}

static void
what_a_discovery_found_becomes_the_callers(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.steps = 2;
	script.answers = 3;
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	ab_exchange_start(set, AB_DISCOVER, NULL, NULL, false);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_string_equal(outcome.answer.data, "aaaaaa");
	ab_buf_release(&outcome.answer);
}

static void
a_discovery_that_is_too_large_fails(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.answers = ((size_t)8 << 20) + 1;
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	ab_exchange_start(set, AB_DISCOVER, NULL, NULL, false);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_string_equal(outcome.error.message, "what the service offers is more than 8 MB");
}

static void
a_discovery_that_fails_leaves_nothing(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.steps = 2;
	script.answers = 3;
	script.statuses[1] = 403;
	set = ab_exchange_set_new(&destination, NULL, &limits, ab_http_new("x", 0));
	ab_exchange_start(set, AB_DISCOVER, NULL, NULL, false);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	assert_null(outcome.answer.data);
}

/* One request is out, its reply comes after the wind-down: done. Others have not begun: abandoned.
 */
static void
winding_down_lets_what_is_out_finish(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	limits.in_flight = 1;
	fake.mute = true;
	begin();
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	ab_exchange_drive(set, 1);
	assert_int_equal(fake.count, 1);
	ab_exchange_wind_down(set);
	ab_exchange_drive(set, 2);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_ABANDONED);
	fake.mute = false;
	ab_exchange_drive(set, 3);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 1);
	assert_int_equal(ab_exchange_active(set), 0);
}

static void
winding_down_in_the_middle_of_a_step_is_not_done(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 5;
	limits.fan = 2;
	fake.mute = true;
	begin();
	ab_exchange_drive(set, 1);
	ab_exchange_wind_down(set);
	fake.mute = false;
	ab_exchange_drive(set, 2);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_ABANDONED);
	assert_int_equal(fake.sent, 2);
}

static void
what_is_abandoned_awaits_no_reply(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.items = 5;
	limits.fan = 2;
	fake.mute = true;
	begin();
	ab_exchange_drive(set, 1);
	assert_int_equal(fake.count, 2);
	ab_exchange_abandon(set, 2);
	assert_int_equal(fake.count, 0);
	ab_exchange_drive(set, 2);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_ABANDONED);
	assert_int_equal(ab_exchange_active(set), 0);

	fake.mute = false;
	ab_exchange_resume(set);
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 7);
}

/* The service may have counted it. */
static void
what_is_abandoned_keeps_its_slot_and_gives_it_back(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	script.metered = true;
	limits.rate = (struct ab_rate){.requests = 1, .per_ms = 60000};
	fake.mute = true;
	begin();
	ab_exchange_drive(set, 1);
	ab_exchange_abandon(set, 500);
	ab_exchange_drive(set, 501);
	assert_true(ab_exchange_finished(set, &outcome));
	assert_int_equal(outcome.result, AB_RESULT_ABANDONED);

	fake.mute = false;
	ab_exchange_resume(set);
	ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	ab_exchange_drive(set, 1000);
	assert_int_equal(ab_exchange_deadline(set), 60501);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_DONE);
	assert_int_equal(fake.sent, 2);
}

static void
once_resumed_a_failure_stops_no_other(void **state)
{
	struct ab_outcome outcome;

	(void)state;
	limits.in_flight = 1;
	script.statuses[0] = script.statuses[1] = 403;
	begin();
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	ab_exchange_resume(set);
	for (int i = 0; i < 3; i++)
		ab_exchange_start(set, AB_CHECK, NULL, NULL, false);
	run(&outcome);
	assert_int_equal(outcome.result, AB_RESULT_FAILED);
	for (int i = 0; i < 2; i++) {
		run(&outcome);
		assert_int_equal(outcome.result, AB_RESULT_DONE);
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(steps_follow_one_another),
	    CASE(items_of_a_step_go_out_together_up_to_the_fan),
	    CASE(requests_in_flight_are_bounded_over_all_exchanges),
	    CASE(an_exchange_that_skips_everything_does_no_io),
	    CASE(losses_and_refusals_are_tried_again_with_growing_waits),
	    CASE(out_of_tries_the_first_cause_and_a_tally_are_told),
	    CASE(a_step_that_is_settled_leaves_no_trouble),
	    CASE(a_step_that_is_revisited_tells_its_first_cause_and_all_its_tries),
	    CASE(the_tally_has_the_tries_of_every_step_that_is_not_through),
	    CASE(waits_of_steps_that_are_revisited_stay_within_the_total),
	    CASE(trouble_that_is_over_is_forgotten),
	    CASE(trouble_is_known_while_a_step_is_to_be_revisited),
	    CASE(a_refusal_for_good_is_not_tried_again),
	    CASE(after_a_refusal_no_further_item_is_sent),
	    CASE(a_refusal_stops_the_others_while_an_item_is_still_out),
	    CASE(retry_after_is_obeyed),
	    CASE(a_long_wait_between_tries_is_told_once),
	    CASE(a_long_wait_without_a_try_is_told_as_such),
	    CASE(short_waits_are_not_told),
	    CASE(waits_of_many_items_are_all_told_and_those_that_are_over_are_not),
	    CASE(waiting_out_uses_no_try_but_has_an_end),
	    CASE(waiting_out_leaves_the_tries_their_time),
	    CASE(with_every_place_taken_only_a_reply_makes_work),
	    CASE(a_batch_is_split_until_one_record_is_left),
	    CASE(a_key_is_shared_within_an_order),
	    CASE(metered_requests_keep_the_window),
	    CASE(a_pause_follows_each_reply),
	    CASE(until_a_pause_ends_there_is_nothing_to_do),
	    CASE(the_time_of_a_request_is_kept_on_demand),
	    CASE(a_refusal_keeps_its_slot_of_the_window),
	    CASE(what_a_discovery_found_becomes_the_callers),
	    CASE(a_discovery_that_is_too_large_fails),
	    CASE(a_discovery_that_fails_leaves_nothing),
	    CASE(winding_down_lets_what_is_out_finish),
	    CASE(winding_down_in_the_middle_of_a_step_is_not_done),
	    CASE(what_is_abandoned_awaits_no_reply),
	    CASE(what_is_abandoned_keeps_its_slot_and_gives_it_back),
	    CASE(once_resumed_a_failure_stops_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
