/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_POLLER_KIND_H
#define POLLGAP_POLLER_KIND_H

#include "capture/options.h"

#include <stdint.h>

struct failure;
struct source;

/* What a poller can be: a source that shows sockets' queues from user space. */
struct poller_kind {
	const char *name; /* as in --poll NAME:PERIOD */
	const char *read_mode; /* of a read that was not chosen: "row", "message" */
	uint32_t gauges; /* bit per enum gauge that it reads */
	int (*open)(const struct poller_options *poller, const struct capture_options *capture,
		    struct source **ret_source, struct failure *failure);
	/* What it could not read since it was opened, and what that is called among the losses. */
	uint64_t (*lost)(const struct source *source);
	const char *lost_cause;
};

/* Ends with one without a name. */
extern const struct poller_kind poller_kinds[];

/* NULL where there is none of that name. */
const struct poller_kind *poller_kind_find(const char *name);

#endif
