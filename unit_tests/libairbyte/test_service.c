#include "testing.h"

#include <cjson/cJSON.h>

#include "secret.h"
#include "service.h"

static const struct ab_service service = {
    .name = "Acme", .url_field = "api_host", .url = "https://acme.example"};

static struct ab_reply
reply_of(int status, const char *type, const char *body, size_t len)
{
	struct ab_reply reply = {.status = status, .retry_after_ms = -1, .body = body, .len = len};

	snprintf(reply.type, sizeof(reply.type), "%s", type);
	snprintf(reply.loss, sizeof(reply.loss), "connection reset");
	return reply;
}

static void
a_reply_is_one_value_and_nothing_after_it(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		bool good;
	} cases[] = {
	    {"{} ", 3, true},
	    {"[1]", 3, true},
	    {NULL, 0, false},
	    {"", 0, false},
	    {"{}\0{}", 5, false},
	    {"{} {}", 5, false},
	    {"[[[[", 4, false},
	    {"<html>", 6, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_reply reply =
		    reply_of(200, "application/json", cases[i].body, cases[i].len);
		cJSON *document = ab_reply_json(&reply);
		assert_int_equal(document != NULL, cases[i].good);
		cJSON_Delete(document);
	}
}

/* A list of count equal values; the caller frees it. */
static char *
list_of(const char *value, size_t count, size_t *len)
{
	const size_t value_len = strlen(value);
	char *text = malloc(count * (value_len + 1) + 2);
	char *at = text;

	assert_non_null(text);
	*at++ = '[';
	for (size_t i = 0; i < count; i++) {
		memcpy(at, value, value_len);
		at += value_len;
		*at++ = i + 1 < count ? ',' : ']';
	}
	*at = '\0';
	*len = (size_t)(at - text);
	return text;
}

static void
a_reply_of_nothing_but_tiny_values_is_not_read(void **state)
{
	static const struct {
		const char *value;
		size_t count;
		bool good;
	} cases[] = {
	    {"0", 250000, true},
	    {"0", 300000, false},
	    {"[]", 300000, false},
	    {"{\"a\":0}", 200000, false},
	    {"{\"identifier\":\"0123456789012345\"}", 300000, true},
	    {"\"[,\\\",[[,{{\"", 200000, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = 0;
		char *body = list_of(cases[i].value, cases[i].count, &len);
		const struct ab_reply reply = reply_of(200, "application/json", body, len);
		cJSON *document = ab_reply_json(&reply);
		assert_int_equal(document != NULL, cases[i].good);
		cJSON_Delete(document);
		free(body);
	}
}

static void
a_secret_is_masked_before_its_text_is_cut(void **state)
{
	cJSON *text = cJSON_Parse("\"not k\\u0065y\\/123!\"");
	char copy[10];

	(void)state;
	ab_secret_add("key/123");
	ab_reply_copy_text(copy, sizeof(copy), text);
	assert_string_equal(copy, "not *****");
	assert_string_equal(text->valuestring, "not key/123!");
	cJSON_Delete(text);
	ab_secret_release();
}

static void
a_text_is_one_trimmed_line_cut_between_characters(void **state)
{
	static const struct {
		const char *json;
		const char *copy;
	} cases[] = {
	    {"\"short\"", "short"},
	    {"\" \\n a\\tb \\r\\n\"", "a b"},
	    {"\"\"", ""},
	    {"\" \\n\"", ""},
	    {"\"1234567\"", "1234567"},
	    {"\"12345678\"", "1234567"},
	    {"\"123456\\u00e9\"", "123456"},
	    {"\"12345\\u00e9\"", "12345\xC3\xA9"},
	    {"\"1234\\ud83d\\ude00\"", "1234"},
	    {"5", ""},
	    {"null", ""},
	};
	char copy[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cJSON *text = cJSON_Parse(cases[i].json);
		assert_non_null(text);
		memset(copy, 'x', sizeof(copy));
		ab_reply_copy_text(copy, sizeof(copy), text);
		assert_string_equal(copy, cases[i].copy);
		cJSON_Delete(text);
	}
	ab_reply_copy_text(copy, sizeof(copy), NULL);
	assert_string_equal(copy, "");
}

/* Judges a reply about "the table"; in a check if there is no stream. */
static enum ab_verdict
judge(
    const char *stream_name, const struct ab_reply *reply, const char *words, struct ab_error *err)
{
	struct ab_stream stream = {.namespace = "shop", .name = stream_name};
	const struct ab_exchange x = {
	    .phase = stream_name != NULL ? AB_BATCH : AB_CHECK,
	    .stream = stream_name != NULL ? &stream : NULL,
	};

	*err = (struct ab_error){.kind = AB_SYSTEM_ERROR};
	return ab_service_judge(&service, &x, reply, "the table", words, NULL, err);
}

static void
a_good_reply_is_done_and_says_nothing(void **state)
{
	const struct ab_reply reply = reply_of(201, "application/json", "{}", 2);
	struct ab_error err;

	(void)state;
	assert_int_equal(judge("users", &reply, NULL, &err), AB_DONE);
	assert_string_equal(err.message, "");
}

static void
a_success_that_is_no_json_is_no_success(void **state)
{
	static const char *const types[] = {"text/html", ""};
	struct ab_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		const struct ab_reply reply = reply_of(200, types[i], "{}", 2);
		assert_int_equal(judge("users", &reply, "never told", &err), AB_FAILED);
		assert_int_equal(err.kind, AB_SYSTEM_ERROR);
		assert_string_equal(err.message,
		    "the answer from https://acme.example to the table of stream shop.users is not "
		    "what Acme sends; check api_host");
	}
}

static void
a_success_that_only_says_it_is_json_is_no_success(void **state)
{
	static const char *const bodies[] = {"", "<html>Sign in</html>", "{\"rows\": [", "{} {}"};
	struct ab_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		const struct ab_reply reply =
		    reply_of(200, "application/json", bodies[i], strlen(bodies[i]));
		assert_int_equal(judge("users", &reply, NULL, &err), AB_FAILED);
		assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	}
}

static void
refusals_are_told_in_the_words_of_the_service(void **state)
{
	static const struct {
		int status;
		const char *type;
		const char *words;
		const char *stream;
		enum ab_verdict verdict;
		enum ab_failure kind;
		const char *message;
	} cases[] = {
	    {403, "application/json", "no such key (HTTP 403)", "users", AB_FAILED, AB_CONFIG_ERROR,
		"Acme refused the table of stream shop.users: no such key (HTTP 403)"},
	    {503, "application/json", "busy (HTTP 503)", NULL, AB_RETRY, AB_TRANSIENT_ERROR,
		"Acme refused the table: busy (HTTP 503)"},
	    {502, "text/html", NULL, "users", AB_RETRY, AB_TRANSIENT_ERROR,
		"Acme refused the table of stream shop.users: an answer that is not Acme's (HTTP "
		"502, text/html)"},
	    {413, "", "", "users", AB_FAILED, AB_SYSTEM_ERROR,
		"Acme refused the table of stream shop.users: an answer that is not Acme's (HTTP "
		"413)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_reply reply = reply_of(cases[i].status, cases[i].type, "", 0);
		struct ab_error err;
		assert_int_equal(
		    judge(cases[i].stream, &reply, cases[i].words, &err), cases[i].verdict);
		assert_int_equal(err.kind, cases[i].kind);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void
losses_are_told_as_they_were(void **state)
{
	struct ab_reply reply = reply_of(0, "", NULL, 0);
	struct ab_error err;

	(void)state;
	assert_int_equal(judge("users", &reply, NULL, &err), AB_RETRY);
	assert_int_equal(err.kind, AB_TRANSIENT_ERROR);
	assert_string_equal(err.message,
	    "the table of stream shop.users got no answer from https://acme.example: connection "
	    "reset");
	assert_int_equal(judge(NULL, &reply, NULL, &err), AB_RETRY);
	assert_string_equal(
	    err.message, "cannot reach api_host https://acme.example: connection reset");
	reply.untrusted = true;
	assert_int_equal(judge("users", &reply, NULL, &err), AB_FAILED);
	assert_int_equal(err.kind, AB_CONFIG_ERROR);
}

static void
a_description_keeps_the_kind_and_is_cut_if_long(void **state)
{
	const struct ab_exchange x = {.phase = AB_CHECK};
	const struct ab_reply reply = reply_of(409, "application/json", "", 0);
	struct ab_error err = {.kind = AB_TRANSIENT_ERROR};
	char words[5000];

	(void)state;
	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	ab_service_describe(&service, &x, &reply, "it", words, &err);
	assert_int_equal(err.kind, AB_TRANSIENT_ERROR);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, "Acme refused it: www", 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reply_is_one_value_and_nothing_after_it),
	    cmocka_unit_test(a_reply_of_nothing_but_tiny_values_is_not_read),
	    cmocka_unit_test(a_secret_is_masked_before_its_text_is_cut),
	    cmocka_unit_test(a_text_is_one_trimmed_line_cut_between_characters),
	    cmocka_unit_test(a_good_reply_is_done_and_says_nothing),
	    cmocka_unit_test(a_success_that_is_no_json_is_no_success),
	    cmocka_unit_test(a_success_that_only_says_it_is_json_is_no_success),
	    cmocka_unit_test(refusals_are_told_in_the_words_of_the_service),
	    cmocka_unit_test(losses_are_told_as_they_were),
	    cmocka_unit_test(a_description_keeps_the_kind_and_is_cut_if_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
