#include "columns.h"
#include "fixture.h"

/* The column of a key, as "name":. */
static const struct dust_column *
find(struct dust_columns *columns, struct dust_column *before, const char *key)
{
	struct ab_json json;
	struct ab_error err;
	char text[2000];

	snprintf(text, sizeof(text), "{\"%s\":1}", key);
	ab_json_init(&json);
	assert_int_equal(ab_json_parse(&json, text, strlen(text), 1, &err), 0);
	const struct dust_column *column =
	    dust_columns_find(columns, before, (struct dust_field){.json = &json, .node = 1});
	ab_json_release(&json);
	return column;
}

static void
expect_name(const struct dust_column *column, const char *name)
{
	char expected[1100];

	snprintf(expected, sizeof(expected), "\"%s\":", name);
	assert_int_equal(column->text_len, strlen(expected));
	assert_memory_equal(column->text, expected, column->text_len);
}

static void
init(struct dust_columns *columns, const char *properties)
{
	char text[1000];

	snprintf(text, sizeof(text), "{\"properties\":{%s}}", properties);
	cJSON *schema = cJSON_Parse(text);
	assert_non_null(schema);
	dust_columns_init(columns, schema);
	cJSON_Delete(schema);
}

static void
a_declared_field_spelt_like_its_column_keeps_it(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	init(&columns, "\"userId\":{},\"USER ID\":{},\"user_id\":{}");
	assert_int_equal(columns.count, 3);
	expect_name(find(&columns, NULL, "user_id"), "user_id");
	assert_true(find(&columns, NULL, "user_id")->same);
	const struct dust_column *other = find(&columns, NULL, "userId");
	assert_false(other->same);
	assert_int_equal(other->text_len, strlen("\"user_id_12345678\":"));
	assert_ptr_not_equal(other, find(&columns, NULL, "USER ID"));
	assert_int_equal(columns.count, 3);
	dust_columns_release(&columns);
}

static void
an_undeclared_field_becomes_a_column_when_it_turns_up(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	init(&columns, "\"a\":{}");
	expect_name(find(&columns, NULL, "someField"), "some_field");
	assert_int_equal(columns.count, 2);
	assert_true(dust_columns_have(&columns, "some_field"));
	assert_false(dust_columns_have(&columns, "some_fiel"));
	const struct dust_column *second = find(&columns, NULL, "some_field");
	assert_int_equal(second->text_len, strlen("\"some_field_12345678\":"));
	assert_memory_equal(second->text, "\"some_field_", 12);
	dust_columns_release(&columns);
}

static void
names_without_a_letter_get_one(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	init(&columns, "\"  \":{},\"\":{}");
	assert_memory_equal(find(&columns, NULL, "  ")->text, "\"col_", 5);
	assert_memory_equal(find(&columns, NULL, "")->text, "\"col_", 5);
	assert_int_equal(columns.count, 2);
	dust_columns_release(&columns);
}

static void
long_names_are_cut(void **unused)
{
	struct dust_columns columns;
	char a[1201];
	char b[1201];

	(void)unused;
	memset(a, 'a', sizeof(a) - 1);
	a[1200] = '\0';
	memcpy(b, a, sizeof(a));
	b[1199] = 'b';
	init(&columns, "");
	assert_int_equal(find(&columns, NULL, a)->text_len, 1000 + 3);
	assert_int_equal(find(&columns, NULL, b)->text_len, 1000 + 3);
	assert_int_equal(columns.count, 2);
	dust_columns_release(&columns);
}

static void
escaped_keys_are_the_fields_they_mean(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	init(&columns, "\"user\":{}");
	expect_name(find(&columns, NULL, "\\u0075ser"), "user");
	assert_int_equal(columns.count, 1);
	dust_columns_release(&columns);
}

static void
fields_that_differ_in_unstorable_characters_stay_apart(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	init(&columns, "");
	const struct dust_column *nul = find(&columns, NULL, "x\\u0000y");
	const struct dust_column *half = find(&columns, NULL, "x\\ud800y");
	assert_ptr_not_equal(nul, half);
	assert_true(
	    nul->text_len != half->text_len || memcmp(nul->text, half->text, nul->text_len) != 0);
	assert_ptr_equal(find(&columns, NULL, "x\\u0000y"), nul);
	dust_columns_release(&columns);
}

static void
guesses_do_not_mislead(void **unused)
{
	static const char *const orders[][3] = {
	    {"a", "b", "c"}, {"a", "b", "c"}, {"c", "b", "a"}, {"b", "c", "a"}, {"a", "c", "b"}};
	struct dust_columns columns;

	(void)unused;
	init(&columns, "\"a\":{},\"b\":{},\"c\":{}");
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct dust_column *before = NULL;
		for (size_t j = 0; j < 3; j++) {
			before =
			    (struct dust_column *)(uintptr_t)find(&columns, before, orders[i][j]);
			expect_name(before, orders[i][j]);
		}
	}
	dust_columns_release(&columns);
}

static void
a_schema_without_properties_declares_nothing(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	dust_columns_init(&columns, NULL);
	assert_int_equal(columns.count, 0);
	dust_columns_release(&columns);
}

static void
beyond_the_limit_fields_are_counted_once_and_have_no_name(void **unused)
{
	struct dust_columns columns;
	char key[32];

	(void)unused;
	init(&columns, "\"a\":{}");
	for (int i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "field_%d", i % 1000);
		const struct dust_column *column = find(&columns, NULL, key);
		assert_int_equal(column->text == NULL, i % 1000 >= DUST_COLUMNS_MAX);
		assert_int_equal(column->field_len, strlen(key));
	}
	assert_int_equal(dust_columns_count(&columns), 1001);
	assert_false(dust_columns_have(&columns, "field_999"));
	expect_name(find(&columns, NULL, "a"), "a");
	dust_columns_release(&columns);
}

/* A record of a million fields must cost neither time nor memory. */
static void
a_great_many_fields_are_only_counted(void **unused)
{
	struct dust_column *before = NULL;
	struct dust_columns columns;
	char key[32];

	(void)unused;
	init(&columns, "");
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "field_%d", i);
		before = (struct dust_column *)(uintptr_t)find(&columns, before, key);
		assert_int_equal(before->text == NULL, i > DUST_COLUMNS_MAX);
	}
	assert_int_equal(columns.count, DUST_COLUMNS_COUNTED);
	assert_int_equal(dust_columns_count(&columns), 100000);
	assert_ptr_equal(find(&columns, before, ""), &columns.none);
	expect_name(find(&columns, NULL, "field_7"), "field_7");
	assert_int_equal(dust_columns_count(&columns), 100001);
	dust_columns_release(&columns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_declared_field_spelt_like_its_column_keeps_it),
	    cmocka_unit_test(an_undeclared_field_becomes_a_column_when_it_turns_up),
	    cmocka_unit_test(names_without_a_letter_get_one),
	    cmocka_unit_test(long_names_are_cut),
	    cmocka_unit_test(escaped_keys_are_the_fields_they_mean),
	    cmocka_unit_test(fields_that_differ_in_unstorable_characters_stay_apart),
	    cmocka_unit_test(guesses_do_not_mislead),
	    cmocka_unit_test(a_schema_without_properties_declares_nothing),
	    cmocka_unit_test(beyond_the_limit_fields_are_counted_once_and_have_no_name),
	    cmocka_unit_test(a_great_many_fields_are_only_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
