/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_MACHINE_CHECK_H
#define POLLGAP_MACHINE_CHECK_H

#include <stdbool.h>

struct check_item {
	const char *kind; /* "backend", "poller", "privilege"; "verdict" for the last one, which is
			     named "capture" */
	const char *name;
	bool allowed;
	char reason[256]; /* why not; also where allowed, what is worth knowing; may be empty */
	char cure[256]; /* what to do about it; may be empty */
};

/*
 * Tries what this machine lets this user do, one item after the other; the verdict says whether a
 * capture is possible. Returns 0, -errno, or what each() returned to stop it.
 */
int machine_check(int (*each)(void *context, const struct check_item *item), void *context);

#endif
