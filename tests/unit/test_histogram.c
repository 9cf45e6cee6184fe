/* SPDX-License-Identifier: BSD-2-Clause */
/* The latency histogram: what goes in comes out with three digits, over all of its range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/histogram.h"

static struct histogram new_histogram(void)
{
	struct histogram histogram;

	assert_int_equal(histogram_new(&histogram), 0);
	return histogram;
}

static void an_empty_one_shows_zero(void **state)
{
	struct histogram histogram = new_histogram();

	(void)state;
	assert_int_equal(histogram_percentile(&histogram, 50), 0);
	assert_int_equal(histogram_percentile(&histogram, 100), 0);
	histogram_free(&histogram);
}

static void small_values_are_exact(void **state)
{
	struct histogram histogram = new_histogram();

	(void)state;
	for (uint64_t value = 1; value <= 101; value++)
		histogram_add(&histogram, value);
	assert_int_equal(histogram_percentile(&histogram, 0), 1);
	assert_int_equal(histogram_percentile(&histogram, 50), 51);
	assert_int_equal(histogram_percentile(&histogram, 99), 100);
	assert_int_equal(histogram_percentile(&histogram, 99.9), 101);
	assert_int_equal(histogram.max, 101);
	histogram_free(&histogram);
}

/* Each power of two, its neighbours, and one in between: never below, at most 1/1024 above. */
static void every_value_keeps_three_digits(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t value[] = { (uint64_t)1 << bit, ((uint64_t)1 << bit) - 1,
					   ((uint64_t)1 << bit) + 1,
					   (uint64_t)1 << bit | (uint64_t)1 << bit / 2 };

		for (unsigned index = 0; index < 4; index++) {
			struct histogram histogram = new_histogram();
			uint64_t shown;

			/* A higher one too, or the percentile would be cut at the highest. */
			histogram_add(&histogram, value[index]);
			histogram_add(&histogram, UINT64_MAX);
			shown = histogram_percentile(&histogram, 50);
			assert_true(shown >= value[index]);
			assert_true(shown - value[index] <= value[index] / 1024);
			histogram_free(&histogram);
		}
	}
}

static void the_highest_is_exact(void **state)
{
	struct histogram histogram = new_histogram();

	(void)state;
	histogram_add(&histogram, 5);
	histogram_add(&histogram, 1234567891);
	assert_int_equal(histogram_percentile(&histogram, 100), 1234567891);
	assert_int_equal(histogram_percentile(&histogram, 50), 5);
	histogram_free(&histogram);
}

static void merging_adds_up(void **state)
{
	struct histogram one = new_histogram(), other = new_histogram();

	(void)state;
	for (unsigned count = 0; count < 23; count++)
		histogram_add(&one, 7);
	for (unsigned count = 0; count < 77; count++)
		histogram_add(&other, 700);
	histogram_merge(&one, &other);
	assert_int_equal(one.values, 100);
	assert_int_equal(one.max, 700);
	assert_int_equal(histogram_percentile(&one, 23), 7);
	assert_int_equal(histogram_percentile(&one, 24), 700);
	histogram_free(&one);
	histogram_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_shows_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(every_value_keeps_three_digits),
		cmocka_unit_test(the_highest_is_exact),
		cmocka_unit_test(merging_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
