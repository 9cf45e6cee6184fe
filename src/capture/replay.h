/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_REPLAY_H
#define POLLGAP_REPLAY_H

#include "bpf/record.h"
#include "source/schedule.h"

#include <stdbool.h>
#include <stdint.h>

struct failure;

enum { REPLAY_PERIODS_MAX = 16, REPLAY_REPEATS_MAX = 10000, REPLAY_ROWS_POLLERS_MAX = 100 };

/* What of a replay goes into the file. */
enum replay_keep {
	REPLAY_KEEP_AUTO, /* rows for up to REPLAY_ROWS_POLLERS_MAX pollers, else counts */
	REPLAY_KEEP_ROWS, /* each sample, and each spike as a capture lists it */
	REPLAY_KEEP_COUNTS, /* how many spikes of each duration there were, and each poller saw */
};

struct replay_options {
	const char *path;
	char *const *command_line; /* for the record */
	int64_t capture_id; /* 0: the last traced one */
	uint64_t period_ns[REPLAY_PERIODS_MAX];
	unsigned periods;
	unsigned repeats; /* pollers of each period */
	bool phase_given;
	uint64_t phase_ns; /* else each has a random one */
	enum replay_keep keep;
	enum jitter jitter; /* of all of them */
	uint64_t seed; /* of the phases and the jitter */
	uint32_t threshold_bytes[THRESHOLDS_MAX]; /* ascending; none: the capture's */
	unsigned thresholds;
};

/*
 * What pollers of these periods and phases would have read of a traced capture, each at one instant
 * of its schedule: a capture of its own in the same file, with the spikes that follow from the
 * trace and pollers that are marked simulated, so that every view works on it. Returns 0 or -errno.
 */
int replay_run(const struct replay_options *options, int64_t *ret_capture_id,
	       struct failure *failure);

#endif
