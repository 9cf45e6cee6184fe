/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_AGREEMENT_H
#define POLLGAP_AGREEMENT_H

#include <stdint.h>

struct failure;
struct store;

/*
 * Holds every sample of a traced capture against its trace: a sample agrees in a gauge if the trace
 * held its value at some instant of the window in which it was read, the value in force when the
 * window began included; the series ends at end_ns, and what was read later has no verdict. A
 * change is known to within the hooks around it: trace_event.slack_ns, or SLACK_TOLD_NS where that
 * is less. Writes the verdicts into the samples. A socket that the kernel side never saw has none.
 * Returns 0 or -errno.
 */
int agreement_write(struct store *store, int64_t capture_id, uint64_t end_ns,
		    struct failure *failure);

#endif
