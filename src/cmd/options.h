/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CMD_OPTIONS_H
#define POLLGAP_CMD_OPTIONS_H

#include <stdint.h>

struct capture_options;

/*
 * Values of capture's options. Each parser returns 0, or STATUS_USAGE after one line on stderr that
 * quotes text as the user gave it to the option name, and says what is allowed; what it fills in is
 * then as it was.
 */

int option_parse_time(const char *name, const char *text, uint64_t min_ns, uint64_t max_ns,
		      uint64_t *ret_ns);
int option_parse_number(const char *command, const char *name, const char *text, unsigned min,
			unsigned max, unsigned *ret_number);

/* "4,32": ascending or not, each once; "0" alone: none. Replaces the list. */
int option_parse_levels(const char *name, const char *text, uint32_t *ret_level, unsigned max,
			unsigned *ret_levels);

/* "16M": a power of two that the kernel can use as a ring buffer. */
int option_parse_ring(const char *name, const char *text, uint32_t *ret_bytes);

/* A name in the table of backends, or "auto". */
int option_parse_backend(const char *name, const char *text, const char **ret_backend);

/* Lists; a second one adds to the first. */
int option_add_ports(const char *name, const char *text, struct capture_options *options);
int option_add_thresholds(const char *name, const char *text, struct capture_options *options);

/* "proc:100ms", "proc:min", "proc:1s:page". */
int option_add_poller(const char *name, const char *text, struct capture_options *options);

#endif
