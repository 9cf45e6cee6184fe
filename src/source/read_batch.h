/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_READ_BATCH_H
#define POLLGAP_READ_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	BATCH_BYTES = 32768,
	BATCH_READS = 256,
	BATCH_LINE_BYTES_MAX = 512, /* of a longer line only as many bytes are handed over, once */
};

/*
 * Consecutive read(2) calls of one file, each with its window on CLOCK_MONOTONIC, and later their
 * lines. Reading and looking at what was read take turns, so that nothing but the clock lies
 * between two reads: the end of one is the start of the next, and its window is as narrow as the
 * call.
 */
struct read_batch {
	size_t text_bytes;
	size_t line_from; /* where the last line that has begun starts: text_bytes where none has */
	unsigned reads;
	bool skips_line; /* the rest of an overlong line is still to come */
	uint64_t tail_start_ns; /* a read before brought only the tail of a line; else 0 */
	uint64_t now_ns; /* the end of the last read, where nothing slow came after it; else 0 */
	struct read_window {
		size_t text_from;
		uint64_t start_ns;
		uint64_t end_ns;
	} window[BATCH_READS];
	char text[BATCH_BYTES];
};

/* Before a file's first read. */
void read_batch_clear(struct read_batch *batch);

/* False where the lines must be taken out before a read of so many bytes. */
bool read_batch_has_room(const struct read_batch *batch, size_t size_bytes);

/* Bytes of a line that has begun, but not ended. */
size_t read_batch_partial_bytes(const struct read_batch *batch);

/* One pread(2). Returns the bytes read, 0 at the end of the file, or -errno. */
ssize_t read_batch_read(struct read_batch *batch, int fd, size_t size_bytes, off_t offset);

/* A line without its newline, and the window that it was printed in. Not 0 ends the walk. */
typedef int (*read_batch_line)(void *context, const char *line, size_t line_bytes,
			       const struct read_window *window);

/*
 * Takes out whole lines; at the file's end the last one needs no newline. Returns what each() did,
 * or 0.
 */
int read_batch_lines(struct read_batch *batch, bool at_end, read_batch_line each, void *context);

#endif
