#include "testing.h"

#include "alloc.h"
#include "buf.h"

static void
an_empty_buffer_is_an_empty_string(void **state)
{
	struct ab_buf buf;

	(void)state;
	ab_buf_init(&buf, 10);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.len, 0);
	ab_buf_release(&buf);
	assert_string_equal(buf.data, "");
}

static void
appends_gather_and_stay_terminated(void **state)
{
	struct ab_buf buf;

	(void)state;
	ab_buf_init(&buf, 1000);
	ab_buf_add(&buf, "ab", 2);
	ab_buf_add_char(&buf, 'c');
	ab_buf_add_text(&buf, "de");
	ab_buf_printf(&buf, "%d-%s", 42, "x");
	assert_string_equal(buf.data, "abcde42-x");
	assert_int_equal(buf.len, 9);
	ab_buf_truncate(&buf, 3);
	assert_string_equal(buf.data, "abc");
	ab_buf_reset(&buf);
	assert_string_equal(buf.data, "");
	ab_buf_release(&buf);
}

static void
an_append_that_would_pass_the_limit_changes_nothing(void **state)
{
	struct ab_buf buf;

	(void)state;
	ab_buf_init(&buf, 4);
	ab_buf_add_text(&buf, "abcd");
	assert_false(buf.overflowed);
	ab_buf_add_char(&buf, 'e');
	assert_true(buf.overflowed);
	assert_string_equal(buf.data, "abcd");
	ab_buf_truncate(&buf, 1);
	assert_false(buf.overflowed);
	ab_buf_printf(&buf, "%s", "xyzzy");
	assert_true(buf.overflowed);
	assert_string_equal(buf.data, "a");
	ab_buf_add_char(&buf, 'b');
	assert_string_equal(buf.data, "a");
	assert_null(ab_buf_reserve(&buf, (size_t)-1));
	ab_buf_release(&buf);
}

static void
it_grows_to_exactly_its_limit(void **state)
{
	struct ab_buf buf;

	(void)state;
	ab_buf_init(&buf, 100000);
	for (int i = 0; i < 100000; i++)
		ab_buf_add_char(&buf, (char)('a' + i % 26));
	assert_false(buf.overflowed);
	assert_int_equal(buf.len, 100000);
	assert_true(buf.cap <= 100001);
	ab_buf_add_char(&buf, 'x');
	assert_true(buf.overflowed);
	ab_buf_release(&buf);
}

static void
capacities_are_of_few_kinds_however_it_grows(void **state)
{
	static const size_t steps[] = {1, 7, 300, 1024, 5001, 77777};
	static const char bytes[77777];

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct ab_buf buf;
		ab_buf_init(&buf, (size_t)1 << 20);
		while (buf.len < 100000) {
			ab_buf_add(&buf, bytes, steps[i]);
			size_t kind = buf.cap;
			while (kind % 2 == 0)
				kind /= 2;
			assert_true(kind == 1 || kind == 3);
			assert_true(buf.cap <= 256 || buf.cap <= 2 * buf.len);
		}
		ab_buf_release(&buf);
	}
}

static void
a_limit_that_is_lowered_lets_nothing_more_in(void **state)
{
	struct ab_buf buf;

	(void)state;
	ab_buf_init(&buf, 10);
	ab_buf_add_text(&buf, "12345678");
	buf.limit = 4;
	assert_null(ab_buf_reserve(&buf, 1));
	assert_true(buf.overflowed);
	assert_string_equal(buf.data, "12345678");
	ab_buf_release(&buf);
}

static void
copies_are_terminated(void **state)
{
	(void)state;
	char *copy = ab_memdup("abc", 2);
	assert_string_equal(copy, "ab");
	free(copy);
	copy = ab_memdup(NULL, 0);
	assert_string_equal(copy, "");
	free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_buffer_is_an_empty_string),
	    cmocka_unit_test(appends_gather_and_stay_terminated),
	    cmocka_unit_test(an_append_that_would_pass_the_limit_changes_nothing),
	    cmocka_unit_test(it_grows_to_exactly_its_limit),
	    cmocka_unit_test(capacities_are_of_few_kinds_however_it_grows),
	    cmocka_unit_test(a_limit_that_is_lowered_lets_nothing_more_in),
	    cmocka_unit_test(copies_are_terminated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
