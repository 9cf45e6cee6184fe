/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"
#include "report/findings.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "store/store.h"

static const char usage[] =
	"usage: pollgap report FILE [OPTION]...\n"
	"       pollgap report --findings FILE...\n"
	"\n"
	"Says which spikes of the socket queues the pollers of a capture missed, and how often one would have to poll.\n"
	"\n"
	"  --format text|csv|json  text is for reading (default); csv is the table of missed spikes;\n"
	"                          json is all of it\n"
	"  --capture ID            this capture of the file alone (default: all of them)\n"
	"  --findings              of the experiments in these files: the claims of the 2017 post, each with what was measured,\n"
	"                          its interval and a verdict, as Markdown\n"
	"  --help                  this text\n";

enum { OPTION_FORMAT = USAGE_LONG, OPTION_CAPTURE, OPTION_FINDINGS, OPTION_HELP };

struct options {
	const char *path;
	char *const *findings; /* the files; NULL: one report */
	unsigned findings_files;
	struct report_options report;
	bool wants_findings;
	bool help;
};

static int format_parse(const char *text, enum report_format *ret_format)
{
	static const char *const names[] = {
		[REPORT_TEXT] = "text", [REPORT_CSV] = "csv", [REPORT_JSON] = "json"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_format = (enum report_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* A number as the file's captures have: from 1 on, digits alone. */
static int capture_id_parse(const char *text, int64_t *ret_capture_id)
{
	int64_t capture_id = 0;

	for (const char *c = text; *c; c++)
		if (*c < '0' || *c > '9' || __builtin_mul_overflow(capture_id, 10, &capture_id) ||
		    __builtin_add_overflow(capture_id, *c - '0', &capture_id))
			return -EINVAL;
	if (capture_id == 0)
		return -EINVAL;
	*ret_capture_id = capture_id;
	return 0;
}

static int option_take(int option, char **argv, struct options *options)
{
	switch (option) {
	case OPTION_HELP:
		options->help = true;
		return 0;
	case OPTION_FINDINGS:
		options->wants_findings = true;
		return 0;
	case OPTION_FORMAT:
		if (format_parse(optarg, &options->report.format) < 0)
			return usage_wrong("report", "--format takes text, csv or json, not '%s'",
					   optarg);
		return 0;
	case OPTION_CAPTURE:
		if (capture_id_parse(optarg, &options->report.capture_id) < 0)
			return usage_wrong(
				"report",
				"--capture takes the number of a capture (1, 2, ...), not '%s'",
				optarg);
		return 0;
	default:
		return usage_wrong_option("report", option, argv);
	}
}

/* Returns 0, or STATUS_USAGE. */
static int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "format", required_argument, NULL, OPTION_FORMAT },
		{ "capture", required_argument, NULL, OPTION_CAPTURE },
		{ "findings", no_argument, NULL, OPTION_FINDINGS },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		int status = option_take(option, argv, options);

		if (status != 0)
			return status;
	}
	if (options->help)
		return 0;
	if (optind == argc)
		return usage_wrong(
			"report",
			"which file? 'pollgap report FILE'; 'pollgap report --help' says more");
	if (options->wants_findings) {
		options->findings = argv + optind;
		options->findings_files = (unsigned)(argc - optind);
		return 0;
	}
	if (argc - optind > 1)
		return usage_wrong("report", "it takes one file: '%s' is one too many",
				   argv[optind + 1]);
	options->path = argv[optind];
	return 0;
}

static int report_run(int argc, char **argv)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct options options = { .report = { .format = REPORT_TEXT } };
	struct failure failure = { 0 };
	int status = options_parse(argc, argv, &options);
	int error;

	if (status != 0)
		return status;
	if (options.help)
		return usage_print(usage);
	if (options.findings)
		error = findings_print(options.findings, options.findings_files, stdout, &failure);
	else
		error = store_open(options.path, &store, &failure);
	if (error == 0 && !options.findings)
		error = report_print(store, &options.report, stdout, &failure);
	/* A reader such as head(1) had enough: that is its right. */
	if (error == 0 || error == -EPIPE)
		return STATUS_DONE;
	fprintf(stderr, "pollgap report: %s\n", failure.text);
	return STATUS_FAILED;
}

const struct command command_report = {
	.name = "report",
	.summary = "what the pollers of a capture file missed",
	.run = report_run,
};
