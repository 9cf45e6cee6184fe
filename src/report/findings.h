/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_FINDINGS_H
#define POLLGAP_FINDINGS_H

#include <stdio.h>

struct failure;

/*
 * The claims F1 to F8 of the 2017 post, each with what the experiments in these files measured, as
 * Markdown: a row for each claim and server, with the median of the repetitions, its 95 % interval
 * (bootstrap_median()) and a verdict, and the query that shows the values. Repetitions of one claim
 * and server stand together, whichever file they are in. Returns 0 or -errno: -ENODATA where no
 * file holds an experiment.
 */
int findings_print(char *const *path, unsigned paths, FILE *out, struct failure *failure);

#endif
