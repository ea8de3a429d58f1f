#include "fixture.h"
#include "value.h"

/* What a value becomes, " as '; NULL if the type does not take it, "null" if it counts as one. */
static const char *
converted(enum pendo_type type, const char *value)
{
	static char text[512];
	struct ab_json json;
	struct ab_buf out;
	struct ab_buf room;
	struct ab_error err;
	const char *result = text;

	ab_json_init(&json);
	ab_buf_init(&out, 512);
	ab_buf_init(&room, 512);
	const char *document = quoted(value);
	assert_int_equal(ab_json_parse(&json, document, strlen(document), 0, &err), 0);
	if (pendo_value_is_null(type, &json, 0))
		result = "null";
	else if (!pendo_value_put(&out, type, &json, 0, &room))
		result = NULL;
	snprintf(text, sizeof(text), "%s", out.data);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '"' ? '\'' : *p;
	if (result == text)
		assert_false(out.overflowed);
	ab_json_release(&json);
	ab_buf_release(&out);
	ab_buf_release(&room);
	return result;
}

static void
values_become_what_their_field_wants(void **state)
{
	static const struct {
		enum pendo_type type;
		const char *value, *wanted;
	} cases[] = {
	    {PENDO_TEXT, "'a\\u00e9\\n\\ud800'", "'a\\u00e9\\n\\ud800'"},
	    {PENDO_TEXT, "''", "''"},
	    {PENDO_TEXT, "12345678901234567890.10", "'12345678901234567890.10'"},
	    {PENDO_TEXT, "true", "'true'"},
	    {PENDO_TEXT, "NaN", "'NaN'"},
	    {PENDO_TEXT, "{'a': ['b', 1]}", "'{\\'a\\':[\\'b\\',1]}'"},
	    {PENDO_TEXT, "null", "null"},
	    {PENDO_BOOLEAN, "true", "true"},
	    {PENDO_BOOLEAN, "false", "false"},
	    {PENDO_BOOLEAN, "1", "true"},
	    {PENDO_BOOLEAN, "0", "false"},
	    {PENDO_BOOLEAN, "'True'", "true"},
	    {PENDO_BOOLEAN, "'FALSE'", "false"},
	    {PENDO_BOOLEAN, "''", "null"},
	    {PENDO_BOOLEAN, "2", NULL},
	    {PENDO_BOOLEAN, "1.0", "true"},
	    {PENDO_BOOLEAN, "-0", "false"},
	    {PENDO_BOOLEAN, "'1'", "true"},
	    {PENDO_BOOLEAN, "'0'", "false"},
	    {PENDO_BOOLEAN, "'t'", "true"},
	    {PENDO_BOOLEAN, "'f'", "false"},
	    {PENDO_BOOLEAN, "'T'", NULL},
	    {PENDO_BOOLEAN, "'F'", NULL},
	    {PENDO_BOOLEAN, "'yes'", NULL},
	    {PENDO_BOOLEAN, "'no'", NULL},
	    {PENDO_BOOLEAN, "'y'", NULL},
	    {PENDO_BOOLEAN, "'on'", NULL},
	    {PENDO_BOOLEAN, "'2'", NULL},
	    {PENDO_BOOLEAN, "0.5", NULL},
	    {PENDO_BOOLEAN, "' true'", NULL},
	    {PENDO_BOOLEAN, "NaN", NULL},
	    {PENDO_BOOLEAN, "[true]", NULL},
	    {PENDO_INTEGER, "9223372036854775807", "9223372036854775807"},
	    {PENDO_INTEGER, "-9223372036854775808", "-9223372036854775808"},
	    {PENDO_INTEGER, "9223372036854775808", NULL},
	    {PENDO_INTEGER, "17.0", "17"},
	    {PENDO_INTEGER, "17.5", NULL},
	    {PENDO_INTEGER, "1e3", "1000"},
	    {PENDO_INTEGER, "-1.5E1", "-15"},
	    {PENDO_INTEGER, "'1e3'", "1000"},
	    {PENDO_INTEGER, "'1.0'", "1"},
	    {PENDO_INTEGER, "9.007199254740993e15", "9007199254740993"},
	    {PENDO_INTEGER, "1e19", NULL},
	    {PENDO_INTEGER, "1e-1", NULL},
	    {PENDO_INTEGER, "1e99999999999999999999", NULL},
	    {PENDO_INTEGER, "'42'", "42"},
	    {PENDO_INTEGER, "'042'", NULL},
	    {PENDO_INTEGER, "' 42'", NULL},
	    {PENDO_INTEGER, "'-'", NULL},
	    {PENDO_INTEGER, "'.0'", NULL},
	    {PENDO_INTEGER, "'4.'", NULL},
	    {PENDO_INTEGER, "''", "null"},
	    {PENDO_INTEGER, "true", NULL},
	    {PENDO_FLOAT, "0.1000000000000000055511151231257827",
		"0.1000000000000000055511151231257827"},
	    {PENDO_FLOAT, "9007199254740993", "9007199254740993"},
	    {PENDO_FLOAT, "-1.5E-3", "-1.5E-3"},
	    {PENDO_FLOAT, "'2.50'", "2.50"},
	    {PENDO_FLOAT, "'2e'", NULL},
	    {PENDO_FLOAT, "'0x10'", NULL},
	    {PENDO_FLOAT, "'inf'", NULL},
	    {PENDO_FLOAT, "1e400", NULL},
	    {PENDO_FLOAT, "NaN", NULL},
	    {PENDO_FLOAT, "-Infinity", NULL},
	    {PENDO_TIME, "'2024-02-29T12:34:56.789+02:00'", "'2024-02-29T10:34:56.789Z'"},
	    {PENDO_TIME, "'2024-02-29 12:34:56'", "'2024-02-29T12:34:56.000Z'"},
	    {PENDO_TIME, "'2024-02-29'", "'2024-02-29T00:00:00.000Z'"},
	    {PENDO_TIME, "'2024\\u002d02-29'", "'2024-02-29T00:00:00.000Z'"},
	    {PENDO_TIME, "'2023-02-29'", NULL},
	    {PENDO_TIME, "1709200000000", NULL},
	    {PENDO_TIME, "''", "null"},
	    {PENDO_LIST, "['a', 'b']", "['a','b']"},
	    {PENDO_LIST, "'a'", NULL},
	    {PENDO_LIST, "''", "null"},
	    {PENDO_ANY, "['a', NaN]", "['a','NaN']"},
	    {PENDO_ANY, "12.50", "12.50"},
	    {PENDO_ANY, "'x'", "'x'"},
	    {PENDO_ANY, "''", "''"},
	    {PENDO_ANY, "Infinity", "'Infinity'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = converted(cases[i].type, cases[i].value);
		if ((got == NULL) != (cases[i].wanted == NULL) ||
		    (got != NULL && strcmp(got, cases[i].wanted) != 0))
			fail_msg("%s as %s is %s", cases[i].value, pendo_type_name(cases[i].type),
			    got != NULL ? got : "refused");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_become_what_their_field_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
