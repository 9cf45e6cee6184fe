/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_EXPORT_EVENT_H
#define POLLGAP_EXPORT_EVENT_H

#include "store/store.h"

#include <stdio.h>

/*
 * Writes the events of a traced capture as CSV: socket_id, time_ns, gauge, value_bytes, each
 * socket's in the order of time. Returns 0; -ENODATA where the file has no trace; -EPIPE where the
 * reader has had enough; -EBADMSG where a block is broken; -errno.
 */
int export_events(struct store *store, const struct trace_range *range, FILE *out,
		  struct failure *failure);

#endif
