/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/proc_tcp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/*
 * A row, as get_tcp4_sock(), get_tcp6_sock() and their likes for TIME_WAIT and SYN_RECV print it,
 * v4.15 to v6.18:
 *   "%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %d %pK", then " %lu %lu %u
 * %u %d" for full sockets. An IPv6 address is four times %08X.
 */
enum {
	IPV4_WORDS = 1,
	IPV6_WORDS = 4,
	LINE_BYTES_MAX = 384, /* no kernel prints half as many */
	BLANK_BYTES =
		7, /* blanks and colons of the part of fixed width, which ends behind the queues */
};

/* Digits have 0x10 set, so that anything else is 0. */
static const uint8_t hex_digit[256] = {
	['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
	['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['A'] = 0x1a, ['B'] = 0x1b,
	['C'] = 0x1c, ['D'] = 0x1d, ['E'] = 0x1e, ['F'] = 0x1f, ['a'] = 0x1a, ['b'] = 0x1b,
	['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
};

/*
 * Reads on; what is wrong is remembered, so that a row needs one check and no branch for each
 * digit.
 */
struct cursor {
	const char *at;
	const char *end;
	bool wrong;
};

/*
 * The caller has checked that digits and, unless it is 0, one character that must be `after` lie
 * before the end.
 */
static inline uint32_t hex_take(struct cursor *cursor, unsigned digits, char after)
{
	const unsigned char *c = (const unsigned char *)cursor->at;
	uint32_t value = 0;
	uint8_t every = 0x10;

	for (unsigned i = 0; i < digits; i++) {
		uint8_t digit = hex_digit[c[i]];

		every &= digit;
		value = value << 4 | (digit & 0xf);
	}
	cursor->wrong |= every != 0x10 || (after && cursor->at[digits] != after);
	cursor->at += digits + (after ? 1 : 0);
	return value;
}

static inline void blanks_skip(struct cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
}

/* Digits of any number, and the character behind them. */
static uint64_t decimal_take(struct cursor *cursor, char after)
{
	const char *first = cursor->at;
	uint64_t value = 0;
	bool overflow = false;

	for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(*cursor->at - '0'), &value);
	}
	if (overflow || cursor->at == first || cursor->at == cursor->end || *cursor->at != after)
		cursor->wrong = true;
	else
		cursor->at++;
	return value;
}

/* %08lX: eight digits or, for a timer far ahead, more. */
static void timer_skip(struct cursor *cursor)
{
	const char *first = cursor->at;

	while (cursor->at < cursor->end && hex_digit[(unsigned char)*cursor->at])
		cursor->at++;
	if (cursor->at - first < 8 || cursor->at == cursor->end || *cursor->at != ' ')
		cursor->wrong = true;
	else
		cursor->at++;
}

/* %pK can be more than hexadecimal digits ("(____ptrval____)"); what may follow are numbers. */
static void tail_check(struct cursor *cursor)
{
	const char *first = cursor->at;

	while (cursor->at<cursor->end && * cursor->at> ' ' && *cursor->at < 0x7f)
		cursor->at++;
	cursor->wrong |= cursor->at == first;
	for (; cursor->at < cursor->end; cursor->at++)
		cursor->wrong |= *cursor->at != ' ' && *cursor->at != '-' &&
				 (*cursor->at < '0' || *cursor->at > '9');
}

/*
 * Each word is printed as a number, but lies in memory in network order: storing the number gives
 * the bytes back.
 */
static inline void address_take(struct cursor *cursor, unsigned words, uint8_t *address)
{
	for (unsigned i = 0; i < words; i++) {
		uint32_t word = hex_take(cursor, 8, i + 1 == words ? ':' : '\0');

		memcpy(address + i * sizeof(word), &word, sizeof(word));
	}
}

static inline void fixed_take(struct cursor *cursor, unsigned words, struct sample *sample)
{
	address_take(cursor, words, sample->local_address);
	sample->local_port = (uint16_t)hex_take(cursor, 4, ' ');
	address_take(cursor, words, sample->remote_address);
	sample->remote_port = (uint16_t)hex_take(cursor, 4, ' ');
	sample->state = (uint8_t)hex_take(cursor, 2, ' ');
	sample->tx_queue_bytes = hex_take(cursor, 8, ':');
	sample->rx_queue_bytes = hex_take(cursor, 8, ' ');
}

static void variable_take(struct cursor *cursor, struct sample *sample)
{
	if (cursor->end - cursor->at < 3) {
		cursor->wrong = true;
		return;
	}
	sample->state = sample_state(sample->state, hex_take(cursor, 2, ':'));
	timer_skip(cursor);
	if (cursor->end - cursor->at < 9) {
		cursor->wrong = true;
		return;
	}
	hex_take(cursor, 8, ' ');
	blanks_skip(cursor);
	decimal_take(cursor, ' '); /* uid */
	blanks_skip(cursor);
	decimal_take(cursor, ' '); /* timeout */
	sample->inode = decimal_take(cursor, ' ');
	decimal_take(cursor, ' '); /* references */
	tail_check(cursor);
}

static bool header_is(const struct cursor *cursor)
{
	static const char start[] = "sl  local_address ";

	return (size_t)(cursor->end - cursor->at) >= sizeof(start) - 1 &&
	       memcmp(cursor->at, start, sizeof(start) - 1) == 0;
}

int proc_tcp_parse(const char *line, size_t line_bytes, uint16_t family, struct sample *ret_sample)
{
	struct cursor cursor = { .at = line, .end = line + line_bytes };
	struct sample sample = { .family = family };
	unsigned words = family == AF_INET6 ? IPV6_WORDS : IPV4_WORDS;
	ptrdiff_t fixed_bytes = 2 * (8 * words + 4) + 2 + 2 * 8 + BLANK_BYTES;

	if (line_bytes > LINE_BYTES_MAX)
		return -EINVAL;
	while (cursor.end > cursor.at && (cursor.end[-1] == ' ' || cursor.end[-1] == '\n'))
		cursor.end--;
	blanks_skip(&cursor);
	if (header_is(&cursor))
		return PROC_TCP_HEADER;
	decimal_take(&cursor, ':');
	if (cursor.wrong || cursor.end - cursor.at <= fixed_bytes || *cursor.at++ != ' ')
		return -EINVAL;
	fixed_take(&cursor, words, &sample);
	variable_take(&cursor, &sample);
	if (cursor.wrong)
		return -EINVAL;
	*ret_sample = sample;
	return PROC_TCP_ROW;
}
