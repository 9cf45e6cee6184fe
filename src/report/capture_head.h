/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CAPTURE_HEAD_H
#define POLLGAP_CAPTURE_HEAD_H

#include <stdio.h>

struct store_row;

/* What was captured, where and when: a row of the query report_capture, as lines of name and value.
 */
void capture_head_print(const struct store_row *row, FILE *out);

#endif
