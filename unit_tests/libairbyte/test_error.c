#include "testing.h"

#include "error.h"

static void
a_failure_carries_kind_and_message(void **state)
{
	struct ab_error err = {0};

	(void)state;
	assert_int_equal(ab_fail(&err, AB_TRANSIENT_ERROR, "try %d", 7), -1);
	assert_int_equal(err.kind, AB_TRANSIENT_ERROR);
	assert_string_equal(err.message, "try 7");
	assert_string_equal(err.detail, "");
	ab_error_detail(&err, "part %s", "b");
	assert_string_equal(err.detail, "part b");
	assert_string_equal(ab_failure_name(AB_CONFIG_ERROR), "config_error");
	assert_string_equal(ab_failure_name(AB_TRANSIENT_ERROR), "transient_error");
	assert_string_equal(ab_failure_name(AB_SYSTEM_ERROR), "system_error");
}

static void
a_message_may_be_built_from_itself(void **state)
{
	struct ab_error err;

	(void)state;
	ab_fail(&err, AB_CONFIG_ERROR, "inner");
	ab_fail(&err, AB_CONFIG_ERROR, "outer: %s", err.message);
	assert_string_equal(err.message, "outer: inner");
}

/* Whatever the place of the cut, no part of a character is left behind. */
static void
a_long_message_is_cut_between_characters(void **state)
{
	char text[2100];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		struct ab_error err;
		memset(text, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, "\xF0\x9F\x98\x80", 5);
		ab_fail(&err, AB_SYSTEM_ERROR, "%s", text);
		const size_t len = strlen(err.message);
		assert_true(len > 1000 && len < sizeof(err.message));
		assert_int_equal((len - shift) % 4, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_carries_kind_and_message),
	    cmocka_unit_test(a_message_may_be_built_from_itself),
	    cmocka_unit_test(a_long_message_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
