/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* setns() */
#include "source/netns.h"

#include "base/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not /proc/self: that is the process's first thread. */
static const char own_path[] = "/proc/thread-self/ns/net";

int netns_open(const char *name, struct failure *failure)
{
	char path[4096];
	int fd;

	/* As ip-netns(8) keeps them. */
	if (snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name) >=
	    (int)sizeof(path))
		return failure_set(failure, ENAMETOOLONG,
				   "the network namespace's name is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failure_set(
			failure, errno,
			"the network namespace '%s' can't be opened (%s: %s); 'ip netns list' names them",
			name, path, strerror(errno));
	return fd;
}

int netns_open_own(struct failure *failure)
{
	int fd = open(own_path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return failure_set(failure, errno, "cannot open %s: %s; is /proc mounted?",
				   own_path, strerror(errno));
	return fd;
}

int netns_enter(int fd, struct failure *failure)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		return failure_set(
			failure, errno,
			"the network namespace can't be entered: %s; it must be a namespace's file, and needs root",
			strerror(errno));
	return 0;
}

uint32_t netns_inode(void)
{
	struct stat status;

	return stat(own_path, &status) == 0 ? (uint32_t)status.st_ino : 0;
}
