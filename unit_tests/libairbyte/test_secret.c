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

static void
there_may_be_any_number_of_them(void **state)
{
	char secret[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(secret, sizeof(secret), "secret-%02d", i);
		ab_secret_add(secret);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(secret, sizeof(secret), "secret-%02d", i);
		assert_string_equal(masked(secret), "*********");
	}
	ab_secret_release();
}

/* One is part of another, whichever is known first. */
static void
the_longest_is_masked_whole(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		ab_secret_add(first ? "user" : "user:hunter2");
		ab_secret_add(first ? "user:hunter2" : "user");
		assert_string_equal(masked("user:hunter2@user"), "************@****");
		ab_secret_release();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_occurrence_is_masked_length_for_length),
	    cmocka_unit_test(short_values_are_no_secrets),
	    cmocka_unit_test(there_may_be_any_number_of_them),
	    cmocka_unit_test(the_longest_is_masked_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
