#include "fixture.h"
#include "reply.h"

static struct ab_reply
reply_of(int status, const char *type, const char *body, size_t len)
{
	struct ab_reply reply = {.status = status, .retry_after_ms = -1, .body = body, .len = len};

	snprintf(reply.type, sizeof(reply.type), "%s", type);
	return reply;
}

static void
errors_are_described_in_dusts_words(void **unused)
{
	static const struct {
		int status;
		const char *type;
		const char *body;
		const char *text;
	} cases[] = {
	    {404, "application/json",
		"{\"error\":{\"type\":\"space_not_found\",\"message\":\"The space was not "
		"found.\"}}",
		"The space was not found. (HTTP 404, space_not_found)"},
	    {500, "application/json",
		"{\"error\":{\"type\":\"internal_server_error\",\"message\":\" a\\nb \","
		"\"data_source_error\":{\"code\":\"c\",\"message\":\"why\"}}} \n",
		"a b [why] (HTTP 500, internal_server_error)"},
	    {500, "application/json",
		"{\"error\":{\"type\":\"t\",\"message\":\"same\","
		"\"data_source_error\":{\"message\":\"same\"}}}",
		"same (HTTP 500, t)"},
	    {404, "text/plain", "404 Not Found", ""},
	    {502, "", "", ""},
	    {500, "application/json", "{\"error\":\"x\"}", ""},
	    {500, "application/json", "{\"error\":{\"type\":\"t\",\"message\":\"m\"}}}", ""},
	    {500, "application/json", "[[[[", ""},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_reply reply =
		    reply_of(cases[i].status, cases[i].type, cases[i].body, strlen(cases[i].body));
		struct ab_buf text;
		ab_buf_init(&text, 2000);
		dust_refusal_words(&text, &reply);
		assert_string_equal(text.data, cases[i].text);
		ab_buf_release(&text);
	}
}

static void
long_words_are_cut_between_characters(void **unused)
{
	char body[3000] = "{\"error\":{\"type\":\"t\",\"message\":\"x";
	struct dust_refusal refusal;
	size_t len = strlen(body);

	(void)unused;
	for (int i = 0; i < 500; i++, len += 2)
		memcpy(body + len, "\xC3\xA9", 2);
	memcpy(body + len, "\"}}", 4);
	const struct ab_reply reply = reply_of(500, "application/json", body, strlen(body));
	dust_refusal_read(&refusal, &reply);
	assert_int_equal(strlen(refusal.message), 399);
	assert_memory_equal(refusal.message + 397, "\xC3\xA9", 2);
}

static void
refusals_and_losses_are_told_in_a_sentence(void **unused)
{
	static const struct {
		int status;
		const char *body;
		const char *message;
	} cases[] = {
	    {403, "{\"error\":{\"type\":\"no\",\"message\":\"No.\"}}",
		"Dust refused the table of stream users: No. (HTTP 403, no)"},
	    {502, "Bad Gateway",
		"Dust refused the table of stream users: an answer that is not Dust's (HTTP 502, "
		"application/json)"},
	    {0, "", "the table of stream users got no answer from https://dust.tt: gone"},
	};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	fixture_exchange(&f, AB_BEGIN, true);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_reply reply = reply_of(
		    cases[i].status, "application/json", cases[i].body, strlen(cases[i].body));
		snprintf(reply.loss, sizeof(reply.loss), "gone");
		dust_judge(f.self, &f.x, &reply, "the table", &f.err);
		assert_string_equal(f.err.message, cases[i].message);
	}
	fixture_close(&f);
}

static void
a_429_is_waited_out_but_in_a_check(void **unused)
{
	const struct ab_reply reply = reply_of(429, "text/html", "slow down", 9);
	cJSON *none = NULL;
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", "id");
	for (unsigned phase = AB_CHECK; phase <= AB_END; phase++) {
		fixture_exchange(&f, (enum ab_phase)phase, true);
		const enum ab_verdict wanted = phase == AB_CHECK ? AB_RETRY : AB_WAIT;
		assert_int_equal(dust_judge(f.self, &f.x, &reply, "it", &f.err), wanted);
		assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
		expect_contains(f.err.message, "Dust refused it");
		assert_int_equal(
		    dust_judge_documents(f.self, &f.x, &reply, "it", &none, &f.err), wanted);
		if (phase != AB_CHECK)
			assert_int_equal(f.x.wait_ms, 5000);
	}
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_are_described_in_dusts_words),
	    cmocka_unit_test(long_words_are_cut_between_characters),
	    cmocka_unit_test(refusals_and_losses_are_told_in_a_sentence),
	    cmocka_unit_test(a_429_is_waited_out_but_in_a_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
