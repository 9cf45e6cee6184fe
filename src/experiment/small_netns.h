/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SMALL_NETNS_H
#define POLLGAP_SMALL_NETNS_H

#include <stdint.h>

struct failure;

/*
 * The calling process enters a new network namespace, with loopback up and a hash of TCP sockets of
 * its own of so many buckets, a power of two; /proc/net/tcp walks those alone. Needs root and Linux
 * 6.1 (net.ipv4.tcp_child_ehash_entries). Returns 0 or -errno.
 */
int small_netns_enter(uint64_t hash_buckets, struct failure *failure);

#endif
