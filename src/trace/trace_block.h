/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_TRACE_BLOCK_H
#define POLLGAP_TRACE_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct trace_event;

/*
 * A block is a stretch of one socket's events, compressed: a version, the length of each column
 * (trace_columns.h), and the columns in one zstd frame with a checksum. How many events it holds is
 * the caller's to keep.
 */
enum { TRACE_BLOCK_EVENTS_MAX = 32768 };

/* What coding blocks needs besides them, 3 MB once one was coded. It is kept from block to block,
 * so that the next ones allocate nothing. For one thread at a time. */
struct codec;

/* Returns 0 or -ENOMEM. */
int codec_new(struct codec **ret_codec);
void codec_freep(struct codec **codec);

/*
 * Times must not descend. Returns the block's size in bytes; *ret_block is the codec's, until it is
 * used again. -EINVAL: more than TRACE_BLOCK_EVENTS_MAX events, a time before the one before, or a
 * gauge that is none. -EIO: zstd failed.
 */
ssize_t trace_block_encode(struct codec *codec, const struct trace_event *event, size_t events,
			   const uint8_t **ret_block);

/*
 * The block may be anything. Fills in event and returns 0; -EINVAL: more than
 * TRACE_BLOCK_EVENTS_MAX events are asked for; -EBADMSG: the block is not one of just so many
 * events, and what stands in event is undefined. The times of what was filled in do not descend,
 * and each gauge is one.
 */
int trace_block_decode(struct codec *codec, const uint8_t *block, size_t block_bytes,
		       struct trace_event *event, size_t events);

#endif
