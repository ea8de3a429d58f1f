#include "testing.h"

#include "trouble.h"

static struct ab_trouble *trouble;

static int
tear_down(void **state)
{
	(void)state;
	free(trouble);
	trouble = NULL;
	return 0;
}

static void
note(int status, const char *message)
{
	struct ab_error error;

	ab_fail(&error, AB_TRANSIENT_ERROR, "%s", message);
	ab_error_detail(&error, "detail of %s", message);
	ab_trouble_note(&trouble, status, &error);
}

static void
the_first_cause_is_told_and_all_are_counted(void **state)
{
	struct ab_error error;

	(void)state;
	note(0, "cut");
	for (int i = 0; i < 6; i++)
		note(503, "busy");
	ab_trouble_tell(trouble, &error);
	assert_int_equal(error.kind, AB_TRANSIENT_ERROR);
	assert_string_equal(
	    error.message, "cut; given up after 7 tries (1 x connection lost, 6 x HTTP 503)");
	assert_string_equal(error.detail, "detail of cut");
}

static void
no_try_is_missing_from_the_tally_whatever_the_statuses(void **state)
{
	static const int statuses[] = {500, 502, 503, 504, 429, 408};
	struct ab_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++)
		note(statuses[i], "refused");
	ab_trouble_tell(trouble, &error);
	assert_string_equal(error.message,
	    "refused; given up after 6 tries (1 x HTTP 500, 1 x HTTP 502, 1 x HTTP 503, "
	    "1 x HTTP 504, 2 x other)");
}

static void
a_long_cause_leaves_room_for_the_tally(void **state)
{
	char message[1000];
	struct ab_error error;

	(void)state;
	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	note(503, message);
	ab_trouble_tell(trouble, &error);
	assert_non_null(strstr(error.message, "xxx; given up after 1 try (1 x HTTP 503)"));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(the_first_cause_is_told_and_all_are_counted),
	    CASE(no_try_is_missing_from_the_tally_whatever_the_statuses),
	    CASE(a_long_cause_leaves_room_for_the_tally),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
