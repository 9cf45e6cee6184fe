/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROCESS_H
#define POLLGAP_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

/* The sockets that a process holds: inodes, from the links in /proc/PID/fd. */
struct owned_inodes;

int owned_inodes_new(uint32_t pid, struct owned_inodes **ret_owned, struct failure *failure);
void owned_inodes_freep(struct owned_inodes **owned);

/* Adds those that it holds now. A process that is gone holds none: that is no failure. Returns 0 or
 * -ENOMEM. */
int owned_inodes_refresh(struct owned_inodes *owned);

/* Whether the process was seen to hold it. */
bool owned_inodes_have(const struct owned_inodes *owned, uint64_t inode);

#endif
