#include "../libairbyte/testing.h"

#include "tally.h"

static void
a_count_tells_whether_a_lost_push_arrived(void **unused)
{
	static const struct {
		int64_t start;
		size_t pushed;
		int64_t count;
		enum luzmo_arrival arrival;
	} cases[] = {
	    {100, 10, 110, LUZMO_ARRIVED}, {100, 10, 100, LUZMO_MISSING},
	    {0, 10, 10, LUZMO_ARRIVED}, {0, 10, 0, LUZMO_MISSING},
	    {100, 10, 105, LUZMO_UNCLEAR}, /* others write */
	    {100, 10, 99, LUZMO_UNCLEAR},  /* or it lags */
	    {100, 10, 111, LUZMO_UNCLEAR},
	    {-1, 10, 110, LUZMO_UNCLEAR}, /* nobody knows what was there */
	    {100, 10, -1, LUZMO_UNCLEAR}, /* or what is */
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct luzmo_tally tally;
		luzmo_tally_start(&tally, cases[i].start);
		assert_int_equal(
		    luzmo_tally_judge(&tally, cases[i].pushed, cases[i].count), cases[i].arrival);
	}
}

static void
acknowledged_pushes_add_up(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 5);
	assert_false(luzmo_tally_appended(&tally, 10, 15));
	assert_false(luzmo_tally_appended(&tally, 10, -1));
	assert_int_equal(luzmo_tally_judge(&tally, 7, 32), LUZMO_ARRIVED);
	luzmo_tally_replaced(&tally, 3, 3);
	assert_int_equal(luzmo_tally_judge(&tally, 7, 10), LUZMO_ARRIVED);
	assert_int_equal(luzmo_tally_judge(&tally, 7, 3), LUZMO_MISSING);
}

static void
what_others_write_is_counted_as_long_as_counts_are_right(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 0);
	assert_false(luzmo_tally_appended(&tally, 10, 10));
	assert_false(luzmo_tally_appended(&tally, 10, 25)); /* five of somebody else's */
	assert_int_equal(luzmo_tally_judge(&tally, 10, 35), LUZMO_ARRIVED);
	assert_int_equal(luzmo_tally_judge(&tally, 10, 25), LUZMO_MISSING);
}

static void
counts_that_lag_are_not_believed(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 0);
	assert_false(luzmo_tally_appended(&tally, 10, 0));
	assert_false(luzmo_tally_appended(&tally, 10, 10));
	/* Ours is missing, and the one before has just become visible: not taken for ours. */
	assert_int_equal(luzmo_tally_judge(&tally, 10, 20), LUZMO_MISSING);
	assert_int_equal(luzmo_tally_judge(&tally, 10, 10), LUZMO_UNCLEAR);
	/* After a replace a count that lags is larger, and not somebody else's rows. */
	luzmo_tally_replaced(&tally, 10, 20);
	assert_false(luzmo_tally_appended(&tally, 5, 20));
	assert_int_equal(luzmo_tally_judge(&tally, 5, 20), LUZMO_ARRIVED);
	assert_int_equal(luzmo_tally_judge(&tally, 5, 15), LUZMO_MISSING);
}

static void
a_count_that_was_not_known_is_learnt_from_a_reply(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, -1);
	assert_false(luzmo_tally_appended(&tally, 10, -1));
	assert_int_equal(luzmo_tally_judge(&tally, 10, 20), LUZMO_UNCLEAR);
	assert_false(luzmo_tally_appended(&tally, 10, 200));
	assert_int_equal(luzmo_tally_judge(&tally, 10, 210), LUZMO_ARRIVED);
}

static void
rows_that_came_twice_are_noticed_once(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	assert_int_equal(luzmo_tally_judge(&tally, 10, 100), LUZMO_MISSING);
	luzmo_tally_resend(&tally, 10, 100);
	/* The second try is acknowledged, and the first was only late. */
	assert_true(luzmo_tally_appended(&tally, 10, 120));
	assert_false(luzmo_tally_appended(&tally, 10, 130));
	assert_int_equal(luzmo_tally_judge(&tally, 10, 140), LUZMO_ARRIVED);
}

static void
a_resend_that_was_right_stays_unnoticed(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, 10, 105); /* unclear: from now on 105 it is */
	assert_false(luzmo_tally_appended(&tally, 10, 115));
	assert_int_equal(luzmo_tally_judge(&tally, 1, 116), LUZMO_ARRIVED);
}

static void
a_resend_that_was_matched_leaves_no_doubt(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, 10, 100);
	assert_false(luzmo_tally_appended(&tally, 10, 110));
	assert_int_equal(tally.resent, 0);
	/* Ten of somebody else's are not the ten that were sent twice. */
	assert_false(luzmo_tally_appended(&tally, 10, 130));
	assert_int_equal(luzmo_tally_judge(&tally, 1, 131), LUZMO_ARRIVED);
	/* A reply without a count leaves it open. */
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, 10, 100);
	assert_false(luzmo_tally_appended(&tally, 10, -1));
	assert_true(luzmo_tally_appended(&tally, 10, 130));
	/* A replace takes both away. */
	luzmo_tally_resend(&tally, 10, 130);
	luzmo_tally_replaced(&tally, 10, 10);
	assert_false(luzmo_tally_appended(&tally, 10, 30));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_count_tells_whether_a_lost_push_arrived),
	    cmocka_unit_test(acknowledged_pushes_add_up),
	    cmocka_unit_test(what_others_write_is_counted_as_long_as_counts_are_right),
	    cmocka_unit_test(counts_that_lag_are_not_believed),
	    cmocka_unit_test(a_count_that_was_not_known_is_learnt_from_a_reply),
	    cmocka_unit_test(rows_that_came_twice_are_noticed_once),
	    cmocka_unit_test(a_resend_that_was_right_stays_unnoticed),
	    cmocka_unit_test(a_resend_that_was_matched_leaves_no_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
