/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/source.h"

#include "base/clock.h"

#include <stdlib.h>

enum { SCANS_TIMED = 7 };

static int sample_drop(void *context, enum observation kind, const void *item, size_t item_bytes)
{
	(void)context, (void)kind, (void)item, (void)item_bytes;
	return 0;
}

static int time_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int source_scan(struct source *source, struct failure *failure)
{
	const struct sink sink = { .take = sample_drop };
	struct turn turn;

	return source_read(source, &sink, &turn, failure);
}

int source_scan_time(struct source *source, uint64_t *ret_median_ns, struct failure *failure)
{
	uint64_t scan_ns[SCANS_TIMED];

	for (int i = 0; i < SCANS_TIMED; i++) {
		uint64_t start_ns = clock_monotonic_ns();
		int error = source_scan(source, failure);

		if (error)
			return error;
		scan_ns[i] = clock_monotonic_ns() - start_ns;
	}
	qsort(scan_ns, SCANS_TIMED, sizeof(scan_ns[0]), time_compare);
	*ret_median_ns = scan_ns[SCANS_TIMED / 2];
	return 0;
}
