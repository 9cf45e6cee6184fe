/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_FACTS_H
#define POLLGAP_FACTS_H

#include <stddef.h>

/* What identifies a capture and the machine it was made on. */
struct facts {
	char capture_uuid[37]; /* RFC 9562, version 4 */
	char boot_id[37]; /* /proc/sys/kernel/random/boot_id; empty where unknown */
	char host[65];
	char kernel_release[65];
	char machine[65];
	long cpus; /* online */
};

/* Returns 0 or -errno. */
int facts_read(struct facts *ret_facts);

/* The words with a blank between them; a word that a shell would split is quoted. Ends with NUL,
 * cut if it must be. */
void command_line_join(char *const *words, char *text, size_t text_bytes);

/* "6379,6380"; empty for none. Ends with NUL. */
void ports_join(const unsigned short *port, unsigned ports, char *text, size_t text_bytes);

#endif
