/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_BOOTSTRAP_H
#define POLLGAP_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

/* A median of repetitions, and how sure it is. */
struct estimate {
	double median;
	double low; /* of the 95 % interval; the median where there is none */
	double high;
	size_t values;
	bool interval; /* there were ESTIMATE_VALUES_MIN values at least */
};

/* The extremes of n values hold the median between them in 1 - 2 * 0.5^n of all cases: fewer than
 * six can't make 95 %. */
enum { ESTIMATE_VALUES_MIN = 6 };

/*
 * The median of the values, which are sorted in place, and its 95 % interval by the percentile
 * bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13) of 10,000
 * resamples, drawn with a fixed seed: the same values give the same interval. values > 0.
 */
struct estimate bootstrap_median(double *value, size_t values);

#endif
