#include "../libairbyte/testing.h"

#include "tally.h"

static void
expect(const struct luzmo_tally *tally, size_t pushed, int64_t count, enum luzmo_arrival arrival)
{
	assert_int_equal(luzmo_tally_judge(tally, pushed, count), arrival);
}

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
		expect(&tally, cases[i].pushed, cases[i].count, cases[i].arrival);
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
	expect(&tally, 7, 32, LUZMO_ARRIVED);
	luzmo_tally_start(&tally, -1);
	luzmo_tally_replaced(&tally, 3); /* a new dataset */
	assert_false(luzmo_tally_appended(&tally, 2, 5));
	expect(&tally, 7, 12, LUZMO_ARRIVED);
	expect(&tally, 7, 5, LUZMO_MISSING);
}

/* A row more may be ours or theirs: only that nothing came is still sure. */
static void
a_count_that_grew_proves_nothing_where_others_write(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 0);
	assert_false(luzmo_tally_appended(&tally, 10, 10));
	assert_false(luzmo_tally_appended(&tally, 10, 25)); /* five of somebody else's */
	expect(&tally, 10, 35, LUZMO_UNCLEAR);
	expect(&tally, 10, 25, LUZMO_MISSING);
	luzmo_tally_start(&tally, 20);
	luzmo_tally_share(&tally);
	luzmo_tally_replaced(&tally, 10);
	expect(&tally, 5, 15, LUZMO_UNCLEAR);
	luzmo_tally_start(&tally, 20);
	luzmo_tally_replaced(&tally, 10);
	assert_false(luzmo_tally_appended(&tally, 10, 22));
	assert_int_equal(tally.rows, 20); /* all should be this run's */
	expect(&tally, 5, 25, LUZMO_UNCLEAR);
}

static void
nor_does_it_while_an_earlier_push_may_come_late(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, LUZMO_MISSING, true);
	/* Of the push itself it is good proof, whichever try it was. */
	expect(&tally, 10, 110, LUZMO_ARRIVED);
	assert_false(luzmo_tally_appended(&tally, 10, 110));
	expect(&tally, 10, 120, LUZMO_UNCLEAR);
	expect(&tally, 10, 110, LUZMO_MISSING);
	assert_false(tally.doubled);
	luzmo_tally_resend(&tally, LUZMO_UNCLEAR, false);
	assert_true(tally.doubled);
	/* One that Luzmo answered itself is through. */
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, LUZMO_MISSING, false);
	assert_false(luzmo_tally_appended(&tally, 10, 110));
	expect(&tally, 10, 120, LUZMO_ARRIVED);
}

/* It takes the rows along that were appended meanwhile, so that what is sent again makes up for
 * them. */
static void
while_a_replace_may_come_late_a_resend_is_never_sure(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_replace_again(&tally);
	luzmo_tally_replaced(&tally, 10);
	assert_false(tally.doubled);
	luzmo_tally_resend(&tally, LUZMO_MISSING, false);
	assert_true(tally.doubled);
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
	expect(&tally, 10, 20, LUZMO_MISSING);
	expect(&tally, 10, 10, LUZMO_UNCLEAR);
	assert_false(tally.shared);
}

static void
a_count_from_before_a_replace_may_be_old(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 20);
	luzmo_tally_replaced(&tally, 10);
	assert_false(luzmo_tally_appended(&tally, 5, 20));
	assert_false(tally.shared);
	expect(&tally, 5, 20, LUZMO_STALE);
	expect(&tally, 4, 19, LUZMO_STALE);
	expect(&tally, 5, 15, LUZMO_MISSING);
}

static void
a_count_that_was_not_known_stays_so(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, -1);
	assert_false(luzmo_tally_appended(&tally, 10, 200)); /* it may lag */
	expect(&tally, 10, 210, LUZMO_UNCLEAR);
}

static void
rows_that_came_twice_are_noticed(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, LUZMO_MISSING, true);
	luzmo_tally_resend(&tally, LUZMO_MISSING, true);
	/* The third try is acknowledged, and one of the others was only late. */
	assert_true(luzmo_tally_appended(&tally, 10, 120));
	assert_true(tally.doubled);
	/* Or it comes later. */
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, LUZMO_MISSING, true);
	assert_false(luzmo_tally_appended(&tally, 10, 110));
	assert_true(luzmo_tally_appended(&tally, 7, 127));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_count_tells_whether_a_lost_push_arrived),
	    cmocka_unit_test(acknowledged_pushes_add_up),
	    cmocka_unit_test(a_count_that_grew_proves_nothing_where_others_write),
	    cmocka_unit_test(nor_does_it_while_an_earlier_push_may_come_late),
	    cmocka_unit_test(while_a_replace_may_come_late_a_resend_is_never_sure),
	    cmocka_unit_test(counts_that_lag_are_not_believed),
	    cmocka_unit_test(a_count_from_before_a_replace_may_be_old),
	    cmocka_unit_test(a_count_that_was_not_known_stays_so),
	    cmocka_unit_test(rows_that_came_twice_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
