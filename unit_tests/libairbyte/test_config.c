#include "testing.h"

#include <cjson/cJSON.h>

#include "config.h"

static const char spec_text[] =
    "{\"connectionSpecification\":{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{"
    "\"key\":{\"type\":\"string\",\"airbyte_secret\":true},"
    "\"mode\":{\"type\":\"string\",\"enum\":[\"fast\",\"slow\"],\"default\":\"fast\"},"
    "\"limit\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100,\"default\":7},"
    "\"strict\":{\"type\":\"boolean\",\"default\":true},"
    "\"fields\":{\"type\":\"array\",\"default\":[\"a\",\"b\"]},"
    "\"delay\":{\"type\":\"number\",\"maximum\":60,\"default\":0.5},"
    "\"rules\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
    "\"blank\":{\"type\":\"string\",\"enum\":[\"\",\"x\"],\"default\":\"x\"},"
    "\"bare\":{\"type\":\"string\"}}}}";

/* Reads text as a configuration; returns what ab_config_read returns. */
static int
read_text(struct ab_config *config, const cJSON *spec, const char *text, struct ab_error *err)
{
	char path[64];

	write_temporary(path, text);
	int rc = ab_config_read(config, path, spec, err);
	unlink(path);
	if (rc == 0 && ab_config_check(config, err) != 0) {
		ab_config_release(config);
		rc = -1;
	}
	return rc;
}

static void
expect_unknown(const struct ab_config *config, bool objects_too, const char *expected)
{
	char names[AB_CONFIG_UNKNOWN_BYTES];

	assert_int_equal(ab_config_unknown(config, objects_too, names) > 0, expected[0] != '\0');
	assert_string_equal(names, expected);
}

static void
values_that_are_given_win(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(read_text(&config, spec,
			     "{\"key\":\"k\",\"mode\":\"slow\",\"limit\":0,"
			     "\"strict\":false,\"fields\":[\"x\"]}",
			     &err),
	    0);
	assert_string_equal(ab_config_string(&config, "key"), "k");
	assert_string_equal(ab_config_string(&config, "mode"), "slow");
	assert_int_equal(ab_config_integer(&config, "limit"), 0);
	assert_false(ab_config_bool(&config, "strict"));
	assert_int_equal(ab_config_count(&config, "fields"), 1);
	assert_string_equal(ab_config_item(&config, "fields", 0), "x");
	expect_unknown(&config, true, "");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

static void
null_and_absent_mean_the_default(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&config, spec, " {\"key\":\"k\",\"mode\":null,\"typo\":1} \n", &err), 0);
	assert_string_equal(ab_config_string(&config, "mode"), "fast");
	assert_int_equal(ab_config_integer(&config, "limit"), 7);
	assert_true(ab_config_bool(&config, "strict"));
	assert_int_equal(ab_config_count(&config, "fields"), 2);
	assert_string_equal(ab_config_item(&config, "fields", 1), "b");
	assert_null(ab_config_item(&config, "fields", 2));
	assert_null(ab_config_string(&config, "bare"));
	expect_unknown(&config, true, "typo");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

static void
an_empty_choice_is_none(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(read_text(&config, spec,
			     "{\"key\":\"k\",\"mode\":\"\",\"bare\":\"\",\"blank\":\"\"}", &err),
	    0);
	assert_string_equal(ab_config_string(&config, "mode"), "fast");
	/* Where an empty text is allowed it is one. */
	assert_string_equal(ab_config_string(&config, "bare"), "");
	assert_string_equal(ab_config_string(&config, "blank"), "");
	ab_config_release(&config);
	assert_int_equal(read_text(&config, spec, "{\"key\":\"k\",\"mode\":\" \"}", &err), -1);
	assert_string_equal(err.message, "mode must be one of: fast, slow");
	cJSON_Delete(spec);
}

static void
numbers_may_have_a_fraction_and_items_may_be_objects(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&config, spec, "{\"key\":\"k\",\"delay\":0.05,\"rules\":[{\"a\":1}]}", &err),
	    0);
	assert_true(ab_config_number(&config, "delay") == 0.05);
	assert_true(cJSON_IsObject(ab_config_list(&config, "rules")->child));
	ab_config_release(&config);
	assert_int_equal(read_text(&config, spec, "{\"key\":\"k\"}", &err), 0);
	assert_true(ab_config_number(&config, "delay") == 0.5);
	assert_null(ab_config_list(&config, "rules"));
	ab_config_release(&config);
	cJSON_Delete(spec);
}

static void
objects_may_be_settings_of_streams(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&config, spec, "{\"key\":\"k\",\"users\":{},\"typo\":1}", &err), 0);
	expect_unknown(&config, true, "users, typo");
	expect_unknown(&config, false, "typo");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

static void
the_first_ten_fields_that_are_not_known_are_named(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;
	char names[AB_CONFIG_UNKNOWN_BYTES];
	char text[2048] = "{\"key\":\"k\"";

	(void)state;
	for (int i = 0; i < 11; i++) {
		const size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, ",\"%0120d\":1", i);
	}
	memcpy(text + strlen(text), "}", 2);
	assert_int_equal(read_text(&config, spec, text, &err), 0);
	assert_int_equal(ab_config_unknown(&config, true, names), 11);
	assert_int_equal(strlen(names), 10 * 100 + 9 * 2 + 5);
	assert_string_equal(names + 9 * 102 + 100, ", ...");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"{}", "key is missing in the configuration"},
	    {"{\"key\":\"\"}", "key is missing in the configuration"},
	    {"{\"key\":null}", "key is missing in the configuration"},
	    {"{\"key\":5}", "key must be a string"},
	    {"{\"key\":\"k\",\"key\":\"l\"}", "key stands twice in the configuration"},
	    {"{\"mode\":null,\"key\":\"k\",\"mode\":\"fast\"}",
		"mode stands twice in the configuration"},
	    {"{\"key\":\"k\",\"mode\":\"odd\"}", "mode must be one of: fast, slow"},
	    {"{\"key\":\"k\",\"limit\":1.5}", "limit must be an integer"},
	    {"{\"key\":\"k\",\"limit\":-1}", "limit must be at least 0"},
	    {"{\"key\":\"k\",\"limit\":101}", "limit must be at most 100"},
	    {"{\"key\":\"k\",\"limit\":\"7\"}", "limit must be an integer"},
	    {"{\"key\":\"k\",\"strict\":\"yes\"}", "strict must be a boolean"},
	    {"{\"key\":\"k\",\"fields\":\"a\"}", "fields must be an array"},
	    {"{\"key\":\"k\",\"fields\":[1]}", "fields must be a list of strings"},
	    {"{\"key\":\"k\",\"rules\":[{},\"a\"]}", "rules must be a list of objects"},
	    {"{\"key\":\"k\",\"delay\":\"1\"}", "delay must be a number"},
	    {"{\"key\":\"k\",\"delay\":60.5}", "delay must be at most 60"},
	};
	cJSON *spec = cJSON_Parse(spec_text);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_config config;
		struct ab_error err;
		assert_int_equal(read_text(&config, spec, cases[i].text, &err), -1);
		assert_int_equal(err.kind, AB_CONFIG_ERROR);
		assert_string_equal(err.message, cases[i].message);
	}
	cJSON_Delete(spec);
}

static void
files_that_are_no_object_are_refused_without_quoting_them(void **state)
{
	static const char *const texts[] = {
	    "", "[]", "{\"key\":\"canary\"", "{} canary", "canary", "{\"key\":\"canary\\u0000x\"}"};
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_text(&config, spec, texts[i], &err), -1);
		assert_null(strstr(err.message, "canary"));
	}
	assert_int_equal(ab_config_read(&config, "/nonexistent/x.json", spec, &err), -1);
	assert_non_null(strstr(err.message, "/nonexistent/x.json cannot be read"));
	cJSON_Delete(spec);
}

/* A backslash that is escaped escapes nothing. */
static void
only_what_stands_for_a_nul_is_refused_as_one(void **state)
{
	static const struct {
		const char *text;
		const char *bare; /* NULL: refused */
	} cases[] = {
	    {"{\"key\":\"k\",\"bare\":\"\\\\u0000\"}", "\\u0000"},
	    {"{\"key\":\"k\",\"bare\":\"\\\\\\\\u0000\\n\"}", "\\\\u0000\n"},
	    {"{\"key\":\"k\",\"bare\":\"\\u0001u0000\"}", "\1u0000"},
	    {"{\"key\":\"k\",\"bare\":\"\\u0000\"}", NULL},
	    {"{\"key\":\"k\",\"bare\":\"\\\\\\u0000\"}", NULL},
	    {"{\"key\":\"k\",\"bare\":\"\\\"\\u0000\"}", NULL},
	};
	cJSON *spec = cJSON_Parse(spec_text);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_config config;
		struct ab_error err;
		const int rc = read_text(&config, spec, cases[i].text, &err);
		assert_int_equal(rc, cases[i].bare != NULL ? 0 : -1);
		if (rc != 0) {
			assert_non_null(strstr(err.message, "holds a NUL"));
			continue;
		}
		assert_string_equal(ab_config_string(&config, "bare"), cases[i].bare);
		ab_config_release(&config);
	}
	cJSON_Delete(spec);
}

static char seen[64];

static void
see(const char *text)
{
	const size_t len = strlen(seen);

	snprintf(seen + len, sizeof(seen) - len, "<%s>", text);
}

static void
secrets_are_those_the_specification_marks(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&config, spec, "{\"key\":\"sk-1\",\"bare\":\"plain\"}", &err), 0);
	ab_config_secrets(&config, see);
	assert_string_equal(seen, "<sk-1>");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

/* It is refused, but what it holds is not to be printed before that. */
static void
a_secret_that_is_given_twice_is_two_secrets(void **state)
{
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;
	char path[64];

	(void)state;
	write_temporary(path, "{\"key\":\"sk-1\",\"bare\":\"plain\",\"key\":\"sk-2\",\"key\":7}");
	assert_int_equal(ab_config_read(&config, path, spec, &err), 0);
	unlink(path);
	seen[0] = '\0';
	ab_config_secrets(&config, see);
	assert_string_equal(seen, "<sk-1><sk-2>");
	ab_config_release(&config);
	cJSON_Delete(spec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_that_are_given_win),
	    cmocka_unit_test(null_and_absent_mean_the_default),
	    cmocka_unit_test(an_empty_choice_is_none),
	    cmocka_unit_test(numbers_may_have_a_fraction_and_items_may_be_objects),
	    cmocka_unit_test(the_first_ten_fields_that_are_not_known_are_named),
	    cmocka_unit_test(objects_may_be_settings_of_streams),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(files_that_are_no_object_are_refused_without_quoting_them),
	    cmocka_unit_test(only_what_stands_for_a_nul_is_refused_as_one),
	    cmocka_unit_test(secrets_are_those_the_specification_marks),
	    cmocka_unit_test(a_secret_that_is_given_twice_is_two_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
