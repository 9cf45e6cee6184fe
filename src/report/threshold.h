/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_THRESHOLD_H
#define POLLGAP_THRESHOLD_H

#include "store/store.h"

#include <stdbool.h>

struct table;

/* Thresholds of spikes, in bytes or in per cent of the queue's limit. */

enum { THRESHOLD_TEXT_BYTES = 48 };

/* A row's, which must have the columns threshold_bytes and threshold_percent. */
struct threshold field_threshold(const struct store_row *row);

bool threshold_equal(struct threshold left, struct threshold right);

/* For reading: "16 KiB", "50 % of its limit". Returns text, of at least THRESHOLD_TEXT_BYTES. */
const char *threshold_read(struct threshold threshold, char *text);

/* As a cell of a table: "16 KiB", "50 %". */
void cell_threshold(struct table *table, struct threshold threshold);

#endif
