#include "testing.h"

#include <sys/wait.h>

#include "alloc.h"

#define NOT_REPORTED 0
#define REPORTED(size) (64 + (size))

static int pipes[2];

static void
report(size_t size)
{
	const unsigned char code = (unsigned char)REPORTED(size);

	assert_int_equal(write(pipes[1], &code, 1), 1);
}

/* What a process reports that does this, and then has to end with 1. */
static int
reported(void (*act)(void))
{
	unsigned char code = NOT_REPORTED;
	int status = 0;

	assert_int_equal(pipe(pipes), 0);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		ab_alloc_on_failure(report);
		act();
		_exit(0);
	}
	close(pipes[1]);
	const ssize_t told = read(pipes[0], &code, 1);
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), told == 1 ? 1 : 0);
	return code;
}

static void
find_nothing_wrong(void)
{
	char *text = ab_strdup("text");

	free(ab_alloc_check(text));
	free(ab_realloc(ab_malloc(0), 0));
	free(ab_calloc(0, 8));
}

static void
get_nothing_from_another_library(void)
{
	ab_alloc_check(NULL);
}

static void
a_process_without_memory_reports_and_exits(void **state)
{
	(void)state;
	assert_int_equal(reported(find_nothing_wrong), NOT_REPORTED);
	assert_int_equal(reported(get_nothing_from_another_library), REPORTED(0));
}

static void
copies_are_whole_and_end_with_a_nul(void **state)
{
	char *copy = ab_memdup("a\0b", 3);
	char *empty = ab_memdup(NULL, 0);

	(void)state;
	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(empty, "");
	free(copy);
	free(empty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_without_memory_reports_and_exits),
	    cmocka_unit_test(copies_are_whole_and_end_with_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
