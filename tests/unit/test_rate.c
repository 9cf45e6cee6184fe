/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates in steps, and the schedule that they give, with a clock from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "load/rate.h"

#include <errno.h>

static void steps_are_read(void **state)
{
	struct rate rate;

	(void)state;
	assert_int_equal(rate_parse("10000:10s,20000:500ms", 0, &rate), 0);
	assert_int_equal(rate.steps, 2);
	assert_int_equal(rate.step[1].per_s, 20000);
	assert_int_equal(rate.step[1].duration_ns, 500000000);
	assert_int_equal(rate_duration_ns(&rate), 10500000000);
	assert_int_equal(rate_parse("7", 3 * (uint64_t)NS_PER_S, &rate), 0);
	assert_int_equal(rate.step[0].duration_ns, 3000000000);
	assert_false(rate.max);
	assert_int_equal(rate_parse("max", NS_PER_S, &rate), 0);
	assert_true(rate.max);
}

static void broken_rates_are_refused(void **state)
{
	static const char *const broken[] = {
		"",    "0",	    "-5",     "5:",	 "5:0",
		"5:x", "5:1s,",	    ",5:1s",  "5:1s,6",	 "5,6:1s",
		"1e3", "100000001", "max:1s", "5:1s:2s", "99999999999999999999:1s",
		" 5",
	};
	struct rate rate = { .steps = 23 };

	(void)state;
	for (unsigned index = 0; index < sizeof(broken) / sizeof(broken[0]); index++)
		assert_int_equal(rate_parse(broken[index], NS_PER_S, &rate), -EINVAL);
	assert_int_equal(rate.steps, 23);
}

static void requests_are_spread_evenly(void **state)
{
	struct rate rate;
	struct rate_cursor cursor;
	uint64_t intended_ns = 1;
	unsigned step = 9;

	(void)state;
	assert_int_equal(rate_parse("3:1s", 0, &rate), 0);
	cursor = rate_begin(&rate);
	assert_int_equal(rate_next_ns(&cursor), 0);
	assert_true(rate_take(&cursor, 0, &intended_ns, &step));
	assert_int_equal(intended_ns, 0);
	assert_int_equal(step, 0);
	assert_int_equal(rate_next_ns(&cursor), 333333333);
	assert_false(rate_take(&cursor, 333333332, &intended_ns, &step));
	assert_true(rate_take(&cursor, 333333333, &intended_ns, &step));
	assert_true(rate_take(&cursor, 900000000, &intended_ns, &step));
	assert_int_equal(intended_ns, 666666666);
	assert_int_equal(rate_next_ns(&cursor), UINT64_MAX);
	assert_false(rate_take(&cursor, UINT64_MAX - 1, &intended_ns, &step));
}

/* A client that was late finds every request that is due, each with its own instant and step. */
static void a_late_client_takes_all_that_is_due(void **state)
{
	unsigned taken[2] = { 0 }, step;
	struct rate rate;
	struct rate_cursor cursor;
	uint64_t intended_ns, last_ns = 0;

	(void)state;
	assert_int_equal(rate_parse("1000:1s,2000:2s", 0, &rate), 0);
	cursor = rate_begin(&rate);
	while (rate_take(&cursor, 2 * (uint64_t)NS_PER_S, &intended_ns, &step)) {
		assert_true(intended_ns >= last_ns);
		assert_int_equal(step, intended_ns >= NS_PER_S);
		last_ns = intended_ns;
		taken[step]++;
	}
	assert_int_equal(taken[0], 1000);
	/* The one that is due at 2 s sharp is among them. */
	assert_int_equal(taken[1], 2001);
	assert_int_equal(rate_next_ns(&cursor), 2000500000);
}

static void a_long_fast_step_does_not_overflow(void **state)
{
	struct rate rate;
	struct rate_cursor cursor;

	(void)state;
	assert_int_equal(rate_parse("100000000:24h", 0, &rate), 0);
	cursor = rate_begin(&rate);
	cursor.number = 100000000ULL * 86400 - 1;
	assert_int_equal(rate_next_ns(&cursor), 86400000000000 - 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_read),
		cmocka_unit_test(broken_rates_are_refused),
		cmocka_unit_test(requests_are_spread_evenly),
		cmocka_unit_test(a_late_client_takes_all_that_is_due),
		cmocka_unit_test(a_long_fast_step_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
