/* Each case is a child of its own, most of which signal themselves; what is looked at is how it
 * ended. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "process.h"

enum { WENT_ON = 7, WRONG };

/* The signal that ended a child; 0 - its exit code if none did. */
static int
end_of(void (*life)(void))
{
	const pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGINT, SIG_DFL); /* whoever runs the tests may ignore it */
		ab_process_handle_signals();
		life();
		_exit(WENT_ON);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void
expect(bool holds)
{
	if (!holds)
		_exit(WRONG);
}

static void
terminate(void)
{
	raise(SIGTERM);
}

static void
a_signal_ends_the_process_by_itself(void **state)
{
	(void)state;
	assert_int_equal(end_of(terminate), SIGTERM);
}

static void
ignore_one_and_interrupt(void)
{
	signal(SIGINT, SIG_IGN);
	ab_process_handle_signals();
	raise(SIGINT);
}

static void
what_was_ignored_stays_so(void **state)
{
	(void)state;
	assert_int_equal(end_of(ignore_one_and_interrupt), -WENT_ON);
}

static bool
is_readable(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0) == 1;
}

static void
keep_one(void)
{
	const int fd = ab_process_keep_signal();

	expect(fd >= 0 && !is_readable(fd) && ab_process_signal() == 0);
	raise(SIGINT);
	expect(is_readable(fd) && ab_process_signal() == SIGINT);
}

static void
keep_one_and_end(void)
{
	keep_one();
	ab_process_end();
}

static void
end_without_one(void)
{
	ab_process_keep_signal();
	ab_process_end();
}

static void
the_first_that_is_kept_ends_the_process_when_it_is_told_to(void **state)
{
	(void)state;
	assert_int_equal(end_of(keep_one), -WENT_ON);
	assert_int_equal(end_of(keep_one_and_end), SIGINT);
	assert_int_equal(end_of(end_without_one), -WENT_ON);
}

static void
keep_one_sent_twice(void)
{
	keep_one();
	raise(SIGINT);
	raise(SIGTERM);
}

static void
two_of_one_moment_are_one(void **state)
{
	(void)state;
	assert_int_equal(end_of(keep_one_sent_twice), -WENT_ON);
}

static void
keep_one_and_get_another(void)
{
	keep_one();
	for (;;)
		raise(SIGTERM);
}

static void
a_second_one_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(end_of(keep_one_and_get_another), SIGTERM);
}

static void
keep_one_and_wait(void)
{
	keep_one();
	for (;;)
		pause();
}

static void
who_waits_for_ever_is_ended_by_the_first(void **state)
{
	(void)state;
	assert_int_equal(end_of(keep_one_and_wait), SIGINT);
}

static void
keep_again(void)
{
	keep_one();
	const int fd = ab_process_keep_signal();
	expect(!is_readable(fd) && ab_process_signal() == 0);
}

static void
keeping_again_forgets_the_one_before(void **state)
{
	(void)state;
	assert_int_equal(end_of(keep_again), -WENT_ON);
}

/* --- descriptors and core files --- */

static void
hold_closed_descriptors(void)
{
	char byte = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	ab_process_hold_descriptors();
	expect(open("/dev/null", O_RDWR) == STDERR_FILENO + 1);
	expect(read(STDIN_FILENO, &byte, 1) == -1 && errno == EBADF);
	expect(write(STDOUT_FILENO, &byte, 1) == -1 && errno == EBADF);
}

static void
closed_descriptors_are_taken_by_what_fails(void **state)
{
	(void)state;
	assert_int_equal(end_of(hold_closed_descriptors), -WENT_ON);
}

static void
hold_open_descriptors(void)
{
	int ends[2];
	char byte = 'x';

	expect(pipe(ends) == 0);
	dup2(ends[0], STDIN_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	ab_process_hold_descriptors();
	expect(write(STDOUT_FILENO, &byte, 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1);
}

static void
open_descriptors_stay_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(end_of(hold_open_descriptors), -WENT_ON);
}

/* Both limits after those of the process were so. */
static void
expect_core_limits(rlim_t before, rlim_t after)
{
	struct rlimit limit = {before, before};

	expect(setrlimit(RLIMIT_CORE, &limit) == 0);
	ab_process_forbid_core();
	expect(getrlimit(RLIMIT_CORE, &limit) == 0);
	expect(limit.rlim_cur == after && limit.rlim_max == after);
}

static void
forbid_core(void)
{
	struct rlimit limit;

	expect(getrlimit(RLIMIT_CORE, &limit) == 0);
	if (limit.rlim_max > 1)
		expect_core_limits(limit.rlim_max, 1);
	expect_core_limits(0, 0);
}

static void
a_core_file_is_forbidden_for_good(void **state)
{
	(void)state;
	assert_int_equal(end_of(forbid_core), -WENT_ON);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_signal_ends_the_process_by_itself),
	    cmocka_unit_test(what_was_ignored_stays_so),
	    cmocka_unit_test(the_first_that_is_kept_ends_the_process_when_it_is_told_to),
	    cmocka_unit_test(two_of_one_moment_are_one),
	    cmocka_unit_test(a_second_one_ends_the_process),
	    cmocka_unit_test(who_waits_for_ever_is_ended_by_the_first),
	    cmocka_unit_test(keeping_again_forgets_the_one_before),
	    cmocka_unit_test(closed_descriptors_are_taken_by_what_fails),
	    cmocka_unit_test(open_descriptors_stay_what_they_are),
	    cmocka_unit_test(a_core_file_is_forbidden_for_good),
	};

	setenv("AB_TIME_SCALE", "0.001", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
