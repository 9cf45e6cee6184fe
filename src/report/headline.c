/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/headline.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/units.h"
#include "report/percent.h"
#include "report/summary.h"

const char *headline_gauge_meaning(const char *gauge)
{
	static const struct {
		const char *gauge;
		const char *meaning;
	} meanings[] = {
		{ "rx_queue", "bytes received that the application has not read yet" },
		{ "tx_queue", "bytes sent that the other side has not acknowledged yet" },
		{ "rmem", "memory that the received packets of a socket take up" },
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i].gauge, gauge) == 0)
			return meanings[i].meaning;
	return "";
}

void headline_read_longest(const struct summary *summary, char *duration, char *peak)
{
	char text[UNITS_TEXT_BYTES];
	bool known = summary->longest_missed_ns > 0;
	bool bound = summary->longest_missed_bound;

	duration[0] = peak[0] = '\0';
	if (!known)
		return;
	snprintf(duration, HEADLINE_TEXT_BYTES, "%s%s", bound ? "< " : "",
		 time_read((uint64_t)summary->longest_missed_ns, text));
	snprintf(peak, HEADLINE_TEXT_BYTES, "%s%s", bound ? "≤ " : "",
		 size_read((uint64_t)summary->longest_missed_peak_bytes, text));
}

static void print_longest(const struct summary *summary, FILE *out)
{
	char duration[UNITS_TEXT_BYTES];
	char peak[UNITS_TEXT_BYTES];

	if (summary->longest_missed_ns == 0)
		return;
	time_read((uint64_t)summary->longest_missed_ns, duration);
	size_read((uint64_t)summary->longest_missed_peak_bytes, peak);
	if (summary->missed == 1)
		fprintf(out, ";\n  the missed one %s %s and peaked at %s%s",
			summary->longest_missed_bound ? "lasted less than" : "lasted", duration,
			peak, summary->longest_missed_bound ? " at most" : "");
	else if (summary->longest_missed_bound)
		fprintf(out,
			";\n  the missed ones lasted less than %s each and peaked at %s at most",
			duration, peak);
	else
		fprintf(out, ";\n  the longest missed one lasted %s and peaked at %s", duration,
			peak);
}

/* "of 84,120 spikes at or above 16 KiB the 1 s poller saw 31 and missed 99.96 %; theory
 * expects 99.95 %; …" */
static void print_sentence(const struct summary *summary, FILE *out)
{
	char spikes[UNITS_TEXT_BYTES];
	char seen[UNITS_TEXT_BYTES];
	char threshold[THRESHOLD_TEXT_BYTES];
	char percent[PERCENT_TEXT_BYTES];

	fprintf(out, "  Of %s spike%s at or above %s the %s poller saw %s and missed %s %%",
		count_read((uint64_t)summary->spikes, spikes), summary->spikes == 1 ? "" : "s",
		threshold_read(summary->threshold, threshold), summary->poller->label,
		summary->seen == 0 ? "none" : count_read((uint64_t)summary->seen, seen),
		percent_read(summary->miss_ratio, percent));
	if (!isnan(summary->expected_miss_ratio))
		fprintf(out, "; theory expects %s %%",
			percent_read(summary->expected_miss_ratio, percent));
	print_longest(summary, out);
	fputs(".\n", out);
}

/* "The 100 ms poller missed 98.1 %, the 1 ms poller 42.1 %." */
static void print_other_pollers(const struct summary_set *set, const struct summary *telling,
				FILE *out)
{
	char percent[PERCENT_TEXT_BYTES];
	unsigned printed = 0;

	for (size_t i = 0; i < set->row_count; i++) {
		const struct summary *row = &set->rows[i];

		if (row == telling || !threshold_equal(row->threshold, telling->threshold) ||
		    row->spikes == 0 || strcmp(row->gauge, telling->gauge) != 0)
			continue;
		fprintf(out, "%s %s poller%s %s %%", printed > 0 ? ", the" : "  The",
			row->poller->label, printed > 0 ? "" : " missed",
			percent_read(row->miss_ratio, percent));
		printed++;
	}
	if (printed > 0)
		fputs(".\n", out);
}

/* Thresholds nest, so the lowest that no spike reached says it of all above. */
static void print_unreached(const struct summary_set *set, size_t first, FILE *out)
{
	size_t end = summary_next_gauge(set, first);
	char threshold[THRESHOLD_TEXT_BYTES];

	for (size_t i = first; i < end; i++) {
		if (!summary_is_unreached(set, &set->rows[i]))
			continue;
		fprintf(out, "  No spike reached %s.\n",
			threshold_read(set->rows[i].threshold, threshold));
		return;
	}
}

/* Some threshold was reached, if only by censored spikes. */
static bool is_reached(const struct summary_set *set, size_t first)
{
	size_t end = summary_next_gauge(set, first);

	for (size_t i = first; i < end; i++)
		if (!summary_is_unreached(set, &set->rows[i]))
			return true;
	return false;
}

void headline_print(const struct summary_set *set, size_t first, FILE *out)
{
	const char *gauge = set->rows[first].gauge;
	const struct summary *telling = summary_find_telling(set, gauge);

	fprintf(out, "%s (%s):\n", gauge, headline_gauge_meaning(gauge));
	if (telling) {
		print_sentence(telling, out);
		print_other_pollers(set, telling, out);
	} else if (is_reached(set, first)) {
		fputs("  No spike began and ended while a poller ran, so none is judged.\n", out);
	}
	print_unreached(set, first, out);
}
