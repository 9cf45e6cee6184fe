/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_FIELD_H
#define POLLGAP_FIELD_H

#include <stdbool.h>
#include <stdint.h>

struct store_row;

/* A row's fields by their names, which must be columns of the query. */
bool field_is_null(const struct store_row *row, const char *name);
const char *field_text(const struct store_row *row, const char *name); /* NULL for NULL */
int64_t field_integer(const struct store_row *row, const char *name); /* 0 for NULL */
double field_real(const struct store_row *row, const char *name); /* NaN for NULL */

#endif
