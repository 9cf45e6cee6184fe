/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/bootstrap.h"

#include "base/random.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void medians_are_of_the_middle_or_the_two_in_it(void **state)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 2, 100 }, one[] = { 7 };

	(void)state;
	assert_true(bootstrap_median(odd, 3).median == 5);
	assert_true(bootstrap_median(even, 4).median == 3);
	assert_true(bootstrap_median(one, 1).median == 7);
}

static void fewer_than_six_values_have_no_interval(void **state)
{
	double values[] = { 1, 2, 3, 4, 5, 6 };
	struct estimate estimate = bootstrap_median(values, 5);

	(void)state;
	assert_false(estimate.interval);
	assert_true(estimate.low == 3 && estimate.high == 3);
	estimate = bootstrap_median(values, 6);
	assert_true(estimate.interval);
	assert_true(estimate.low < 3.5 && estimate.high > 3.5);
	assert_true(estimate.low >= 1 && estimate.high <= 6);
}

static void the_same_values_give_the_same_interval(void **state)
{
	double forth[] = { 3, 1, 4, 1, 5, 9, 2, 6 }, back[] = { 6, 2, 9, 5, 1, 4, 1, 3 };
	struct estimate left = bootstrap_median(forth, 8), right = bootstrap_median(back, 8);

	(void)state;
	assert_true(left.low == right.low && left.high == right.high);
}

/* Of 500 samples of 15 uniform values each, the interval holds the true median, 0.5, in 95 % or so:
 * between 90 and 99 % is more than six standard deviations wide on the lower side, four above. */
static void intervals_hold_the_median_as_often_as_they_say(void **state)
{
	enum { SAMPLES = 500, VALUES = 15 };
	uint64_t random = 42;
	unsigned held = 0;

	(void)state;
	for (unsigned sample = 0; sample < SAMPLES; sample++) {
		struct estimate estimate;
		double value[VALUES];

		for (unsigned index = 0; index < VALUES; index++)
			value[index] = random_share(&random);
		estimate = bootstrap_median(value, VALUES);
		held += estimate.low <= 0.5 && estimate.high >= 0.5;
	}
	assert_in_range(held, SAMPLES * 90 / 100, SAMPLES * 99 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_are_of_the_middle_or_the_two_in_it),
		cmocka_unit_test(fewer_than_six_values_have_no_interval),
		cmocka_unit_test(the_same_values_give_the_same_interval),
		cmocka_unit_test(intervals_hold_the_median_as_often_as_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
