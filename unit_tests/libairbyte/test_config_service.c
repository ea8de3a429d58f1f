#include "testing.h"

#include <cjson/cJSON.h>

#include "config.h"
#include "fake_emit.h"

/* Reads text as the field api_host; NULL: the field is absent. */
static int
read_url(const char *text, const char *suffix, char **url, struct ab_error *err)
{
	struct ab_config config = {.document = cJSON_CreateObject()};

	if (text != NULL)
		cJSON_AddStringToObject(config.document, "api_host", text);
	const int rc =
	    ab_config_url(&config, "api_host", suffix, "https://api.acme.example", url, err);
	ab_config_release(&config);
	return rc;
}

static void
urls_are_kept_as_written_but_for_their_ends(void **state)
{
	static const struct {
		const char *text;
		const char *suffix;
		const char *url;
	} cases[] = {
	    {"https://acme.example", NULL, "https://acme.example"},
	    {"acme.example", NULL, "https://acme.example"},
	    {"acme.example:8443/", NULL, "https://acme.example:8443"},
	    {"HTTPS://Acme.example/Path/", NULL, "HTTPS://Acme.example/Path"},
	    {"http://127.0.0.1:8080///", NULL, "http://127.0.0.1:8080"},
	    {"http://[::1]:8080", NULL, "http://[::1]:8080"},
	    {"[::1]", NULL, "https://[::1]"},
	    {"https://proxy.example/@acme", NULL, "https://proxy.example/@acme"},
	    {"https://proxy.example/to/http://acme", NULL, "https://proxy.example/to/http://acme"},
	    {"https://acme.example/0.1.0", "/0.1.0", "https://acme.example"},
	    {"acme.example/0.1.0//", "/0.1.0", "https://acme.example"},
	    {"https://acme.example/x//0.1.0", "/0.1.0", "https://acme.example/x"},
	    {"https://acme.example/0.1.0/x", "/0.1.0", "https://acme.example/0.1.0/x"},
	    {"https://acme.example/0.1.0/0.1.0", "/0.1.0", "https://acme.example/0.1.0"},
	    {"https://0.1.0", "/0.1.0", "https://0.1.0"},
	    {"https://acme.example", "/0.1.0", "https://acme.example"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *url = NULL;
		struct ab_error err;
		assert_int_equal(read_url(cases[i].text, cases[i].suffix, &url, &err), 0);
		assert_string_equal(url, cases[i].url);
		free(url);
	}
}

static unsigned warnings;

static void
count_warning(enum ab_level level, const char *text)
{
	assert_int_equal(level, AB_WARN);
	assert_non_null(strstr(text, "api_host begins with http://"));
	warnings++;
}

static void
whoever_sends_credentials_in_clear_is_told(void **state)
{
	static const struct {
		const char *text;
		unsigned warnings;
	} cases[] = {
	    {"http://acme.example", 1},
	    {"HTTP://acme.example:8080/path", 1},
	    {"http://128.0.0.1", 1},
	    {"http://localhost.acme.example", 1},
	    {"http://127.acme.example", 1},
	    {"https://acme.example", 0},
	    {"acme.example", 0},
	    {"http://localhost:8080", 0},
	    {"http://LOCALHOST/", 0},
	    {"http://127.0.0.1:8080", 0},
	    {"http://[::1]:8080", 0},
	};

	(void)state;
	fake_emit.log = count_warning;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *url = NULL;
		struct ab_error err;
		warnings = 0;
		assert_int_equal(read_url(cases[i].text, NULL, &url, &err), 0);
		assert_int_equal(warnings, cases[i].warnings);
		free(url);
	}
	fake_emit.log = NULL;
}

static void
what_is_no_url_is_refused_with_an_example(void **state)
{
	static const char *const bad[] = {NULL, "", "/", "//acme.example", "https://", "https:///x",
	    "ftp://acme.example", "://acme.example", "https:/acme.example", "mailto:me",
	    "https://acme.example:", "https://acme.example:x", "https://:8080", "https://[::1",
	    "https://acme.example?x", "acme.example/#a", "https://acme .example",
	    "https://acme.example\n", " https://acme.example", "https://acm\xC3\xA9.example"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *url = NULL;
		struct ab_error err;
		assert_int_equal(read_url(bad[i], "/0.1.0", &url, &err), -1);
		assert_null(url);
		assert_int_equal(err.kind, AB_CONFIG_ERROR);
		assert_string_equal(
		    err.message, "api_host must be a URL such as https://api.acme.example");
	}
}

static void
a_password_in_a_url_is_refused_and_not_told(void **state)
{
	static const char *const bad[] = {"https://me:secret@acme.example",
	    "me:secret@acme.example/x", "HTTPS://@secret", "ftp://a@b@secret/",
	    "https://secret\\@acme.example"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *url = NULL;
		struct ab_error err;
		assert_int_equal(read_url(bad[i], NULL, &url, &err), -1);
		assert_int_equal(err.kind, AB_CONFIG_ERROR);
		assert_string_equal(err.message, "api_host must not hold a user name or password");
	}
}

static void
a_url_has_at_most_1024_bytes(void **state)
{
	char text[1026];

	(void)state;
	for (size_t len = 1024; len <= 1025; len++) {
		char *url = NULL;
		struct ab_error err;
		memset(text, 'x', len);
		text[len] = '\0';
		assert_int_equal(read_url(text, NULL, &url, &err), len > 1024 ? -1 : 0);
		if (url != NULL)
			assert_int_equal(strlen(url), len + 8);
		free(url);
	}
}

static void
credentials_are_printable_and_not_told(void **state)
{
	static const struct {
		const char *text;
		const char *message; /* NULL: good */
	} cases[] = {
	    {"sk-12345", NULL},
	    {NULL, "key must look like sk-..., without blanks or line ends"},
	    {"", "key must look like sk-..., without blanks or line ends"},
	    {"sk-1 ", "key must look like sk-..., without blanks or line ends"},
	    {"sk-1\nX: 1", "key must look like sk-..., without blanks or line ends"},
	    {"sk-\xC3\xA9", "key must look like sk-..., without blanks or line ends"},
	    {"sk-123456", "key is longer than 8 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_config config = {.document = cJSON_CreateObject()};
		const char *text = NULL;
		struct ab_error err;
		if (cases[i].text != NULL)
			cJSON_AddStringToObject(config.document, "key", cases[i].text);
		const int rc = ab_config_credential(&config, "key", 8, "sk-...", &text, &err);
		assert_int_equal(rc, cases[i].message != NULL ? -1 : 0);
		if (rc == 0)
			assert_string_equal(text, cases[i].text);
		else
			assert_string_equal(err.message, cases[i].message);
		ab_config_release(&config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_are_kept_as_written_but_for_their_ends),
	    cmocka_unit_test(whoever_sends_credentials_in_clear_is_told),
	    cmocka_unit_test(what_is_no_url_is_refused_with_an_example),
	    cmocka_unit_test(a_password_in_a_url_is_refused_and_not_told),
	    cmocka_unit_test(a_url_has_at_most_1024_bytes),
	    cmocka_unit_test(credentials_are_printable_and_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
