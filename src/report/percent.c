/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/percent.h"

#include <stdio.h>

enum { DECIMALS_MAX = 6 };

/* No count of spikes is so high that a ratio of two counts comes this close to 0 or 1: it is
 * rounding, e.g. Wilson's. */
#define RATIO_NOISE 1e-12

const char *percent_read(double ratio, char *text)
{
	double rest = ratio < 0.5 ? ratio : 1 - ratio; /* to the nearer end */
	double unit = 0.1; /* of a percent: the last digit's */
	int decimals = 1;

	if (!(rest > RATIO_NOISE)) {
		snprintf(text, PERCENT_TEXT_BYTES, "%s", ratio < 0.5 ? "0" : "100");
		return text;
	}
	while (rest * 100 < unit && decimals < DECIMALS_MAX) {
		unit /= 10;
		decimals++;
	}
	if (rest * 100 < unit / 2)
		snprintf(text, PERCENT_TEXT_BYTES, "%s", ratio < 0.5 ? "<0.000001" : ">99.999999");
	else
		snprintf(text, PERCENT_TEXT_BYTES, "%.*f", decimals, ratio * 100);
	return text;
}
