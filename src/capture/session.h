/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_SESSION_H
#define POLLGAP_SESSION_H

#include <stdint.h>

struct capture_options;
struct failure;

/*
 * Runs one capture from its beginning to its end. Returns 0; where options name a command, its exit
 * status as a shell gives it (128 + number for a signal); or -errno with the reason. A refused
 * capture leaves no file behind; one that failed midway leaves what was committed. *ret_capture_id
 * is written once the file is whole.
 */
int session_run(const struct capture_options *options, int64_t *ret_capture_id,
		struct failure *failure);

#endif
