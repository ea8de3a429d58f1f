#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "retry.h"

static const struct ab_retry_policy policy = {
    .delays_ms = {1000, 4000, 16000},
    .delays = 3,
    .total_ms = 30000,
};

static void
each_try_has_its_delay(void **unused)
{
	(void)unused;
	assert_int_equal(ab_retry_wait(&policy, 1, 0, -1, 0), 1000);
	assert_int_equal(ab_retry_wait(&policy, 2, 1000, -1, 0), 4000);
	assert_int_equal(ab_retry_wait(&policy, 3, 5000, -1, 0), 16000);
	assert_int_equal(ab_retry_wait(&policy, 4, 21000, -1, 0), -1);
}

static void
a_policy_without_delays_has_one_try(void **unused)
{
	const struct ab_retry_policy once = {.delays = 0, .total_ms = 1000};

	(void)unused;
	assert_int_equal(ab_retry_wait(&once, 1, 0, -1, 0), -1);
	assert_int_equal(ab_retry_wait(&once, 1, 0, 0, 0), -1);
}

static void
waits_are_spread_by_up_to_a_quarter(void **unused)
{
	(void)unused;
	assert_int_equal(ab_retry_wait(&policy, 2, 0, -1, UINT32_MAX), 4999);
	assert_int_equal(ab_retry_wait(&policy, 2, 0, -1, UINT32_MAX / 2 + 1), 4500);
	for (uint32_t i = 0; i < 1000; i++) {
		const int64_t wait = ab_retry_wait(&policy, 2, 0, -1, i * 4294967);
		assert_true(wait >= 4000 && wait <= 5000);
	}
}

static void
retry_after_replaces_a_shorter_delay_only(void **unused)
{
	(void)unused;
	assert_int_equal(ab_retry_wait(&policy, 1, 0, 7000, 0), 7000);
	assert_int_equal(ab_retry_wait(&policy, 1, 0, 7000, UINT32_MAX), 8749);
	assert_int_equal(ab_retry_wait(&policy, 1, 0, 0, 0), 1000);
	assert_int_equal(ab_retry_wait(&policy, 2, 0, 3999, 0), 4000);
}

static void
all_waits_together_stay_within_the_total(void **unused)
{
	(void)unused;
	assert_int_equal(ab_retry_wait(&policy, 1, 29000, -1, 0), 1000);
	assert_int_equal(ab_retry_wait(&policy, 1, 29001, -1, 0), -1);
	assert_int_equal(ab_retry_wait(&policy, 1, 28900, -1, UINT32_MAX), 1100);
	assert_int_equal(ab_retry_wait(&policy, 1, 0, 30000, UINT32_MAX), 30000);
	assert_int_equal(ab_retry_wait(&policy, 1, 0, 30001, 0), -1);
	assert_int_equal(ab_retry_wait(&policy, 1, 0, INT64_MAX, 0), -1);
	assert_int_equal(ab_retry_wait(&policy, 1, 40000, 0, 0), -1);
}

static void
a_status_says_done_again_or_no(void **unused)
{
	static const struct {
		int from;
		int to;
		int says;
	} table[] = {
	    {0, 0, 1},
	    {100, 199, -1},
	    {200, 299, 0},
	    {300, 407, -1},
	    {408, 408, 1},
	    {409, 424, -1},
	    {425, 425, 1},
	    {426, 428, -1},
	    {429, 429, 1},
	    {430, 499, -1},
	    {500, 500, 1},
	    {501, 501, -1},
	    {502, 504, 1},
	    {505, 999, -1},
	    {-1, -1, -1},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (int status = table[i].from; status <= table[i].to; status++)
			assert_int_equal(ab_retry_status(status), table[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_try_has_its_delay),
	    cmocka_unit_test(a_policy_without_delays_has_one_try),
	    cmocka_unit_test(waits_are_spread_by_up_to_a_quarter),
	    cmocka_unit_test(retry_after_replaces_a_shorter_delay_only),
	    cmocka_unit_test(all_waits_together_stay_within_the_total),
	    cmocka_unit_test(a_status_says_done_again_or_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
