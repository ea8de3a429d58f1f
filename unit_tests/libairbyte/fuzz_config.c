/*
 * Any text as a configuration, against the fields that a specification may describe: what the check
 * lets pass has the types, choices and ranges it asks for, and is read without surprise.
 */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>
#include <strings.h>

#include "config.h"

static const char spec_text[] =
    "{\"connectionSpecification\":{\"required\":[\"key\",\"url\"],\"properties\":{"
    "\"key\":{\"type\":\"string\",\"airbyte_secret\":true},"
    "\"url\":{\"type\":\"string\",\"default\":\"https://a.example\"},"
    "\"mode\":{\"type\":\"string\",\"enum\":[\"one\",\"two\"],\"default\":\"one\"},"
    "\"flag\":{\"type\":\"boolean\",\"default\":true},"
    "\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":7},"
    "\"pause\":{\"type\":\"number\",\"minimum\":0,\"maximum\":60},"
    "\"names\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"parts\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}}";

static void
check_secret(const char *text)
{
	CHECK(text != NULL);
}

static void
check_url(const struct ab_config *config)
{
	struct ab_error err;
	char *url = NULL;

	if (ab_config_url(config, "url", "/v1", "https://a.example", &url, &err) != 0) {
		CHECK(err.kind == AB_CONFIG_ERROR && strstr(err.message, "url") != NULL);
		return;
	}
	CHECK(strncasecmp(url, "http", 4) == 0 && strlen(url) <= 1024 + strlen("https://"));
	CHECK(strpbrk(url, " ?#\r\n\t") == NULL);
	CHECK(url[strlen(url) - 1] != '/');
	free(url);
}

static void
check_lists(const struct ab_config *config)
{
	const cJSON *part = NULL;

	for (size_t i = 0; i < ab_config_count(config, "names"); i++)
		CHECK(ab_config_item(config, "names", i) != NULL);
	cJSON_ArrayForEach(part, ab_config_list(config, "parts"))
	{
		CHECK(cJSON_IsObject(part));
	}
}

static void
check_fields(const struct ab_config *config)
{
	struct ab_error err;
	const char *key = NULL;

	const char *mode = ab_config_string(config, "mode");
	CHECK(strcmp(mode, "one") == 0 || strcmp(mode, "two") == 0);
	const int64_t count = ab_config_integer(config, "count");
	CHECK(count >= 1 && count <= 1000);
	const double pause = ab_config_number(config, "pause");
	CHECK(pause >= 0 && pause <= 60);
	ab_config_bool(config, "flag");
	if (ab_config_credential(config, "key", 100, "abc", &key, &err) == 0)
		CHECK(key[0] != '\0' && strlen(key) <= 100 && strpbrk(key, " \r\n\t") == NULL);
	check_url(config);
	check_lists(config);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file file;
	cJSON *spec = cJSON_Parse(spec_text);
	struct ab_config config;
	struct ab_error err;
	char names[AB_CONFIG_UNKNOWN_BYTES];

	CHECK(spec != NULL);
	if (ab_config_read(&config, fuzz_fill(&file, fuzz_view(data, size)), spec, &err) == 0) {
		ab_config_secrets(&config, check_secret);
		ab_config_unknown(&config, false, names);
		if (ab_config_check(&config, &err) == 0)
			check_fields(&config);
		ab_config_release(&config);
	}
	cJSON_Delete(spec);
	return 0;
}
