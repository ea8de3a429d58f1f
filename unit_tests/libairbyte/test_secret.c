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
add_numbered(int count)
{
	char secret[16];

	for (int i = 0; i < count; i++) {
		snprintf(secret, sizeof(secret), "secret-%02d", i);
		ab_secret_add(secret);
	}
}

static void
dozens_are_masked(void **state)
{
	(void)state;
	for (int times = 0; times < 3; times++)
		add_numbered(64);
	assert_string_equal(masked("secret-00, secret-63!"), "*********, *********!");
	assert_string_equal(masked("secret-64"), "secret-64");
	ab_secret_release();
}

/* Rather than to print one that was not kept. */
static void
where_there_are_too_many_nothing_is_told(void **state)
{
	(void)state;
	add_numbered(65);
	assert_string_equal(masked("secret-64!"), "**********");
	ab_secret_release();
	assert_string_equal(masked("secret-64!"), "secret-64!");
}

static void
what_overlaps_is_masked_whole(void **state)
{
	(void)state;
	ab_secret_add("user");
	ab_secret_add("user:hunter2");
	ab_secret_add("ter234");
	ab_secret_add("tokento");
	assert_string_equal(masked("user:hunter2@user"), "************@****");
	assert_string_equal(masked("user:hunter234"), "**************");
	assert_string_equal(masked("tokentokento!"), "************!");
	ab_secret_release();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_occurrence_is_masked_length_for_length),
	    cmocka_unit_test(short_values_are_no_secrets),
	    cmocka_unit_test(dozens_are_masked),
	    cmocka_unit_test(where_there_are_too_many_nothing_is_told),
	    cmocka_unit_test(what_overlaps_is_masked_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
