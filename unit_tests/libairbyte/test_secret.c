#include "testing.h"

#include "secret.h"

static const char *
masked(const char *text)
{
	static char copy[128];

	snprintf(copy, sizeof(copy), "%s", text);
	ab_secret_mask(copy, strlen(copy));
	return copy;
}

static void
every_occurrence_is_masked_length_for_length(void **state)
{
	(void)state;
	ab_secret_add("sk-abc");
	ab_secret_add("hunter2");
	assert_string_equal(masked("sk-abc"), "******");
	assert_string_equal(masked("asksk-abcsk-abc!"), "ask************!");
	assert_string_equal(masked("sk-abhunter2sk-ab"), "sk-ab*******sk-ab");
	assert_string_equal(masked(""), "");
	assert_string_equal(masked("sk-ab"), "sk-ab");
	ab_secret_release();
	assert_string_equal(masked("sk-abc"), "sk-abc");
}

static void
short_values_are_no_secrets(void **state)
{
	(void)state;
	ab_secret_add("abc");
	assert_string_equal(masked("abc"), "abc");
	ab_secret_release();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_occurrence_is_masked_length_for_length),
	    cmocka_unit_test(short_values_are_no_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
