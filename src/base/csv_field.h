/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CSV_FIELD_H
#define POLLGAP_CSV_FIELD_H

#include <stdio.h>

/* One field as RFC 4180 has it, quoted where it must be. NULL is an empty field, and an empty text
 * a quoted one, so that the two stay apart. */
void csv_print_field(const char *text, FILE *out);

#endif
