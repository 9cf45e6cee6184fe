/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/progress.h"

#include "base/clock.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct progress progress_begin(bool verbose)
{
	struct progress progress = { .terminal = isatty(STDERR_FILENO) };

	progress.shown = progress.terminal || verbose;
	return progress;
}

static uint64_t changes_per_s(struct progress *progress, uint64_t now_ns, uint64_t start_ns,
			      uint64_t changes)
{
	uint64_t from_ns = progress->last_ns ? progress->last_ns : start_ns;
	uint64_t gone_ns = now_ns > from_ns ? now_ns - from_ns : 1;
	uint64_t per_s =
		(uint64_t)((double)(changes - progress->last_changes) * NS_PER_S / (double)gone_ns);

	progress->last_ns = now_ns;
	progress->last_changes = changes;
	return per_s;
}

void progress_show(struct progress *progress, uint64_t now_ns, uint64_t start_ns, uint64_t end_ns,
		   const struct writer_progress *state)
{
	char per_s[UNITS_TEXT_BYTES], spikes[UNITS_TEXT_BYTES], samples[UNITS_TEXT_BYTES],
		losses[UNITS_TEXT_BYTES];
	uint64_t rate = changes_per_s(progress, now_ns, start_ns, state->changes);

	if (!progress->shown)
		return;
	if (end_ns > now_ns)
		fprintf(stderr, "%s%3" PRIu64 " s left", progress->terminal ? "\r\033[K" : "",
			(end_ns - now_ns + NS_PER_S / 2) / NS_PER_S);
	else
		fprintf(stderr, "%s%3" PRIu64 " s", progress->terminal ? "\r\033[K" : "",
			(now_ns - start_ns) / NS_PER_S);
	fprintf(stderr, "  %s events/s  %s spikes  %s samples  %s lost%s", count_read(rate, per_s),
		count_read(state->spikes, spikes), count_read(state->samples, samples),
		count_read(state->losses, losses), progress->terminal ? "" : "\n");
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->terminal)
		fprintf(stderr, "\r\033[K");
}
