/* SPDX-License-Identifier: BSD-2-Clause */
/* Accept queues: changes go in, spikes come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/accept.h"

#include <errno.h>

static const uint32_t threshold[] = { 2, 5 };

struct taken {
	struct accept_spike spike[9];
	unsigned spikes;
};

static int take(void *context, const struct accept_spike *spike)
{
	struct taken *taken = context;

	assert_true(taken->spikes < 9);
	taken->spike[taken->spikes++] = *spike;
	return 0;
}

static int refuse(void *context, const struct accept_spike *spike)
{
	(void)context, (void)spike;
	return -EIO;
}

static void set(struct accept_queue *queue, uint64_t time_ns, uint32_t connections, bool older,
		struct taken *taken)
{
	const struct record_accept record = { .time_ns = time_ns,
					      .connections = connections,
					      .limit_connections = 100 + connections };

	assert_int_equal(accept_set(queue, threshold, 2, &record, older, take, taken), 0);
}

static void expect(const struct accept_spike *spike, unsigned index, uint64_t start_ns,
		   uint64_t end_ns, uint32_t peak, uint64_t peak_ns)
{
	assert_int_equal(spike->threshold_index, index);
	assert_int_equal(spike->start_ns, start_ns);
	assert_int_equal(spike->end_ns, end_ns);
	assert_int_equal(spike->peak_connections, peak);
	assert_int_equal(spike->peak_ns, peak_ns);
	assert_int_equal(spike->limit_connections, 100 + peak);
}

static void thresholds_nest_and_the_inner_peak_is_the_outer_one_s(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };

	(void)state;
	set(&queue, 10, 1, false, &taken);
	set(&queue, 20, 3, false, &taken);
	set(&queue, 30, 7, false, &taken);
	set(&queue, 40, 6, false, &taken);
	set(&queue, 50, 4, false, &taken);
	assert_int_equal(taken.spikes, 1);
	expect(&taken.spike[0], 1, 30, 50, 7, 30);
	set(&queue, 60, 1, false, &taken);
	assert_int_equal(taken.spikes, 2);
	expect(&taken.spike[1], 0, 20, 60, 7, 30);
	assert_int_equal(accept_end(&queue, 99, take, &taken), 0);
	assert_int_equal(taken.spikes, 2);
}

static void one_change_may_cross_both(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };

	(void)state;
	set(&queue, 20, 9, false, &taken);
	set(&queue, 30, 0, false, &taken);
	assert_int_equal(taken.spikes, 2);
	expect(&taken.spike[0], 1, 20, 30, 9, 20);
	expect(&taken.spike[1], 0, 20, 30, 9, 20);
}

static void what_was_found_open_is_left_censored(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };

	(void)state;
	set(&queue, 20, 3, true, &taken);
	set(&queue, 30, 6, true, &taken);
	set(&queue, 40, 0, true, &taken);
	assert_int_equal(taken.spikes, 2);
	assert_false(taken.spike[0].left_censored);
	assert_true(taken.spike[1].left_censored);
}

static void the_end_cuts_what_is_open(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };

	(void)state;
	set(&queue, 20, 3, false, &taken);
	assert_int_equal(accept_end(&queue, 77, take, &taken), 0);
	assert_int_equal(taken.spikes, 1);
	expect(&taken.spike[0], 0, 20, 77, 3, 20);
}

static void a_record_that_comes_late_does_not_turn_time_back(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };

	(void)state;
	set(&queue, 20, 3, false, &taken);
	set(&queue, 19, 1, false, &taken);
	assert_int_equal(taken.spikes, 1);
	expect(&taken.spike[0], 0, 20, 20, 3, 20);
}

static void a_refused_spike_ends_it(void **state)
{
	struct accept_queue queue = { 0 };
	struct taken taken = { 0 };
	const struct record_accept fall = { .time_ns = 30 };

	(void)state;
	set(&queue, 20, 3, false, &taken);
	assert_int_equal(accept_set(&queue, threshold, 2, &fall, false, refuse, NULL), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_nest_and_the_inner_peak_is_the_outer_one_s),
		cmocka_unit_test(one_change_may_cross_both),
		cmocka_unit_test(what_was_found_open_is_left_censored),
		cmocka_unit_test(the_end_cuts_what_is_open),
		cmocka_unit_test(a_record_that_comes_late_does_not_turn_time_back),
		cmocka_unit_test(a_refused_spike_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
