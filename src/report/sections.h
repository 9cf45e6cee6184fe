/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SECTIONS_H
#define POLLGAP_SECTIONS_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;
struct summary_set;

/*
 * The tables that come after those of missed spikes, each below an empty line and a line of plain
 * words; one without rows isn't shown. All return 0 or -errno.
 */

/* The schedule that each poller kept. */
int section_polls(struct store *store, int64_t capture_id, const struct summary_set *set, FILE *out,
		  struct failure *failure);

/* Processor time of the measurement itself. */
int section_cost(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

/* /proc/net/softnet_stat at the capture's start and end. */
int section_softnet(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

/* The last line of a report: whether anything was lost, by cause. */
int section_losses(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

#endif
