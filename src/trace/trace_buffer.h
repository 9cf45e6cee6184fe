/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TRACE_BUFFER_H
#define POLLGAP_TRACE_BUFFER_H

#include "trace/trace_event.h"

#include <stdlib.h>

/* Events of one socket until they make a block. All zeros is an empty one. */
struct trace_buffer {
	struct trace_event *event;
	unsigned events;
	unsigned room;
};

/* Appends one. Returns 0 or -ENOMEM. */
int trace_buffer_add(struct trace_buffer *buffer, const struct trace_event *event);

/* Empties it and gives its memory back. */
void trace_buffer_free(struct trace_buffer *buffer);

#endif
