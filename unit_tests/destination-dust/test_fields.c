#include "fixture.h"

/* The value of member v of {"v":<value>}; json must be released. */
static struct dust_field
field_of(struct ab_json *json, char *text, size_t size, const char *value)
{
	struct ab_error err;

	snprintf(text, size, "{\"v\":%s}", value);
	ab_json_init(json);
	assert_int_equal(ab_json_parse(json, text, strlen(text), 1, &err), 0);
	return (struct dust_field){.json = json, .node = ab_json_get(json, 0, "v")};
}

static void
paths_reach_into_objects(void **unused)
{
	static const char data[] =
	    "{\"a\":{\"b\":{\"c\":1},\"x\":2},\"a.b\":3,\"l\":[{\"m\":4}],\"n\":null,\"s\":\"t\"}";
	static const struct {
		const char *path;
		const char *value; /* NULL: none */
	} cases[] = {
	    {"a.b.c", "1"},
	    {"a.x", "2"},
	    {"a.b", "3"}, /* a member spelt like the whole path comes first */
	    {"s", "t"},
	    {"n", "null"},
	    {"l.m", NULL},
	    {"s.t", NULL},
	    {"a.b.c.d", NULL},
	    {"a.", NULL},
	    {"z", NULL},
	    {"n.a", NULL},
	};
	struct ab_json json;
	struct ab_json nested;
	struct ab_error err;

	(void)unused;
	ab_json_init(&json);
	ab_json_init(&nested);
	assert_int_equal(ab_json_parse(&json, data, strlen(data), 1, &err), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dust_path path;
		dust_path_init(&path, cases[i].path);
		const struct dust_field field = dust_field_find(&nested, &json, 0, &path);
		if (cases[i].value == NULL) {
			assert_int_equal(field.node, 0);
		} else {
			const struct ab_view view = ab_json_view(field.json, field.node);
			assert_int_equal(view.len, strlen(cases[i].value));
			assert_memory_equal(view.data, cases[i].value, view.len);
		}
		dust_path_release(&path);
	}
	ab_json_release(&json);
	ab_json_release(&nested);
}

static void
what_dust_cannot_store_is_found_and_replaced(void **unused)
{
	static const struct {
		const char *value;
		const char *inside; /* NULL: as it came */
	} cases[] = {
	    {"\"plain\"", NULL},
	    {"\"quote \\\" slash \\\\ tab \\t\"", NULL},
	    {"\"\\u00e9\"", NULL},
	    {"\"\\ud83d\\ude00\"", NULL},
	    {"\"\\\\u0000\"", NULL},
	    {"\"\\u0000\"", "\xEF\xBF\xBD"},
	    {"\"a\\u0000\\n\"", "a\xEF\xBF\xBD\\n"},
	    {"\"\\ud83d\"", "\xEF\xBF\xBD"},
	    {"\"\\ud83dx\"", "\xEF\xBF\xBDx"},
	    {"\"\\ud83d\\n\"", "\xEF\xBF\xBD\\n"},
	    {"\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD"},
	    {"\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
	    {"17", NULL},
	    {"{\"a\": \"\\u0000\"}", "{\\\"a\\\": \\\"\\\\u0000\\\"}"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_json json;
		struct ab_buf out;
		char text[200];
		const struct dust_field field = field_of(&json, text, sizeof(text), cases[i].value);
		const bool is_string = dust_field_type(field) == AB_JSON_STRING;
		ab_buf_init(&out, 1000);
		const bool replaced = dust_field_put_inside(&out, field);
		if (cases[i].inside == NULL) {
			const struct ab_view view = ab_json_view(field.json, field.node);
			assert_int_equal(out.len, view.len);
			assert_memory_equal(out.data, view.data, view.len);
			assert_false(replaced);
		} else {
			assert_string_equal(out.data, cases[i].inside);
			assert_int_equal(replaced, is_string);
		}
		if (is_string)
			assert_int_equal(dust_field_unstorable(field), replaced);
		ab_buf_release(&out);
		ab_json_release(&json);
	}
}

static void
texts_are_cut_by_utf_16_units_between_characters(void **unused)
{
	static const struct {
		const char *text;
		size_t units;
		size_t bytes;
	} cases[] = {
	    {"abc", 5, 3},
	    {"abc", 3, 3},
	    {"abc", 2, 2},
	    {"abc", 0, 0},
	    {"\xC3\xA9\xC3\xA9", 1, 2},
	    {"\xE6\x97\xA5\xE6\x9C\xAC", 1, 3},
	    {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 2, 4},
	    {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 3, 4},
	    {"\xF0\x9F\x98\x80", 1, 0},
	    {"a\xF0\x9F\x98\x80", 2, 1},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    dust_text_cut(cases[i].text, strlen(cases[i].text), cases[i].units),
		    cases[i].bytes);
}

static void
texts_are_trimmed_of_blanks_and_controls(void **unused)
{
	const struct ab_view some = dust_text_trim(" \t a b \r\n", 9);
	const struct ab_view none = dust_text_trim("  ", 2);

	(void)unused;
	assert_int_equal(some.len, 3);
	assert_memory_equal(some.data, "a b", 3);
	assert_int_equal(none.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_reach_into_objects),
	    cmocka_unit_test(what_dust_cannot_store_is_found_and_replaced),
	    cmocka_unit_test(texts_are_cut_by_utf_16_units_between_characters),
	    cmocka_unit_test(texts_are_trimmed_of_blanks_and_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
