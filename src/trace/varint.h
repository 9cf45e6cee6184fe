/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_VARINT_H
#define POLLGAP_VARINT_H

#include <errno.h>
#include <stdint.h>

/* Whole numbers in as few bytes as they need: 7 bits each, the lowest first; bit 7 says that more
 * follow (LEB128). */
enum { VARINT_BYTES_MAX = 10, VARINT_BITS = 7, VARINT_MORE = 0x80 };

/* Returns where the next one goes; there must be room for VARINT_BYTES_MAX. */
static inline uint8_t *varint_put(uint8_t *at, uint64_t value)
{
	while (value >= VARINT_MORE) {
		*at++ = (uint8_t)(value | VARINT_MORE);
		value >>= VARINT_BITS;
	}
	*at++ = (uint8_t)value;
	return at;
}

/* Moves *at behind the number. Returns 0, or -EBADMSG where it is cut off at end or does not fit
 * into 64 bits. */
static inline int varint_get(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at != end && shift < 64; shift += VARINT_BITS) {
		uint64_t byte = *(*at)++;

		/* The tenth byte has but one bit left. */
		if (shift == 63 && byte > 1)
			break;
		value |= (byte & (VARINT_MORE - 1)) << shift;
		if (byte < VARINT_MORE) {
			*ret_value = value;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Signed numbers near 0 as small unsigned ones: 0, -1, 1, -2, 2 ... */
static inline uint64_t zigzag_put(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t zigzag_get(uint64_t code)
{
	return (int64_t)(code >> 1 ^ (code & 1 ? UINT64_MAX : 0));
}

#endif
