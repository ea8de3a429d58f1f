/*
 * Whole runs that a signal ends. Their input is a pipe that nobody closes: what is not ended waits
 * for ever.
 */
#include "testing.h"

#include "keeper.h"

#include <signal.h>

#include "process.h"

static const struct ab_limits one_by_one = {.batch_records = 1, .in_flight = 1};
static const struct ab_limits two_at_once = {.batch_records = 1, .in_flight = 2};

static int number; /* the signal that comes */

static int
set_up(void **state)
{
	signal(SIGINT, SIG_DFL); /* whoever runs the tests may ignore it */
	ab_process_handle_signals();
	number = SIGTERM;
	fake.mute = false;
	return keeper_set_up(state);
}

static int
tear_down(void **state)
{
	alarm(0); /* the program's own end is not the run's */
	return keeper_tear_down(state);
}

/* The first call is answered, and then the signal comes. */
static void
answer_and_signal(const struct fake_call *call, struct ab_reply *reply)
{
	keeper_answer(call, reply);
	if (number != 0)
		raise(number);
	number = 0;
}

static int
run(struct ab_limits limits, int input, struct ab_error *err)
{
	const struct ab_sync_options options = {.input = input, .dialect = &ab_singer_dialect};
	struct ab_catalog catalog;

	ab_catalog_init(&catalog, 10);
	ab_sync_default_limits(&limits);
	const int rc = ab_sync_write(&keeper_destination, NULL, &limits, &catalog, &options, err);
	ab_catalog_release(&catalog);
	return rc;
}

/* A run of these lines fails for this reason, and this is its story. */
static void
expect_end(struct ab_limits limits, const char *lines, const char *why, const char *told)
{
	struct ab_error err;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], lines, strlen(lines)), (ssize_t)strlen(lines));
	assert_int_equal(run(limits, ends[0], &err), -1);
	assert_string_equal(keeper.story.data, told);
	assert_int_equal(err.kind, AB_TRANSIENT_ERROR);
	if (strstr(err.message, why) == NULL)
		fail_msg("%s", err.message);
	assert_int_equal(keeper.complete, 0);
	close(ends[0]);
	close(ends[1]);
}

static void
nothing_new_is_sent_and_what_is_safe_leaves(void **state)
{
	(void)state;
	fake.answer = answer_and_signal;
	expect_end(one_by_one, SCHEMA("a") RECORD("a", 1, 10) STATE(1) RECORD("a", 2, 20) STATE(2),
	    "ended by SIGTERM: what the states stand for is stored", "a 1=10\nstate 1\n");
	assert_int_equal(ab_process_signal(), SIGTERM);
}

static void
the_signal_is_named(void **state)
{
	(void)state;
	number = SIGINT;
	fake.answer = answer_and_signal;
	expect_end(one_by_one, SCHEMA("a") RECORD("a", 1, 10) RECORD("a", 2, 20), "ended by SIGINT",
	    "a 1=10\n");
}

static void
what_is_under_way_may_finish(void **state)
{
	(void)state;
	fake.answer = answer_and_signal;
	expect_end(two_at_once,
	    SCHEMA("a") SCHEMA("b") RECORD("a", 1, 10) RECORD("b", 1, 20) STATE(1)
		RECORD("a", 2, 30) STATE(2),
	    "ended by SIGTERM", "a 1=10\nb 1=20\nstate 1\n");
}

static size_t
signal_in_place_of_answers(size_t count)
{
	if (number != 0)
		raise(number);
	number = 0;
	return count;
}

static void
what_does_not_finish_in_time_is_given_up(void **state)
{
	(void)state;
	fake.pick = signal_in_place_of_answers;
	expect_end(one_by_one, SCHEMA("a") RECORD("a", 1, 10) STATE(1), "ended by SIGTERM", "");
}

/* The first is refused; only then the signal comes, while the other is under way. */
static void
refuse_and_signal(const struct fake_call *call, struct ab_reply *reply)
{
	keeper_answer(call, reply);
	if (call->url[0] != 'a')
		return;
	reply->status = 503;
	raise(SIGTERM);
}

static void
a_failure_that_was_there_before_stays_the_reason(void **state)
{
	struct ab_limits limits = two_at_once;

	(void)state;
	limits.retry = (struct ab_retry_policy){.total_ms = 1};
	fake.answer = refuse_and_signal;
	expect_end(limits, SCHEMA("a") SCHEMA("b") RECORD("a", 1, 10) RECORD("b", 1, 20) STATE(1),
	    "HTTP 503", "a 1=10\nb 1=20\n");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(nothing_new_is_sent_and_what_is_safe_leaves),
	    CASE(the_signal_is_named),
	    CASE(what_is_under_way_may_finish),
	    CASE(what_does_not_finish_in_time_is_given_up),
	    CASE(a_failure_that_was_there_before_stays_the_reason),
	};

	setenv("AB_TIME_SCALE", "0.001", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
