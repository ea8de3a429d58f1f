#include "testing.h"

#include <errno.h>

#include "emit.h"
#include "reject.h"

static char path[64];

/* --- in place of the system's --- */

static int interruptions; /* before the next data are on disk */
static int sync_errno;    /* of what then fails; 0: nothing */

int
fdatasync(int fd)
{
	(void)fd;
	errno = interruptions > 0 ? EINTR : sync_errno;
	interruptions -= interruptions > 0;
	return errno != 0 ? -1 : 0;
}

/* --- cases --- */

static const char *
content(void)
{
	static char text[8192];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static int
set_up(void **state)
{
	(void)state;
	setenv("LOG_LEVEL", "FATAL", 1);
	ab_emit_init(AB_EMIT_AIRBYTE);
	write_temporary(path, "");
	interruptions = sync_errno = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_emit_release();
	unlink(path);
	return 0;
}

static void
each_record_is_one_json_line(void **state)
{
	const struct ab_stream plain = {.name = "s\"1"};
	const struct ab_stream spaced = {.name = "t", .namespace = "n"};
	const struct ab_view record = {"{\"a\":1.50}", 10};
	struct ab_reject *reject = NULL;
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_reject_open(&reject, path, &err), 0);
	assert_true(ab_reject_wants_records(reject));
	assert_int_equal(ab_reject_record(reject, &plain, 7, "too \"big\"", record, &err), 0);
	assert_int_equal(ab_reject_record(reject, &spaced, 8, "odd", (struct ab_view){0}, &err), 0);
	assert_int_equal(ab_reject_sync(reject, &err), 0);
	ab_reject_close(reject);
	assert_string_equal(content(), "{\"stream\":\"s\\\"1\",\"namespace\":null,\"record\":7,"
				       "\"reason\":\"too \\\"big\\\"\",\"data\":{\"a\":1.50}}\n"
				       "{\"stream\":\"t\",\"namespace\":\"n\",\"record\":8,"
				       "\"reason\":\"odd\",\"data\":null}\n");
}

static void
what_json_has_no_number_for_becomes_a_string(void **state)
{
	static const struct {
		const char *record;
		const char *data;
	} cases[] = {
	    {"{\"a\":NaN}", "{\"a\":\"NaN\"}"},
	    {"{\"a\":-Infinity,\"b\":[Infinity,-1,NaN]}",
		"{\"a\":\"-Infinity\",\"b\":[\"Infinity\",-1,\"NaN\"]}"},
	    {"{\"NaN\":\"Infinity -Infinity\",\"x\\\"NaN\":\"\\\\\",\"y\":{\"z\": NaN }}",
		"{\"NaN\":\"Infinity -Infinity\",\"x\\\"NaN\":\"\\\\\",\"y\":{\"z\": \"NaN\" }}"},
	};
	const struct ab_stream stream = {.name = "s"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_view record = {cases[i].record, strlen(cases[i].record)};
		struct ab_reject *reject = NULL;
		struct ab_error err;
		char line[200];
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(ab_reject_open(&reject, path, &err), 0);
		assert_int_equal(ab_reject_record(reject, &stream, 1, "r", record, &err), 0);
		ab_reject_close(reject);
		snprintf(line, sizeof(line),
		    "{\"stream\":\"s\",\"namespace\":null,\"record\":1,\"reason\":\"r\","
		    "\"data\":%s}\n",
		    cases[i].data);
		assert_string_equal(content(), line);
	}
}

static void
a_file_is_appended_to(void **state)
{
	const struct ab_stream stream = {.name = "s"};
	struct ab_error err;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct ab_reject *reject = NULL;
		assert_int_equal(ab_reject_open(&reject, path, &err), 0);
		assert_int_equal(
		    ab_reject_record(reject, &stream, 1, "r", (struct ab_view){0}, &err), 0);
		ab_reject_close(reject);
	}
	size_t lines = 0;
	for (const char *at = content(); (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 20);
}

static void
without_a_file_records_are_only_reported(void **state)
{
	const struct ab_stream stream = {.name = "s"};
	struct ab_reject *reject = NULL;
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_reject_open(&reject, "", &err), 0);
	assert_false(ab_reject_wants_records(reject));
	assert_int_equal(ab_reject_record(reject, &stream, 1, "r", (struct ab_view){0}, &err), 0);
	assert_int_equal(ab_reject_sync(reject, &err), 0);
	ab_reject_close(reject);
}

static void
a_file_that_cannot_be_written_is_an_error(void **state)
{
	const struct ab_stream stream = {.name = "s"};
	struct ab_reject *reject = NULL;
	struct ab_error err;

	(void)state;
	assert_int_equal(ab_reject_open(&reject, "/nonexistent/r", &err), -1);
	assert_int_equal(err.kind, AB_CONFIG_ERROR);
	assert_int_equal(ab_reject_open(&reject, "/dev/full", &err), 0);
	assert_int_equal(ab_reject_record(reject, &stream, 1, "r", (struct ab_view){0}, &err), -1);
	assert_non_null(strstr(err.message, "/dev/full cannot be written"));
	assert_int_equal(ab_reject_sync(reject, &err), -1);
	assert_int_equal(ab_reject_sync(reject, &err), -1);
	assert_non_null(strstr(err.message, "/dev/full cannot be written"));
	ab_reject_close(reject);
}

static void
a_signal_does_not_keep_records_from_the_disk(void **state)
{
	static const int failures[] = {0, EIO};
	const struct ab_stream stream = {.name = "s"};

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		struct ab_reject *reject = NULL;
		struct ab_error err;
		assert_int_equal(ab_reject_open(&reject, path, &err), 0);
		assert_int_equal(
		    ab_reject_record(reject, &stream, 1, "r", (struct ab_view){0}, &err), 0);
		interruptions = 2;
		sync_errno = failures[i];
		assert_int_equal(ab_reject_sync(reject, &err), failures[i] != 0 ? -1 : 0);
		assert_int_equal(interruptions, 0);
		ab_reject_close(reject);
	}
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(each_record_is_one_json_line),
	    CASE(what_json_has_no_number_for_becomes_a_string),
	    CASE(a_file_is_appended_to),
	    CASE(without_a_file_records_are_only_reported),
	    CASE(a_file_that_cannot_be_written_is_an_error),
	    CASE(a_signal_does_not_keep_records_from_the_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
