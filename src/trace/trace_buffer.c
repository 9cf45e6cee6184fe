/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/trace_buffer.h"

#include <errno.h>

enum { ROOM_FIRST = 64 };

int trace_buffer_add(struct trace_buffer *buffer, const struct trace_event *event)
{
	if (buffer->events == buffer->room) {
		unsigned room = buffer->room ? 2 * buffer->room : ROOM_FIRST;
		void *grown = realloc(buffer->event, room * sizeof(*buffer->event));

		if (!grown)
			return -ENOMEM;
		buffer->event = grown;
		buffer->room = room;
	}
	buffer->event[buffer->events++] = *event;
	return 0;
}

void trace_buffer_free(struct trace_buffer *buffer)
{
	free(buffer->event);
	*buffer = (struct trace_buffer){ 0 };
}
