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
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the new process, once the word has come: never returns. A failed exec is told through the
 * report, which a successful one closes. */
static void child_execute(char *const *command, int word_fd, int report_fd)
{
	sigset_t none;
	char word;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (read(word_fd, &word, sizeof(word)) == sizeof(word))
		execvp(command[0], command);
	error = errno;
	if (write(report_fd, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

/* Has it executed its command, and stop before the first instruction where tracing it is allowed:
 * so it is known whether it can be executed before anything is recorded. Returns errno of the
 * exec. */
static int child_load(struct child *child, int word_fd, int report_fd)
{
	bool traced = ptrace(PTRACE_SEIZE, child->pid, NULL, PTRACE_O_TRACEEXEC) == 0;
	int error = 0, status;

	if (write(word_fd, "", 1) != 1)
		return errno;
	if (read(report_fd, &error, sizeof(error)) == sizeof(error)) {
		waitpid(child->pid, NULL, 0);
		return error;
	}
	child->stopped = traced && waitpid(child->pid, &status, 0) == child->pid &&
			 WIFSTOPPED(status);
	return 0;
}

int child_start(char *const *command, struct child *ret_child, struct failure *failure)
{
	_cleanup_(closep) int report_read_fd = -1;
	_cleanup_(closep) int word_write_fd = -1;
	struct child child = { 0 };
	int word[2], report[2], error;

	if (pipe2(word, O_CLOEXEC) < 0)
		return failure_set(failure, errno, "a pipe can't be made: %s", strerror(errno));
	word_write_fd = word[1];
	if (pipe2(report, O_CLOEXEC) < 0) {
		error = errno;
		close(word[0]);
		return failure_set(failure, error, "a pipe can't be made: %s", strerror(error));
	}
	report_read_fd = report[0];
	child.pid = fork();
	if (child.pid == 0) {
		close(word[1]); /* or it would wait for itself, should this process die */
		child_execute(command, word[0], report[1]);
	}
	error = child.pid < 0 ? errno : 0;
	close(word[0]);
	close(report[1]);
	if (!error)
		error = child_load(&child, word_write_fd, report_read_fd);
	if (error)
		return failure_set(failure, error, "'%s' can't be started: %s", command[0],
				   strerror(error));
	*ret_child = child;
	return 0;
}

void child_run(struct child *child)
{
	if (child->stopped)
		ptrace(PTRACE_DETACH, child->pid, NULL, NULL);
	child->stopped = false;
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
	child_run(child);
	kill(child->pid, SIGTERM);
	for (int turn = 0; turn < 200 && !child_ended(child); turn++)
		nanosleep(&pause, NULL);
	if (child->ended)
		return;
	kill(child->pid, SIGKILL);
	while (!child_ended(child))
		nanosleep(&pause, NULL);
}
