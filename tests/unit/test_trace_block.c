/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of a trace: what goes in comes out, it takes few bytes, and no edited block does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/trace_events.h"

#include "base/cleanup.h"
#include "trace/trace_block.h"
#include "trace/varint.h"

#include <errno.h>
#include <string.h>

enum { EVENTS_MAX = TRACE_BLOCK_EVENTS_MAX };

static int setup(void **state)
{
	struct codec *codec = NULL;

	if (codec_new(&codec))
		return -1;
	*state = codec;
	return 0;
}

static int teardown(void **state)
{
	struct codec *codec = *state;

	codec_freep(&codec);
	return 0;
}

static void *exact_copy(const void *data, size_t bytes)
{
	/* Just as long, so that a sanitizer sees a byte read too many. */
	void *copy = malloc(bytes ? bytes : 1);

	assert_non_null(copy);
	if (bytes)
		memcpy(copy, data, bytes);
	return copy;
}

static void assert_events_equal(const struct trace_event *event, const struct trace_event *other,
				size_t events)
{
	for (size_t i = 0; i < events; i++) {
		assert_true(event[i].time_ns == other[i].time_ns);
		assert_int_equal(event[i].value_bytes, other[i].value_bytes);
		assert_int_equal(event[i].slack_ns, other[i].slack_ns);
		assert_int_equal(event[i].gauge, other[i].gauge);
	}
}

static int decode_copy(struct codec *codec, const uint8_t *block, size_t block_bytes,
		       struct trace_event *event, size_t events)
{
	_cleanup_(freep) uint8_t *copy = exact_copy(block, block_bytes);

	return trace_block_decode(codec, copy, block_bytes, event, events);
}

/* Returns the block's size. */
static size_t round_trip(struct codec *codec, const struct trace_event *event, size_t events)
{
	_cleanup_(freep) struct trace_event *again = calloc(events + 1, sizeof(*again));
	const uint8_t *block = NULL;
	ssize_t bytes = trace_block_encode(codec, event, events, &block);

	assert_non_null(again);
	assert_true(bytes > 0);
	assert_int_equal(decode_copy(codec, block, (size_t)bytes, again, events), 0);
	assert_events_equal(event, again, events);
	return (size_t)bytes;
}

static void few_events_come_back(void **state)
{
	const struct trace_event event[] = {
		{ .time_ns = 7, .value_bytes = 300, .gauge = GAUGE_TX_QUEUE },
		{ .time_ns = 11, .value_bytes = 0, .slack_ns = 3, .gauge = GAUGE_RMEM },
		{ .time_ns = 11, .value_bytes = 300, .gauge = GAUGE_RX_QUEUE },
		{ .time_ns = 13, .value_bytes = 0, .gauge = GAUGE_TX_QUEUE },
		{ .time_ns = 13, .value_bytes = 0, .gauge = GAUGE_TX_QUEUE },
	};

	for (size_t events = 0; events <= 5; events++)
		round_trip(*state, event, events);
}

static void extremes_come_back(void **state)
{
	static const uint32_t values[] = { UINT32_MAX, 0, UINT32_MAX, UINT32_MAX, 1,
					   2147483648, 0, 2147483647, 0 };
	struct trace_event event[27];

	for (unsigned i = 0; i < 27; i++)
		event[i] = (struct trace_event){ .time_ns = INT64_MAX - 13 + i / 9,
						 .value_bytes = values[i / 3],
						 .slack_ns = values[8 - i / 3],
						 .gauge = (uint8_t)(i % 3) };
	event[0].time_ns = 0;
	round_trip(*state, event, 27);
	event[26].time_ns = UINT64_MAX;
	round_trip(*state, event, 27);
	for (unsigned i = 0; i < 27; i++)
		event[i].time_ns = UINT64_MAX;
	round_trip(*state, event, 27);
}

/* All that a number may need, in all of its columns: 10 bytes of time once, 5 of a value and of
 * slack each time. */
static void the_longest_block_comes_back(void **state)
{
	_cleanup_(freep) struct trace_event *event = calloc(EVENTS_MAX, sizeof(*event));
	uint64_t seed = 17;

	assert_non_null(event);
	for (size_t i = 0; i < EVENTS_MAX; i++)
		event[i] = (struct trace_event){
			.time_ns = ((uint64_t)1 << 48) * i + random_below(&seed, (uint64_t)1 << 48),
			.value_bytes = (i % 2 ? UINT32_MAX : 0) ^
				       (uint32_t)random_below(&seed, 1 << 24),
			.slack_ns = UINT32_MAX - (uint32_t)random_below(&seed, 1 << 24),
		};
	round_trip(*state, event, EVENTS_MAX);
	event[0].time_ns = 0;
	for (size_t i = 1; i < EVENTS_MAX; i++)
		event[i].time_ns = INT64_MAX;
	round_trip(*state, event, EVENTS_MAX);
}

/* Of any length and with numbers of any size. */
static void random_blocks_come_back(void **state)
{
	_cleanup_(freep) struct trace_event *event = calloc(EVENTS_MAX, sizeof(*event));
	uint64_t seed = 23;

	assert_non_null(event);
	for (unsigned number = 0; number < 101; number++) {
		size_t events = random_below(&seed, 1 << (1 + number % 15));
		unsigned time_bits = (unsigned)random_below(&seed, 48);
		unsigned value_shift = (unsigned)random_below(&seed, 32);
		uint64_t slack_share = random_below(&seed, 5);
		uint64_t time_ns = 0;

		for (size_t i = 0; i < events; i++) {
			time_ns += random_next(&seed) >> (63 - time_bits);
			event[i] = (struct trace_event){
				.time_ns = time_ns,
				.value_bytes = (uint32_t)random_next(&seed) >> value_shift,
				.gauge = (uint8_t)random_below(&seed, GAUGES),
			};
			if (random_below(&seed, 4) < slack_share)
				event[i].slack_ns = (uint32_t)random_next(&seed) >> value_shift;
		}
		round_trip(*state, event, events);
	}
}

/* In hundredths of a byte an event. */
static size_t size_of(struct codec *codec, const struct traffic *traffic)
{
	_cleanup_(freep) struct trace_event *event = calloc(EVENTS_MAX, sizeof(*event));

	assert_non_null(event);
	traffic_make(traffic, 1, event, EVENTS_MAX);
	return 100 * round_trip(codec, event, EVENTS_MAX) / EVENTS_MAX;
}

static void an_event_takes_three_bytes(void **state)
{
	static const struct traffic to_zero = { FALLS_TO_ZERO, 1 }, half = { FALLS_HALF, 1 },
				    anywhere = { FALLS_ANYWHERE, 1 }, any = { FALLS_HALF, 3 };

	assert_in_range(size_of(*state, &to_zero), 207, 260);
	assert_in_range(size_of(*state, &half), 207, 300);
	assert_in_range(size_of(*state, &anywhere), 207, 340);
	assert_in_range(size_of(*state, &any), 207, 320);
}

/* zstd may one day pack otherwise; what it packed before stays readable. */
static void a_block_of_version_1_stays_readable(void **state)
{
	static const struct trace_event expected[] = {
		{ .time_ns = 1000000, .value_bytes = 300, .gauge = GAUGE_RX_QUEUE },
		{ .time_ns = 1000000, .value_bytes = 768, .gauge = GAUGE_RMEM },
		{ .time_ns = 1000200, .value_bytes = 600, .slack_ns = 40, .gauge = GAUGE_RX_QUEUE },
		{ .time_ns = 1131272, .value_bytes = 0, .gauge = GAUGE_RX_QUEUE },
		{ .time_ns = 1131273, .value_bytes = 512, .gauge = GAUGE_RMEM },
	};
	static const uint8_t block[] = { 0x01, 0x05, 0x03, 0x02, 0x02, 0x05, 0x03, 0x03, 0x00, 0x02,
					 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x48, 0xc9, 0x00, 0x00, 0xc0,
					 0x00, 0xc8, 0x80, 0x01, 0x84, 0x01, 0x80, 0x3d, 0x08, 0x08,
					 0x02, 0xff, 0xff, 0xd1, 0x00, 0xff, 0xd8, 0x80, 0xff, 0x04,
					 0x0c, 0x03, 0x02, 0x28, 0xd5, 0xae, 0x60, 0x05 };
	struct trace_event event[5];

	assert_int_equal(decode_copy(*state, block, sizeof(block), event, 5), 0);
	assert_events_equal(event, expected, 5);
}

static void what_is_no_trace_is_not_encoded(void **state)
{
	struct trace_event event[3] = { { .time_ns = 5 }, { .time_ns = 7 }, { .time_ns = 7 } };
	_cleanup_(freep) struct trace_event *many = calloc(EVENTS_MAX + 1, sizeof(*many));
	const uint8_t *block = NULL;

	assert_non_null(many);
	assert_int_equal(trace_block_encode(*state, many, EVENTS_MAX + 1, &block), -EINVAL);
	event[1].time_ns = 4;
	assert_int_equal(trace_block_encode(*state, event, 3, &block), -EINVAL);
	event[1].time_ns = 7;
	event[2].gauge = GAUGES;
	assert_int_equal(trace_block_encode(*state, event, 3, &block), -EINVAL);
	assert_null(block);
	event[2].gauge = GAUGE_RMEM;
	round_trip(*state, event, 3);
}

/* A small block of 101 events. Returns its size; the caller frees it. */
static size_t small_block(struct codec *codec, uint8_t **ret_block)
{
	static const struct traffic traffic = { FALLS_HALF, 3 };
	struct trace_event event[101];
	const uint8_t *block = NULL;
	ssize_t bytes;

	traffic_make(&traffic, 5, event, 101);
	event[50].slack_ns = 77;
	bytes = trace_block_encode(codec, event, 101, &block);
	assert_true(bytes > 0);
	*ret_block = exact_copy(block, (size_t)bytes);
	return (size_t)bytes;
}

static void another_count_is_refused(void **state)
{
	_cleanup_(freep) struct trace_event *event = calloc(EVENTS_MAX + 1, sizeof(*event));
	_cleanup_(freep) uint8_t *block = NULL;
	size_t bytes = small_block(*state, &block);

	assert_non_null(event);
	for (size_t events = 0; events <= 301; events++)
		assert_int_equal(trace_block_decode(*state, block, bytes, event, events),
				 events == 101 ? 0 : -EBADMSG);
	assert_int_equal(trace_block_decode(*state, block, bytes, event, EVENTS_MAX), -EBADMSG);
	assert_int_equal(trace_block_decode(*state, block, bytes, event, EVENTS_MAX + 1), -EINVAL);
	assert_int_equal(trace_block_decode(*state, block, bytes, event, SIZE_MAX), -EINVAL);
}

static void a_cut_block_is_refused(void **state)
{
	_cleanup_(freep) uint8_t *block = NULL;
	size_t bytes = small_block(*state, &block);
	struct trace_event event[101];

	for (size_t kept = 0; kept < bytes; kept++)
		assert_int_equal(decode_copy(*state, block, kept, event, 101), -EBADMSG);
	assert_int_equal(decode_copy(*state, block, bytes, event, 101), 0);
}

static void what_follows_the_frame_is_refused(void **state)
{
	/* A byte; an empty frame; an empty frame to be skipped. */
	static const uint8_t more[][9] = {
		{ 0 },
		{ 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0 },
		{ 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 },
	};
	static const size_t more_bytes[] = { 1, 9, 8 };
	_cleanup_(freep) uint8_t *block = NULL;
	size_t bytes = small_block(*state, &block);
	struct trace_event event[101];

	for (unsigned i = 0; i < 3; i++) {
		_cleanup_(freep) uint8_t *longer = malloc(bytes + more_bytes[i]);

		assert_non_null(longer);
		memcpy(longer, block, bytes);
		memcpy(longer + bytes, more[i], more_bytes[i]);
		assert_int_equal(trace_block_decode(*state, longer, bytes + more_bytes[i], event,
						    101),
				 -EBADMSG);
	}
}

static void another_version_is_refused(void **state)
{
	_cleanup_(freep) uint8_t *block = NULL;
	size_t bytes = small_block(*state, &block);
	struct trace_event event[101];

	assert_int_equal(block[0], 1);
	block[0] = 2;
	assert_int_equal(decode_copy(*state, block, bytes, event, 101), -EBADMSG);
	block[0] = 0;
	assert_int_equal(decode_copy(*state, block, bytes, event, 101), -EBADMSG);
}

/* One to four bytes changed anywhere: hardly any passes the checksum, none does harm. */
static void a_changed_block_does_no_harm(void **state)
{
	_cleanup_(freep) uint8_t *block = NULL;
	size_t bytes = small_block(*state, &block);
	struct trace_event event[101];
	uint64_t seed = 29;
	unsigned refused = 0;

	for (unsigned number = 0; number < 20001; number++) {
		_cleanup_(freep) uint8_t *changed = exact_copy(block, bytes);
		int error;

		for (unsigned change = 0; change <= number % 4; change++)
			changed[random_below(&seed, bytes)] = (uint8_t)random_next(&seed);
		error = trace_block_decode(*state, changed, bytes, event, 101);
		if (error == 0)
			assert_true(is_trace(event, 101));
		else
			assert_int_equal(error, -EBADMSG);
		refused += error != 0;
	}
	assert_in_range(refused, 19000, 20001);
	assert_int_equal(trace_block_decode(*state, block, bytes, event, 101), 0);
}

static void garbage_is_refused(void **state)
{
	uint64_t seed = 31;
	struct trace_event event[7];

	for (unsigned number = 0; number < 2003; number++) {
		size_t bytes = random_below(&seed, 101);
		_cleanup_(freep) uint8_t *block = malloc(bytes + 1);

		assert_non_null(block);
		for (size_t i = 0; i < bytes; i++)
			block[i] = (uint8_t)random_next(&seed);
		if (bytes)
			block[0] = 1;
		assert_int_equal(decode_copy(*state, block, bytes, event, 7), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_events_come_back),
		cmocka_unit_test(extremes_come_back),
		cmocka_unit_test(the_longest_block_comes_back),
		cmocka_unit_test(random_blocks_come_back),
		cmocka_unit_test(an_event_takes_three_bytes),
		cmocka_unit_test(a_block_of_version_1_stays_readable),
		cmocka_unit_test(what_is_no_trace_is_not_encoded),
		cmocka_unit_test(another_count_is_refused),
		cmocka_unit_test(a_cut_block_is_refused),
		cmocka_unit_test(what_follows_the_frame_is_refused),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(a_changed_block_does_no_harm),
		cmocka_unit_test(garbage_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
