#include "testing.h"

#include "throttle.h"

/* In place of http.c. */
static size_t in_flight;

size_t
ab_http_in_flight(const struct ab_http *http)
{
	(void)http;
	return in_flight;
}

static struct ab_throttle throttle;

static int
tear_down(void **state)
{
	(void)state;
	ab_throttle_release(&throttle);
	return 0;
}

static void
start(const struct ab_limits *limits)
{
	in_flight = 0;
	ab_throttle_init(&throttle, limits, NULL);
}

static enum ab_throttle_answer
ask(bool metered, int64_t now_ms)
{
	return ab_throttle_ask(&throttle, metered, now_ms);
}

static void
send(bool metered, int64_t now_ms)
{
	assert_int_equal(ask(metered, now_ms), AB_THROTTLE_SEND);
	ab_throttle_sent(&throttle, metered);
	in_flight++;
}

static void
reply(bool metered, int status, int64_t now_ms)
{
	in_flight--;
	ab_throttle_replied(&throttle, metered, status, now_ms);
}

static void
with_every_place_taken_nothing_goes_before_a_reply(void **state)
{
	const struct ab_limits limits = {.in_flight = 2};

	(void)state;
	start(&limits);
	send(false, 0);
	assert_int_equal(ab_throttle_deadline(&throttle, 7), 7);
	send(false, 0);
	assert_int_equal(ask(false, 0), AB_THROTTLE_ALL);
	assert_int_equal(ab_throttle_deadline(&throttle, 7), INT64_MAX);
	reply(false, 200, 5);
	assert_int_equal(ask(false, 5), AB_THROTTLE_SEND);
}

static void
what_the_rate_keeps_back_lets_others_pass(void **state)
{
	const struct ab_limits limits = {.in_flight = 8, .rate = {.requests = 1, .per_ms = 1000}};

	(void)state;
	start(&limits);
	send(true, 0);
	reply(true, 200, 10);
	assert_int_equal(ask(true, 20), AB_THROTTLE_RATE);
	assert_int_equal(ask(false, 20), AB_THROTTLE_SEND);
	assert_int_equal(ab_throttle_deadline(&throttle, INT64_MAX), 1011);
	assert_int_equal(ab_throttle_deadline(&throttle, 500), 500);
	ab_throttle_restart(&throttle);
	assert_int_equal(ab_throttle_deadline(&throttle, INT64_MAX), INT64_MAX);
	assert_int_equal(ask(true, 1011), AB_THROTTLE_SEND);
}

static void
what_is_not_metered_takes_nothing_of_the_rate(void **state)
{
	const struct ab_limits limits = {.in_flight = 8, .rate = {.requests = 1, .per_ms = 1000}};

	(void)state;
	start(&limits);
	for (int i = 0; i < 5; i++) {
		send(false, 0);
		reply(false, 200, 0);
	}
	assert_int_equal(ask(true, 0), AB_THROTTLE_SEND);
}

static void
what_is_given_up_gives_its_place_in_the_rate_back_later(void **state)
{
	const struct ab_limits limits = {.in_flight = 8, .rate = {.requests = 1, .per_ms = 1000}};

	(void)state;
	start(&limits);
	send(true, 0);
	assert_int_equal(ask(true, 100), AB_THROTTLE_RATE);
	assert_int_equal(ab_throttle_deadline(&throttle, INT64_MAX), INT64_MAX);
	ab_throttle_given_up(&throttle, true, 200);
	assert_int_equal(ask(true, 1200), AB_THROTTLE_RATE);
	assert_int_equal(ask(true, 1201), AB_THROTTLE_SEND);
}

/* A bucket of ten tokens, of which eight are left. */
static void
a_refusal_empties_a_bucket(void **state)
{
	const struct ab_limits limits = {
	    .in_flight = 8, .rate = {.requests = 1, .per_ms = 1000, .burst = 10}};

	(void)state;
	start(&limits);
	send(true, 0);
	reply(true, 200, 0);
	assert_int_equal(ask(true, 0), AB_THROTTLE_SEND);
	ab_throttle_sent(&throttle, true);
	ab_throttle_replied(&throttle, true, 429, 5000);
	assert_int_equal(ask(true, 5000), AB_THROTTLE_RATE);
}

static void
with_a_pause_one_goes_at_a_time_and_some_time_after_the_last_reply(void **state)
{
	const struct ab_limits limits = {.in_flight = 8, .pause_ms = 300};

	(void)state;
	start(&limits);
	send(false, 0);
	assert_int_equal(ask(false, 10), AB_THROTTLE_ALL);
	assert_int_equal(ab_throttle_deadline(&throttle, 10), INT64_MAX);
	reply(false, 0, 100);
	ab_throttle_restart(&throttle);
	assert_int_equal(ask(false, 399), AB_THROTTLE_ALL);
	assert_int_equal(ab_throttle_deadline(&throttle, INT64_MAX), 400);
	assert_int_equal(ab_throttle_deadline(&throttle, 500), 400);
	assert_int_equal(ask(false, 400), AB_THROTTLE_SEND);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(with_every_place_taken_nothing_goes_before_a_reply),
	    CASE(what_the_rate_keeps_back_lets_others_pass),
	    CASE(what_is_not_metered_takes_nothing_of_the_rate),
	    CASE(what_is_given_up_gives_its_place_in_the_rate_back_later),
	    CASE(a_refusal_empties_a_bucket),
	    CASE(with_a_pause_one_goes_at_a_time_and_some_time_after_the_last_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
