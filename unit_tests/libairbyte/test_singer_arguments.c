#include "testing.h"

#include <cjson/cJSON.h>

#include "singer_arguments.h"

static int saved;

/* What is printed is not looked at here. */
static int
set_up(void **state)
{
	(void)state;
	fflush(stdout);
	saved = dup(STDERR_FILENO);
	FILE *sink = tmpfile();
	dup2(fileno(sink), STDERR_FILENO);
	fclose(sink);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return 0;
}

/* words: the command line, a blank between two. */
static int
read_words(struct ab_singer_arguments *arguments, const char *words)
{
	static char copy[256];
	static char program[] = "target-x";
	char *argv[16] = {program};
	int argc = 1;
	char *rest = copy;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(rest, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	return ab_singer_arguments_read(arguments, argc, argv, "target-x", "1");
}

static void
every_option_is_understood(void **state)
{
	struct ab_singer_arguments arguments;

	(void)state;
	assert_int_equal(
	    read_words(&arguments, "-c a.json --batch_records 200 --batch_bytes=5000000 "
				   "--request_delay 0.05 --attempts 5 -v -q"),
	    -1);
	assert_int_equal(arguments.task, AB_SINGER_LOAD);
	assert_string_equal(arguments.config, "a.json");
	assert_int_equal(arguments.batch_records, 200);
	assert_int_equal(arguments.batch_bytes, 5000000);
	assert_true(arguments.request_delay == 0.05);
	assert_int_equal(arguments.attempts, 5);
	assert_true(arguments.verbose);
	assert_true(arguments.quiet);
	assert_int_equal(read_words(&arguments, "--test --config a.json --verbose"), -1);
	assert_int_equal(arguments.task, AB_SINGER_TEST);
	assert_true(arguments.verbose);
	assert_int_equal(read_words(&arguments, "--about --format=json"), -1);
	assert_int_equal(arguments.task, AB_SINGER_ABOUT);
}

static void
a_wrong_command_line_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "--test",
	    "-c",
	    "-c a.json -c b.json",
	    "-c a.json more",
	    "-c a.json --bogus",
	    "-c a.json --batch_records 0",
	    "-c a.json --batch_records -1",
	    "-c a.json --batch_records 1.5",
	    "-c a.json --batch_records many",
	    "-c a.json --batch_bytes 1e300",
	    "-c a.json --request_delay -0.1",
	    "-c a.json --request_delay nan",
	    "-c a.json --request_delay 1s",
	    "-c a.json --attempts 0",
	    "-c a.json --attempts 99",
	    "--about --format=markdown",
	};
	struct ab_singer_arguments arguments;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (read_words(&arguments, cases[i]) != 2)
			fail_msg("%s", cases[i]);
	}
}

/* --- applying --- */

static const struct ab_limits own = {.batch_records = 500,
    .batch_bytes = 1000,
    .retry = {.delays_ms = {1000, 2000}, .delays = 2, .total_ms = 60000}};

static struct ab_limits
limited(const char *words, const char *fields)
{
	struct ab_singer_arguments arguments;
	struct ab_limits limits = own;
	char spec[256];

	snprintf(spec, sizeof(spec), "{\"connectionSpecification\":{\"properties\":{%s}}}", fields);
	struct ab_config config = {.document = cJSON_Parse("{\"batch_records\":7}")};
	cJSON *form = cJSON_Parse(spec);
	config.spec = form;
	assert_int_equal(read_words(&arguments, words), -1);
	ab_singer_arguments_configure(&arguments, &config);
	ab_singer_arguments_limit(&arguments, &config, &limits);
	cJSON_Delete(form);
	cJSON_Delete(config.document);
	return limits;
}

static void
a_command_line_is_read_from_its_start_whatever_was_read_before(void **state)
{
	struct ab_singer_arguments arguments;

	(void)state;
	assert_int_equal(read_words(&arguments, "-c a.json -q"), -1);
	assert_int_equal(read_words(&arguments, "--config another.json --attempts 5"), -1);
	assert_string_equal(arguments.config, "another.json");
}

static void
limits_are_lowered_and_never_raised(void **state)
{
	struct ab_limits limits = limited("-c a --batch_records 100 --batch_bytes 200", "");

	(void)state;
	assert_int_equal(limits.batch_records, 100);
	assert_int_equal(limits.batch_bytes, 200);
	limits = limited("-c a --batch_records 501 --batch_bytes 1001", "");
	assert_int_equal(limits.batch_records, 500);
	assert_int_equal(limits.batch_bytes, 1000);
	limits = limited("-c a", "");
	assert_memory_equal(&limits, &own, sizeof(own));
}

static void
a_pause_and_tries_are_as_given(void **state)
{
	struct ab_limits limits = limited("-c a --request_delay 0.25 --attempts 5", "");

	(void)state;
	assert_true(limits.pause_ms == 250);
	assert_int_equal(limits.retry.delays, 4);
	assert_true(limits.retry.delays_ms[1] == 2000 && limits.retry.delays_ms[3] == 2000);
	assert_int_equal(limited("-c a --attempts 1", "").retry.delays, 0);
}

static void
a_field_of_the_configuration_takes_the_value_instead(void **state)
{
	static const char line[] = "{\"connectionSpecification\":{\"properties\":{"
				   "\"batch_records\":{},\"request_delay\":{}}}}";
	struct ab_config config = {.document = cJSON_Parse("{\"batch_records\":7}")};
	struct ab_singer_arguments arguments;

	(void)state;
	cJSON *form = cJSON_Parse(line);
	config.spec = form;
	assert_int_equal(
	    read_words(&arguments, "-c a --batch_records 800 --request_delay 0.5 --attempts 2"),
	    -1);
	ab_singer_arguments_configure(&arguments, &config);
	char *text = cJSON_PrintUnformatted(config.document);
	assert_string_equal(text, "{\"batch_records\":800,\"request_delay\":0.5}");
	free(text);
	cJSON_Delete(form);
	cJSON_Delete(config.document);
	assert_int_equal(
	    limited("-c a --batch_records 100", "\"batch_records\":{}").batch_records, 500);
	assert_true(limited("-c a --request_delay 0", "").pause_ms == 0);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(every_option_is_understood),
	    CASE(a_wrong_command_line_is_refused),
	    CASE(a_command_line_is_read_from_its_start_whatever_was_read_before),
	    cmocka_unit_test(limits_are_lowered_and_never_raised),
	    cmocka_unit_test(a_pause_and_tries_are_as_given),
	    cmocka_unit_test(a_field_of_the_configuration_takes_the_value_instead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
