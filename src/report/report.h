/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_REPORT_H
#define POLLGAP_REPORT_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;

enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON };

struct report_options {
	enum report_format format;
	int64_t capture_id; /* 0: all of the file */
};

/*
 * Prints the report of one capture, or of all in the file. Returns 0 or -errno: -ENOENT where the
 * file has no such capture, or none at all; -EPIPE where the reader went away, which is no failure
 * worth a word; else what failed.
 */
int report_print(struct store *store, const struct report_options *options, FILE *out,
		 struct failure *failure);

/* What a capture prints at its end: the sentences, the table of missed spikes, and whether anything
 * was lost. */
int report_print_first(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

#endif
