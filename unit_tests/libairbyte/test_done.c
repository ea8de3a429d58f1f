#include "testing.h"

#include "done.h"

static struct ab_done done;
static size_t bytes;

static int
set_up(void **state)
{
	(void)state;
	bytes = 0;
	ab_done_init(&done, &bytes);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_done_release(&done);
	return bytes == 0 ? 0 : -1;
}

static void
what_is_done_in_order_is_one_run(void **state)
{
	(void)state;
	assert_int_equal(done.run, 0);
	assert_true(ab_done_add(&done, 1, 3));
	assert_true(ab_done_add(&done, 4, 4));
	assert_int_equal(done.run, 4);
}

static void
the_run_ends_before_the_first_gap(void **state)
{
	(void)state;
	assert_false(ab_done_add(&done, 6, 10));
	assert_false(ab_done_add(&done, 3, 4));
	assert_int_equal(done.run, 0);
	assert_true(ab_done_add(&done, 1, 2));
	assert_int_equal(done.run, 4);
	assert_true(ab_done_add(&done, 5, 5));
	assert_int_equal(done.run, 10);
}

static void
ranges_may_overlap_and_come_twice(void **state)
{
	(void)state;
	assert_false(ab_done_add(&done, 4, 8));
	assert_false(ab_done_add(&done, 6, 12));
	assert_false(ab_done_add(&done, 4, 8));
	assert_true(ab_done_add(&done, 1, 5));
	assert_int_equal(done.run, 12);
	assert_false(ab_done_add(&done, 2, 12));
	assert_true(ab_done_add(&done, 12, 13));
	assert_int_equal(done.run, 13);
}

static void
an_empty_range_changes_nothing(void **state)
{
	(void)state;
	assert_false(ab_done_add(&done, 1, 0));
	assert_int_equal(done.run, 0);
	assert_int_equal(bytes, 0);
}

/* Every other record is a range; all that touch are one again. */
static void
ranges_that_touch_cost_as_much_as_one(void **state)
{
	(void)state;
	for (uint64_t ordinal = 3; ordinal <= 2000; ordinal += 2)
		assert_false(ab_done_add(&done, ordinal, ordinal));
	assert_int_equal(done.count, 999);
	assert_true(bytes >= 999 * 2 * sizeof(uint64_t));
	for (uint64_t ordinal = 4; ordinal <= 2000; ordinal += 2)
		assert_false(ab_done_add(&done, ordinal, ordinal));
	assert_int_equal(done.count, 1);
	assert_true(ab_done_add(&done, 1, 2));
	assert_int_equal(done.run, 2000);
	assert_int_equal(done.count, 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(what_is_done_in_order_is_one_run),
	    CASE(the_run_ends_before_the_first_gap),
	    CASE(ranges_may_overlap_and_come_twice),
	    CASE(an_empty_range_changes_nothing),
	    CASE(ranges_that_touch_cost_as_much_as_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
