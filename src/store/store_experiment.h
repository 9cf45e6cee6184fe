/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_STORE_EXPERIMENT_H
#define POLLGAP_STORE_EXPERIMENT_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

/*
 * Experiments and their trials. Captures write the file in between, so each of these opens it for
 * its own turn, and leaves one single file. They return 0 or -errno with the reason in failure.
 */

struct experiment_row {
	int64_t experiment_id; /* set by store_experiment_begin() */
	const char *name;
	const char *server;
	const char *server_version; /* NULL: built in */
	bool quick;
	int64_t seed;
	const char *command_line;
	const char *tool_version;
	int64_t start_utc_ns;
};

struct trial_row {
	int64_t experiment_id;
	int64_t block;
	const char *treatment;
	int64_t hash_buckets;
	int64_t connections;
	int64_t capture_id; /* 0: NULL */
	int64_t replay_capture_id; /* 0: NULL */
	const char *command_line;
	int64_t start_ns;
	int64_t end_ns;
	const char *failure; /* NULL: none */
	const char *result; /* NULL: none */
};

/* Makes the file if there is none. facts() tells them to each(), as experiment_facts() does. */
int store_experiment_begin(const char *path, struct experiment_row *row,
			   int (*facts)(int (*each)(void *context, const char *name,
						    const char *value),
					void *context),
			   struct failure *failure);

int store_experiment_trial(const char *path, const struct trial_row *row, struct failure *failure);

int store_experiment_end(const char *path, int64_t experiment_id, int64_t end_utc_ns,
			 struct failure *failure);

/* The capture_id of the last capture; 0: there is none. */
int store_last_capture(const char *path, int64_t *ret_capture_id, struct failure *failure);

#endif
