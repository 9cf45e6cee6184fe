/* SPDX-License-Identifier: BSD-2-Clause */
/* The merge of spikes and samples, edge by edge. The same rules in SQL:
 * src/store/query/seen_by_definition.sql. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/judge.h"

#include <errno.h>
#include <string.h>

enum { THRESHOLD_BYTES = 1000, HIGHER_BYTES = 5000, VERDICTS_MAX = 256 };

struct verdict {
	uint64_t start_ns;
	uint64_t end_ns;
	uint8_t threshold_index;
	struct judge_sight sight[2];
};

struct fixture {
	struct judge *judge;
	struct judge_socket *socket;
	struct verdict verdict[VERDICTS_MAX];
	unsigned verdicts;
};

static int verdict_take(void *context, void *owner, const struct record_spike *spike,
			const struct judge_sight *sight)
{
	struct fixture *fixture = context;
	struct verdict *verdict = &fixture->verdict[fixture->verdicts++];

	assert_ptr_equal(owner, fixture);
	assert_true(fixture->verdicts < VERDICTS_MAX);
	verdict->start_ns = spike->start_ns;
	verdict->end_ns = spike->end_ns;
	verdict->threshold_index = spike->header.threshold_index;
	memcpy(verdict->sight, sight, sizeof(verdict->sight));
	return 0;
}

static int setup(void **state)
{
	static const struct judge_options options = {
		.threshold_bytes = { THRESHOLD_BYTES, HIGHER_BYTES },
		.thresholds = 2,
		.pollers = 2,
		.poller_gauges = { 1U << GAUGE_RX_QUEUE | 1U << GAUGE_TX_QUEUE,
				   1U << GAUGE_RX_QUEUE },
		.spikes_max = 201,
	};
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	assert_int_equal(judge_new(&options, verdict_take, fixture, &fixture->judge), 0);
	assert_int_equal(judge_socket_new(fixture->judge, fixture, &fixture->socket), 0);
	*state = fixture;
	return 0;
}

/* Thresholds in per cent: what they come to stands with each spike. */
static int setup_percent(void **state)
{
	static const struct judge_options options = {
		.thresholds = 2,
		.pollers = 2,
		.poller_gauges = { 1U << GAUGE_RX_QUEUE, 1U << GAUGE_RX_QUEUE },
		.spikes_max = 201,
	};
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	assert_int_equal(judge_new(&options, verdict_take, fixture, &fixture->judge), 0);
	assert_int_equal(judge_socket_new(fixture->judge, fixture, &fixture->socket), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	judge_socket_end(fixture->judge, fixture->socket);
	judge_settle(fixture->judge, UINT64_MAX);
	judge_socket_free(fixture->judge, fixture->socket);
	judge_freep(&fixture->judge);
	test_free(fixture);
	return 0;
}

static int give_spike_at(struct fixture *fixture, unsigned threshold_index, uint64_t start_ns,
			 uint64_t end_ns)
{
	const struct record_spike spike = {
		.header = { .type = RECORD_SPIKE,
			    .gauge = GAUGE_RX_QUEUE,
			    .threshold_index = (uint8_t)threshold_index },
		.start_ns = start_ns,
		.end_ns = end_ns,
		.peak_bytes = 2000,
	};

	return judge_spike(fixture->judge, fixture->socket, &spike);
}

static void give_spike(struct fixture *fixture, uint64_t start_ns, uint64_t end_ns)
{
	assert_int_equal(give_spike_at(fixture, 0, start_ns, end_ns), 0);
}

static void give_sample(struct fixture *fixture, unsigned poller, uint64_t start_ns,
			uint64_t end_ns, uint32_t rx_bytes)
{
	const struct judge_sample sample = {
		.read_start_ns = start_ns,
		.read_end_ns = end_ns,
		.value_bytes = { [GAUGE_RX_QUEUE] = rx_bytes },
	};

	assert_int_equal(judge_sample(fixture->judge, fixture->socket, poller, &sample), 0);
}

static void finish(struct fixture *fixture)
{
	assert_int_equal(judge_settle(fixture->judge, UINT64_MAX), 0);
	assert_int_equal(judge_socket_end(fixture->judge, fixture->socket), 0);
	assert_int_equal(judge_waiting(fixture->judge), 0);
}

/* The verdict on the spike that starts at start_ns. */
static const struct judge_sight *sight_of(const struct fixture *fixture, uint64_t start_ns)
{
	for (unsigned index = 0; index < fixture->verdicts; index++) {
		if (fixture->verdict[index].start_ns == start_ns)
			return fixture->verdict[index].sight;
	}
	fail_msg("the spike at %lu was not judged", (unsigned long)start_ns);
	return NULL;
}

static void open_percent(struct fixture *fixture, uint64_t start_ns, uint32_t threshold_bytes)
{
	const struct record_opening opening = {
		.header = { .type = RECORD_OPENING, .gauge = GAUGE_RX_QUEUE },
		.start_ns = start_ns,
		.threshold_bytes = threshold_bytes,
	};

	judge_opening(fixture->judge, fixture->socket, &opening);
}

static void close_percent(struct fixture *fixture, uint64_t start_ns, uint64_t end_ns,
			  uint32_t threshold_bytes)
{
	const struct record_spike spike = {
		.header = { .type = RECORD_SPIKE, .gauge = GAUGE_RX_QUEUE },
		.start_ns = start_ns,
		.end_ns = end_ns,
		.peak_bytes = 9000,
		.threshold_bytes = threshold_bytes,
	};

	assert_int_equal(judge_spike(fixture->judge, fixture->socket, &spike), 0);
}

static void in_percent_each_spike_has_a_threshold_of_its_own(void **state)
{
	struct fixture *fixture = *state;

	open_percent(fixture, 100, 1000);
	give_sample(fixture, 0, 90, 99, 5000); /* before it */
	give_sample(fixture, 0, 110, 111, 999);
	give_sample(fixture, 0, 120, 121, 1000);
	close_percent(fixture, 100, 200, 1000);
	give_sample(fixture, 1, 190, 191, 999);
	give_sample(fixture, 0, 210, 211, 5000); /* between them */
	open_percent(fixture, 300, 3000);
	give_sample(fixture, 0, 310, 311, 2999);
	give_sample(fixture, 1, 310, 311, 3000);
	close_percent(fixture, 300, 400, 3000);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 100)[0].polled_peak_bytes, 1000);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 0);
	assert_int_equal(sight_of(fixture, 300)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 300)[1].samples, 1);
	assert_int_equal(judge_unexplained(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 0);
}

static void in_percent_a_window_sees_the_spike_whose_threshold_it_shows(void **state)
{
	struct fixture *fixture = *state;

	close_percent(fixture, 100, 200, 1000);
	open_percent(fixture, 210, 3000);
	give_sample(fixture, 0, 195, 250, 2000); /* longer in the second one, but below it */
	give_sample(fixture, 1, 195, 250, 3000);
	close_percent(fixture, 210, 900, 3000);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 210)[0].samples, 0);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 0);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 0);
	assert_int_equal(sight_of(fixture, 210)[1].samples, 1);
	assert_int_equal(judge_ambiguous(fixture->judge, 1, GAUGE_RX_QUEUE, 0), 1);
}

static void in_percent_samples_before_a_late_word_of_the_spike_count(void **state)
{
	struct fixture *fixture = *state;

	give_sample(fixture, 0, 90, 99, 5000); /* before it */
	give_sample(fixture, 0, 110, 111, 2999);
	give_sample(fixture, 0, 120, 121, 3000);
	give_sample(fixture, 1, 120, 121, 4000);
	open_percent(fixture, 100, 3000); /* told after them */
	give_sample(fixture, 0, 130, 131, 3500);
	close_percent(fixture, 100, 200, 3000);
	give_sample(fixture, 0, 210, 211, 4000);
	close_percent(fixture, 205, 300, 3000); /* told by its end alone */
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 2);
	assert_int_equal(sight_of(fixture, 100)[0].polled_peak_bytes, 3500);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 1);
	assert_int_equal(sight_of(fixture, 205)[0].samples, 1);
	assert_int_equal(judge_unexplained(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 0);
	assert_int_equal(judge_undecided(fixture->judge), 0);
}

static void in_percent_samples_given_up_are_counted(void **state)
{
	enum { SAMPLES = 1000 };
	struct fixture *fixture = *state;
	uint64_t seen;

	for (uint64_t index = 0; index < SAMPLES; index++)
		give_sample(fixture, 0, 1000 + 10 * index, 1005 + 10 * index, 4000);
	close_percent(fixture, 100, 12000, 3000); /* the first of them are not held any more */
	assert_int_equal(judge_undecided(fixture->judge), 1);
	for (uint64_t index = 0; index < SAMPLES; index++)
		give_sample(fixture, 0, 20000 + 10 * index, 20005 + 10 * index, 4000);
	close_percent(fixture, 20000 + 10 * (SAMPLES - 10), 40000, 3000);
	assert_int_equal(judge_undecided(fixture->judge), 1);
	finish(fixture);
	seen = sight_of(fixture, 20000 + 10 * (SAMPLES - 10))[0].samples;
	assert_int_equal(seen, 10);
}

static void a_spike_that_no_sample_touches_is_missed(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 300, 310, 0);
	finish(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 0);
}

static void a_sample_inside_sees_the_spike_with_its_value(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 150, 160, 1500);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 100)[0].polled_peak_bytes, 1500);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 0);
}

static void a_sample_below_the_threshold_sees_nothing(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 150, 160, THRESHOLD_BYTES - 1);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
}

static void a_sample_at_the_threshold_sees_the_spike(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 150, 160, THRESHOLD_BYTES);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
}

static void the_highest_of_several_samples_is_the_polled_peak(void **state)
{
	struct fixture *fixture = *state;

	give_sample(fixture, 0, 110, 112, 1100);
	give_sample(fixture, 0, 120, 122, 4900);
	give_sample(fixture, 0, 130, 132, 1300);
	give_spike(fixture, 100, 200);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 3);
	assert_int_equal(sight_of(fixture, 100)[0].polled_peak_bytes, 4900);
}

static void a_window_that_ends_at_the_start_touches_the_spike(void **state)
{
	struct fixture *fixture = *state;

	give_sample(fixture, 0, 90, 100, 1500);
	give_spike(fixture, 100, 200);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
}

static void a_window_that_ends_before_the_start_does_not(void **state)
{
	struct fixture *fixture = *state;

	give_sample(fixture, 0, 90, 99, 1500);
	give_spike(fixture, 100, 200);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(judge_unexplained(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
}

static void a_window_that_begins_at_the_end_does_not_touch_the_spike(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 200, 210, 1500);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(judge_unexplained(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
}

static void a_window_that_begins_before_the_end_touches_the_spike(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 199, 210, 1500);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(judge_unexplained(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 0);
}

static void of_two_spikes_the_one_with_the_longer_overlap_is_seen(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_spike(fixture, 220, 300);
	give_sample(fixture, 0, 190, 250, 1500); /* 10 ns of the first, 30 ns of the second */
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 220)[0].samples, 1);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
	assert_int_equal(judge_ambiguous(fixture->judge, 1, GAUGE_RX_QUEUE, 0), 0);
}

static void of_equal_overlaps_the_earlier_spike_is_seen(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_spike(fixture, 220, 300);
	give_sample(fixture, 0, 190, 230, 1500);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 220)[0].samples, 0);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
}

static void a_sample_across_a_whole_spike_sees_the_longest_of_three(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 110);
	give_spike(fixture, 120, 150);
	give_spike(fixture, 160, 165);
	give_sample(fixture, 0, 90, 164, 1500);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 120)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 160)[0].samples, 0);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
}

/* The sample reaches beyond the last closed spike; the next one is open still, and turns out to be
 * the longer overlap. */
static void a_sample_waits_for_the_spike_that_is_still_open(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 195, 250, 1500);
	assert_int_equal(judge_settle(fixture->judge, 260), 0);
	assert_int_equal(fixture->verdicts, 0); /* the sample may still have seen it */
	give_spike(fixture, 210, 900);
	assert_int_equal(fixture->verdicts, 1);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 210)[0].samples, 1);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 1);
}

static void a_sample_that_waited_in_vain_saw_the_closed_spike(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 195, 250, 1500);
	give_spike(fixture, 251, 900);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 251)[0].samples, 0);
	assert_int_equal(judge_ambiguous(fixture->judge, 0, GAUGE_RX_QUEUE, 0), 0);
}

static void the_end_of_the_socket_decides_what_still_waits(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 195, 250, 1500);
	assert_int_equal(judge_settle(fixture->judge, 1000), 0);
	assert_int_equal(fixture->verdicts, 0);
	assert_int_equal(judge_socket_end(fixture->judge, fixture->socket), 0);
	assert_int_equal(fixture->verdicts, 1);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
}

static void a_spike_is_judged_only_once_every_poller_has_passed_its_end(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	assert_int_equal(judge_settle(fixture->judge, 200), 0);
	assert_int_equal(fixture->verdicts, 0);
	assert_int_equal(judge_settle(fixture->judge, 201), 0);
	assert_int_equal(fixture->verdicts, 1);
}

static void thresholds_are_judged_apart(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(give_spike_at(fixture, 1, 120, 180), 0);
	assert_int_equal(give_spike_at(fixture, 0, 101, 200), 0);
	give_sample(fixture, 0, 110, 111, 4999); /* above the lower threshold only */
	give_sample(fixture, 1, 130, 131, 5000); /* above both */
	finish(fixture);
	assert_int_equal(sight_of(fixture, 101)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 101)[1].samples, 1);
	assert_int_equal(sight_of(fixture, 120)[0].samples, 0);
	assert_int_equal(sight_of(fixture, 120)[1].samples, 1);
	assert_int_equal(sight_of(fixture, 120)[1].polled_peak_bytes, 5000);
}

static void a_gauge_that_a_poller_does_not_read_is_not_seen_by_it(void **state)
{
	struct fixture *fixture = *state;
	const struct record_spike spike = {
		.header = { .type = RECORD_SPIKE, .gauge = GAUGE_TX_QUEUE },
		.start_ns = 100,
		.end_ns = 200,
	};
	const struct judge_sample sample = {
		.read_start_ns = 150,
		.read_end_ns = 152,
		.value_bytes = { [GAUGE_TX_QUEUE] = 1700 },
	};

	assert_int_equal(judge_spike(fixture->judge, fixture->socket, &spike), 0);
	assert_int_equal(judge_sample(fixture->judge, fixture->socket, 0, &sample), 0);
	assert_int_equal(judge_sample(fixture->judge, fixture->socket, 1, &sample), 0);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 1);
	assert_int_equal(sight_of(fixture, 100)[1].samples, 0);
}

/* More samples in one open spike than are kept apart: the peak and the count must survive. */
static void many_samples_in_a_long_spike_keep_their_count_and_peak(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t index = 0; index < 1023; index++)
		give_sample(fixture, 0, 1000 + 10 * index, 1002 + 10 * index,
			    index == 17 ? 4000 : 1001);
	give_spike(fixture, 900, 20000);
	finish(fixture);
	assert_int_equal(sight_of(fixture, 900)[0].samples, 1023);
	assert_int_equal(sight_of(fixture, 900)[0].polled_peak_bytes, 4000);
}

static void two_rows_in_one_window_hold_nothing_back(void **state)
{
	struct fixture *fixture = *state;

	give_spike(fixture, 100, 200);
	give_sample(fixture, 0, 195, 250, 1500);
	give_sample(fixture, 0, 195, 250, 1600);
	finish(fixture);
	assert_int_equal(fixture->verdicts, 1);
	assert_int_equal(sight_of(fixture, 100)[0].samples, 2);
	assert_int_equal(sight_of(fixture, 100)[0].polled_peak_bytes, 1600);
}

static void too_many_waiting_spikes_are_refused(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t index = 0; index < 201; index++)
		give_spike(fixture, 10 * index, 10 * index + 5);
	assert_int_equal(give_spike_at(fixture, 0, 5000, 5001), -ENOSPC);
	finish(fixture);
	assert_int_equal(fixture->verdicts, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_spike_that_no_sample_touches_is_missed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_sample_inside_sees_the_spike_with_its_value,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_sample_below_the_threshold_sees_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_sample_at_the_threshold_sees_the_spike, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_highest_of_several_samples_is_the_polled_peak,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_window_that_ends_at_the_start_touches_the_spike,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_window_that_ends_before_the_start_does_not, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_window_that_begins_at_the_end_does_not_touch_the_spike, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_window_that_begins_before_the_end_touches_the_spike, setup, teardown),
		cmocka_unit_test_setup_teardown(
			of_two_spikes_the_one_with_the_longer_overlap_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(of_equal_overlaps_the_earlier_spike_is_seen, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_sample_across_a_whole_spike_sees_the_longest_of_three, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sample_waits_for_the_spike_that_is_still_open,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_sample_that_waited_in_vain_saw_the_closed_spike,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_of_the_socket_decides_what_still_waits,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_spike_is_judged_only_once_every_poller_has_passed_its_end, setup,
			teardown),
		cmocka_unit_test_setup_teardown(thresholds_are_judged_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_gauge_that_a_poller_does_not_read_is_not_seen_by_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			many_samples_in_a_long_spike_keep_their_count_and_peak, setup, teardown),
		cmocka_unit_test_setup_teardown(two_rows_in_one_window_hold_nothing_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(in_percent_each_spike_has_a_threshold_of_its_own,
						setup_percent, teardown),
		cmocka_unit_test_setup_teardown(
			in_percent_a_window_sees_the_spike_whose_threshold_it_shows, setup_percent,
			teardown),
		cmocka_unit_test_setup_teardown(
			in_percent_samples_before_a_late_word_of_the_spike_count, setup_percent,
			teardown),
		cmocka_unit_test_setup_teardown(in_percent_samples_given_up_are_counted,
						setup_percent, teardown),
		cmocka_unit_test_setup_teardown(too_many_waiting_spikes_are_refused, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
