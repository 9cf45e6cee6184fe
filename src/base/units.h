/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_UNITS_H
#define POLLGAP_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Times and sizes as users type and read them. Parsers take the whole string: no sign, no space, no
 * fraction, decimal digits and one unit. They return 0, -EINVAL (not of the form) or -ERANGE (does
 * not fit), and leave *ret_… untouched on failure.
 */

/* "1s", "250ms", "50us", "10ns", "2m", "1h"; "0" alone is allowed. */
int time_parse(const char *text, uint64_t *ret_ns);

/* "4K", "1M", "1G" (powers of 1024) or plain bytes: "300". */
int size_parse(const char *text, uint64_t *ret_bytes);

/* "6379": 1 to 65535. */
int port_parse(const char *text, uint16_t *ret_port);

enum { UNITS_TEXT_BYTES = 32 };

/*
 * The shortest exact form, which time_parse() and size_parse() read back: 250000000 is "250ms",
 * 16384 is "16K". Both return text, of at least UNITS_TEXT_BYTES.
 */
const char *time_format(uint64_t time_ns, char *text);
const char *size_format(uint64_t size_bytes, char *text);

/* For reading, rounded to three digits: "212 ms", "120 KiB", "84,120". Each returns text, of at
 * least UNITS_TEXT_BYTES. */
const char *time_read(uint64_t time_ns, char *text);
const char *size_read(uint64_t size_bytes, char *text);
const char *count_read(uint64_t count, char *text);

#endif
