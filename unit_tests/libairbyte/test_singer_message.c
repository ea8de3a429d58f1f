#include "testing.h"

#include "singer_message.h"

static struct ab_message_reader reader;

static int
set_up(void **state)
{
	(void)state;
	ab_message_init(&reader);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_message_release(&reader);
	return 0;
}

static int
parse(const char *line, struct ab_message *message, struct ab_error *err)
{
	return ab_singer_dialect.parse(&reader, (struct ab_view){line, strlen(line)}, message, err);
}

static struct ab_message
parsed(const char *line)
{
	struct ab_message message;
	struct ab_error err;

	if (parse(line, &message, &err) != 0)
		fail_msg("%s: %s", line, err.message);
	return message;
}

static void
assert_view(struct ab_view view, const char *text)
{
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.data, text, view.len);
}

static void
types_are_compared_without_regard_to_case(void **state)
{
	static const struct {
		const char *line;
		enum ab_message_kind kind;
	} cases[] = {
	    {"{\"type\":\"record\",\"stream\":\"a\",\"record\":{}}", AB_MESSAGE_RECORD},
	    {"{\"type\":\"Schema\",\"stream\":\"a\",\"schema\":{}}", AB_MESSAGE_SCHEMA},
	    {"{\"type\":\"state\",\"value\":{}}", AB_MESSAGE_STATE},
	    {"{\"type\":\"activate_Version\",\"stream\":\"a\",\"version\":1}", AB_MESSAGE_VERSION},
	    {"{\"type\":\"VOLUME\",\"stream\":\"a\",\"count\":1}", AB_MESSAGE_UNKNOWN},
	    {"{\"type\":\"RECORD2\"}", AB_MESSAGE_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parsed(cases[i].line).kind, cases[i].kind);
}

static void
a_record_keeps_every_byte_and_the_time_it_was_extracted(void **state)
{
	const struct ab_message message =
	    parsed("{\"version\":5, \"time_extracted\":\"2023-11-14T22:13:20.123456Z\",\"stream\":"
		   "\"us\\u0065rs\",\"record\":{\"id\": 9007199254740993, \"n\":NaN}, "
		   "\"type\":\"RECORD\"}");

	(void)state;
	assert_view(message.stream, "users");
	assert_null(message.namespace.data);
	assert_view(message.raw, "{\"id\": 9007199254740993, \"n\":NaN}");
	assert_true(message.emitted_at_ms == 1700000000123);
	assert_int_not_equal(ab_json_get(&reader.tape, message.data, "id"), 0);
}

static void
a_time_that_is_none_counts_as_absent(void **state)
{
	static const char *const times[] = {"null", "5", "\"\"", "\"yesterday\""};
	char line[128];

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{},\"time_extracted\":%s}",
		    times[i]);
		assert_true(parsed(line).emitted_at_ms == -1);
	}
}

static void
a_state_is_the_text_of_its_value(void **state)
{
	static const char *const values[] = {
	    "{\"a\": [1,  2.50, \"\\u00e9\"]}", "{}", "null", "\"x\"", "17"};
	char line[128];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(line, sizeof(line), "{\"value\": %s ,\"type\":\"STATE\"}", values[i]);
		const struct ab_message message = parsed(line);
		assert_int_equal(message.scope, AB_STATE_ALL);
		assert_true(message.text.bare);
		assert_view(message.text.line, values[i]);
	}
}

static void
what_cannot_be_taken_is_refused_without_quoting_it(void **state)
{
	static const struct {
		const char *line;
		const char *part;
	} cases[] = {
	    {"{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{\"secret\":}}", "invalid JSON"},
	    {"secret", "invalid JSON"},
	    {"[\"secret\"]", "not a JSON object"},
	    {"{\"secret\":1}", "no type"},
	    {"{\"type\":null}", "no type"},
	    {"{\"type\":{\"secret\":1}}", "no type"},
	    {"{\"type\":\"RECORD\",\"record\":{\"secret\":1}}", "names no stream"},
	    {"{\"type\":\"RECORD\",\"stream\":7,\"record\":{}}", "names no stream"},
	    {"{\"type\":\"RECORD\",\"stream\":\"a\"}", "an object named record"},
	    {"{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":[\"secret\"]}",
		"an object named record"},
	    {"{\"type\":\"SCHEMA\",\"schema\":{\"secret\":1}}", "names no stream"},
	    {"{\"type\":\"STATE\"}", "needs a value"},
	    {"{\"type\":\"STATE\",\"value\":{\"secret\":NaN}}", "only a RECORD"},
	    {"{\"type\":\"BATCH\",\"stream\":\"a\",\"manifest\":[\"file://secret\"]}",
		"BATCH message"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(cases[i].line, &message, &err), -1);
		if (strstr(err.message, cases[i].part) == NULL)
			fail_msg("%s: %s", cases[i].line, err.message);
		assert_null(strstr(err.message, "secret"));
	}
}

static void
what_is_wrong_is_said_of_the_stream_that_is_named(void **state)
{
	static const char *const lines[] = {
	    "{\"type\":\"BATCH\",\"stream\":\"\\u0061\",\"manifest\":[]}",
	    "{\"type\":\"RECORD\",\"stream\":\"a\"}",
	    "{\"stream\":\"a\"}",
	    "{\"type\":\"SCHEMA\",\"stream\":\"a\",\"schema\":NaN}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(lines[i], &message, &err), -1);
		if (strncmp(err.message, "stream a: ", 10) != 0)
			fail_msg("%s: %s", lines[i], err.message);
	}
}

static void
of_a_long_name_the_begin_is_told(void **state)
{
	struct ab_message message;
	struct ab_error err;
	char line[1024];

	(void)state;
	snprintf(line, sizeof(line), "{\"stream\":\"%0500d\"}", 0);
	assert_int_equal(parse(line, &message, &err), -1);
	assert_int_equal(strlen(err.message), strlen("stream : it has no type") + 200);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(types_are_compared_without_regard_to_case),
	    CASE(a_record_keeps_every_byte_and_the_time_it_was_extracted),
	    CASE(a_time_that_is_none_counts_as_absent),
	    CASE(a_state_is_the_text_of_its_value),
	    CASE(what_cannot_be_taken_is_refused_without_quoting_it),
	    CASE(what_is_wrong_is_said_of_the_stream_that_is_named),
	    CASE(of_a_long_name_the_begin_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
