#include "testing.h"

#include "states.h"

static struct ab_state_texts texts;
static struct ab_states states;
static size_t bytes;

static int
set_up(void **state)
{
	(void)state;
	bytes = 0;
	ab_state_texts_init(&texts);
	ab_states_init(&states, &bytes);
	return 0;
}

/* What still waits is freed. */
static int
tear_down(void **state)
{
	(void)state;
	ab_states_release(&states, &texts);
	ab_state_texts_release(&texts);
	return bytes == 0 ? 0 : -1;
}

static void
arrive(uint64_t received, bool foreign)
{
	static const char line[] = "{}";
	const struct ab_state_text text = {.line = {line, sizeof(line) - 1}, .cut_at = 1};
	struct ab_kept_text kept;
	struct ab_error err;

	assert_int_equal(ab_state_texts_keep(&texts, &text, &kept, &err), 0);
	ab_states_add(&states, kept, received, foreign);
}

/* The oldest leaves with these counts. */
static void
expect_counts(const char *counts)
{
	struct ab_buf line;
	struct ab_error err;
	char text[128];

	ab_buf_init(&line, 1000);
	assert_int_equal(ab_states_leave(&states, &texts, &line, &err), 0);
	snprintf(text, sizeof(text), "{\"destinationStats\":{%s}}", counts);
	assert_string_equal(line.data, text);
	ab_buf_release(&line);
}

static void
a_state_counts_what_came_since_the_one_before(void **state)
{
	(void)state;
	arrive(3, false);
	arrive(3, false);
	arrive(10, false);
	assert_int_equal(ab_states_count(&states), 3);
	assert_int_equal(ab_states_first(&states), 3);
	expect_counts("\"recordCount\":3.0");
	expect_counts("\"recordCount\":0.0");
	assert_int_equal(ab_states_first(&states), 10);
	expect_counts("\"recordCount\":7.0");
	assert_int_equal(ab_states_count(&states), 0);
}

static void
a_rejected_record_is_counted_where_it_is_found(void **state)
{
	(void)state;
	arrive(3, false);
	arrive(5, false);
	assert_int_equal(ab_states_find(&states, 3), 0);
	assert_int_equal(ab_states_find(&states, 4), 1);
	assert_int_equal(ab_states_find(&states, 6), 2);
	ab_states_reject(&states, 1);
	ab_states_reject(&states, 2);
	arrive(6, false);
	expect_counts("\"recordCount\":3.0");
	expect_counts("\"recordCount\":1.0,\"rejectedRecordCount\":1.0");
	expect_counts("\"recordCount\":0.0,\"rejectedRecordCount\":1.0");
}

static void
a_foreign_one_leaves_its_counts_to_the_next(void **state)
{
	(void)state;
	arrive(2, true);
	ab_states_reject(&states, 0);
	assert_int_equal(states.arrived, 0);
	arrive(3, false);
	expect_counts("\"recordCount\":0.0");
	expect_counts("\"recordCount\":2.0,\"rejectedRecordCount\":1.0");
}

static void
also_where_the_next_has_not_come(void **state)
{
	(void)state;
	arrive(2, true);
	ab_states_reject(&states, 0);
	expect_counts("\"recordCount\":0.0");
	arrive(3, false);
	expect_counts("\"recordCount\":2.0,\"rejectedRecordCount\":1.0");
}

static void
one_that_finds_no_room_stays(void **state)
{
	struct ab_buf line;
	struct ab_error err;

	(void)state;
	arrive(1, false);
	ab_buf_init(&line, 10);
	assert_int_equal(ab_states_leave(&states, &texts, &line, &err), -1);
	ab_buf_release(&line);
	expect_counts("\"recordCount\":1.0");
}

static void
what_waits_is_freed_with_its_text(void **state)
{
	(void)state;
	arrive(1, false);
	assert_int_equal(texts.bytes, 2);
	assert_true(bytes > 0);
	ab_states_release(&states, &texts);
	assert_int_equal(texts.bytes, 0);
	assert_int_equal(bytes, 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(a_state_counts_what_came_since_the_one_before),
	    CASE(a_rejected_record_is_counted_where_it_is_found),
	    CASE(a_foreign_one_leaves_its_counts_to_the_next),
	    CASE(also_where_the_next_has_not_come),
	    CASE(one_that_finds_no_room_stays),
	    CASE(what_waits_is_freed_with_its_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
