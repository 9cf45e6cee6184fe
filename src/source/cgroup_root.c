/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* fsopen() */
#include "source/cgroup_root.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

int cgroup_root_open(void)
{
	_cleanup_(closep) int context = fsopen("cgroup2", FSOPEN_CLOEXEC);
	_cleanup_(closep) int mount = -1;
	int fd;

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (mount < 0)
		return -errno;
	fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
