/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/trace_block.h"

#include "trace/trace_columns.h"
#include "trace/trace_event.h"
#include "trace/varint.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
	VERSION = 1,
	LEVEL = 1,
	/* A shorter column shares a block of the frame with the next: a table of its own would cost
	 * more than it saves. */
	OWN_TABLE_BYTES = 256,
	HEADER_BYTES_MAX = 1 + TRACE_COLUMNS * VARINT_BYTES_MAX,
	/* What ending a block of the frame after each column adds to ZSTD_compressBound(). */
	FLUSH_BYTES_MAX = TRACE_COLUMNS * 16,
};

struct codec {
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
	uint8_t *columns; /* room for the longest ones, end to end */
	uint8_t *block;
	size_t block_bytes_max;
};

static size_t columns_bytes_max(void)
{
	size_t bytes = 0;

	for (unsigned id = 0; id < TRACE_COLUMNS; id++)
		bytes += trace_column_bytes_max(id, TRACE_BLOCK_EVENTS_MAX);
	return bytes;
}

int codec_new(struct codec **ret_codec)
{
	struct codec *codec = calloc(1, sizeof(*codec));

	if (!codec)
		return -ENOMEM;
	codec->block_bytes_max =
		HEADER_BYTES_MAX + ZSTD_compressBound(columns_bytes_max()) + FLUSH_BYTES_MAX;
	codec->compress = ZSTD_createCCtx();
	codec->decompress = ZSTD_createDCtx();
	codec->columns = malloc(columns_bytes_max());
	codec->block = malloc(codec->block_bytes_max);
	if (!codec->compress || !codec->decompress || !codec->columns || !codec->block) {
		codec_freep(&codec);
		return -ENOMEM;
	}
	ZSTD_CCtx_setParameter(codec->compress, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(codec->compress, ZSTD_c_checksumFlag, 1);
	*ret_codec = codec;
	return 0;
}

void codec_freep(struct codec **codec)
{
	if (!*codec)
		return;
	ZSTD_freeCCtx((*codec)->compress);
	ZSTD_freeDCtx((*codec)->decompress);
	free((*codec)->columns);
	free((*codec)->block);
	free(*codec);
	*codec = NULL;
}

/* Sizes are not pledged: with a table size that went by the block's, zstd would allocate anew. */
static ssize_t frame_write(struct codec *codec, const struct trace_column *column, size_t at)
{
	ZSTD_outBuffer out = { codec->block, codec->block_bytes_max, at };
	size_t shared_bytes = 0;
	unsigned last = TRACE_COLUMNS - 1;

	while (last > 0 && column[last].bytes == 0)
		last--;
	for (unsigned id = 0; id <= last; id++) {
		ZSTD_inBuffer in = { column[id].data, column[id].bytes, 0 };
		ZSTD_EndDirective then = ZSTD_e_continue;
		size_t left;

		shared_bytes += column[id].bytes;
		if (id == last)
			then = ZSTD_e_end;
		else if (shared_bytes >= OWN_TABLE_BYTES)
			then = ZSTD_e_flush;
		if (then == ZSTD_e_flush)
			shared_bytes = 0;
		do {
			left = ZSTD_compressStream2(codec->compress, &out, &in, then);
			if (ZSTD_isError(left) || (left && out.pos == out.size)) {
				ZSTD_CCtx_reset(codec->compress, ZSTD_reset_session_only);
				return -EIO;
			}
		} while (then == ZSTD_e_continue ? in.pos < in.size : left > 0);
	}
	return (ssize_t)out.pos;
}

ssize_t trace_block_encode(struct codec *codec, const struct trace_event *event, size_t events,
			   const uint8_t **ret_block)
{
	struct trace_column column[TRACE_COLUMNS];
	uint8_t *at = codec->columns;
	ssize_t bytes;
	int error;

	if (events > TRACE_BLOCK_EVENTS_MAX)
		return -EINVAL;
	for (unsigned id = 0; id < TRACE_COLUMNS; id++) {
		column[id].data = at;
		at += trace_column_bytes_max(id, events);
	}
	error = trace_columns_write(event, events, column);
	if (error)
		return error;
	at = codec->block;
	*at++ = VERSION;
	for (unsigned id = 0; id < TRACE_COLUMNS; id++)
		at = varint_put(at, column[id].bytes);
	bytes = frame_write(codec, column, (size_t)(at - codec->block));
	if (bytes >= 0)
		*ret_block = codec->block;
	return bytes;
}

/* Where the columns will stand in codec->columns; *at is behind the header then. */
static int header_read(const uint8_t **at, const uint8_t *end, struct codec *codec, size_t events,
		       struct trace_column *ret_column)
{
	uint8_t *data = codec->columns;

	if (*at == end || *(*at)++ != VERSION)
		return -EBADMSG;
	for (unsigned id = 0; id < TRACE_COLUMNS; id++) {
		uint64_t bytes;

		if (varint_get(at, end, &bytes) || bytes > trace_column_bytes_max(id, events))
			return -EBADMSG;
		ret_column[id] = (struct trace_column){ data, bytes };
		data += bytes;
	}
	return 0;
}

/* zstd reads other things too: frames of its old formats, frames to be skipped, several in a row.
 */
static int frame_is_one(const uint8_t *frame, size_t frame_bytes)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	return frame_bytes >= sizeof(magic) && memcmp(frame, magic, sizeof(magic)) == 0 &&
	       ZSTD_findFrameCompressedSize(frame, frame_bytes) == frame_bytes;
}

int trace_block_decode(struct codec *codec, const uint8_t *block, size_t block_bytes,
		       struct trace_event *event, size_t events)
{
	const uint8_t *at = block, *end = block + block_bytes;
	struct trace_column column[TRACE_COLUMNS];
	size_t bytes;

	if (events > TRACE_BLOCK_EVENTS_MAX)
		return -EINVAL;
	if (header_read(&at, end, codec, events, column) || !frame_is_one(at, (size_t)(end - at)))
		return -EBADMSG;
	bytes = (size_t)(column[TRACE_COLUMNS - 1].data - codec->columns) +
		column[TRACE_COLUMNS - 1].bytes;
	if (ZSTD_decompressDCtx(codec->decompress, codec->columns, bytes, at, (size_t)(end - at)) !=
	    bytes)
		return -EBADMSG;
	return trace_columns_read(column, event, events);
}
