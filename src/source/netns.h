/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_NETNS_H
#define POLLGAP_NETNS_H

#include <stdint.h>

struct failure;

/*
 * Opens a network namespace by the name that ip-netns(8) gave it, or by the path of a file such as
 * /proc/PID/ns/net. Returns a descriptor, or -errno with the reason in failure.
 */
int netns_open(const char *name, struct failure *failure);

/* The calling thread's own. */
int netns_open_own(struct failure *failure);

/* The calling thread enters it: what it opens in /proc, and the kernel's walks, are of it then. */
int netns_enter(int fd, struct failure *failure);

/* The calling thread's, as the kernel numbers it. 0 where unknown. */
uint32_t netns_inode(void);

#endif
