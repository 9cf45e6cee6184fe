/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/findings.h"

#include "base/bootstrap.h"
#include "base/cleanup.h"
#include "base/failure.h"
#include "base/units.h"
#include "report/claims.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 128 };

/* All repetitions of one measure on one server. */
struct series {
	char finding[8];
	int64_t place;
	char measure[TEXT_BYTES];
	char unit[16];
	char server[32];
	double *value;
	size_t values;
	struct estimate estimate; /* of them, once all are read */
};

struct findings {
	struct series *series;
	size_t count;
	FILE *out;
	bool sources_begun;
	const char *path; /* of the file that is read */
};

static void text_take(const struct store_row *row, int column, char *text, size_t bytes)
{
	const char *value = store_row_text(row, column);

	snprintf(text, bytes, "%s", value ? value : "");
}

static struct series *series_find(const struct findings *findings, const char *finding,
				  const char *server, int64_t place)
{
	for (size_t index = 0; index < findings->count; index++) {
		struct series *series = &findings->series[index];

		if (strcmp(series->finding, finding) == 0 && series->place == place &&
		    strcmp(series->server, server) == 0)
			return series;
	}
	return NULL;
}

static struct series *series_of(struct findings *findings, const struct series *key)
{
	struct series *series = series_find(findings, key->finding, key->server, key->place);

	if (series)
		return series;
	series = realloc(findings->series, (findings->count + 1) * sizeof(*series));
	if (!series)
		return NULL;
	findings->series = series;
	series += findings->count++;
	*series = *key;
	return series;
}

static int value_take(void *context, const struct store_row *row)
{
	struct series key = { .place = store_row_integer(row, 1) };
	struct series *series;
	double *value;

	text_take(row, 0, key.finding, sizeof(key.finding));
	text_take(row, 2, key.measure, sizeof(key.measure));
	text_take(row, 3, key.unit, sizeof(key.unit));
	text_take(row, 4, key.server, sizeof(key.server));
	if (store_row_is_null(row, 5))
		return 0;
	series = series_of(context, &key);
	value = series ? realloc(series->value, (series->values + 1) * sizeof(*value)) : NULL;
	if (!value)
		return -ENOMEM;
	series->value = value;
	value[series->values++] = store_row_real(row, 5);
	return 0;
}

/* What was run, and whether all of it came to its end. */
static int source_print(void *context, const struct store_row *row)
{
	struct findings *findings = context;
	const char *name = strrchr(findings->path, '/');

	if (!findings->sources_begun)
		fputs("| file | experiment | server | trials | failed |\n| --- | --- | --- | --- | --- |\n",
		      findings->out);
	findings->sources_begun = true;
	fprintf(findings->out, "| `%s` | %s%s | %s | %lld | %lld |\n",
		name ? name + 1 : findings->path, store_row_text(row, 0),
		store_row_integer(row, 2) ? " (quick)" : "", store_row_text(row, 1),
		(long long)store_row_integer(row, 3), (long long)store_row_integer(row, 4));
	return 0;
}

static int file_take(struct findings *findings, const char *path, struct failure *failure)
{
	_cleanup_(store_closep) struct store *store = NULL;
	int error = store_open(path, &store, failure);

	findings->path = path;
	if (!error)
		error = store_tally(store, failure);
	if (!error)
		error = store_query(store, "report_trial_failures", 0, source_print, findings,
				    failure);
	if (!error)
		error = store_query(store, "report_findings", 0, value_take, findings, failure);
	if (!error)
		error = store_query(store, "report_costs", 0, value_take, findings, failure);
	if (error == -ENOMEM)
		failure_set(failure, ENOMEM, "out of memory");
	return error;
}

/* For reading: "37,500 bytes", "0.91", "57 us". */
static const char *value_format(const char *unit, double value, char *text)
{
	if (strcmp(unit, "ns") == 0)
		return time_read((uint64_t)(value + 0.5), text);
	if (strcmp(unit, "share") == 0) {
		snprintf(text, UNITS_TEXT_BYTES, "%.3g %%", value * 100);
		return text;
	}
	if (value >= 1000)
		return count_read((uint64_t)(value + 0.5), text);
	snprintf(text, UNITS_TEXT_BYTES, "%.3g", value);
	return text;
}

static void estimate_print(const struct series *series, FILE *out)
{
	const struct estimate *estimate = &series->estimate;
	char median[UNITS_TEXT_BYTES], low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];
	bool bare = strcmp(series->unit, "ns") == 0 || strcmp(series->unit, "share") == 0 ||
		    strcmp(series->unit, "ratio") == 0;

	fputs(value_format(series->unit, estimate->median, median), out);
	if (estimate->interval)
		fprintf(out, " (%s to %s)", value_format(series->unit, estimate->low, low),
			value_format(series->unit, estimate->high, high));
	if (!bare)
		fprintf(out, " %s", series->unit);
}

static enum verdict series_judge(const struct findings *findings, const struct series *series,
				 const struct rule *rule)
{
	const struct series *untested = rule->untested_place ?
						series_find(findings, series->finding,
							    series->server, rule->untested_place) :
						NULL;

	return rule_judge(rule, &series->estimate, untested ? &untested->estimate : NULL);
}

static void rules_print(const struct claim *claim, FILE *out)
{
	for (unsigned index = 0; index < RULES_MAX && claim->rule[index].text; index++)
		fprintf(out, "%s where %s", index ? ", and" : " Confirmed",
			claim->rule[index].text);
	for (unsigned index = 0; index < RULES_MAX; index++) {
		if (claim->rule[index].untested)
			fprintf(out, "; can't be tested where it does not, but %s",
				claim->rule[index].untested);
	}
	fputc('.', out);
}

static void claim_print(const struct findings *findings, const struct claim *claim)
{
	FILE *out = findings->out;
	bool measured = false;

	fprintf(out, "\n## %s\n\n%s", claim->name, claim->text);
	rules_print(claim, out);
	fputs("\n\n", out);
	for (size_t index = 0; index < findings->count; index++) {
		const struct series *series = &findings->series[index];
		const struct rule *rule = claim_rule(claim, series->place);

		if (strcmp(series->finding, claim->name) != 0)
			continue;
		if (!measured)
			fputs("| server | measure | median (95 % interval) | repetitions | verdict |\n"
			      "| --- | --- | --- | --- | --- |\n",
			      out);
		measured = true;
		fprintf(out, "| %s | %s | ", series->server, series->measure);
		estimate_print(series, out);
		fprintf(out, " | %zu | %s |\n", series->values,
			rule ? verdict_text(series_judge(findings, series, rule)) : "");
	}
	if (measured)
		fprintf(out,
			"\nIn each file: `SELECT server, block, measure, value, unit FROM finding_value WHERE finding = '%s'`\n",
			claim->name);
	else
		fputs("Not in these files.\n", out);
}

/* Which servers came to the verdict, as a cell. Returns how many. */
static unsigned servers_print(const struct findings *findings, const struct claim *claim,
			      const struct rule *rule, unsigned verdicts, FILE *out)
{
	unsigned servers = 0;

	for (size_t index = 0; index < findings->count; index++) {
		const struct series *series = &findings->series[index];

		if (strcmp(series->finding, claim->name) != 0 || series->place != rule->place ||
		    !(verdicts & (1U << series_judge(findings, series, rule))))
			continue;
		if (out)
			fprintf(out, "%s%s", servers ? ", " : "", series->server);
		servers++;
	}
	return servers;
}

static void rule_of_all_print(const struct findings *findings, const struct claim *claim,
			      const struct rule *rule)
{
	static const unsigned columns[] = { 1U << VERDICT_CONFIRMED, 1U << VERDICT_REFUTED,
					    1U << VERDICT_NOT_SETTLED | 1U << VERDICT_TOO_FEW,
					    1U << VERDICT_UNTESTED };
	unsigned servers[VERDICTS], all = 0;

	for (unsigned verdict = 0; verdict < VERDICTS; verdict++) {
		servers[verdict] = servers_print(findings, claim, rule, 1U << verdict, NULL);
		all += servers[verdict];
	}
	fprintf(findings->out, "| %s | %s | %s", claim->name, rule->text,
		all ? verdict_of_all(servers) : "not in these files");
	for (unsigned column = 0; column < sizeof(columns) / sizeof(columns[0]); column++) {
		fputs(" | ", findings->out);
		servers_print(findings, claim, rule, columns[column], findings->out);
	}
	fputs(" |\n", findings->out);
}

/* A line for each rule: what it comes to over all servers. */
static void verdicts_print(const struct findings *findings)
{
	fputs("\n## The claims\n\n"
	      "| claim | holds where | verdict | confirmed on | refuted on | not settled on | can't be tested on |\n"
	      "| --- | --- | --- | --- | --- | --- | --- |\n",
	      findings->out);
	for (const struct claim *claim = claims; claim->name; claim++) {
		for (unsigned index = 0; index < RULES_MAX && claim->rule[index].text; index++)
			rule_of_all_print(findings, claim, &claim->rule[index]);
	}
}

static void cell_print(const struct findings *findings, const char *finding, const char *server,
		       int64_t place)
{
	const struct series *series = series_find(findings, finding, server, place);

	fputs(" | ", findings->out);
	if (!series) {
		fputc('-', findings->out);
		return;
	}
	estimate_print(series, findings->out);
}

/* What polling once a second comes to, a server a line: all of it is measured for F8. */
static void headline_print(const struct findings *findings)
{
	bool begun = false;

	for (size_t index = 0; index < findings->count; index++) {
		const struct series *series = &findings->series[index];

		if (strcmp(series->finding, "F8") != 0 || series->place != 1)
			continue;
		if (!begun)
			fputs("\n## What a poll of /proc/net/tcp each second misses\n\n"
			      "| server | spikes of 16 KiB and more in a run | missed | poll period to see 95 % | which takes of a processor | "
			      "the probe takes |\n| --- | --- | --- | --- | --- | --- |\n",
			      findings->out);
		begun = true;
		fprintf(findings->out, "| %s", series->server);
		cell_print(findings, "F8", series->server, 2);
		cell_print(findings, "F8", series->server, 1);
		for (int64_t place = 3; place <= 5; place++)
			cell_print(findings, "F8", series->server, place);
		fputs(" |\n", findings->out);
	}
	if (begun)
		fputs("\nWhat a poll takes is that of the 10 ms poller in the same run: beyond 100 % no single poller can keep the period. The probe's share is that\n"
		      "of its programs in the kernel. Where a run has few spikes, an interval over runs says little: a share of 0 or 100 % in each of them\n"
		      "leaves it without a width.\n",
		      findings->out);
}

/* Ways of measuring, and measures of each, as report_costs.sql numbers them: way * 10 + measure. */
enum { COST_WAYS = 11, COST_MEASURES = 6 };

static void cost_row_print(const struct findings *findings, const char *server, int64_t way)
{
	const struct series *series = NULL;

	for (int64_t measure = 1; measure <= COST_MEASURES && !series; measure++)
		series = series_find(findings, "cost", server, way * 10 + measure);
	if (!series)
		return;
	fprintf(findings->out, "| %s | %s", server, series->measure);
	for (int64_t measure = 1; measure <= COST_MEASURES; measure++)
		cell_print(findings, "cost", server, way * 10 + measure);
	fputs(" |\n", findings->out);
}

/* A line for each server and way of measuring. */
static void costs_print(const struct findings *findings)
{
	bool begun = false;

	for (size_t index = 0; index < findings->count; index++) {
		const struct series *series = &findings->series[index];
		bool listed = strcmp(series->finding, "cost") != 0;

		for (size_t before = 0; before < index && !listed; before++)
			listed = strcmp(findings->series[before].finding, "cost") == 0 &&
				 strcmp(findings->series[before].server, series->server) == 0;
		if (listed)
			continue;
		if (!begun)
			fputs("\n## What each way of measuring costs, and what it shows\n\n"
			      "Throughput of a closed loop and latencies at 20,000 requests a second over those with nothing (experiment overhead, pairs\n"
			      "within a block); processor time and spikes seen of those that a capture measured (experiment blog, with the cap). Medians. The probe\n"
			      "itself sees all of them: they are what it measured. In each file: `SELECT * FROM cost_value`\n\n"
			      "| server | measured by | throughput | p50 | p99 | p99.9 | of a processor (aggregate: the probe's programs; else the poller alone) | of the spikes of 16 KiB and more it sees |\n"
			      "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
			      findings->out);
		begun = true;
		for (int64_t way = 1; way <= COST_WAYS; way++)
			cost_row_print(findings, series->server, way);
	}
}

int findings_print(char *const *path, unsigned paths, FILE *out, struct failure *failure)
{
	struct findings findings = { .out = out };
	int error = 0;

	fputs("# Findings\n\nWhat the claims of the 2017 post come to, by `pollgap report --findings`. Medians over repetitions; intervals by the\n"
	      "percentile bootstrap, from six repetitions on (of just six it may cover a little less than 95 %: their lowest and highest cover 96.9 %).\n"
	      "A verdict holds for the server, the load and the machine that the file names (tables experiment and experiment_fact). F1, F2, F3, F5\n"
	      "and F6 leave out the first step of a load, its warm-up; F4, F8 and what polling costs are of whole captures, warm-up included.\n\n",
	      out);
	for (unsigned index = 0; index < paths && !error; index++)
		error = file_take(&findings, path[index], failure);
	if (!error && !findings.sources_begun)
		error = failure_set(failure, ENODATA,
				    "%s holds no experiment: 'pollgap experiment' makes one",
				    path[0]);
	for (size_t index = 0; index < findings.count; index++) {
		struct series *series = &findings.series[index];

		series->estimate = bootstrap_median(series->value, series->values);
	}
	if (!error) {
		verdicts_print(&findings);
		headline_print(&findings);
		costs_print(&findings);
	}
	for (const struct claim *claim = claims; claim->name && !error; claim++)
		claim_print(&findings, claim);
	for (size_t index = 0; index < findings.count; index++)
		free(findings.series[index].value);
	free(findings.series);
	return error;
}
