/*
 * Which batch goes when.
 */
#include "testing.h"

#include "keeper.h"

#define THREE SCHEMA("a") SCHEMA("b") SCHEMA("c")

static void
batches_leave_in_the_order_they_were_filled_and_so_do_states(void **state)
{
	static const enum ab_order orders[] = {AB_ORDER_NONE, AB_ORDER_KEY, AB_ORDER_STREAM};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++)
		keeper_expect(
		    (struct ab_limits){.batch_records = 1, .in_flight = 1, .order = orders[i]},
		    THREE RECORD("c", 1, 10) STATE(1) RECORD("b", 1, 20) STATE(2) RECORD("c", 2, 30)
			STATE(3) RECORD("a", 1, 40) STATE(4) RECORD("b", 2, 50) STATE(5),
		    "c 1=10\nstate 1\nb 1=20\nstate 2\nc 2=30\nstate 3\na 1=40\nstate 4\n"
		    "b 2=50\nstate 5\n");
}

static void
what_is_open_at_the_end_leaves_in_the_order_it_was_opened(void **state)
{
	(void)state;
	keeper_expect((struct ab_limits){.in_flight = 1},
	    THREE RECORD("c", 1, 10) RECORD("a", 1, 20) STATE(1) RECORD("b", 1, 30)
		RECORD("c", 2, 40),
	    "c 1=10 2=40\na 1=20\nstate 1\nb 1=30\n");
}

/* Those of stream a only when there are no others to come. */
static size_t
a_late(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fake.calls[i].url[0] != 'a')
			return i;
	}
	return fake.sent < 3 ? count : 0;
}

static void
a_batch_that_may_not_go_yet_lets_others_pass(void **state)
{
	(void)state;
	fake.pick = a_late;
	keeper_expect(
	    (struct ab_limits){.batch_records = 1, .in_flight = 2, .order = AB_ORDER_STREAM},
	    SCHEMA("a") SCHEMA("b") RECORD("a", 1, 10) RECORD("a", 2, 20) RECORD("b", 1, 30)
		RECORD("b", 2, 40),
	    "b 1=30\nb 2=40\na 1=10\na 2=20\n");
}

static void
halves_go_before_what_was_filled_later(void **state)
{
	(void)state;
	keeper.records_max = 1;
	keeper_expect((struct ab_limits){.in_flight = 1},
	    THREE RECORD("b", 1, 10) RECORD("a", 1, 20) RECORD("b", 2, 30) RECORD("b", 3, 40),
	    "b 1=10 2=30 3=40 refused\nb 1=10\nb 2=30 3=40 refused\nb 2=30\nb 3=40\na 1=20\n");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, keeper_set_up, keeper_tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(batches_leave_in_the_order_they_were_filled_and_so_do_states),
	    CASE(what_is_open_at_the_end_leaves_in_the_order_it_was_opened),
	    CASE(a_batch_that_may_not_go_yet_lets_others_pass),
	    CASE(halves_go_before_what_was_filled_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
