/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_EXPERIMENT_H
#define POLLGAP_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

struct experiment_options {
	const char *name; /* blog, intervals, hash or overhead */
	const char *path; /* the file, to which it is added */
	const char *server; /* "builtin", or the name of a workload: analysis/workloads */
	const char *workloads; /* where these are; NULL: beside the source that the binary was built
				  of */
	const char *yardsticks; /* of overhead: where bench_attach and the programs are that stand
				   beside a capture; NULL: none */
	bool quick;
	uint32_t seed; /* of the order of a block's trials */
	char *const *command_line;
};

/*
 * Runs all trials of an experiment, each a process of its own, one after the other. A trial that
 * fails is kept, with why, and the others go on. Returns how many failed, or -errno with the reason
 * in failure: -ENOENT for a name or server that there is not, -EINTR where it was interrupted.
 */
int experiment_run(const struct experiment_options *options, struct failure *failure);

#endif
