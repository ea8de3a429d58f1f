#include <cjson/cJSON.h>

#include "../libairbyte/testing.h"
#include "row.h"

#define LIMIT ((size_t)1 << 25)
#define E_ACUTE "\xC3\xA9"
#define EMOJI "\xF0\x9F\x98\x80"

static void
init(struct luzmo_columns *columns, const char *properties)
{
	char text[1000];

	snprintf(text, sizeof(text), "{\"properties\":{%s}}", properties);
	cJSON *schema = cJSON_Parse(text);
	assert_non_null(schema);
	luzmo_columns_init(columns, schema);
	cJSON_Delete(schema);
}

/* The row of a record whose data is this text, as it stands in a message. */
static unsigned
put(struct ab_buf *out, struct luzmo_columns *columns, const char *data)
{
	struct ab_buf text;
	struct ab_json json;
	struct ab_error err;

	ab_buf_init(&text, LIMIT);
	ab_json_init(&json);
	ab_buf_printf(&text, "{\"stream\":\"s\",\"data\":%s,\"emitted_at\":1}", data);
	assert_int_equal(ab_json_parse(&json, text.data, text.len, 2, &err), 0);
	const uint32_t node = ab_json_get(&json, 0, "data");
	const struct ab_record record = {
	    .json = &json, .data = node, .raw = ab_json_raw(&json, node)};
	const unsigned findings = luzmo_row_put(out, columns, &record);
	ab_json_release(&json);
	ab_buf_release(&text);
	return findings;
}

static unsigned
expect(struct luzmo_columns *columns, const char *data, const char *row)
{
	struct ab_buf out;

	ab_buf_init(&out, LIMIT);
	ab_buf_add_text(&out, "[1],");
	const unsigned findings = put(&out, columns, data);
	assert_string_equal(out.data + 4, row);
	assert_int_equal(out.len, 4 + strlen(row));
	assert_false(out.overflowed);
	ab_buf_release(&out);
	return findings;
}

static void
expect_cell(const char *property, const char *value, const char *cell, unsigned findings)
{
	struct luzmo_columns columns;
	char properties[200];
	char data[500];
	char row[500];

	snprintf(properties, sizeof(properties), "\"v\":%s", property);
	snprintf(data, sizeof(data), "{\"v\":%s}", value);
	snprintf(row, sizeof(row), "[%s],", cell);
	init(&columns, properties);
	assert_int_equal(expect(&columns, data, row), findings);
	luzmo_columns_release(&columns);
}

static void
numbers_keep_every_digit(void **unused)
{
	static const char *const numbers[] = {"0", "-0", "17", "12345678901234567890",
	    "-98765432109876543210.123456789012345678901", "1e400", "0.1000", "-1.50E-07", "1E+2",
	    "9007199254740993"};

	(void)unused;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		expect_cell("{\"type\":\"number\"}", numbers[i], numbers[i], 0);
		expect_cell("{\"type\":\"integer\"}", numbers[i], numbers[i], 0);
		/* The schema may be wrong. */
		expect_cell("{\"type\":\"string\"}", numbers[i], numbers[i], 0);
		expect_cell(
		    "{\"type\":\"string\",\"format\":\"date-time\"}", numbers[i], numbers[i], 0);
	}
}

static void
strings_stay_as_they_are_spelt(void **unused)
{
	static const char *const strings[] = {"\"\"", "\"text\"", "\" \"",
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u00e9\\u00E9" E_ACUTE "\"",
	    "\"\\ud83d\\ude00" EMOJI "\"", "\"\\ud800\"", "\"\\udc00\\ud800x\"", "\"\\u0000\"",
	    "\"01000\"", "\"null\"", "\"12:34:56\"", "\"2024-02-29\"", "\"2024-02-29T12:34:56Z\"",
	    "\"NaN\""};
	static const char *const properties[] = {"{\"type\":\"string\"}", "{\"type\":\"integer\"}",
	    "{\"type\":\"string\",\"format\":\"date\"}",
	    "{\"type\":\"string\",\"format\":\"time\"}", "true"};

	(void)unused;
	for (size_t i = 0; i < COUNT(strings); i++) {
		for (size_t j = 0; j < COUNT(properties); j++)
			expect_cell(properties[j], strings[i], strings[i], 0);
	}
}

static void
booleans_become_texts_and_null_stays_null(void **unused)
{
	(void)unused;
	expect_cell("{\"type\":\"boolean\"}", "true", "\"true\"", 0);
	expect_cell("{\"type\":\"boolean\"}", "false", "\"false\"", 0);
	expect_cell("{\"type\":\"integer\"}", "true", "\"true\"", 0);
	expect_cell("{\"type\":\"boolean\"}", "null", "null", 0);
	expect_cell("{\"type\":\"string\",\"format\":\"date-time\"}", "null", "null", 0);
}

static void
what_json_has_no_number_for_becomes_a_text(void **unused)
{
	(void)unused;
	expect_cell("{\"type\":\"number\"}", "NaN", "\"NaN\"", 0);
	expect_cell("{\"type\":\"number\"}", "Infinity", "\"Infinity\"", 0);
	expect_cell("{\"type\":\"number\"}", "-Infinity", "\"-Infinity\"", 0);
	expect_cell("{\"type\":\"number\"}", "\"NaN\"", "\"NaN\"", 0);
}

static void
lists_and_objects_become_compact_json(void **unused)
{
	static const struct {
		const char *value;
		const char *cell;
	} cases[] = {
	    {"[]", "\"[]\""},
	    {"{ }", "\"{}\""},
	    {"[ 1 , 2.50 , null ]", "\"[1,2.50,null]\""},
	    {"{\"k\": [1, {\"a\": true}]}", "\"{\\\"k\\\":[1,{\\\"a\\\":true}]}\""},
	    {"{\"n\":\"" E_ACUTE EMOJI "\"}", "\"{\\\"n\\\":\\\"" E_ACUTE EMOJI "\\\"}\""},
	    {"{\"n\":\"\\u00e9\\ud83d\\ude00\"}", "\"{\\\"n\\\":\\\"" E_ACUTE EMOJI "\\\"}\""},
	    {"[\"a\\\"b\\n\",\"\\ud800\"]", "\"[\\\"a\\\\\\\"b\\\\n\\\",\\\"\\\\ud800\\\"]\""},
	    {"{\"a\":1,\"a\":2}", "\"{\\\"a\\\":1,\\\"a\\\":2}\""},
	    {"[12345678901234567890,-0]", "\"[12345678901234567890,-0]\""},
	    {"[NaN, {\"a\": -Infinity}]", "\"[\\\"NaN\\\",{\\\"a\\\":\\\"-Infinity\\\"}]\""},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_cell("{\"type\":\"object\"}", cases[i].value, cases[i].cell, 0);
		expect_cell("{\"type\":\"string\",\"format\":\"date-time\"}", cases[i].value,
		    cases[i].cell, 0);
	}
}

static void
date_times_are_sent_in_one_spelling(void **unused)
{
	static const struct {
		const char *value;
		const char *cell;
	} cases[] = {
	    {"\"2024-02-29T12:34:56.789Z\"", "\"2024-02-29T12:34:56.789Z\""},
	    {"\"2024-02-29T12:34:56.789999Z\"", "\"2024-02-29T12:34:56.789Z\""},
	    {"\"2024-02-29 12:34:56\"", "\"2024-02-29T12:34:56.000Z\""},
	    {"\"2024-03-01T00:30:00+01:00\"", "\"2024-02-29T23:30:00.000Z\""},
	    {"\"2023-12-31T23:30:00-01:00\"", "\"2024-01-01T00:30:00.000Z\""},
	    {"\"2024-02-29\"", "\"2024-02-29T00:00:00.000Z\""},
	    {"\"2024-02-29T12\\u003a34:56\\n\"", "\"2024-02-29T12:34:56.000Z\""},
	};
	static const char *const others[] = {"\"\"", "\"soon\"", "\"2024-02-30T00:00:00Z\"",
	    "\"2024-02-29T24:00:00Z\"", "\"2022-11-22T01:23:45 BC\"", "\"\\ud800\"", "\"\\n\"",
	    "\"0000-01-01T00:00:00+01:00\"", "\"9999-12-31T23:59:59-01:00\"", "\"1709210096\""};
	static const char *const properties[] = {"{\"type\":\"string\",\"format\":\"date-time\"}",
	    "{\"type\":\"string\",\"airbyte_type\":\"timestamp_without_timezone\"}"};

	(void)unused;
	for (size_t j = 0; j < COUNT(properties); j++) {
		for (size_t i = 0; i < COUNT(cases); i++)
			expect_cell(properties[j], cases[i].value, cases[i].cell, 0);
		for (size_t i = 0; i < COUNT(others); i++)
			expect_cell(properties[j], others[i], others[i], LUZMO_ROW_NO_MOMENT);
	}
}

static void
values_stand_in_the_order_of_the_columns(void **unused)
{
	static const char *const there[] = {"c", "old", "a", "a"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{},\"\":{},\"d\\\"e\":{}");
	luzmo_columns_merge(&columns, there, 4, false);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(
		    expect(&columns, "{}", "[null,null,null,null,null,null,null],"), 0);
		assert_int_equal(
		    expect(&columns, "{\"a\":1,\"b\":2,\"c\":3}", "[3,null,1,null,2,null,null],"),
		    0);
		assert_int_equal(
		    expect(&columns, "{ \"d\\u0022e\" : [ ] , \"\" : \"x\", \"\\u0061\" : 1 }",
			"[null,null,1,null,null,\"x\",\"[]\"],"),
		    0);
	}
	luzmo_columns_release(&columns);
}

static void
undeclared_fields_are_left_out_even_if_the_dataset_has_them(void **unused)
{
	static const char *const there[] = {"old", "a"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{}");
	luzmo_columns_merge(&columns, there, 2, false);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(
		    expect(&columns, "{\"old\":1,\"a\":2,\"new\":[3],\"b\":4}", "[null,2,4],"),
		    LUZMO_ROW_UNDECLARED);
		assert_int_equal(expect(&columns, "{\"b\":1,\"\\ud800\":2}", "[null,null,1],"),
		    LUZMO_ROW_UNDECLARED);
		assert_int_equal(expect(&columns, "{\"a\":2}", "[null,2,null],"), 0);
	}
	luzmo_columns_release(&columns);
}

static void
of_a_repeated_field_the_last_counts(void **unused)
{
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{}");
	assert_int_equal(
	    expect(&columns, "{\"a\":[1],\"b\":2,\"a\":3,\"\\u0061\":4}", "[4,2],"), 0);
	assert_int_equal(expect(&columns, "{\"a\":1,\"a\":null}", "[null,null],"), 0);
	assert_int_equal(expect(&columns, "{\"a\":1,\"a\":{}}", "[\"{}\",null],"), 0);
	luzmo_columns_release(&columns);
}

static void
findings_come_together(void **unused)
{
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"at\":{\"type\":\"string\",\"format\":\"date-time\"}");
	assert_int_equal(expect(&columns, "{\"at\":\"soon\",\"x\":1}", "[\"soon\"],"),
	    LUZMO_ROW_UNDECLARED | LUZMO_ROW_NO_MOMENT);
	luzmo_columns_release(&columns);
}

static void
a_dataset_without_columns_has_empty_rows(void **unused)
{
	struct luzmo_columns columns;

	(void)unused;
	luzmo_columns_init(&columns, NULL);
	assert_int_equal(expect(&columns, "{}", "[],"), 0);
	assert_int_equal(expect(&columns, "{\"a\":1}", "[],"), LUZMO_ROW_UNDECLARED);
	luzmo_columns_release(&columns);
}

static void
thousands_of_columns_make_one_row(void **unused)
{
	enum { MANY = 3000 };
	struct luzmo_columns columns;
	struct ab_buf data;
	struct ab_buf row;
	cJSON *schema = cJSON_CreateObject();
	cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
	char name[16];

	(void)unused;
	ab_buf_init(&data, LIMIT);
	ab_buf_init(&row, LIMIT);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		cJSON_AddItemToObject(properties, name, cJSON_CreateTrue());
		/* Every third is missing; the others come backwards. */
		if (i % 3 == 0)
			ab_buf_add_text(&row, i == 0 ? "[null" : ",null");
		else
			ab_buf_printf(&row, ",%s", i % 3 == 1 ? "\"true\"" : "\"[7]\"");
	}
	ab_buf_add_text(&row, "],");
	for (int i = MANY - 1; i >= 0; i--) {
		if (i % 3 != 0)
			ab_buf_printf(&data, "%s\"c%d\":%s", data.len == 0 ? "{" : ",", i,
			    i % 3 == 1 ? "true" : "[ 7 ]");
	}
	ab_buf_add_char(&data, '}');
	luzmo_columns_init(&columns, schema);
	cJSON_Delete(schema);
	for (int again = 0; again < 2; again++)
		assert_int_equal(expect(&columns, data.data, row.data), 0);
	luzmo_columns_release(&columns);
	ab_buf_release(&data);
	ab_buf_release(&row);
}

static void
long_strings_are_copied(void **unused)
{
	const size_t len = 5000000;
	struct luzmo_columns columns;
	struct ab_buf data;
	struct ab_buf row;

	(void)unused;
	char *text = malloc(len + 1);
	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	ab_buf_init(&data, LIMIT);
	ab_buf_init(&row, LIMIT);
	ab_buf_printf(&data, "{\"a\":\"%s\",\"b\":[ \"%s\" ],\"c\":\"\\n%s\"}", text, text, text);
	ab_buf_printf(&row, "[\"%s\",\"[\\\"%s\\\"]\",\"\\n%s\"],", text, text, text);
	init(&columns, "\"a\":{},\"b\":{},\"c\":{\"type\":\"string\",\"format\":\"date-time\"}");
	assert_int_equal(expect(&columns, data.data, row.data), LUZMO_ROW_NO_MOMENT);
	luzmo_columns_release(&columns);
	ab_buf_release(&data);
	ab_buf_release(&row);
	free(text);
}

static void
a_full_buffer_overflows_and_nothing_else(void **unused)
{
	static const char data[] = "{\"a\":\"text\",\"b\":[1, \"x\\n\"],\"c\":\"2024-02-29\","
				   "\"d\":true,\"e\":\"\"}";
	struct luzmo_columns columns;
	struct ab_buf out;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{\"type\":\"string\",\"format\":\"date-time\"},"
		       "\"d\":{},\"e\":{},\"f\":{}");
	ab_buf_init(&out, LIMIT);
	put(&out, &columns, data);
	const size_t whole = out.len;
	ab_buf_release(&out);
	for (size_t limit = 0; limit < whole + 300; limit++) {
		ab_buf_init(&out, limit);
		put(&out, &columns, data);
		assert_int_equal(out.overflowed, limit < whole);
		assert_true(out.len <= limit);
		assert_int_equal(out.data[out.len], '\0');
		ab_buf_release(&out);
		/* What is left of a row does not show in the next. */
		expect(&columns, "{}", "[null,null,null,null,null,null],");
	}
	luzmo_columns_release(&columns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_keep_every_digit),
	    cmocka_unit_test(strings_stay_as_they_are_spelt),
	    cmocka_unit_test(booleans_become_texts_and_null_stays_null),
	    cmocka_unit_test(what_json_has_no_number_for_becomes_a_text),
	    cmocka_unit_test(lists_and_objects_become_compact_json),
	    cmocka_unit_test(date_times_are_sent_in_one_spelling),
	    cmocka_unit_test(values_stand_in_the_order_of_the_columns),
	    cmocka_unit_test(undeclared_fields_are_left_out_even_if_the_dataset_has_them),
	    cmocka_unit_test(of_a_repeated_field_the_last_counts),
	    cmocka_unit_test(findings_come_together),
	    cmocka_unit_test(a_dataset_without_columns_has_empty_rows),
	    cmocka_unit_test(thousands_of_columns_make_one_row),
	    cmocka_unit_test(long_strings_are_copied),
	    cmocka_unit_test(a_full_buffer_overflows_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
