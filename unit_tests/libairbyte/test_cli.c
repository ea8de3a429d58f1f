#include "testing.h"

#include "command.h"

#define RECORD                                                                                     \
	"{\"type\":\"RECORD\",\"record\":{\"stream\":\"a\",\"emitted_at\":1,\"data\":{\"i\":1}}}"  \
	"\n"
#define STATE                                                                                      \
	"{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{"   \
	"\"name\":\"a\"},\"stream_state\":{\"i\":1}}}}\n"

static int
run(const char *words)
{
	return command_run(&command_destination, words, "");
}

static void
a_wrong_command_line_is_a_sentence_on_stderr_and_exit_2(void **state)
{
	static const struct {
		const char *words;
		const char *sentence;
	} cases[] = {
	    {"x", "a command is missing"},
	    {"x wipe", "unknown command wipe"},
	    {"x spec more", "unexpected argument more"},
	    {"x --frobnicate", "unknown option --frobnicate"},
	    {"x check --config config.json -z", "unknown option -z"},
	    {"x check -zx", "unknown option -z"},
	    {"x check", "check needs --config FILE"},
	    {"x check --config", "a file must follow --config"},
	    {"x write --config config.json", "write needs --config FILE and --catalog FILE"},
	    {"x write --catalog catalog.json", "write needs --config FILE and --catalog FILE"},
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(run(cases[i].words), 2);
		snprintf(line, sizeof(line), "destination-x: %s; see destination-x --help\n",
		    cases[i].sentence);
		assert_string_equal(command.errors, line);
		assert_string_equal(command.out, "");
		assert_int_equal(command.opened, 0);
	}
}

static void
help_names_the_commands_there_are(void **state)
{
	struct ab_destination discovering = command_destination;

	(void)state;
	discovering.discovers = true;
	assert_int_equal(run("x --help"), 0);
	command_says(command.out, "destination-x write --config FILE --catalog FILE < messages");
	assert_null(strstr(command.out, "discover"));
	assert_int_equal(command_run(&discovering, "x --help", ""), 0);
	command_says(command.out, "destination-x discover --config FILE");
}

static void
version_and_specification_are_printed(void **state)
{
	(void)state;
	assert_int_equal(run("x --version"), 0);
	assert_string_equal(command.out, "destination-x 1.2\n");
	assert_int_equal(run("x spec"), 0);
	assert_string_equal(command.out,
	    "{\"type\":\"SPEC\",\"spec\":{\"supported_destination_sync_modes\": [\"append\"],"
	    "\"connectionSpecification\": {\"type\": \"object\",\"properties\": {\"key\": {"
	    "\"type\": \"string\"}}}}}\n");
}

static void
a_check_that_fails_is_an_answer(void **state)
{
	(void)state;
	assert_int_equal(run("x check --config config.json"), 0);
	command_says(command.out, "\"status\":\"SUCCEEDED\"");
	command.refusal = "the key is refused";
	assert_int_equal(run("x check --config config.json"), 0);
	command_says(command.out, "\"status\":\"FAILED\",\"message\":\"the key is refused\"");
	assert_int_equal(command.opened, 2);
}

static void
a_file_that_cannot_be_read_is_a_fault(void **state)
{
	static const char *const words[] = {"x check --config none.json",
	    "x write --config none.json --catalog catalog.json",
	    "x write --config config.json --catalog none.json"};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_int_equal(run(words[i]), 1);
		command_says(command.out, "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\"");
		command_says(command.out, "none.json");
	}
}

static void
discover_is_for_who_has_something_to_be_discovered(void **state)
{
	struct ab_destination discovering = command_destination;

	(void)state;
	assert_int_equal(run("x discover --config config.json"), 1);
	command_says(command.out, "destination-x has no catalog to discover");
	discovering.discovers = true;
	assert_int_equal(command_run(&discovering, "x discover", ""), 2);
	assert_int_equal(command_run(&discovering, "x discover --config config.json", ""), 0);
	command_says(command.out, "\"destination_catalog\":{\"operations\":[]}");
}

static void
a_write_ends_with_its_states(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command_destination,
			     "x write --config config.json --catalog catalog.json", RECORD STATE),
	    0);
	command_says(command.out, "\"destinationStats\":{\"recordCount\":1.0}");
	assert_int_equal(command.opened, 1);
}

static void
a_write_that_fails_says_so_once(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command_destination,
			     "x write --config config.json --catalog catalog.json", "no JSON\n"),
	    1);
	command_says(command.out, "line 1 of the input cannot be taken");
	assert_string_equal(strrchr(command.out, '\n'), "\n");
	assert_null(strstr(strstr(command.out, "TRACE") + 1, "TRACE"));
}

static void
another_data_channel_than_stdin_is_refused(void **state)
{
	(void)state;
	setenv("DATA_CHANNEL_MEDIUM", "SOCKET", 1);
	assert_int_equal(run("x write --config config.json --catalog catalog.json"), 1);
	command_says(command.out, "DATA_CHANNEL_MEDIUM is SOCKET");
	assert_int_equal(command.opened, 0);
	setenv("DATA_CHANNEL_MEDIUM", "STDIO", 1);
	assert_int_equal(run("x write --config config.json --catalog catalog.json"), 0);
}

static void
an_answer_that_cannot_be_printed_is_a_fault(void **state)
{
	struct rlimit before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit full = {.rlim_cur = 60, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	const int code = run("x spec");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, 1);
	assert_string_equal(command.out, "");
	command_says(command.errors, "destination-x: stdout cannot be written");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, command_set_up, command_tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(a_wrong_command_line_is_a_sentence_on_stderr_and_exit_2),
	    CASE(help_names_the_commands_there_are),
	    CASE(version_and_specification_are_printed),
	    CASE(a_check_that_fails_is_an_answer),
	    CASE(a_file_that_cannot_be_read_is_a_fault),
	    CASE(discover_is_for_who_has_something_to_be_discovered),
	    CASE(a_write_ends_with_its_states),
	    CASE(a_write_that_fails_says_so_once),
	    CASE(another_data_channel_than_stdin_is_refused),
	    CASE(an_answer_that_cannot_be_printed_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
