/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TRIAL_H
#define POLLGAP_TRIAL_H

#include "experiment/plan.h"

struct failure;

/* Where trials run: files of one run go into its folder. */
struct stage {
	const char *binary; /* pollgap's own */
	const char *path; /* of the capture file */
	const char *label;
	char folder[64];
};

struct outcome {
	uint64_t start_ns; /* on CLOCK_MONOTONIC */
	uint64_t end_ns;
	char *command_line; /* what ran, in one line */
	char *result; /* what the load printed; NULL: nothing */
	char reason[512]; /* why it failed; empty: it did not */
	bool interrupted;
};

/* Makes the folder, and takes it away with all that is in it. */
int stage_begin(struct stage *stage, struct failure *failure);
void stage_end(struct stage *stage);

/*
 * Runs one trial in a network namespace of its own: its server, and its load under its capture,
 * then its replay. Whatever goes wrong with these is the outcome's; -errno: there was no way to try.
 */
int trial_run(const struct stage *stage, const struct trial *trial, struct outcome *ret_outcome,
	      struct failure *failure);

void outcome_free(struct outcome *outcome);

#endif
