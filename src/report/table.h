/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TABLE_H
#define POLLGAP_TABLE_H

#include <stdio.h>

/* A text table: columns as wide as their widest cell, two spaces apart. It needs no terminal and
 * knows no locale. */
struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *head; /* may hold one '\n': a heading of two lines */
	enum table_align align;
};

/* columns stay the caller's and must outlive the table. NULL: out of memory. */
struct table *table_new(const struct table_column *columns, size_t column_count);
void table_freep(struct table **table);

/*
 * Fills the next cell, from left to right, row by row. A failure to allocate is kept and comes back
 * from table_print(), so that callers need to look once only.
 */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints heading, rule and rows, with indent spaces before each line. Returns 0 or -ENOMEM. */
int table_print(const struct table *table, unsigned indent, FILE *out);

#endif
