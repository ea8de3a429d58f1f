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
	luzmo_tally_replaced(&tally, 3);
	expect(&tally, 7, 10, LUZMO_ARRIVED);
	expect(&tally, 7, 3, LUZMO_MISSING);
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
	assert_true(tally.shared);
	expect(&tally, 10, 35, LUZMO_UNCLEAR);
	expect(&tally, 10, 25, LUZMO_MISSING);
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, 10, 105);
	assert_false(luzmo_tally_appended(&tally, 10, 115));
	expect(&tally, 1, 116, LUZMO_UNCLEAR);
	expect(&tally, 1, 115, LUZMO_MISSING);
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
	/* Nor is it after it was sent again: the sum is never lowered. */
	luzmo_tally_resend(&tally, 10, 10);
	expect(&tally, 10, 20, LUZMO_MISSING);
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
	expect(&tally, 5, 20, LUZMO_STALE);
	expect(&tally, 5, 15, LUZMO_MISSING);
	expect(&tally, 4, 19, LUZMO_ARRIVED);
}

static void
nothing_is_anothers_in_what_this_run_replaced(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 20);
	luzmo_tally_replaced(&tally, 10);
	assert_false(luzmo_tally_appended(&tally, 10, 20));
	assert_false(luzmo_tally_appended(&tally, 10, 40)); /* a push that was lost came late */
	assert_int_equal(tally.rows, 30);
	luzmo_tally_resend(&tally, 10, 45);
	assert_int_equal(tally.rows, 30);
	assert_false(tally.shared);
}

static void
a_count_that_was_not_known_is_learnt_from_a_reply(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, -1);
	assert_false(luzmo_tally_appended(&tally, 10, -1));
	expect(&tally, 10, 20, LUZMO_UNCLEAR);
	assert_false(luzmo_tally_appended(&tally, 10, 200));
	expect(&tally, 10, 210, LUZMO_ARRIVED);
}

static void
rows_that_came_twice_are_noticed_once(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	expect(&tally, 10, 100, LUZMO_MISSING);
	luzmo_tally_resend(&tally, 10, 100);
	/* The second try is acknowledged, and the first was only late. */
	assert_true(luzmo_tally_appended(&tally, 10, 120));
	assert_false(luzmo_tally_appended(&tally, 10, 130));
}

static void
they_are_noticed_also_if_they_come_later(void **unused)
{
	struct luzmo_tally tally;

	(void)unused;
	luzmo_tally_start(&tally, 100);
	luzmo_tally_resend(&tally, 10, 100);
	assert_false(luzmo_tally_appended(&tally, 10, 110));
	luzmo_tally_resend(&tally, 7, 110);
	assert_false(luzmo_tally_appended(&tally, 7, 117));
	assert_true(luzmo_tally_appended(&tally, 1, 118 + 17));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_count_tells_whether_a_lost_push_arrived),
	    cmocka_unit_test(acknowledged_pushes_add_up),
	    cmocka_unit_test(a_count_that_grew_proves_nothing_where_others_write),
	    cmocka_unit_test(counts_that_lag_are_not_believed),
	    cmocka_unit_test(a_count_from_before_a_replace_may_be_old),
	    cmocka_unit_test(nothing_is_anothers_in_what_this_run_replaced),
	    cmocka_unit_test(a_count_that_was_not_known_is_learnt_from_a_reply),
	    cmocka_unit_test(rows_that_came_twice_are_noticed_once),
	    cmocka_unit_test(they_are_noticed_also_if_they_come_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
