/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CPU_LIST_H
#define POLLGAP_CPU_LIST_H

#include <stddef.h>
#include <stdint.h>

enum {
	CPUS_MAX = 8192, /* the largest NR_CPUS that the kernel can be configured with */
};

/* A list of CPUs as sysfs prints it: "0-3,5". */
struct cpu_list {
	size_t cpus;
	uint16_t cpu[CPUS_MAX];
};

/*
 * Returns 0, or -EINVAL for anything but ascending numbers and ranges below CPUS_MAX. *ret_list is
 * undefined on failure.
 */
int cpu_list_parse(const char *text, struct cpu_list *ret_list);

/* Returns 0, or -errno where the file cannot be read. */
int cpu_list_read(const char *path, struct cpu_list *ret_list);

#endif
