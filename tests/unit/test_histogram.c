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
	assert_int_equal(histogram_quantile(&histogram, 500000), 0);
	assert_int_equal(histogram_quantile(&histogram, 1000000), 0);
	histogram_free(&histogram);
}

static void small_values_are_exact(void **state)
{
	struct histogram histogram = new_histogram();

	(void)state;
	for (uint64_t value = 1; value <= 101; value++)
		histogram_add(&histogram, value);
	assert_int_equal(histogram_quantile(&histogram, 0), 1);
	assert_int_equal(histogram_quantile(&histogram, 500000), 51);
	assert_int_equal(histogram_quantile(&histogram, 990000), 100);
	assert_int_equal(histogram_quantile(&histogram, 999000), 101);
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
			shown = histogram_quantile(&histogram, 500000);
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
	assert_int_equal(histogram_quantile(&histogram, 1000000), 1234567891);
	assert_int_equal(histogram_quantile(&histogram, 500000), 5);
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
	assert_int_equal(histogram_quantile(&one, 230000), 7);
	assert_int_equal(histogram_quantile(&one, 240000), 700);
	histogram_free(&one);
	histogram_free(&other);
}

/* Of n values from 1 up, rank and value are the same. */
static uint64_t quantile_of_count(unsigned count, unsigned per_million)
{
	struct histogram histogram = new_histogram();
	uint64_t value;

	for (unsigned number = 1; number <= count; number++)
		histogram_add(&histogram, number);
	value = histogram_quantile(&histogram, per_million);
	histogram_free(&histogram);
	return value;
}

static void ranks_are_exact(void **state)
{
	(void)state;
	assert_int_equal(quantile_of_count(1000, 999000), 999);
	assert_int_equal(quantile_of_count(1001, 999000), 1000);
	assert_int_equal(quantile_of_count(2000, 999000), 1998);
	assert_int_equal(quantile_of_count(2000, 999001), 1999);
	assert_int_equal(quantile_of_count(1999, 500000), 1000);
	assert_int_equal(quantile_of_count(1, 1), 1);
	assert_int_equal(quantile_of_count(23, 1000000), 23);
}

/* As many as come in a day of 10^6 a second: ranks are still whole numbers. */
static void many_values_keep_their_ranks(void **state)
{
	struct histogram histogram = new_histogram(), day = new_histogram();

	(void)state;
	histogram_add(&histogram, 5);
	for (unsigned doubling = 0; doubling < 36; doubling++) {
		histogram_merge(&day, &histogram);
		histogram_merge(&histogram, &day);
	}
	histogram_add(&histogram, 9);
	/* The 73rd Fibonacci number: each merge adds the one before. */
	assert_int_equal(histogram.values, 806515533049393 + 1);
	assert_int_equal(histogram_quantile(&histogram, 999999), 5);
	assert_int_equal(histogram_quantile(&histogram, 1000000), 9);
	histogram_free(&histogram);
	histogram_free(&day);
}

/* From 1 ns to hours, by a step that no power of two divides: nothing is lost, and a merged one
 * shows what one that took in all of them shows. */
static void a_merge_shows_what_one_would(void **state)
{
	struct histogram half[2] = { new_histogram(), new_histogram() }, all = new_histogram();
	unsigned number = 0;

	(void)state;
	for (uint64_t value = 1; value < 7200000000000; value += value / 97 + 1, number++) {
		histogram_add(&half[number % 2], value);
		histogram_add(&all, value);
	}
	histogram_merge(&half[0], &half[1]);
	assert_true(number > 2000);
	assert_int_equal(half[0].values, number);
	assert_int_equal(half[0].max, all.max);
	for (unsigned per_million = 0; per_million <= 1000000; per_million += 977)
		assert_int_equal(histogram_quantile(&half[0], per_million),
				 histogram_quantile(&all, per_million));
	histogram_free(&half[0]);
	histogram_free(&half[1]);
	histogram_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_shows_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(every_value_keeps_three_digits),
		cmocka_unit_test(the_highest_is_exact),
		cmocka_unit_test(merging_adds_up),
		cmocka_unit_test(ranks_are_exact),
		cmocka_unit_test(many_values_keep_their_ranks),
		cmocka_unit_test(a_merge_shows_what_one_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
