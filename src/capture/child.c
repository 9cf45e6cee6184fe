/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* pipe2() */
#include "capture/child.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the new process: never returns. A failed exec is told through the pipe, which a successful one
 * closes. */
static void child_execute(char *const *command, int report_fd)
{
	sigset_t none;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(command[0], command);
	error = errno;
	if (write(report_fd, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

int child_start(char *const *command, struct child *ret_child, struct failure *failure)
{
	_cleanup_(closep) int report_fd = -1;
	int fd[2], error = 0;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return failure_set(failure, errno, "a pipe can't be made: %s", strerror(errno));
	report_fd = fd[0];
	pid = fork();
	if (pid == 0)
		child_execute(command, fd[1]);
	close(fd[1]);
	if (pid < 0)
		return failure_set(failure, errno, "'%s' can't be started: %s", command[0],
				   strerror(errno));
	if (read(report_fd, &error, sizeof(error)) == sizeof(error)) {
		waitpid(pid, NULL, 0);
		return failure_set(failure, error, "'%s' can't be started: %s", command[0],
				   strerror(error));
	}
	*ret_child = (struct child){ .pid = pid };
	return 0;
}

bool child_ended(struct child *child)
{
	int status;

	if (!child->pid)
		return false;
	if (!child->ended && waitpid(child->pid, &status, WNOHANG) == child->pid) {
		child->ended = true;
		child->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return child->ended;
}

void child_stop(struct child *child)
{
	const struct timespec pause = { .tv_nsec = 10L * NS_PER_MS };

	if (!child->pid || child_ended(child))
		return;
	kill(child->pid, SIGTERM);
	for (int turn = 0; turn < 200 && !child_ended(child); turn++)
		nanosleep(&pause, NULL);
	if (child->ended)
		return;
	kill(child->pid, SIGKILL);
	while (!child_ended(child))
		nanosleep(&pause, NULL);
}
