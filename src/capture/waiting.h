/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_WAITING_H
#define POLLGAP_WAITING_H

#include <stdint.h>

struct failure;
struct store;

/*
 * How long bytes stood in the receive queues of a traced capture, first in, first out: each byte's
 * time from the event that raised rx_queue to the one that took it. Bytes that stood there when the
 * socket was first seen, and those that nobody read, are left out. Writes table waiting_bin.
 * Returns 0 or -errno.
 */
int waiting_write(struct store *store, int64_t capture_id, struct failure *failure);

#endif
