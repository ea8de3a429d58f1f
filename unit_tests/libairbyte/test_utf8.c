#include "testing.h"

#include "utf8.h"

static const char *
printed(const char *text)
{
	static char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	ab_utf8_print(copy, strlen(copy));
	return copy;
}

static void
what_can_be_shown_stays(void **state)
{
	static const char text[] = "a~ \xc2\xa0\xc3\xa9 \xe2\x80\xa7 \xe2\x80\xaf \xf0\x9f\x93\xa7";

	(void)state;
	assert_string_equal(printed(text), text);
	assert_string_equal(printed(""), "");
}

static void
controls_and_line_ends_become_blanks(void **state)
{
	static const char *const controls[] = {"\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f",
	    "\xc2\x80", "\xc2\x85", "\xc2\x9b", "\xc2\x9f", "\xe2\x80\xa8", "\xe2\x80\xa9"};

	(void)state;
	for (size_t i = 0; i < COUNT(controls); i++) {
		char text[8];
		char blanks[8];
		snprintf(text, sizeof(text), "a%sz", controls[i]);
		snprintf(blanks, sizeof(blanks), "a%*sz", (int)strlen(controls[i]), "");
		assert_string_equal(printed(text), blanks);
	}
}

static void
bytes_that_are_no_utf8_become_question_marks(void **state)
{
	(void)state;
	assert_string_equal(printed("\x9b"), "?");
	assert_string_equal(printed("\xe9t\xc3"), "?t?");
	assert_string_equal(printed("\xc0\x8a"), "??");
	assert_string_equal(printed("\xed\xa0\x80"), "???");
	assert_string_equal(printed("\xe2\x80"), "??");
	assert_string_equal(printed("\xf4\x90\x80\x80"), "????");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_can_be_shown_stays),
	    cmocka_unit_test(controls_and_line_ends_become_blanks),
	    cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
