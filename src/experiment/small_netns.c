/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* unshare() */
#include "experiment/small_netns.h"

#include "base/cleanup.h"
#include "base/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const char buckets_path[] = "/proc/sys/net/ipv4/tcp_child_ehash_entries";

static int buckets_write(uint64_t hash_buckets)
{
	_cleanup_(fclosep) FILE *file = fopen(buckets_path, "we");

	if (!file || fprintf(file, "%" PRIu64 "\n", hash_buckets) < 0 || fflush(file) != 0)
		return -errno;
	return 0;
}

static int loopback_up(void)
{
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

int small_netns_enter(uint64_t hash_buckets, struct failure *failure)
{
	int error;

	/* A namespace has a hash of its own if the one that it is made from says so; that one is
	 * ours, too. */
	if (unshare(CLONE_NEWNET) < 0)
		return failure_set(failure, errno,
				   "no network namespace can be made (%s): run it as root",
				   strerror(errno));
	error = buckets_write(hash_buckets);
	if (error)
		return failure_set(failure, -error,
				   "%s can't be written (%s): experiments need Linux 6.1",
				   buckets_path, strerror(-error));
	error = unshare(CLONE_NEWNET) < 0 ? -errno : loopback_up();
	if (error)
		return failure_set(failure, -error,
				   "a network namespace with loopback can't be made: %s",
				   strerror(-error));
	return 0;
}
