#include <cjson/cJSON.h>

#include "../libairbyte/testing.h"
#include "kinds.h"

/* With ' for ", to be read more easily. */
static void
expect(const char *schema, enum luzmo_kind kind)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", schema);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	cJSON *property = cJSON_Parse(text);
	assert_non_null(property);
	if (luzmo_kind_of(property) != kind)
		fail_msg("%s is %d", schema, (int)luzmo_kind_of(property));
	cJSON_Delete(property);
}

static void
types_of_airbyte_have_their_kinds(void **unused)
{
	static const struct {
		const char *schema;
		enum luzmo_kind kind;
	} cases[] = {
	    {"{'type':'string'}", LUZMO_TEXT},
	    {"{'type':'boolean'}", LUZMO_TEXT},
	    {"{'type':'array','items':{'type':'integer'}}", LUZMO_TEXT},
	    {"{'type':'object','properties':{}}", LUZMO_TEXT},
	    {"{'type':'integer'}", LUZMO_NUMERIC},
	    {"{'type':'number'}", LUZMO_NUMERIC},
	    {"{'type':'number','airbyte_type':'integer'}", LUZMO_NUMERIC},
	    {"{'type':'string','format':'date'}", LUZMO_DATE},
	    {"{'type':'string','format':'date-time'}", LUZMO_DATETIME},
	    {"{'type':'string','format':'date-time','airbyte_type':'timestamp_without_timezone'}",
		LUZMO_DATETIME},
	    {"{'type':'string','airbyte_type':'timestamp_with_timezone'}", LUZMO_DATETIME},
	    {"{'type':'string','airbyte_type':'timestamp_without_timezone'}", LUZMO_DATETIME},
	    {"{'type':'string','format':'time'}", LUZMO_TEXT},
	    {"{'type':'string','format':'time','airbyte_type':'time_without_timezone'}",
		LUZMO_TEXT},
	    {"{'type':'string','airbyte_type':'time_with_timezone'}", LUZMO_TEXT},
	    {"{'type':'string','airbyte_type':'big_integer'}", LUZMO_TEXT},
	    {"{'type':'string','airbyte_type':'integer'}", LUZMO_TEXT},
	    {"{'type':'string','airbyte_type':'big_number'}", LUZMO_TEXT},
	    {"{'type':'string','contentEncoding':'base64'}", LUZMO_TEXT},
	    {"{'type':'string','format':'uuid'}", LUZMO_TEXT},
	    {"{'type':'integer','format':'date-time'}", LUZMO_NUMERIC},
	    {"{'type':['null','string'],'format':'date'}", LUZMO_DATE},
	    {"{'type':['string','null'],'format':'date-time'}", LUZMO_DATETIME},
	    {"{'type':['null','integer','number']}", LUZMO_NUMERIC},
	    {"{'type':['integer','string']}", LUZMO_TEXT},
	    {"{'type':['string','integer'],'format':'date'}", LUZMO_TEXT},
	    {"{'type':['integer']}", LUZMO_NUMERIC},
	    {"{'type':['integer','string','integer']}", LUZMO_TEXT},
	    {"'integer'", LUZMO_NUMERIC},
	    {"'string'", LUZMO_TEXT},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].schema, cases[i].kind);
}

static void
unions_have_the_kind_that_all_choices_share(void **unused)
{
	(void)unused;
	expect("{'oneOf':[{'type':'null'},{'type':'integer'}]}", LUZMO_NUMERIC);
	expect("{'anyOf':[{'type':'integer'},{'type':['null','number']}]}", LUZMO_NUMERIC);
	expect("{'allOf':[{'type':'string','format':'date'}]}", LUZMO_DATE);
	expect("{'oneOf':[{'type':'string','format':'date-time'},"
	       "{'type':'string','airbyte_type':'timestamp_without_timezone'}]}",
	    LUZMO_DATETIME);
	expect("{'oneOf':[{'type':'string','format':'date-time'},"
	       "{'type':'string','format':'date'}]}",
	    LUZMO_TEXT);
	expect("{'oneOf':[{'type':'integer'},{'type':'string'}]}", LUZMO_TEXT);
	expect("{'oneOf':[{'type':'integer'},{'oneOf':[{'type':'integer'}]}]}", LUZMO_TEXT);
	expect("{'oneOf':['integer','null']}", LUZMO_NUMERIC);
	expect("{'type':'integer','oneOf':[{'type':'string'}]}", LUZMO_NUMERIC);
}

static void
what_is_not_understood_is_a_text(void **unused)
{
	static const char *const schemas[] = {"{}", "true", "false", "null", "[]", "17",
	    "{'type':'null'}", "{'type':[]}", "{'type':['null']}", "{'type':17}",
	    "{'type':{'type':'integer'}}", "{'type':[17,'integer']}", "{'type':'Integer'}",
	    "{'format':'date'}", "{'oneOf':[]}", "{'oneOf':'integer'}", "{'oneOf':[true]}",
	    "{'oneOf':[{'type':'null'}]}", "{'$ref':'WellKnownTypes.json#/definitions/Integer'}",
	    "{'type':'string','format':17,'airbyte_type':[]}",
	    "{'type':'string','format':'time','airbyte_type':'timestamp_with_timezone'}"};

	(void)unused;
	for (size_t i = 0; i < COUNT(schemas); i++)
		expect(schemas[i], LUZMO_TEXT);
	assert_int_equal(luzmo_kind_of(NULL), LUZMO_TEXT);
}

static void
kinds_are_called_as_luzmo_calls_them(void **unused)
{
	(void)unused;
	assert_string_equal(luzmo_kind_type(LUZMO_TEXT), "hierarchy");
	assert_string_equal(luzmo_kind_type(LUZMO_NUMERIC), "numeric");
	assert_string_equal(luzmo_kind_type(LUZMO_DATE), "datetime");
	assert_string_equal(luzmo_kind_type(LUZMO_DATETIME), "datetime");
	assert_string_equal(luzmo_kind_subtype(LUZMO_DATE), "date");
	assert_null(luzmo_kind_subtype(LUZMO_DATETIME));
	assert_null(luzmo_kind_subtype(LUZMO_NUMERIC));
	assert_null(luzmo_kind_subtype(LUZMO_TEXT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(types_of_airbyte_have_their_kinds),
	    cmocka_unit_test(unions_have_the_kind_that_all_choices_share),
	    cmocka_unit_test(what_is_not_understood_is_a_text),
	    cmocka_unit_test(kinds_are_called_as_luzmo_calls_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
