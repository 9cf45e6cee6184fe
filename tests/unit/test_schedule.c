/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/schedule.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A clock that moves only when it is told to. */
struct test_clock {
	uint64_t now_ns;
	uint64_t late_ns; /* how late each sleep ends */
	uint64_t interrupted_ns; /* a signal comes at this time, 0: none */
	int sleeps;
};

static uint64_t test_now_ns(void *context)
{
	return ((struct test_clock *)context)->now_ns;
}

static int test_sleep_until_ns(void *context, uint64_t wake_ns)
{
	struct test_clock *test = context;

	test->sleeps++;
	assert_true(wake_ns > test->now_ns);
	if (test->interrupted_ns) {
		test->now_ns = test->interrupted_ns;
		return -EINTR;
	}
	test->now_ns = wake_ns + test->late_ns;
	return 0;
}

static struct clock clock_from(struct test_clock *test)
{
	return (struct clock){ .context = test,
			       .now_ns = test_now_ns,
			       .sleep_until_ns = test_sleep_until_ns };
}

static void turn_expect(struct schedule *schedule, struct test_clock *test, uint64_t scheduled_ns,
			uint64_t missed)
{
	const struct clock clock = clock_from(test);
	uint64_t got_scheduled_ns = 0;
	uint64_t got_missed = 99;

	assert_int_equal(schedule_wait(schedule, &clock, &got_scheduled_ns, &got_missed), 0);
	assert_int_equal(got_scheduled_ns, scheduled_ns);
	assert_int_equal(got_missed, missed);
}

static void turns_come_a_period_apart_and_the_first_at_its_time(void **state)
{
	struct test_clock test = { .now_ns = 1000 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 1700, 500);
	turn_expect(&schedule, &test, 1700, 0);
	assert_int_equal(test.now_ns, 1700);
	turn_expect(&schedule, &test, 2200, 0);
	turn_expect(&schedule, &test, 2700, 0);
	assert_int_equal(test.sleeps, 3);
}

static void late_wakings_do_not_add_up(void **state)
{
	struct test_clock test = { .now_ns = 1000, .late_ns = 37 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	for (uint64_t k = 0; k < 1001; k++)
		turn_expect(&schedule, &test, 2000 + k * 500, 0);
	assert_int_equal(test.now_ns, 502037);
}

static void a_turn_that_takes_less_than_a_period_delays_none(void **state)
{
	struct test_clock test = { .now_ns = 1000 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	turn_expect(&schedule, &test, 2000, 0);
	test.now_ns += 499;
	turn_expect(&schedule, &test, 2500, 0);
	assert_int_equal(test.now_ns, 2500);
}

static void a_turn_that_is_due_already_runs_at_once(void **state)
{
	struct test_clock test = { .now_ns = 1000 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	turn_expect(&schedule, &test, 2000, 0);
	test.now_ns += 500;
	turn_expect(&schedule, &test, 2500, 0);
	test.now_ns += 999;
	turn_expect(&schedule, &test, 3000, 0);
	assert_int_equal(test.now_ns, 3499);
	assert_int_equal(test.sleeps, 1);
	turn_expect(&schedule, &test, 3500, 0);
	assert_int_equal(test.now_ns, 3500);
}

static void turns_that_have_gone_by_are_counted_and_the_latest_runs(void **state)
{
	struct test_clock test = { .now_ns = 1000 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	turn_expect(&schedule, &test, 2000, 0);
	test.now_ns = 4123; /* 2500, 3000 and 3500 are gone, 4000 is due */
	turn_expect(&schedule, &test, 4000, 3);
	assert_int_equal(test.now_ns, 4123);
	turn_expect(&schedule, &test, 4500, 0);
	assert_int_equal(test.now_ns, 4500);
}

static void turns_that_go_by_in_a_sleep_are_counted_too(void **state)
{
	struct test_clock test = { .now_ns = 1000, .late_ns = 1250 };
	struct schedule schedule;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	turn_expect(&schedule, &test, 3000, 2);
	test.late_ns = 0;
	turn_expect(&schedule, &test, 3500, 0);
}

static void a_signal_leaves_the_turn_due(void **state)
{
	struct test_clock test = { .now_ns = 1000, .interrupted_ns = 1500 };
	const struct clock clock = clock_from(&test);
	struct schedule schedule;
	uint64_t scheduled_ns = 77;
	uint64_t missed = 78;

	(void)state;
	schedule_start(&schedule, 2000, 500);
	assert_int_equal(schedule_wait(&schedule, &clock, &scheduled_ns, &missed), -EINTR);
	assert_int_equal(scheduled_ns, 77);
	assert_int_equal(missed, 78);
	test.interrupted_ns = 0;
	turn_expect(&schedule, &test, 2000, 0);
}

static void the_real_clock_sleeps_until_the_turn_is_due(void **state)
{
	struct schedule schedule;
	uint64_t start_ns = clock_monotonic_ns();
	uint64_t scheduled_ns;
	uint64_t missed;

	(void)state;
	schedule_start(&schedule, start_ns + 3 * NS_PER_MS, NS_PER_S);
	assert_int_equal(schedule_wait(&schedule, &clock_monotonic, &scheduled_ns, &missed), 0);
	assert_int_equal(scheduled_ns, start_ns + 3 * NS_PER_MS);
	assert_true(clock_monotonic_ns() >= scheduled_ns);
}

static void the_anchor_lies_between_readings_of_both_clocks(void **state)
{
	uint64_t before_ns = clock_monotonic_ns();
	struct clock_anchor first = clock_anchor_read();
	struct clock_anchor second = clock_anchor_read();
	int64_t drift_ns = (second.utc_ns - first.utc_ns) -
			   (int64_t)(second.monotonic_ns - first.monotonic_ns);

	(void)state;
	assert_true(first.monotonic_ns >= before_ns);
	assert_true(second.monotonic_ns <= clock_monotonic_ns());
	assert_true(second.monotonic_ns > first.monotonic_ns);
	/* 2020-01-01 to 2100-01-01: UTC, and in nanoseconds. */
	assert_true(first.utc_ns > 1577836800000000000 && first.utc_ns < 4102444800000000000);
	assert_true(drift_ns > -1000000 && drift_ns < 1000000);
}

static void the_threads_cpu_time_grows_with_work_and_not_with_sleep(void **state)
{
	uint64_t work_ns = clock_thread_cpu_ns();
	uint64_t start_ns = clock_monotonic_ns();
	uint64_t sleep_ns;

	(void)state;
	while (clock_thread_cpu_ns() - work_ns < 3 * NS_PER_MS)
		assert_true(clock_monotonic_ns() - start_ns < 30ULL * NS_PER_S);
	sleep_ns = clock_thread_cpu_ns();
	clock_monotonic.sleep_until_ns(NULL, clock_monotonic_ns() + 51 * NS_PER_MS);
	assert_true(clock_thread_cpu_ns() - sleep_ns < 20 * NS_PER_MS);
}

/* The next turn of a poller that is never late. */
static uint64_t turn_next(struct schedule *schedule)
{
	struct test_clock test = { .now_ns = 0 };
	const struct clock clock = clock_from(&test);
	uint64_t scheduled_ns = 0;
	uint64_t missed = 99;

	assert_int_equal(schedule_wait(schedule, &clock, &scheduled_ns, &missed), 0);
	assert_int_equal(missed, 0);
	return scheduled_ns;
}

static void uniform_turns_come_one_in_each_slot(void **state)
{
	enum { TURNS = 20000, PERIOD_NS = 1000, TENTHS = 10 };
	struct schedule schedule;
	unsigned in_tenth[TENTHS] = { 0 };

	(void)state;
	schedule_start_jittered(&schedule, 5000, PERIOD_NS, JITTER_UNIFORM, 7);
	for (uint64_t k = 0; k < TURNS; k++) {
		uint64_t due_ns = turn_next(&schedule);

		assert_in_range(due_ns, 5000 + k * PERIOD_NS, 5000 + (k + 1) * PERIOD_NS - 1);
		in_tenth[(due_ns - 5000) % PERIOD_NS * TENTHS / PERIOD_NS]++;
	}
	/* 2000 expected, with a standard deviation of sqrt(20000 * 0.1 * 0.9) = 42; five of them. */
	for (unsigned tenth = 0; tenth < TENTHS; tenth++)
		assert_in_range(in_tenth[tenth], 1788, 2212);
}

static void poisson_gaps_have_the_periods_mean_and_the_exponentials_tail(void **state)
{
	enum { TURNS = 20000, PERIOD_NS = 1000000 };
	struct schedule schedule;
	uint64_t last_ns = 5000;
	unsigned longer = 0;

	(void)state;
	schedule_start_jittered(&schedule, last_ns, PERIOD_NS, JITTER_POISSON, 7);
	for (unsigned k = 0; k < TURNS; k++) {
		uint64_t due_ns = turn_next(&schedule);

		longer += due_ns - last_ns > PERIOD_NS;
		last_ns = due_ns;
	}
	/* Mean of 20,000 exponential gaps: standard deviation 1 / sqrt(20000) = 0.71 %; five of
	 * them. */
	assert_in_range(last_ns - 5000, (uint64_t)(TURNS * 0.9646 * PERIOD_NS),
			(uint64_t)(TURNS * 1.0354 * PERIOD_NS));
	/* A share of exp(-1) is longer than the mean: 7358, standard deviation 68; five of them. */
	assert_in_range(longer, 7018, 7698);
}

static void a_seed_gives_the_same_turns_and_another_gives_others(void **state)
{
	(void)state;
	for (enum jitter jitter = JITTER_UNIFORM; jitter <= JITTER_POISSON; jitter++) {
		struct schedule first, again, other;
		unsigned differ = 0;

		schedule_start_jittered(&first, 5000, 1000, jitter, 7);
		schedule_start_jittered(&again, 5000, 1000, jitter, 7);
		schedule_start_jittered(&other, 5000, 1000, jitter, 8);
		for (unsigned k = 0; k < 100; k++) {
			uint64_t due_ns = turn_next(&first);

			assert_int_equal(turn_next(&again), due_ns);
			differ += turn_next(&other) != due_ns;
		}
		assert_true(differ > 90);
	}
}

static void drawn_turns_that_have_gone_by_are_counted_and_the_rest_keep_their_times(void **state)
{
	enum { TURNS = 200, BUSY = 50 };

	(void)state;
	for (enum jitter jitter = JITTER_UNIFORM; jitter <= JITTER_POISSON; jitter++) {
		struct test_clock test = { .now_ns = 0 };
		struct schedule planned, busy;
		uint64_t due_ns[TURNS];

		schedule_start_jittered(&planned, 5000, 1000, jitter, 3);
		schedule_start_jittered(&busy, 5000, 1000, jitter, 3);
		for (unsigned k = 0; k < TURNS; k++)
			due_ns[k] = turn_next(&planned);
		turn_expect(&busy, &test, due_ns[0], 0);
		test.now_ns = due_ns[BUSY];
		turn_expect(&busy, &test, due_ns[BUSY], BUSY - 1);
		for (unsigned k = BUSY + 1; k < TURNS; k++)
			turn_expect(&busy, &test, due_ns[k], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_come_a_period_apart_and_the_first_at_its_time),
		cmocka_unit_test(late_wakings_do_not_add_up),
		cmocka_unit_test(a_turn_that_takes_less_than_a_period_delays_none),
		cmocka_unit_test(a_turn_that_is_due_already_runs_at_once),
		cmocka_unit_test(turns_that_have_gone_by_are_counted_and_the_latest_runs),
		cmocka_unit_test(turns_that_go_by_in_a_sleep_are_counted_too),
		cmocka_unit_test(a_signal_leaves_the_turn_due),
		cmocka_unit_test(uniform_turns_come_one_in_each_slot),
		cmocka_unit_test(poisson_gaps_have_the_periods_mean_and_the_exponentials_tail),
		cmocka_unit_test(a_seed_gives_the_same_turns_and_another_gives_others),
		cmocka_unit_test(
			drawn_turns_that_have_gone_by_are_counted_and_the_rest_keep_their_times),
		cmocka_unit_test(the_real_clock_sleeps_until_the_turn_is_due),
		cmocka_unit_test(the_anchor_lies_between_readings_of_both_clocks),
		cmocka_unit_test(the_threads_cpu_time_grows_with_work_and_not_with_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
