/*
 * A signal finds one of these:
 *   not keeping             it ends the process
 *   keeping, none kept      it is kept, whoever polls is woken, the alarm is set
 *   one kept                it ends the process, unless it is the same one sent twice
 */
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"

/* timeout(1) and others send a signal to the process and to its group at once. */
#define TWICE_MS 200

static atomic_bool keeping;
static atomic_int kept;
static atomic_llong kept_ms;
static unsigned grace_s;
static int wake[2] = {-1, -1};

static void
end_by(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_exit(128 + number);
}

static void
keep(int number)
{
	kept = number;
	kept_ms = ab_clock_ms();
	alarm(grace_s);
	(void)!write(wake[1], "", 1);
}

/* Handlers wait for each other: each blocks the signals of all. */
static void
on_signal(int number)
{
	if (keeping && kept == 0)
		keep(number);
	else if (!keeping || ab_clock_ms() - kept_ms > TWICE_MS)
		end_by(number);
}

static void
on_alarm(int number)
{
	end_by(kept != 0 ? kept : number);
}

/* What is ignored when a process starts is meant to be: a shell does so for what it runs in the
 * background. */
static void
handle(int number, const struct sigaction *action)
{
	struct sigaction before;

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, action, NULL);
}

void
ab_process_handle_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGALRM);
	handle(SIGTERM, &action);
	handle(SIGINT, &action);
	action.sa_handler = on_alarm;
	sigaction(SIGALRM, &action, NULL);
}

static bool
open_wake(void)
{
	if (wake[0] >= 0)
		return true;
	if (pipe(wake) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		fcntl(wake[i], F_SETFD, FD_CLOEXEC);
		fcntl(wake[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

int
ab_process_keep_signal(void)
{
	char bytes[16];

	if (!open_wake())
		return -1;
	while (read(wake[0], bytes, sizeof(bytes)) > 0) {
	}
	kept = 0;
	/* Only if the grace is over and the process waits all the same. */
	grace_s = (unsigned)(ab_clock_scaled(AB_PROCESS_GRACE_MS) / 1000) + 1;
	keeping = true;
	return wake[0];
}

int
ab_process_signal(void)
{
	return kept;
}

void
ab_process_end(void)
{
	if (kept != 0)
		end_by(kept);
}

void
ab_process_hold_descriptors(void)
{
	static const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			_exit(EXIT_FAILURE);
	}
}

void
ab_process_forbid_core(void)
{
	struct rlimit limit = {0};

	/* What is 0 for good cannot be made 1. */
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_max = limit.rlim_max > 1 ? 1 : limit.rlim_max;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
}
