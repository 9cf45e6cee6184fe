/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_HEADLINE_H
#define POLLGAP_HEADLINE_H

#include <stdio.h>

struct summary;
struct summary_set;

/* What a gauge measures, in plain words; "" for a name that this version does not know. */
const char *headline_gauge_meaning(const char *gauge);

/* The sentences on one gauge, whose rows begin at rows[first]. */
void headline_print(const struct summary_set *set, size_t first, FILE *out);

/*
 * How long the longest missed spike lasted, and its peak: "212 ms" and "120 KiB"; of folded ones
 * only bounds are known:
 * "< 1 ms" and "≤ 12 KiB"; "" where none was missed. Both texts hold HEADLINE_TEXT_BYTES.
 */
enum { HEADLINE_TEXT_BYTES = 48 };
void headline_read_longest(const struct summary *summary, char *duration, char *peak);

#endif
