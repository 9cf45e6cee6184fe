/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/bootstrap.h"

#include "base/random.h"

#include <stdint.h>
#include <stdlib.h>

enum { RESAMPLES = 10000, SEED = 1 };

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double sorted_median(const double *value, size_t values)
{
	return (value[(values - 1) / 2] + value[values / 2]) / 2;
}

struct estimate bootstrap_median(double *value, size_t values)
{
	struct estimate estimate = { .values = values };
	double *median = malloc(RESAMPLES * sizeof(*median));
	double *drawn = malloc(values * sizeof(*drawn));
	uint64_t state = SEED;

	qsort(value, values, sizeof(*value), compare);
	estimate.median = sorted_median(value, values);
	estimate.low = estimate.high = estimate.median;
	estimate.interval = median && drawn && values >= ESTIMATE_VALUES_MIN;
	for (unsigned turn = 0; estimate.interval && turn < RESAMPLES; turn++) {
		for (size_t index = 0; index < values; index++)
			drawn[index] = value[(size_t)(random_share(&state) * (double)values)];
		qsort(drawn, values, sizeof(*drawn), compare);
		median[turn] = sorted_median(drawn, values);
	}
	if (estimate.interval) {
		qsort(median, RESAMPLES, sizeof(*median), compare);
		estimate.low = median[RESAMPLES * 25 / 1000];
		estimate.high = median[RESAMPLES * 975 / 1000 - 1];
	}
	free(median);
	free(drawn);
	return estimate;
}
