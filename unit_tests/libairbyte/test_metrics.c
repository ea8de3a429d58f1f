#include "testing.h"

#include "emit.h"
#include "metrics.h"

static char line[1024];

void
ab_emit_metric(const char *json)
{
	snprintf(line, sizeof(line), "%s", json);
}

static void
counters_name_their_stream(void **state)
{
	(void)state;
	ab_metrics_records("a \"b\"", 331207);
	assert_string_equal(line,
	    "{\"type\":\"counter\",\"metric\":\"record_count\",\"value\":331207,"
	    "\"tags\":{\"stream\":\"a \\\"b\\\"\"}}");
}

static void
timers_are_in_seconds_and_say_how_it_went(void **state)
{
	(void)state;
	ab_metrics_job(12345, true);
	assert_string_equal(line,
	    "{\"type\":\"timer\",\"metric\":\"job_duration\",\"value\":12.345,"
	    "\"tags\":{\"job_type\":\"load\",\"status\":\"succeeded\"}}");
	ab_metrics_job(5, false);
	assert_non_null(strstr(line, "\"value\":0.005,"));
	assert_non_null(strstr(line, "\"status\":\"failed\""));
}

static void
a_request_has_its_status_unless_its_reply_was_lost(void **state)
{
	(void)state;
	ab_metrics_request("users", 204117, 200);
	assert_string_equal(line,
	    "{\"type\":\"timer\",\"metric\":\"http_request_duration\",\"value\":0.204117,\"tags\":{"
	    "\"stream\":\"users\",\"http_status_code\":200,\"status\":\"succeeded\"}}");
	ab_metrics_request(NULL, 1000000, 503);
	assert_non_null(strstr(
	    line, "\"value\":1.000000,\"tags\":{\"http_status_code\":503,\"status\":\"failed\"}}"));
	ab_metrics_request("users", 0, 0);
	assert_non_null(strstr(line, "\"tags\":{\"stream\":\"users\",\"status\":\"failed\"}}"));
}

static void
a_name_too_long_for_a_line_is_no_broken_line(void **state)
{
	static char name[20000];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	line[0] = '\0';
	ab_metrics_records(name, 1);
	assert_string_equal(line, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counters_name_their_stream),
	    cmocka_unit_test(timers_are_in_seconds_and_say_how_it_went),
	    cmocka_unit_test(a_request_has_its_status_unless_its_reply_was_lost),
	    cmocka_unit_test(a_name_too_long_for_a_line_is_no_broken_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
