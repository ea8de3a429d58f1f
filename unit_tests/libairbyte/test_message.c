#include "testing.h"

#include "message.h"

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
	return ab_airbyte_dialect.parse(
	    &reader, (struct ab_view){.data = line, .len = strlen(line)}, message, err);
}

static void
assert_view(struct ab_view view, const char *text)
{
	if (text == NULL) {
		assert_null(view.data);
		return;
	}
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.data, text, view.len);
}

static void
a_record_is_found_by_names_not_by_places(void **state)
{
	static const char *const lines[] = {
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"users\",\"namespace\":\"n\",\"emitted_"
	    "at\":5,"
	    "\"data\":{\"id\":1}}}",
	    "{\"record\":{\"data\":{\"id\":1},\"emitted_at\":5.0,\"namespace\":\"n\",\"extra\":[{}]"
	    ","
	    "\"stream\":\"users\"},\"type\":\"record\"}",
	    "{\"type\":\"RECORD\",\"log\":null,\"spec\":null,\"state\":null,\"record\":{"
	    "\"namespace\":\"n\","
	    "\"stream\":\"us\\u0065rs\",\"data\":{\"id\":1},\"emitted_at\":5,\"meta\":null},"
	    "\"trace\":null}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(lines[i], &message, &err), 0);
		assert_int_equal(message.kind, AB_MESSAGE_RECORD);
		assert_view(message.stream, "users");
		assert_view(message.namespace, "n");
		assert_view(message.raw, "{\"id\":1}");
		assert_int_equal(message.emitted_at_ms, 5);
		const uint32_t id = ab_json_get(&reader.tape, message.data, "id");
		assert_view(ab_json_raw(&reader.tape, id), "1");
	}
}

static void
an_absent_namespace_is_not_an_empty_one(void **state)
{
	struct ab_message message;
	struct ab_error err;

	(void)state;
	assert_int_equal(parse("{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{}}}",
			     &message, &err),
	    0);
	assert_null(message.namespace.data);
	assert_int_equal(message.emitted_at_ms, -1);
	assert_int_equal(parse("{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"namespace\":"
			       "null,\"data\":{}}}",
			     &message, &err),
	    0);
	assert_null(message.namespace.data);
	assert_int_equal(parse("{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"namespace\":"
			       "\"\",\"data\":{}}}",
			     &message, &err),
	    0);
	assert_view(message.namespace, "");
}

static void
broken_messages_are_refused_without_quoting_them(void **state)
{
	static const char *const lines[] = {
	    "",
	    "canary",
	    "[\"canary\"]",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"a\":\"canary\"}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"a\":canary}}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"a\":NaNcanary}}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":NaN}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{},\"emitted_at\":NaN}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":\"canary\"}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":null}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":5,\"data\":{}}}",
	    "{\"type\":\"RECORD\",\"record\":{\"data\":{}}}",
	    "{\"type\":\"RECORD\",\"record\":\"canary\"}",
	    "{\"type\":\"RECORD\"}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{},\"emitted_at\":"
	    "\"canary\"}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"namespace\":7,\"data\":{}}}",
	    "{\"type\":\"STATE\",\"state\":\"canary\"}",
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\"}}",
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{}}}",
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{"
	    "}}}}",
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"CANARY\"}}",
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"a\":\"\xff\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(lines[i], &message, &err), -1);
		assert_null(strstr(err.message, "canary"));
	}
}

static void
only_a_record_may_hold_what_json_has_no_number_for(void **state)
{
	static const char *const lines[] = {
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"GLOBAL\",\"global\":{\"a\":NaN}}}",
	    "{\"type\":\"STATE\",\"state\":{\"type\":\"LEGACY\",\"data\":[[[[Infinity]]]]}}",
	    "{\"type\":\"STATE\",\"x\":-Infinity,\"state\":{\"type\":\"LEGACY\"}}",
	    "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":NaN}}",
	    "NaN",
	};
	struct ab_message message;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    parse("{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{\"v\":NaN,"
		  "\"n\":{\"x\":-Infinity}},\"emitted_at\":5}}",
		&message, &err),
	    0);
	assert_view(message.raw, "{\"v\":NaN,\"n\":{\"x\":-Infinity}}");
	assert_int_equal(message.emitted_at_ms, 5);
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(parse(lines[i], &message, &err), -1);
		assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	}
	assert_int_equal(parse(lines[0], &message, &err), -1);
	assert_string_equal(err.message, "invalid JSON: only a RECORD may hold NaN or Infinity");
}

static void
other_types_are_not_for_us(void **state)
{
	static const char *const lines[] = {
	    "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"x\"}}",
	    "{\"type\":\"SCHEMA\",\"stream\":\"x\"}",
	    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ESTIMATE\",\"emitted_at\":1}}",
	    "{\"type\":\"TRACE\",\"trace\":null}",
	    "{\"type\":7}",
	    "{}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(lines[i], &message, &err), 0);
		assert_int_equal(message.kind, AB_MESSAGE_OTHER);
	}
}

static void
states_have_a_scope_and_a_count(void **state)
{
	static const struct {
		const char *line;
		enum ab_state_scope scope;
		const char *stream;
		int64_t count;
	} cases[] = {
	    {"{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":"
	     "{\"name\":"
	     "\"u\",\"namespace\":null},\"stream_state\":{}},\"sourceStats\":{\"recordCount\":17.0}"
	     ",\"id\":1}}",
		AB_STATE_STREAM, "u", 17},
	    {"{\"type\":\"STATE\",\"state\":{\"type\":\"GLOBAL\",\"global\":{\"stream_states\":[]},"
	     "\"sourceStats\":{}}}",
		AB_STATE_ALL, NULL, -1},
	    {"{\"type\":\"STATE\",\"state\":{\"type\":\"LEGACY\",\"data\":{}}}", AB_STATE_ALL, NULL,
		-1},
	    {"{\"type\":\"STATE\",\"state\":{\"data\":{},\"type\":null,\"sourceStats\":{"
	     "\"recordCount\":2.5}}}",
		AB_STATE_ALL, NULL, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_message message;
		struct ab_error err;
		assert_int_equal(parse(cases[i].line, &message, &err), 0);
		assert_int_equal(message.kind, AB_MESSAGE_STATE);
		assert_int_equal(message.scope, cases[i].scope);
		assert_view(message.stream, cases[i].stream);
		assert_int_equal(message.source_count, cases[i].count);
	}
}

/* The place where destinationStats goes, shown by putting <> there. */
static void
stats_go_over_the_old_ones_or_to_the_end(void **state)
{
	static const struct {
		const char *line;
		const char *with;
	} cases[] = {
	    {"{\"type\":\"STATE\",\"state\":{}}", "{\"type\":\"STATE\",\"state\":{<>}}"},
	    {"{\"type\":\"STATE\",\"state\":{\"a\":1},\"z\":2}",
		"{\"type\":\"STATE\",\"state\":{\"a\":1,<>},\"z\":2}"},
	    {"{\"type\":\"STATE\",\"state\":{ \"a\":{\"b\":\"}\"} } }",
		"{\"type\":\"STATE\",\"state\":{ \"a\":{\"b\":\"}\"} ,<>} }"},
	    {"{\"type\":\"STATE\",\"state\":{\"destinationStats\":null,\"a\":1}}",
		"{\"type\":\"STATE\",\"state\":{<>,\"a\":1}}"},
	    {"{\"type\":\"STATE\",\"state\":{\"a\":1,\"destinationStats\" : {\"recordCount\":3} }}",
		"{\"type\":\"STATE\",\"state\":{\"a\":1,<> }}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_message message;
		struct ab_error err;
		char text[256];
		assert_int_equal(parse(cases[i].line, &message, &err), 0);
		snprintf(text, sizeof(text), "%.*s%s<>%s", (int)message.text.cut_at, cases[i].line,
		    message.text.comma ? "," : "",
		    cases[i].line + message.text.cut_at + message.text.cut_len);
		assert_string_equal(text, cases[i].with);
	}
}

static void
each_state_is_of_the_stream_it_names(void **state)
{
	static const struct {
		const char *descriptor;
		const char *name;
		const char *namespace;
	} cases[] = {
	    {"{\"name\":\"a\"}", "a", NULL},
	    {"{\"name\":\"a\"}", "a", NULL},
	    {"{\"name\":\"b\"}", "b", NULL},
	    {"{\"name\":\"a\",\"namespace\":\"n\"}", "a", "n"},
	    {"{\"name\":\"\\u0061\"}", "a", NULL},
	    {"{\"name\":\"\\u0061\"}", "a", NULL},
	    {"{\"name\":\"c\", \"namespace\":null}", "c", NULL},
	    {"{\"name\":\"a\"}", "a", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_message message;
		struct ab_error err;
		struct ab_buf line;
		ab_buf_init(&line, 1000);
		ab_buf_printf(&line,
		    "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\",\"stream\":{"
		    "\"stream_descriptor\":%s}}}",
		    cases[i].descriptor);
		assert_int_equal(parse(line.data, &message, &err), 0);
		assert_view(message.stream, cases[i].name);
		assert_view(message.namespace, cases[i].namespace);
		ab_buf_release(&line);
	}
}

static void
a_long_descriptor_is_read_each_time(void **state)
{
	const size_t len = (size_t)2 << 20;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ab_message message;
		struct ab_error err;
		struct ab_buf line;
		ab_buf_init(&line, 2 * len);
		ab_buf_add_text(&line, "{\"type\":\"STATE\",\"state\":{\"type\":\"STREAM\","
				       "\"stream\":{\"stream_descriptor\":{\"name\":\"");
		memset(ab_buf_reserve(&line, len), (int)('a' + i), len);
		line.len += len;
		ab_buf_add_text(&line, "\"}}}}");
		assert_int_equal(parse(line.data, &message, &err), 0);
		assert_int_equal(message.stream.len, len);
		assert_int_equal(message.stream.data[len - 1], (int)('a' + i));
		ab_buf_release(&line);
	}
}

static void
a_status_names_its_stream(void **state)
{
	struct ab_message message;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    parse("{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"emitted_at\":1.0,"
		  "\"stream_status\":{\"stream_descriptor\":{\"name\":\"s\",\"namespace\":\"n\"},"
		  "\"status\":\"COMPLETE\"}}}",
		&message, &err),
	    0);
	assert_int_equal(message.kind, AB_MESSAGE_STATUS);
	assert_int_equal(message.status, AB_STATUS_COMPLETE);
	assert_view(message.stream, "s");
	assert_view(message.namespace, "n");
	assert_int_equal(
	    parse("{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"emitted_at\":1,"
		  "\"stream_status\":{\"stream_descriptor\":{\"name\":\"s\"},"
		  "\"status\":\"INCOMPLETE\"}}}",
		&message, &err),
	    0);
	assert_int_equal(message.status, AB_STATUS_INCOMPLETE);
	assert_null(message.namespace.data);
	assert_int_equal(
	    parse("{\"type\":\"TRACE\",\"trace\":{\"type\":\"STREAM_STATUS\",\"emitted_at\":1,"
		  "\"stream_status\":{\"stream_descriptor\":{\"name\":\"s\"},"
		  "\"status\":\"RUNNING\"}}}",
		&message, &err),
	    0);
	assert_int_equal(message.status, AB_STATUS_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_is_found_by_names_not_by_places),
	    cmocka_unit_test(an_absent_namespace_is_not_an_empty_one),
	    cmocka_unit_test(broken_messages_are_refused_without_quoting_them),
	    cmocka_unit_test(only_a_record_may_hold_what_json_has_no_number_for),
	    cmocka_unit_test(other_types_are_not_for_us),
	    cmocka_unit_test(states_have_a_scope_and_a_count),
	    cmocka_unit_test(stats_go_over_the_old_ones_or_to_the_end),
	    cmocka_unit_test(each_state_is_of_the_stream_it_names),
	    cmocka_unit_test(a_long_descriptor_is_read_each_time),
	    cmocka_unit_test(a_status_names_its_stream),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
