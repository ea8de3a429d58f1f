#include "testing.h"

#include "destination.h"
#include "digest.h"
#include "progress.h"

static void
every_byte_outside_the_plain_ones_is_percent_encoded(void **state)
{
	struct ab_buf url;

	(void)state;
	ab_buf_init(&url, 100);
	ab_url_encode(&url, "aZ09._~-/ %\0\xC3\xA9?&=", 17);
	assert_string_equal(url.data, "aZ09._~-%2F%20%25%00%C3%A9%3F%26%3D");
	ab_buf_release(&url);
}

static void
the_status_decides_the_usual_verdict(void **state)
{
	static const struct {
		int status;
		enum ab_verdict verdict;
		enum ab_failure kind;
	} cases[] = {
	    {200, AB_DONE, AB_SYSTEM_ERROR},
	    {204, AB_DONE, AB_SYSTEM_ERROR},
	    {0, AB_RETRY, AB_TRANSIENT_ERROR},
	    {408, AB_RETRY, AB_TRANSIENT_ERROR},
	    {425, AB_RETRY, AB_TRANSIENT_ERROR},
	    {429, AB_RETRY, AB_TRANSIENT_ERROR},
	    {500, AB_RETRY, AB_TRANSIENT_ERROR},
	    {502, AB_RETRY, AB_TRANSIENT_ERROR},
	    {503, AB_RETRY, AB_TRANSIENT_ERROR},
	    {504, AB_RETRY, AB_TRANSIENT_ERROR},
	    {301, AB_FAILED, AB_SYSTEM_ERROR},
	    {400, AB_FAILED, AB_CONFIG_ERROR},
	    {401, AB_FAILED, AB_CONFIG_ERROR},
	    {403, AB_FAILED, AB_CONFIG_ERROR},
	    {404, AB_FAILED, AB_CONFIG_ERROR},
	    {409, AB_FAILED, AB_SYSTEM_ERROR},
	    {413, AB_FAILED, AB_SYSTEM_ERROR},
	    {501, AB_FAILED, AB_SYSTEM_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_reply reply = {.status = cases[i].status, .loss = "reset"};
		struct ab_error err = {.kind = AB_SYSTEM_ERROR};
		assert_int_equal(ab_verdict_of_status(&reply, &err), cases[i].verdict);
		assert_int_equal(err.kind, cases[i].kind);
	}
}

static void
a_server_that_cannot_prove_itself_is_not_asked_again(void **state)
{
	const struct ab_reply reply = {.untrusted = true, .loss = "certificate expired"};
	struct ab_error err = {.kind = AB_SYSTEM_ERROR};

	(void)state;
	assert_int_equal(ab_verdict_of_status(&reply, &err), AB_FAILED);
	assert_int_equal(err.kind, AB_CONFIG_ERROR);
}

static void
headers_are_lines(void **state)
{
	struct ab_request request = {0};

	(void)state;
	ab_buf_init(&request.headers, 100);
	ab_request_header(&request, "A", "1");
	ab_request_header(&request, "B", "2");
	assert_string_equal(request.headers.data, "A: 1\nB: 2\n");
	ab_buf_release(&request.headers);
}

static void
a_digest_is_sha_256_in_hex(void **state)
{
	char hex[AB_DIGEST_HEX + 1];

	(void)state;
	ab_digest_hex("abc", 3, hex);
	assert_string_equal(
	    hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ab_digest_hex("", 0, hex);
	assert_string_equal(
	    hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
rates_are_readable(void **state)
{
	char text[160];

	(void)state;
	assert_string_equal(ab_progress_rate(text, sizeof(text), 1234567, 2500000000, 1000),
	    "1,234,567 records, 2500.0 MB in 1.0 s (1,234,567 records/s, 2500.0 MB/s)");
	assert_string_equal(
	    ab_progress_rate(text, sizeof(text), 1, 0, 0), "1 record, 0.0 kB in 0.0 s");
	assert_string_equal(ab_progress_rate(text, sizeof(text), 999, 5400, 2000),
	    "999 records, 5.4 kB in 2.0 s (499 records/s, 0.0 MB/s)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_outside_the_plain_ones_is_percent_encoded),
	    cmocka_unit_test(the_status_decides_the_usual_verdict),
	    cmocka_unit_test(a_server_that_cannot_prove_itself_is_not_asked_again),
	    cmocka_unit_test(headers_are_lines),
	    cmocka_unit_test(a_digest_is_sha_256_in_hex),
	    cmocka_unit_test(rates_are_readable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
