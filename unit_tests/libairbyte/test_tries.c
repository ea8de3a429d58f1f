#include "testing.h"

#include "tries.h"

static const struct ab_retry_policy policy = {
    .delays_ms = {1000, 2000, 4000}, .delays = 3, .total_ms = 60000};

static struct ab_tries tries;
static struct ab_error given_up;

static int
set_up(void **state)
{
	(void)state;
	tries = (struct ab_tries){.trouble = NULL};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_tries_clear(&tries);
	return 0;
}

/* A try of a step failed, with a wait that is not spread. */
static int64_t
fail_step(unsigned step, int status, int64_t retry_after_ms)
{
	const struct ab_reply reply = {.status = status, .retry_after_ms = retry_after_ms};
	struct ab_error cause;

	ab_fail(&cause, AB_TRANSIENT_ERROR, "HTTP %d in step %u", status, step);
	return ab_tries_failed(&tries, step, &policy, &reply, &cause, 0, &given_up);
}

static void
each_step_has_its_own_tries(void **state)
{
	(void)state;
	assert_int_equal(fail_step(0, 503, -1), 1000);
	assert_int_equal(fail_step(0, 503, -1), 2000);
	assert_int_equal(fail_step(1, 503, -1), 1000);
	assert_int_equal(fail_step(0, 503, -1), 4000);
	assert_int_equal(fail_step(0, 503, -1), -1);
}

static void
out_of_tries_the_first_cause_of_all_is_told(void **state)
{
	(void)state;
	assert_int_equal(fail_step(0, 502, -1), 1000);
	for (int i = 0; i < 3; i++)
		assert_true(fail_step(1, 503, -1) > 0);
	assert_int_equal(fail_step(1, 503, -1), -1);
	assert_string_equal(given_up.message,
	    "HTTP 502 in step 0; given up after 5 tries (1 x HTTP 502, 4 x HTTP 503)");
	assert_int_equal(given_up.kind, AB_TRANSIENT_ERROR);
}

static void
waits_of_all_steps_stay_within_one_total(void **state)
{
	(void)state;
	assert_int_equal(fail_step(0, 429, 40000), 40000);
	assert_int_equal(fail_step(1, 429, 30000), -1);
}

static void
what_went_well_is_forgotten_once_all_that_was_tried_has(void **state)
{
	(void)state;
	fail_step(0, 429, 40000);
	fail_step(1, 503, -1);
	ab_tries_succeeded(&tries, 1, false);
	assert_non_null(tries.trouble);
	assert_int_equal(fail_step(1, 429, 30000), -1);
	ab_tries_succeeded(&tries, 1, false);
	ab_tries_succeeded(&tries, 0, false);
	assert_null(tries.trouble);
	assert_int_equal(fail_step(1, 429, 30000), 30000);
}

static void
what_is_settled_takes_all_with_it(void **state)
{
	(void)state;
	fail_step(0, 503, -1);
	fail_step(1, 503, -1);
	ab_tries_succeeded(&tries, 2, true);
	assert_null(tries.trouble);
	assert_int_equal(fail_step(0, 503, -1), 1000);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(each_step_has_its_own_tries),
	    CASE(out_of_tries_the_first_cause_of_all_is_told),
	    CASE(waits_of_all_steps_stay_within_one_total),
	    CASE(what_went_well_is_forgotten_once_all_that_was_tried_has),
	    CASE(what_is_settled_takes_all_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
