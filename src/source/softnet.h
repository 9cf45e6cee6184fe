/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SOFTNET_H
#define POLLGAP_SOFTNET_H

#include "source/source.h"

#include <stddef.h>
#include <stdint.h>

/* The columns of one line of /proc/net/softnet_stat, as printed: u32 counters that wrap. */
struct softnet_line {
	uint32_t columns; /* 11, 13 or 15; never go by the version: RHEL's 4.18 prints 13 */
	uint32_t processed; /* column 1 */
	uint32_t dropped; /* 2 */
	uint32_t time_squeeze; /* 3 */
	uint32_t received_rps; /* 10 */
	uint32_t flow_limit_count; /* 11 */
	uint32_t backlog_packets; /* 12, from 13 columns on */
	uint32_t cpu; /* 13, from 13 columns on */
	uint32_t input_packets; /* 14, from 15 columns on */
	uint32_t process_packets; /* 15 */
};

/*
 * Returns 0, or -EINVAL for a line that has another number of columns or anything but hexadecimal
 * numbers.
 */
int softnet_parse(const char *line, size_t line_bytes, struct softnet_line *ret_line);

/*
 * Counts a u32 counter on in 64 bits. A fall of less than half the range is a wrap only if the new
 * value is small enough to be one; a CPU that went offline and came back starts again
 * (sysstat#433): its fall is a reset, which counts on from the old total. See the .c file for the
 * rule.
 */
struct softnet_counter {
	uint64_t total;
	uint32_t last;
	uint32_t seen; /* 0: no value yet; the first value is the total */
};

uint64_t softnet_count(struct softnet_counter *counter, uint32_t value);

/*
 * path NULL: /proc/net/softnet_stat; sysfs_online_path NULL: /sys/devices/system/cpu/online, for
 * kernels without column 13. Each turn is one reading of the file; the time of all its lines is the
 * one just before it.
 */
int softnet_open(const char *path, const char *sysfs_online_path, struct source **ret_source,
		 struct failure *failure);

#endif
