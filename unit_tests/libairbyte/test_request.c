#include "testing.h"

#include "request.h"

static struct ab_request request;

static int
set_up(void **state)
{
	(void)state;
	ab_request_init(&request);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_request_release(&request);
	return 0;
}

static void
a_reset_request_is_empty_but_for_its_memory(void **state)
{
	(void)state;
	request.method = AB_PUT;
	request.from = 1;
	request.to = 2;
	request.single = request.metered = true;
	request.silence_s = 3;
	request.reply_limit = 4;
	ab_buf_add_text(&request.url, "u");
	ab_buf_add_text(&request.headers, "a: b\n");
	ab_buf_add_text(&request.head, "h");
	ab_buf_add_text(&request.tail, "t");
	const size_t cap = request.head.cap;
	ab_request_reset(&request);
	assert_int_equal(request.method, AB_GET);
	assert_int_equal(request.from + request.to + request.silence_s + request.reply_limit, 0);
	assert_false(request.single || request.metered);
	assert_int_equal(
	    request.url.len + request.headers.len + request.head.len + request.tail.len, 0);
	assert_int_equal(request.head.cap, cap);
}

static void
whatever_does_not_fit_is_noticed_until_the_reset(void **state)
{
	struct ab_buf *const texts[] = {
	    &request.url, &request.headers, &request.head, &request.tail};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(ab_request_overflowed(&request));
		assert_null(ab_buf_reserve(texts[i], texts[i]->limit + 1));
		assert_true(ab_request_overflowed(&request));
		ab_request_reset(&request);
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(a_reset_request_is_empty_but_for_its_memory),
	    CASE(whatever_does_not_fit_is_noticed_until_the_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
