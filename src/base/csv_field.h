/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CSV_FIELD_H
#define POLLGAP_CSV_FIELD_H

#include <stdint.h>
#include <stdio.h>

/* One field as RFC 4180 has it, quoted where it must be. NULL is an empty field, and an empty text
 * a quoted one, so that the two stay apart. */
void csv_print_field(const char *text, FILE *out);

/*
 * The whole text as a number: decimal digits with a minus or none, a real one with a fraction or an
 * exponent, too. No space, no plus, no hexadecimal digits, no infinity, no NaN. They return 0,
 * -EINVAL (not of the form) or -ERANGE (too large; of a real one also: too small to be told from
 * 0), and leave *ret_value untouched on failure.
 */
int csv_read_integer(const char *text, int64_t *ret_value);
int csv_read_real(const char *text, double *ret_value);

#endif
