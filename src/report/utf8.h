/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_UTF8_H
#define POLLGAP_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What stands for bytes that are no UTF-8 (RFC 3629): U+FFFD. */
#define UTF8_REPLACEMENT 0xfffdU

/*
 * Decodes the character at text, which isn't at its end. Returns the bytes it takes: 1 for a byte
 * that begins no well-formed character, and the code point is then U+FFFD.
 */
size_t utf8_decode(const char *text, uint32_t *ret_code_point);

/* Columns that text takes on a terminal, the same in every locale: wide East Asian characters 2,
 * combining marks 0. */
size_t utf8_width(const char *text);

/* Prints text for a terminal: control characters and broken bytes as U+FFFD, so that no name can
 * move the cursor. */
void utf8_print(FILE *out, const char *text);

#endif
