#include "testing.h"

#include <cjson/cJSON.h>

#include "alloc.h"
#include "singer_schema.h"

#define SCHEMA(rest) "{\"type\":\"SCHEMA\",\"stream\":\"users\"," rest "}"
#define ID "\"schema\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"}}}"

static cJSON *
read_schema(const char *line)
{
	struct ab_error err;
	cJSON *document = ab_singer_schema_read((struct ab_view){line, strlen(line)}, &err);

	if (document == NULL)
		fail_msg("%s: %s", line, err.message);
	return document;
}

static void
keys_and_bookmarks_become_key_and_cursor(void **state)
{
	struct ab_stream stream = {.name = "users"};

	(void)state;
	ab_singer_schema_apply(&stream,
	    read_schema(SCHEMA(ID ",\"key_properties\":[\"id\",\"a.b\"],"
				  "\"bookmark_properties\":[\"updated_at\",\"id\"]")),
	    true);
	assert_true(stream.dedup);
	assert_int_equal(stream.primary_keys, 2);
	assert_int_equal(stream.primary_key[1].count, 1);
	assert_string_equal(stream.primary_key[1].parts[0], "a.b");
	assert_int_equal(stream.cursor.count, 1);
	assert_string_equal(stream.cursor.parts[0], "updated_at");
	assert_non_null(cJSON_GetObjectItem(stream.schema, "properties"));
	ab_stream_undescribe(&stream);
}

static void
a_schema_applied_anew_replaces_the_one_before(void **state)
{
	struct ab_stream stream = {.name = "users"};

	(void)state;
	ab_singer_schema_apply(&stream,
	    read_schema(SCHEMA(ID ",\"key_properties\":[\"id\"],\"bookmark_properties\":[\"id\"]")),
	    true);
	ab_singer_schema_apply(&stream, read_schema(SCHEMA(ID ",\"key_properties\":[]")), true);
	assert_false(stream.dedup);
	assert_int_equal(stream.primary_keys, 0);
	assert_int_equal(stream.cursor.count, 0);
	ab_stream_undescribe(&stream);
	assert_null(stream.schema);
}

static void
a_key_alone_does_not_make_one_row_per_key(void **state)
{
	struct ab_stream stream = {.name = "users"};

	(void)state;
	ab_singer_schema_apply(
	    &stream, read_schema(SCHEMA(ID ",\"key_properties\":[\"id\"]")), false);
	assert_false(stream.dedup);
	assert_int_equal(stream.primary_keys, 1);
	ab_stream_undescribe(&stream);
}

static void
only_what_counts_makes_a_schema_another(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	    {SCHEMA(ID), SCHEMA(ID), true},
	    {SCHEMA(ID), SCHEMA(ID ",\"key_properties\":null,\"bookmark_properties\":[]"), true},
	    {SCHEMA(ID ",\"more\":1"), SCHEMA(ID), true},
	    {SCHEMA("\"schema\":{\"a\":1,\"properties\":{}}"),
		SCHEMA("\"schema\":{\"properties\":{},\"a\":1}"), true},
	    {SCHEMA(ID), SCHEMA(ID ",\"key_properties\":[\"id\"]"), false},
	    {SCHEMA(ID ",\"key_properties\":[\"a\",\"b\"]"),
		SCHEMA(ID ",\"key_properties\":[\"b\",\"a\"]"), false},
	    {SCHEMA(ID), SCHEMA(ID ",\"bookmark_properties\":[\"id\"]"), false},
	    {SCHEMA(ID), SCHEMA("\"schema\":{\"type\":\"object\",\"properties\":{}}"), false},
	    {SCHEMA("\"schema\":{\"properties\":{\"Id\":{}}}"),
		SCHEMA("\"schema\":{\"properties\":{\"id\":{}}}"), false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cJSON *a = read_schema(cases[i].a);
		cJSON *b = read_schema(cases[i].b);
		if (ab_singer_schema_same(a, b) != cases[i].same)
			fail_msg("case %zu", i);
		cJSON_Delete(a);
		cJSON_Delete(b);
	}
}

static void
what_is_no_schema_is_refused(void **state)
{
	static const struct {
		const char *line;
		const char *part;
	} cases[] = {
	    {SCHEMA("\"schema\":null"), "an object named schema"},
	    {SCHEMA("\"schema\":{\"type\":\"object\"}"), "no properties"},
	    {SCHEMA("\"schema\":{\"properties\":[]}"), "no properties"},
	    {SCHEMA(ID ",\"key_properties\":\"id\""), "key_properties must be a list"},
	    {SCHEMA(ID ",\"key_properties\":[[\"id\"]]"), "key_properties must be a list"},
	    {SCHEMA(ID ",\"bookmark_properties\":{\"a\":\"id\"}"),
		"bookmark_properties must be a list"},
	};
	struct ab_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_view line = {cases[i].line, strlen(cases[i].line)};
		assert_null(ab_singer_schema_read(line, &err));
		assert_int_equal(err.kind, AB_CONFIG_ERROR);
		if (strstr(err.message, cases[i].part) == NULL)
			fail_msg("%s: %s", cases[i].line, err.message);
	}
}

static void
half_of_a_surrogate_pair_is_refused_in_plain_words(void **state)
{
	static const char line[] = SCHEMA("\"schema\":{\"properties\":{\"a\":\"\\ud800\"}}");
	struct ab_error err;

	(void)state;
	assert_null(ab_singer_schema_read((struct ab_view){line, sizeof(line) - 1}, &err));
	assert_non_null(strstr(err.message, "half of a surrogate pair"));
}

static void
a_schema_beyond_the_limits_is_refused(void **state)
{
	char *large = ab_malloc(AB_SINGER_SCHEMA_MAX + 1);
	struct ab_error err;
	struct ab_buf deep;

	(void)state;
	memset(large, ' ', AB_SINGER_SCHEMA_MAX + 1);
	assert_null(ab_singer_schema_read((struct ab_view){large, AB_SINGER_SCHEMA_MAX + 1}, &err));
	assert_non_null(strstr(err.message, "larger than 16 MiB"));
	free(large);
	ab_buf_init(&deep, 65536);
	ab_buf_add_text(&deep, "{\"schema\":");
	for (int i = 0; i < CJSON_NESTING_LIMIT; i++)
		ab_buf_add_char(&deep, '[');
	for (int i = 0; i < CJSON_NESTING_LIMIT; i++)
		ab_buf_add_char(&deep, ']');
	ab_buf_add_char(&deep, '}');
	assert_null(ab_singer_schema_read((struct ab_view){deep.data, deep.len}, &err));
	assert_non_null(strstr(err.message, "nests deeper"));
	ab_buf_release(&deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_and_bookmarks_become_key_and_cursor),
	    cmocka_unit_test(a_schema_applied_anew_replaces_the_one_before),
	    cmocka_unit_test(a_key_alone_does_not_make_one_row_per_key),
	    cmocka_unit_test(only_what_counts_makes_a_schema_another),
	    cmocka_unit_test(what_is_no_schema_is_refused),
	    cmocka_unit_test(half_of_a_surrogate_pair_is_refused_in_plain_words),
	    cmocka_unit_test(a_schema_beyond_the_limits_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
