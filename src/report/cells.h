/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CELLS_H
#define POLLGAP_CELLS_H

#include <stdint.h>

struct table;

/* Figures as cells of a table, for reading; "-" where there is none (NaN; a time that is not known:
 * 0). */
void cell_count(struct table *table, int64_t count);
void cell_percent(struct table *table, double ratio);
void cell_interval(struct table *table, double low_ratio, double high_ratio);
void cell_time(struct table *table, int64_t time_ns);
void cell_size(struct table *table, int64_t size_bytes);

#endif
