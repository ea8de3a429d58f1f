#include "testing.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "alloc.h"
#include "emit.h"
#include "secret.h"

/* --- alloc, replaced: memory ends when the case says so --- */

static bool memory_ended;
static void (*report)(size_t size);

static void
require_memory(size_t size)
{
	if (!memory_ended)
		return;
	report(size);
	_exit(1);
}

void
ab_alloc_on_failure(void (*wanted)(size_t size))
{
	report = wanted;
}

void *
ab_malloc(size_t size)
{
	require_memory(size);
	return malloc(size > 0 ? size : 1);
}

void *
ab_calloc(size_t count, size_t size)
{
	require_memory(count * size);
	return calloc(count, size);
}

void *
ab_realloc(void *old, size_t size)
{
	require_memory(size);
	return realloc(old, size);
}

char *
ab_memdup(const char *bytes, size_t len)
{
	char *copy = ab_malloc(len + 1);

	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *
ab_strdup(const char *text)
{
	return ab_memdup(text, strlen(text));
}

/* --- what is written --- */

/* stdout and stderr go to files while a case writes. */
static int saved;
static FILE *file;
static int saved_errors;
static FILE *errors;

static int
set_up(void **state)
{
	(void)state;
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	file = tmpfile();
	assert_non_null(file);
	dup2(fileno(file), STDOUT_FILENO);
	saved_errors = dup(STDERR_FILENO);
	errors = tmpfile();
	assert_non_null(errors);
	dup2(fileno(errors), STDERR_FILENO);
	unsetenv("LOG_LEVEL");
	ab_emit_init(AB_EMIT_AIRBYTE);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ab_emit_release();
	ab_secret_release();
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fclose(file);
	dup2(saved_errors, STDERR_FILENO);
	close(saved_errors);
	fclose(errors);
	return 0;
}

/* What was written, after a flush. */
static const char *
written(void)
{
	static char text[8192];
	struct ab_error err;

	assert_int_equal(ab_emit_flush(&err), 0);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	return text;
}

static const char *
complained(void)
{
	static char text[8192];

	rewind(errors);
	text[fread(text, 1, sizeof(text) - 1, errors)] = '\0';
	return text;
}

static void
messages_are_one_line_each(void **state)
{
	struct ab_error failure = {0};

	(void)state;
	ab_fail(&failure, AB_CONFIG_ERROR, "no \"key\"");
	ab_error_detail(&failure, "line\nbreak");
	ab_emit_log(AB_INFO, "hello %d\n", 5);
	ab_emit_state("{\"type\":\"STATE\"}", 16);
	ab_emit_connection_status(NULL);
	ab_emit_connection_status("bad");
	ab_emit_destination_catalog((struct ab_view){"{\"operations\":[]}", 17});
	ab_emit_spec((const unsigned char *)"{\n  \"a\": [\n    1\n  ]\n}\n");
	ab_emit_error(&failure, 1700000000000);
	assert_string_equal(written(),
	    "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"hello 5 \"}}\n"
	    "{\"type\":\"STATE\"}\n"
	    "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\"SUCCEEDED\"}}\n"
	    "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\"FAILED\","
	    "\"message\":\"bad\"}}\n"
	    "{\"type\":\"DESTINATION_CATALOG\",\"destination_catalog\":{\"operations\":[]}}\n"
	    "{\"type\":\"SPEC\",\"spec\":{\"a\": [1]}}\n"
	    "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\",\"emitted_at\":1700000000000.0,"
	    "\"error\":{"
	    "\"message\":\"no \\\"key\\\"\",\"internal_message\":\"line break\","
	    "\"failure_type\":\"config_error\"}}}\n");
}

static void
secrets_are_masked_everywhere_but_in_states(void **state)
{
	(void)state;
	ab_secret_add("sk-abc");
	ab_secret_add("abc"); /* too short to mask without harm */
	ab_emit_log(AB_INFO, "key sk-abc and sk-abcsk-abc, abc stays");
	ab_emit_connection_status("Bearer sk-abc");
	ab_emit_state("{\"cursor\":\"sk-abc\"}", 19);
	assert_string_equal(written(), "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":"
				       "\"key ****** and ************, abc stays\"}}\n"
				       "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{"
				       "\"status\":\"FAILED\",\"message\":"
				       "\"Bearer ******\"}}\n"
				       "{\"cursor\":\"sk-abc\"}\n");
}

static void
the_level_comes_from_the_environment(void **state)
{
	(void)state;
	ab_emit_log(AB_DEBUG, "unseen");
	setenv("LOG_LEVEL", "error", 1);
	ab_emit_release();
	ab_emit_init(AB_EMIT_AIRBYTE);
	assert_true(ab_emit_wanted(AB_ERROR));
	assert_false(ab_emit_wanted(AB_WARN));
	ab_emit_log(AB_WARN, "unseen");
	ab_emit_log(AB_ERROR, "seen");
	assert_string_equal(
	    written(), "{\"type\":\"LOG\",\"log\":{\"level\":\"ERROR\",\"message\":\"seen\"}}\n");
}

static void
a_failed_write_is_told_again_and_again(void **state)
{
	struct ab_error err;
	int pipe_ends[2];

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	dup2(pipe_ends[1], STDOUT_FILENO);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	ab_emit_state("{}", 2);
	const int first = ab_emit_flush(&err);
	const int second = ab_emit_flush(&err);
	dup2(fileno(file), STDOUT_FILENO);
	ab_emit_state("{}", 2);
	const int third = ab_emit_flush(&err);
	assert_int_equal(first, -1);
	assert_int_equal(second, -1);
	assert_int_equal(third, -1);
	assert_non_null(strstr(err.message, "stdout cannot be written"));
	rewind(file);
	assert_int_equal(fgetc(file), EOF);
}

static void
what_memory_had_no_room_for_is_no_line(void **state)
{
	(void)state;
	ab_emit_log(AB_INFO, "some room"); /* for the next one, but for a copy of its text */
	const pid_t child = fork();
	if (child == 0) {
		memory_ended = true;
		ab_emit_log(AB_INFO, "lost");
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
	ab_emit_release();
	ab_emit_init(AB_EMIT_AIRBYTE);
	assert_non_null(strstr(written(),
	    "\"message\":\"some room\"}}\n{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\""));
}

/* As a full disk does. */
static void
limit_files(rlim_t bytes, struct rlimit *before)
{
	assert_int_equal(getrlimit(RLIMIT_FSIZE, before), 0);
	const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
a_line_that_finds_the_disk_full_is_taken_back(void **state)
{
	struct rlimit before;
	struct ab_error err;

	(void)state;
	limit_files(20, &before);
	ab_emit_state("{\"a\":1}", 7);
	ab_emit_state("{\"a\":2}", 7);
	ab_emit_state("{\"a\":3}", 7);
	const int rc = ab_emit_flush(&err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	ab_emit_release();
	ab_emit_init(AB_EMIT_AIRBYTE);
	ab_emit_state("{\"a\":4}", 7);
	assert_string_equal(written(), "{\"a\":1}\n{\"a\":2}\n{\"a\":4}\n");
}

static void
of_many_lines_a_full_disk_leaves_the_whole_ones(void **state)
{
	static const char line[100] = "{\"a\":1}";
	struct rlimit before;
	struct ab_error err;

	(void)state;
	limit_files(10000, &before);
	for (int i = 0; i < 500; i++)
		ab_emit_state(line, sizeof(line) - 2);
	const int rc = ab_emit_flush(&err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(rc, -1);
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftell(file), 10000 / 99 * 99);
}

/* A child that writes lines of len bytes until its pipe is full, and is killed then; what came. */
static size_t
killed_while_writing(size_t len, char *text, size_t size)
{
	static char line[512];
	int ends[2];
	int held = 0;
	size_t filled = 0;

	assert_int_equal(pipe(ends), 0);
	memset(line, '7', sizeof(line));
	const pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		for (;;)
			ab_emit_state(line, len - 1);
	}
	close(ends[1]);
	/* A pipe holds 64 KiB, in pages that pieces need not fill. */
	while (held < (48 << 10)) {
		assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
		assert_int_equal(ioctl(ends[0], FIONREAD, &held), 0);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	for (ssize_t got = 1; got > 0 && filled < size; filled += (size_t)got)
		got = read(ends[0], text + filled, size - filled);
	close(ends[0]);
	return filled;
}

static void
a_process_that_is_killed_leaves_whole_lines_in_a_pipe(void **state)
{
	static const size_t lens[] = {2, 97, 400};
	static char text[1 << 20];

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		const size_t len = killed_while_writing(lens[i], text, sizeof(text));
		assert_true(len > 0);
		assert_int_equal(len % lens[i], 0);
		assert_int_equal(text[len - 1], '\n');
	}
}

/* --- the Singer style --- */

static void
use_singer(void)
{
	ab_emit_release();
	ab_emit_init(AB_EMIT_SINGER);
}

static void
only_states_go_to_stdout_as_a_singer_target(void **state)
{
	struct ab_error failure = {0};

	(void)state;
	use_singer();
	ab_fail(&failure, AB_TRANSIENT_ERROR, "no answer");
	ab_emit_log(AB_INFO, "hello %d", 5);
	ab_emit_state("{\"bookmarks\":{}}", 16);
	ab_emit_log(AB_WARN, "careful");
	ab_emit_metric("{\"type\":\"counter\"}");
	ab_emit_error(&failure, 0);
	ab_error_detail(&failure, "HTTP 503");
	ab_emit_error(&failure, 0);
	assert_string_equal(written(), "{\"bookmarks\":{}}\n");
	assert_string_equal(complained(), "INFO hello 5\n"
					  "WARNING careful\n"
					  "INFO METRIC: {\"type\":\"counter\"}\n"
					  "CRITICAL no answer\n"
					  "CRITICAL no answer (HTTP 503)\n");
}

/* The service chooses them. A secret that looks like what is around them hits nothing else. */
static void
names_in_a_destination_catalog_hide_secrets(void **state)
{
	static const char catalog[] = "{\"type\":[\"sk-abc\",\"\\u0073k-abc\",{\"a sk-abc\":"
				      "\"\\u00e9 x\",\"\":1.50}]}";

	(void)state;
	ab_secret_add("sk-abc");
	ab_secret_add("\"},{\"");
	ab_secret_add("\":[\"");
	ab_emit_destination_catalog((struct ab_view){catalog, sizeof(catalog) - 1});
	assert_string_equal(written(), "{\"type\":\"DESTINATION_CATALOG\",\"destination_catalog\":"
				       "{\"type\":[\"******\",\"******\",{\"a ******\":"
				       "\"\\u00e9 x\",\"\":1.50}]}}\n");
}

static void
a_log_line_stays_one_line_and_hides_secrets(void **state)
{
	(void)state;
	use_singer();
	ab_secret_add("sk-abc");
	ab_emit_log(AB_INFO, "key sk-abc\nINFO METRIC: {}\r\x7f");
	assert_string_equal(complained(), "INFO key ****** INFO METRIC: {}  \n");
}

/* Whoever decodes a message and prints it, or splits at every line end that Unicode has. */
static void
what_a_message_quotes_cannot_draw_or_begin_a_line(void **state)
{
	static const char quoted[] = "a\x1b[2J\r\x7f\xc2\x9b\xc2\x85\xe2\x80\xa8\x9b\xe9z";

	(void)state;
	ab_emit_log(AB_INFO, "%s", quoted);
	assert_string_equal(written(), "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":"
				       "\"a [2J         ??z\"}}\n");
	use_singer();
	ab_emit_log(AB_INFO, "%s", quoted);
	assert_string_equal(complained(), "INFO a [2J         ??z\n");
}

static void
quiet_leaves_warnings_and_errors(void **state)
{
	(void)state;
	use_singer();
	ab_emit_level(AB_WARN);
	ab_emit_log(AB_INFO, "unseen");
	ab_emit_metric("{}");
	ab_emit_log(AB_WARN, "seen");
	assert_string_equal(complained(), "WARNING seen\n");
}

static void
metrics_are_not_for_airbyte(void **state)
{
	(void)state;
	ab_emit_metric("{}");
	assert_string_equal(written(), "");
	assert_string_equal(complained(), "");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(messages_are_one_line_each),
	    CASE(secrets_are_masked_everywhere_but_in_states),
	    CASE(the_level_comes_from_the_environment),
	    CASE(a_failed_write_is_told_again_and_again),
	    CASE(what_memory_had_no_room_for_is_no_line),
	    CASE(a_line_that_finds_the_disk_full_is_taken_back),
	    CASE(of_many_lines_a_full_disk_leaves_the_whole_ones),
	    CASE(a_process_that_is_killed_leaves_whole_lines_in_a_pipe),
	    CASE(only_states_go_to_stdout_as_a_singer_target),
	    CASE(names_in_a_destination_catalog_hide_secrets),
	    CASE(a_log_line_stays_one_line_and_hides_secrets),
	    CASE(what_a_message_quotes_cannot_draw_or_begin_a_line),
	    CASE(quiet_leaves_warnings_and_errors),
	    CASE(metrics_are_not_for_airbyte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
