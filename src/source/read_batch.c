/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/read_batch.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void read_batch_clear(struct read_batch *batch)
{
	batch->text_bytes = 0;
	batch->line_from = 0;
	batch->reads = 0;
	batch->skips_line = false;
	batch->tail_start_ns = 0;
	batch->now_ns = 0;
}

bool read_batch_has_room(const struct read_batch *batch, size_t size_bytes)
{
	return batch->reads < BATCH_READS && BATCH_BYTES - batch->text_bytes >= size_bytes;
}

size_t read_batch_partial_bytes(const struct read_batch *batch)
{
	return batch->text_bytes - batch->line_from;
}

static const char *newline_last(const char *text, size_t size_bytes)
{
	while (size_bytes > 0 && text[size_bytes - 1] != '\n')
		size_bytes--;
	return size_bytes > 0 ? text + size_bytes - 1 : NULL;
}

/*
 * The kernel prints whole lines, and only while the caller's buffer has room: a line is printed in
 * the call that returns its first byte. One exception: a call that is filled by the tail of the
 * line before may print the next line and return nothing of it (seq_read_iter(), v6.18). So a
 * line's window begins with the calls before that brought a tail only.
 */
static void window_add(struct read_batch *batch, size_t size_bytes, uint64_t start_ns)
{
	const char *text = batch->text + batch->text_bytes;
	const char *last = newline_last(text, size_bytes);
	bool in_line = read_batch_partial_bytes(batch) > 0;
	bool begins_line = !in_line || (last && (last < text + size_bytes - 1 ||
						 memchr(text, '\n', size_bytes) != last));

	if (batch->tail_start_ns)
		start_ns = batch->tail_start_ns;
	batch->tail_start_ns = begins_line ? 0 : start_ns;
	batch->window[batch->reads++] = (struct read_window){
		.text_from = batch->text_bytes,
		.start_ns = start_ns,
		.end_ns = batch->now_ns,
	};
	if (last)
		batch->line_from = (size_t)(last + 1 - batch->text);
	batch->text_bytes += size_bytes;
}

ssize_t read_batch_read(struct read_batch *batch, int fd, size_t size_bytes, off_t offset)
{
	uint64_t start_ns = batch->now_ns ? batch->now_ns : clock_monotonic_ns();
	ssize_t got = pread(fd, batch->text + batch->text_bytes, size_bytes, offset);

	if (got < 0)
		return -errno;
	batch->now_ns = clock_monotonic_ns();
	if (got > 0)
		window_add(batch, (size_t)got, start_ns);
	return got;
}

/* Keeps a line that has begun, and the window that it began in. */
static void batch_keep(struct read_batch *batch, size_t from, const struct read_window *window)
{
	size_t rest_bytes = batch->text_bytes - from;

	batch->reads = 0;
	if (rest_bytes > 0) {
		memmove(batch->text, batch->text + from, rest_bytes);
		batch->window[0] = *window;
		batch->window[0].text_from = 0;
		batch->reads = 1;
	}
	batch->text_bytes = rest_bytes;
	batch->line_from = 0;
	batch->now_ns = 0;
}

int read_batch_lines(struct read_batch *batch, bool at_end, read_batch_line each, void *context)
{
	const struct read_window *window = batch->window;
	const struct read_window *last_window = batch->window + batch->reads;
	size_t from = 0;
	int result = 0;

	while (from < batch->text_bytes && result == 0) {
		const char *line = batch->text + from;
		size_t rest_bytes = batch->text_bytes - from;
		const char *newline = memchr(line, '\n', rest_bytes);
		size_t line_bytes = newline ? (size_t)(newline - line) : rest_bytes;

		while (window + 1 < last_window && window[1].text_from <= from)
			window++;
		if (!newline && !at_end && !batch->skips_line && line_bytes <= BATCH_LINE_BYTES_MAX)
			break;
		if (!batch->skips_line)
			result = each(context, line,
				      line_bytes < BATCH_LINE_BYTES_MAX ? line_bytes :
									  BATCH_LINE_BYTES_MAX,
				      window);
		batch->skips_line = !newline;
		from += line_bytes + (newline ? 1 : 0);
	}
	batch_keep(batch, from, window);
	return result;
}
