/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CHILD_H
#define POLLGAP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct failure;

/* The command that runs while the capture does. */
struct child {
	pid_t pid; /* 0: there is none */
	bool ended;
	int status; /* as a shell gives it: its exit status, or 128 + the signal's number */
};

/* Starts it with the signals as they were before the session blocked some. Fails where it can't be
 * executed. */
int child_start(char *const *command, struct child *ret_child, struct failure *failure);

/* Whether it has ended; does not wait. */
bool child_ended(struct child *child);

/* Asks it to end (SIGTERM), waits up to two seconds, then kills it. */
void child_stop(struct child *child);

#endif
