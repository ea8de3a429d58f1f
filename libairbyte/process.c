#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Dies by the signal, so that whoever waits sees it; PID 1 cannot, it exits with the shell's code.
 */
static void
on_terminate(int number)
{
	signal(number, SIG_DFL);
	raise(number);
	_exit(128 + number);
}

void
ab_process_handle_signals(void)
{
	struct sigaction action = {.sa_handler = on_terminate, .sa_flags = SA_NODEFER};

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
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
