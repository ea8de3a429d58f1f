#include "testing.h"

#include "fifo.h"

static void
push(struct ab_fifo *fifo, uint64_t value)
{
	uint64_t *item = ab_fifo_push(fifo);

	*item = value;
}

static uint64_t
at(const struct ab_fifo *fifo, size_t i)
{
	const uint64_t *item = ab_fifo_at(fifo, i);

	return *item;
}

/* Now more are pushed than popped, now fewer. */
static void
items_come_out_as_they_went_in(void **state)
{
	struct ab_fifo fifo;
	size_t bytes = 0;
	uint64_t in = 0;
	uint64_t out = 0;

	(void)state;
	ab_fifo_init(&fifo, sizeof(uint64_t), &bytes);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < (round % 2 == 0 ? 90 : 10); i++)
			push(&fifo, in++);
		for (unsigned i = 0; i < 50 && out < in; i++) {
			assert_int_equal(at(&fifo, 0), out++);
			ab_fifo_pop(&fifo);
		}
		assert_int_equal(ab_fifo_count(&fifo), in - out);
		for (size_t i = 0; i < in - out; i++)
			assert_int_equal(at(&fifo, i), out + i);
	}
	ab_fifo_release(&fifo);
}

static void
a_place_that_was_left_is_taken_again(void **state)
{
	struct ab_fifo fifo;
	size_t bytes = 0;

	(void)state;
	ab_fifo_init(&fifo, sizeof(uint64_t), &bytes);
	push(&fifo, 0);
	const size_t first = bytes;
	for (uint64_t i = 1; i < 10000; i++) {
		push(&fifo, i);
		ab_fifo_pop(&fifo);
	}
	assert_int_equal(bytes, first);
	ab_fifo_release(&fifo);
}

static void
its_memory_is_counted_and_given_back_once_many_are_gone(void **state)
{
	struct ab_fifo fifo;
	size_t bytes = 5;

	(void)state;
	ab_fifo_init(&fifo, sizeof(uint64_t), &bytes);
	assert_int_equal(bytes, 5);
	for (uint64_t i = 0; i < 5000; i++)
		push(&fifo, i);
	assert_in_range(bytes, 5 + 5000 * sizeof(uint64_t), 5 + 8000 * sizeof(uint64_t));
	while (ab_fifo_count(&fifo) > 0)
		ab_fifo_pop(&fifo);
	assert_int_equal(bytes, 5);
	push(&fifo, 7);
	assert_int_equal(at(&fifo, 0), 7);
	ab_fifo_release(&fifo);
	assert_int_equal(bytes, 5);
}

static void
the_first_that_is_not_less_is_found(void **state)
{
	static const struct {
		uint64_t least;
		size_t found;
	} cases[] = {{0, 0}, {10, 0}, {11, 1}, {20, 1}, {21, 3}, {30, 3}, {31, 4}};
	struct ab_fifo fifo;
	size_t bytes = 0;

	(void)state;
	ab_fifo_init(&fifo, sizeof(uint64_t), &bytes);
	assert_int_equal(ab_fifo_find(&fifo, 0), 0);
	push(&fifo, 1);
	push(&fifo, 10);
	push(&fifo, 20);
	push(&fifo, 20);
	push(&fifo, 30);
	ab_fifo_pop(&fifo);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(ab_fifo_find(&fifo, cases[i].least), cases[i].found);
	ab_fifo_release(&fifo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_come_out_as_they_went_in),
	    cmocka_unit_test(a_place_that_was_left_is_taken_again),
	    cmocka_unit_test(its_memory_is_counted_and_given_back_once_many_are_gone),
	    cmocka_unit_test(the_first_that_is_not_less_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
