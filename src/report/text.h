/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TEXT_H
#define POLLGAP_TEXT_H

#include <stdint.h>
#include <stdio.h>

struct failure;
struct store;

/* The report of one capture for reading. Returns 0 or -errno. */
int text_print(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

/* Its part that matters most: see report_print_first(). */
int text_print_first(struct store *store, int64_t capture_id, FILE *out, struct failure *failure);

#endif
