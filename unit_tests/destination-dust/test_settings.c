#include "fixture.h"

static void
addresses_are_built_from_encoded_parts(void **unused)
{
	static const struct {
		const char *extra;
		const char *base_url;
	} cases[] = {
	    {"", "https://dust.tt"},
	    {"\"base_url\":\"https://eu.dust.tt\"", "https://eu.dust.tt"},
	    {"\"base_url\":\"https://dust.tt///\"", "https://dust.tt"},
	    {"\"base_url\":\"eu.dust.tt\"", "https://eu.dust.tt"},
	    {"\"base_url\":\"http://127.0.0.1:8080/\"", "http://127.0.0.1:8080"},
	    {"\"base_url\":\"HTTPS://proxy.example/dust/\"", "HTTPS://proxy.example/dust"},
	    {"\"base_url\":\"https://proxy.example/@dust\"", "https://proxy.example/@dust"},
	};
	struct fixture f;

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(fixture_open_raw(&f, cases[i].extra), 0);
		assert_string_equal(fixture_dust(&f)->base_url, cases[i].base_url);
		fixture_close(&f);
	}
	assert_int_equal(fixture_open_raw(&f, "\"x\":1"), 0);
	cJSON_ReplaceItemInObject(
	    f.config.document, "data_source_id", cJSON_CreateString("my folder/\xC3\xA9"));
	dust_destination.close(f.self);
	assert_int_equal(dust_destination.open(&f.self, &f.limits, &f.config, &f.err), 0);
	assert_string_equal(fixture_dust(&f)->url,
	    "https://dust.tt/api/v1/w/W1/spaces/vlt_1/data_sources/my%20folder%2F%C3%A9/");
	fixture_close(&f);
}

static void
a_base_url_that_is_none_is_refused(void **unused)
{
	static const char *const bad[] = {"ftp://dust.tt", "https://", "https:///",
	    "https://dust.tt?x", "https://dust.tt/#a", "https://dust .tt", "https://dust.tt\\n",
	    ""};

	(void)unused;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fixture f;
		char extra[100];
		snprintf(extra, sizeof(extra), "\"base_url\":\"%s\"", bad[i]);
		assert_int_equal(fixture_open_raw(&f, extra), -1);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, "base_url");
		fixture_close(&f);
	}
}

static void
a_base_url_with_a_password_is_refused_and_not_told(void **unused)
{
	static const char *const bad[] = {"https://me:secret@dust.tt", "http://secret@dust.tt/x",
	    "HTTPS://@secret", "https://a@b@secret/", "https://secret\\\\@dust.tt"};

	(void)unused;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fixture f;
		char extra[100];
		snprintf(extra, sizeof(extra), "\"base_url\":\"%s\"", bad[i]);
		assert_int_equal(fixture_open_raw(&f, extra), -1);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, "base_url must not hold a user name");
		assert_null(strstr(f.err.message, "secret"));
		fixture_close(&f);
	}
}

static void
texts_that_are_too_long_are_refused_by_their_field(void **unused)
{
	static const struct {
		const char *field;
		size_t most;
	} cases[] = {{"api_key", 1024}, {"workspace_id", 256}, {"space_id", 256},
	    {"data_source_id", 256}, {"base_url", 1024}};
	char text[1026];

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t len = cases[i].most; len <= cases[i].most + 1; len++) {
			struct fixture f;
			void *self = NULL;
			assert_int_equal(fixture_open_raw(&f, "\"base_url\":\"http://x\""), 0);
			dust_destination.close(f.self);
			memset(text, 'x', len);
			memcpy(text, "http://", 7);
			text[len] = '\0';
			cJSON_ReplaceItemInObject(
			    f.config.document, cases[i].field, cJSON_CreateString(text));
			const int rc = dust_destination.open(&self, &f.limits, &f.config, &f.err);
			assert_int_equal(rc, len > cases[i].most ? -1 : 0);
			f.self = self;
			if (rc != 0) {
				assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
				assert_memory_equal(
				    f.err.message, cases[i].field, strlen(cases[i].field));
				assert_null(strstr(f.err.message, "xxx"));
			}
			fixture_close(&f);
		}
	}
}

static void
a_key_with_blanks_or_line_ends_is_refused_and_not_told(void **unused)
{
	static const char *const bad[] = {
	    "sk-secret ", "sk-secret\nX-Evil: 1", "sk-secret\xC3\xA9"};

	(void)unused;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fixture f;
		void *self = NULL;
		assert_int_equal(fixture_open_raw(&f, ""), 0);
		cJSON_ReplaceItemInObject(f.config.document, "api_key", cJSON_CreateString(bad[i]));
		assert_int_equal(dust_destination.open(&self, &f.limits, &f.config, &f.err), -1);
		assert_int_equal(f.err.kind, AB_CONFIG_ERROR);
		expect_contains(f.err.message, "api_key");
		assert_null(strstr(f.err.message, "secret"));
		fixture_close(&f);
	}
}

static void
limits_follow_the_configuration(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(fixture_open_raw(&f, "\"documents_per_minute\":0"), 0);
	assert_int_equal(f.limits.rate.requests, 0);
	assert_int_equal(f.limits.retry.delays, 3);
	assert_int_equal(f.limits.retry.delays_ms[2], 4000);
	fixture_close(&f);
	assert_int_equal(fixture_open_raw(&f, "\"data_format\":\"tables\""), 0);
	assert_int_equal(f.limits.rate.requests, 0);
	assert_int_equal(f.limits.record_bytes, 0);
	fixture_close(&f);
}

static void
empty_fields_are_as_good_as_none(void **unused)
{
	struct fixture f;

	(void)unused;
	assert_int_equal(
	    fixture_open_raw(&f, "\"title_field\":\"\",\"text_fields\":[\"\",\"a.b\"]"), 0);
	assert_null(fixture_dust(&f)->title_field.text);
	assert_int_equal(fixture_dust(&f)->text_field_count, 1);
	assert_int_equal(fixture_dust(&f)->text_fields[0].path.count, 2);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_are_built_from_encoded_parts),
	    cmocka_unit_test(a_base_url_that_is_none_is_refused),
	    cmocka_unit_test(a_base_url_with_a_password_is_refused_and_not_told),
	    cmocka_unit_test(texts_that_are_too_long_are_refused_by_their_field),
	    cmocka_unit_test(a_key_with_blanks_or_line_ends_is_refused_and_not_told),
	    cmocka_unit_test(limits_follow_the_configuration),
	    cmocka_unit_test(empty_fields_are_as_good_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
