/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CHILD_H
#define POLLGAP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct failure;

/* The command that runs while the capture does. */
struct child {
	pid_t pid; /* 0: there is none */
	bool stopped; /* before its first instruction */
	bool ended;
	int status; /* as a shell gives it: its exit status, or 128 + the signal's number */
};

/*
 * Loads it, with the signals as they were before the session blocked some; it runs from child_run()
 * on, of the same thread. Fails where it can't be executed. Where ptrace(2) is refused, as under a
 * debugger, it runs at once.
 */
int child_start(char *const *command, struct child *ret_child, struct failure *failure);

void child_run(struct child *child);

/* Whether it has ended; does not wait. */
bool child_ended(struct child *child);

/* Asks it to end (SIGTERM), waits up to two seconds, then kills it. */
void child_stop(struct child *child);

#endif
