#include "testing.h"

#include <cjson/cJSON.h>

#include "command.h"

#include "singer.h"

#define SCHEMA "{\"type\":\"SCHEMA\",\"stream\":\"a\",\"schema\":{\"properties\":{\"i\":{}}}}\n"
#define KEYED                                                                                      \
	"{\"type\":\"SCHEMA\",\"stream\":\"a\",\"schema\":{\"properties\":{\"i\":{}}},"            \
	"\"key_properties\":[\"i\"]}\n"
#define RECORD "{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{\"i\":1}}\n"
#define STATE "{\"type\":\"STATE\",\"value\":{\"at\": 1}}\n"

static int
run(const char *words, const char *input)
{
	return command_run(&command_destination, words, input);
}

static void
a_target_is_known_by_its_name(void **state)
{
	static const struct {
		const char *path;
		bool target;
	} cases[] = {
	    {"target-x", true},
	    {"/usr/local/bin/target-x", true},
	    {"../target-", true},
	    {"destination-x", false},
	    {"/opt/target-x/destination-x", false},
	    {"my-target-x", false},
	    {"target", false},
	    {"", false},
	    {NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(ab_singer_is_target(cases[i].path), cases[i].target);
}

static void
about_is_told_without_a_configuration(void **state)
{
	(void)state;
	assert_int_equal(run("bin/target-x --about", ""), 0);
	cJSON *about = cJSON_Parse(command.out);
	assert_non_null(about);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(about, "name")), "target-x");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(about, "version")), "1.2");
	const cJSON *settings =
	    cJSON_GetObjectItem(cJSON_GetObjectItem(about, "settings"), "properties");
	assert_true(cJSON_HasObjectItem(settings, "key"));
	cJSON_Delete(about);
	assert_string_equal(command.errors, "");
	assert_int_equal(command.opened, 0);
}

static void
a_test_ends_with_0_or_1_and_prints_nothing(void **state)
{
	(void)state;
	assert_int_equal(run("target-x --config config.json --test", ""), 0);
	assert_string_equal(command.errors, "INFO the configuration is right, and may write\n");
	assert_string_equal(command.out, "");
	command.refusal = "the key is refused";
	assert_int_equal(run("target-x --config config.json --test", ""), 1);
	assert_string_equal(command.errors, "CRITICAL the key is refused\n");
	assert_string_equal(command.out, "");
}

static void
a_load_prints_bare_states(void **state)
{
	(void)state;
	assert_int_equal(run("target-x --config config.json", SCHEMA RECORD STATE), 0);
	assert_string_equal(command.out, "{\"at\": 1}\n");
	command_says(command.errors, "\"metric\":\"job_duration\"");
	command_says(command.errors, "\"status\":\"succeeded\"");
	assert_null(strstr(command.errors, "http_request_duration"));
}

static void
a_load_that_fails_ends_with_one_line_that_says_why(void **state)
{
	(void)state;
	assert_int_equal(run("target-x -c config.json", SCHEMA RECORD STATE "no JSON\n"), 1);
	assert_string_equal(command.out, "{\"at\": 1}\n");
	command_says(command.errors, "\"status\":\"failed\"");
	const char *last = strstr(command.errors, "CRITICAL line 4 of the input cannot be taken");
	assert_non_null(last);
	assert_string_equal(strchr(last, '\n'), "\n");
}

static void
a_configuration_that_is_not_there_is_a_failure(void **state)
{
	(void)state;
	assert_int_equal(run("target-x --config none.json", SCHEMA), 1);
	command_says(command.errors, "CRITICAL ");
	command_says(command.errors, "none.json");
	assert_int_equal(command.opened, 0);
}

static void
verbose_tells_of_requests_and_quiet_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(run("target-x --config config.json -v", SCHEMA RECORD), 0);
	command_says(command.errors, "\"metric\":\"http_request_duration\"");
	assert_int_equal(run("target-x --config config.json -q", SCHEMA RECORD STATE), 0);
	assert_string_equal(command.errors, "");
	assert_string_equal(command.out, "{\"at\": 1}\n");
}

static bool deduped;

static enum ab_taken
see_dedup(void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	deduped = batch->stream->dedup;
	return command_append(self, batch, record, err);
}

static void
records_replace_by_key_where_the_service_can(void **state)
{
	struct ab_destination destination = command_destination;

	(void)state;
	destination.append = see_dedup;
	assert_int_equal(command_run(&destination, "target-x -c config.json", KEYED RECORD), 0);
	assert_false(deduped);
	destination.spec = (const unsigned char
		*)"{\"supported_destination_sync_modes\":[\"append\",\"append_dedup\"],"
		  "\"connectionSpecification\":{\"properties\":{\"key\":{}}}}";
	assert_int_equal(command_run(&destination, "target-x -c config.json", KEYED RECORD), 0);
	assert_true(deduped);
	assert_int_equal(command_run(&destination, "target-x -c config.json", SCHEMA RECORD), 0);
	assert_false(deduped);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, command_set_up, command_tear_down)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_target_is_known_by_its_name),
	    CASE(about_is_told_without_a_configuration),
	    CASE(a_test_ends_with_0_or_1_and_prints_nothing),
	    CASE(a_load_prints_bare_states),
	    CASE(a_load_that_fails_ends_with_one_line_that_says_why),
	    CASE(a_configuration_that_is_not_there_is_a_failure),
	    CASE(verbose_tells_of_requests_and_quiet_of_nothing),
	    CASE(records_replace_by_key_where_the_service_can),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
