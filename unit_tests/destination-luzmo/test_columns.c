#include <cjson/cJSON.h>

#include "../libairbyte/testing.h"
#include "columns.h"

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

static size_t
find_after(struct luzmo_columns *columns, size_t before, const char *key)
{
	struct ab_json json;
	struct ab_error err;
	char text[2000];

	snprintf(text, sizeof(text), "{\"%s\":1}", key);
	ab_json_init(&json);
	assert_int_equal(ab_json_parse(&json, text, strlen(text), 1, &err), 0);
	const size_t column = luzmo_columns_find(columns, before, &json, 1);
	ab_json_release(&json);
	return column;
}

static size_t
find(struct luzmo_columns *columns, const char *key)
{
	return find_after(columns, LUZMO_NO_COLUMN, key);
}

/* marks: for each column + if it is new, - if it is undeclared, = else. */
static void
expect(const struct luzmo_columns *columns, const char *header, const char *marks)
{
	struct ab_buf out;
	size_t declared = 0;

	ab_buf_init(&out, 10000);
	luzmo_columns_header(columns, &out);
	assert_string_equal(out.data, header);
	ab_buf_release(&out);
	assert_int_equal(columns->count, strlen(marks));
	for (size_t i = 0; i < columns->count; i++) {
		const struct luzmo_column *column = &columns->list[i];
		assert_int_equal(column->is_new, marks[i] == '+');
		assert_int_equal(column->declared, marks[i] != '-');
		assert_int_equal(columns->nodes[i], 0);
		declared += column->declared;
	}
	assert_int_equal(columns->declared, declared);
}

static void
a_new_dataset_has_the_declared_columns(void **unused)
{
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"id\":{\"type\":\"integer\"},\"name\":{\"type\":\"string\"},"
		       "\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"\":true");
	expect(&columns, "[\"id\",\"name\",\"at\",\"\"]", "++++");
	assert_true(columns.changed);
	assert_int_equal(columns.list[0].kind, LUZMO_NUMERIC);
	assert_int_equal(columns.list[1].kind, LUZMO_TEXT);
	assert_int_equal(columns.list[2].kind, LUZMO_DATETIME);
	assert_int_equal(find(&columns, "at"), 2);
	assert_int_equal(find(&columns, ""), 3);
	assert_true(find(&columns, "ID") == LUZMO_NO_COLUMN);
	assert_true(find(&columns, "nam") == LUZMO_NO_COLUMN);
	luzmo_columns_release(&columns);
}

static void
a_repeated_property_is_one_column(void **unused)
{
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"b\":{},\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"},"
		       "\"c\":{},\"b\":{\"type\":\"number\"}");
	expect(&columns, "[\"b\",\"a\",\"c\"]", "+++");
	assert_int_equal(columns.list[0].kind, LUZMO_NUMERIC);
	assert_int_equal(columns.list[1].kind, LUZMO_NUMERIC);
	assert_int_equal(find(&columns, "b"), 0);
	assert_int_equal(find(&columns, "c"), 2);
	luzmo_columns_release(&columns);
}

static void
a_schema_without_properties_has_no_columns(void **unused)
{
	static const char *const schemas[] = {"{}", "true", "{\"properties\":{}}",
	    "{\"properties\":null}", "{\"properties\":[{\"type\":\"string\"}]}"};
	static const char *const there[] = {"a"};
	struct luzmo_columns columns;

	(void)unused;
	for (size_t i = 0; i < COUNT(schemas); i++) {
		cJSON *schema = cJSON_Parse(schemas[i]);
		luzmo_columns_init(&columns, schema);
		expect(&columns, "[]", "");
		assert_false(columns.changed);
		assert_true(find(&columns, "a") == LUZMO_NO_COLUMN);
		luzmo_columns_merge(&columns, there, 1, false);
		expect(&columns, "[\"a\"]", "-");
		assert_false(columns.changed);
		luzmo_columns_release(&columns);
		cJSON_Delete(schema);
	}
	luzmo_columns_init(&columns, NULL);
	expect(&columns, "[]", "");
	luzmo_columns_release(&columns);
}

static void
columns_that_are_there_keep_their_order(void **unused)
{
	static const char *const there[] = {"c", "old", "a"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{\"type\":\"integer\"},\"b\":{},\"c\":{},\"d\":{}");
	luzmo_columns_merge(&columns, there, 3, false);
	expect(&columns, "[\"c\",\"old\",\"a\",\"b\",\"d\"]", "=-=++");
	assert_true(columns.changed);
	assert_int_equal(columns.list[2].kind, LUZMO_NUMERIC);
	assert_int_equal(find(&columns, "a"), 2);
	assert_int_equal(find(&columns, "d"), 4);
	assert_true(find(&columns, "old") == LUZMO_NO_COLUMN);
	luzmo_columns_release(&columns);
}

static void
undeclared_columns_go_when_the_rows_do(void **unused)
{
	static const char *const there[] = {"c", "old", "a"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{}");
	luzmo_columns_merge(&columns, there, 3, true);
	expect(&columns, "[\"c\",\"a\",\"b\"]", "==+");
	assert_true(columns.changed);
	assert_int_equal(find(&columns, "b"), 2);
	luzmo_columns_release(&columns);
	init(&columns, "\"a\":{},\"c\":{}");
	luzmo_columns_merge(&columns, there, 3, true);
	expect(&columns, "[\"c\",\"a\"]", "==");
	assert_true(columns.changed);
	luzmo_columns_release(&columns);
}

static void
a_dataset_that_fits_is_not_changed(void **unused)
{
	static const char *const there[] = {"b", "a", "old"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{}");
	luzmo_columns_merge(&columns, there, 2, true);
	assert_false(columns.changed);
	luzmo_columns_merge(&columns, there, 3, false);
	assert_false(columns.changed);
	expect(&columns, "[\"b\",\"a\",\"old\"]", "==-");
	luzmo_columns_release(&columns);
}

static void
the_last_merge_counts(void **unused)
{
	static const char *const some[] = {"c", "old", "b", "c"};
	static const char *const others[] = {"b", "x"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{}");
	for (int i = 0; i < 2; i++) {
		luzmo_columns_merge(&columns, some, 4, false);
		expect(&columns, "[\"c\",\"old\",\"b\",\"c\",\"a\"]", "=-=-+");
		luzmo_columns_merge(&columns, others, 2, true);
		expect(&columns, "[\"b\",\"a\",\"c\"]", "=++");
		luzmo_columns_merge(&columns, NULL, 0, false);
		expect(&columns, "[\"a\",\"b\",\"c\"]", "+++");
		assert_true(columns.changed);
	}
	luzmo_columns_release(&columns);
}

static void
of_columns_with_one_name_the_first_counts(void **unused)
{
	static const char *const there[] = {"a", "b", "a", "x", "x", "a"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{}");
	luzmo_columns_merge(&columns, there, 6, false);
	expect(&columns, "[\"a\",\"b\",\"a\",\"x\",\"x\",\"a\"]", "==----");
	assert_false(columns.changed);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(find_after(&columns, 1, "a"), 0);
		assert_int_equal(find_after(&columns, 0, "b"), 1);
	}
	luzmo_columns_merge(&columns, there, 6, true);
	expect(&columns, "[\"a\",\"b\"]", "==");
	assert_true(columns.changed);
	luzmo_columns_release(&columns);
}

static void
names_are_escaped_in_the_header_and_compared_by_what_they_mean(void **unused)
{
	static const char *const there[] = {"b\"c", "\xC3\xA9"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"\\u00e9\":{},\"b\\\"c\":{},\"\xF0\x9F\x98\x80\\n\":{},"
		       "\"\xEF\xBF\xBD\":{}");
	luzmo_columns_merge(&columns, there, 2, false);
	expect(
	    &columns, "[\"b\\\"c\",\"\xC3\xA9\",\"\xF0\x9F\x98\x80\\n\",\"\xEF\xBF\xBD\"]", "==++");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(find(&columns, "b\\u0022c"), 0);
		assert_int_equal(find(&columns, "b\\\"c"), 0);
		assert_int_equal(find(&columns, "\\u00E9"), 1);
		assert_int_equal(find(&columns, "\xC3\xA9"), 1);
		assert_int_equal(find(&columns, "\\uD83D\\uDE00\\n"), 2);
		assert_int_equal(find(&columns, "\xEF\xBF\xBD"), 3);
		assert_true(find(&columns, "\\ud800") == LUZMO_NO_COLUMN);
		assert_true(find(&columns, "\\u00e8") == LUZMO_NO_COLUMN);
		assert_true(find(&columns, "\xC3\xA9\\u0000") == LUZMO_NO_COLUMN);
	}
	luzmo_columns_release(&columns);
}

static void
long_keys_are_found(void **unused)
{
	char name[1501];
	char property[1600];
	char key[1600];
	struct luzmo_columns columns;

	(void)unused;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(property, sizeof(property), "{\"properties\":{\"%s\":{}}}", name);
	cJSON *schema = cJSON_Parse(property);
	luzmo_columns_init(&columns, schema);
	cJSON_Delete(schema);
	assert_int_equal(find(&columns, name), 0);
	snprintf(key, sizeof(key), "\\u006e%s", name + 1);
	assert_int_equal(find(&columns, key), 0);
	snprintf(key, sizeof(key), "\\u006e%s", name);
	assert_true(find(&columns, key) == LUZMO_NO_COLUMN);
	assert_int_equal(find(&columns, name), 0);
	luzmo_columns_release(&columns);
}

static void
guesses_do_not_mislead(void **unused)
{
	static const char *const orders[][4] = {{"a", "b", "c", "d"}, {"a", "b", "c", "d"},
	    {"c", "x", "b", "a"}, {"b", "c", "a", "b"}, {"x", "x", "a", "c"}, {"a", "a", "b", "x"},
	    {"d", "c", "b", "a"}};
	static const char *const there[] = {"x", "a", "b", "c", "d"};
	struct luzmo_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{},\"d\":{}");
	luzmo_columns_merge(&columns, there, 5, false);
	for (size_t n = 0; n < COUNT(orders) * COUNT(orders); n++) {
		size_t before = LUZMO_NO_COLUMN;
		for (size_t j = 0; j < 4; j++) {
			const char *key = orders[n * 3 % COUNT(orders)][j];
			const size_t column = find_after(&columns, before, key);
			assert_true(
			    column == (*key == 'x' ? LUZMO_NO_COLUMN : (size_t)(*key - 'a' + 1)));
			before = column != LUZMO_NO_COLUMN ? column : before;
		}
	}
	luzmo_columns_release(&columns);
}

static void
thousands_of_columns_are_found(void **unused)
{
	enum { MANY = 3000 };
	static char names[MANY][16];
	static const char *there[MANY];
	struct luzmo_columns columns;
	cJSON *schema = cJSON_CreateObject();
	cJSON *properties = cJSON_AddObjectToObject(schema, "properties");

	(void)unused;
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "column_%d", i);
		there[MANY - 1 - i] = names[i];
		cJSON_AddItemToObject(properties, names[i], cJSON_CreateTrue());
	}
	luzmo_columns_init(&columns, schema);
	cJSON_Delete(schema);
	/* The dataset has the second half, backwards. */
	luzmo_columns_merge(&columns, there, MANY / 2, true);
	assert_int_equal(columns.count, MANY);
	for (int i = 0; i < MANY; i++) {
		const int expected = i < MANY / 2 ? MANY / 2 + i : MANY - 1 - i;
		assert_int_equal(find(&columns, names[i]), expected);
		assert_int_equal(columns.list[expected].is_new, i < MANY / 2);
	}
	assert_true(find(&columns, "column_3000") == LUZMO_NO_COLUMN);
	luzmo_columns_release(&columns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_dataset_has_the_declared_columns),
	    cmocka_unit_test(a_repeated_property_is_one_column),
	    cmocka_unit_test(a_schema_without_properties_has_no_columns),
	    cmocka_unit_test(columns_that_are_there_keep_their_order),
	    cmocka_unit_test(undeclared_columns_go_when_the_rows_do),
	    cmocka_unit_test(a_dataset_that_fits_is_not_changed),
	    cmocka_unit_test(the_last_merge_counts),
	    cmocka_unit_test(of_columns_with_one_name_the_first_counts),
	    cmocka_unit_test(names_are_escaped_in_the_header_and_compared_by_what_they_mean),
	    cmocka_unit_test(long_keys_are_found),
	    cmocka_unit_test(guesses_do_not_mislead),
	    cmocka_unit_test(thousands_of_columns_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
