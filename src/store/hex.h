/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_HEX_H
#define POLLGAP_HEX_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>

/* A BLOB as CSV has it: two hexadecimal digits a byte, in lower case; quotes alone for an empty
 * one. */
void hex_print(const unsigned char *blob, size_t blob_bytes, FILE *out);

/* Binds what such text stands for. Returns 0; -EINVAL where it is no such text; -ENOMEM. */
int hex_bind(sqlite3_stmt *statement, int at, const char *text, size_t text_bytes);

#endif
