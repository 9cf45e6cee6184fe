/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_REPORT_CSV_H
#define POLLGAP_REPORT_CSV_H

#include <stdio.h>

struct store_row;

/*
 * Rows as CSV with the quoting of RFC 4180, each line ended by a single newline as text files are.
 * A field is quoted only where it must be; NULL is an empty field, and so an empty text is "".
 */
void csv_print_head(const struct store_row *row, FILE *out);
void csv_print_row(const struct store_row *row, FILE *out);

#endif
