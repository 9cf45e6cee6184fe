/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* strchrnul() */
#include "capture/replay.h"

#include "base/clock.h"
#include "base/failure.h"
#include "base/units.h"
#include "capture/options.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/usage.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MIN_NS NS_PER_US
#define PERIOD_MAX_NS (3600ULL * NS_PER_S)

static const char usage[] =
	"usage: pollgap replay FILE --poll PERIOD[,PERIOD]... [OPTION]...\n"
	"\n"
	"What pollers of other periods and phases would have seen of a traced capture (capture --trace), each poll at one instant:\n"
	"a capture of its own in the same file, whose pollers are marked simulated. Every view works on it; it needs no root.\n"
	"\n"
	"  --poll PERIOD[,PERIOD]...   1us to 1h; up to 16\n"
	"  --phase random|TIME         when the first poll is due after the capture's start (default random)\n"
	"  --repeat N                  so many pollers of each period, each with a phase of its own (default 1; up to 10000)\n"
	"  --keep rows|counts          each sample, and each spike with who saw it; or how many spikes there were of each duration, and\n"
	"                              how many each poller saw: faster, with less in the views (default: rows for up to 100 pollers)\n"
	"  --jitter NAME               none (default), uniform or poisson, as with 'pollgap capture'\n"
	"  --seed N                    of random phases and of the jitter (default 1): the same seed, the same turns\n"
	"  --threshold SIZE[,SIZE]...  other thresholds than the capture's\n"
	"  --capture ID                which one (default: the last traced one)\n"
	"  --help                      this text\n"
	"\n"
	"'pollgap report FILE --capture ID' reports on it; the ID is printed.\n";

enum {
	OPTION_POLL = USAGE_LONG,
	OPTION_PHASE,
	OPTION_REPEAT,
	OPTION_KEEP,
	OPTION_JITTER,
	OPTION_SEED,
	OPTION_THRESHOLD,
	OPTION_CAPTURE,
	OPTION_HELP,
};

static int periods_parse(const char *text, struct replay_options *options)
{
	const char *whole = text;

	while (text) {
		const char *end = strchrnul(text, ',');
		char item[32];
		uint64_t period_ns;

		snprintf(item, sizeof(item), "%.*s", (int)(end - text), text);
		if (options->periods == REPLAY_PERIODS_MAX || time_parse(item, &period_ns) < 0 ||
		    period_ns < PERIOD_MIN_NS || period_ns > PERIOD_MAX_NS)
			return usage_wrong(
				"replay",
				"--poll '%s': allowed are up to %d periods from 1us to 1h, with commas between them",
				whole, REPLAY_PERIODS_MAX);
		options->period_ns[options->periods++] = period_ns;
		text = *end ? end + 1 : NULL;
	}
	return 0;
}

static int number_parse(const char *name, const char *text, uint64_t min, uint64_t max,
			uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *ret_number >= min &&
	    *ret_number <= max)
		return 0;
	return usage_wrong("replay", "%s '%s': allowed is a number from %llu to %llu", name, text,
			   (unsigned long long)min, (unsigned long long)max);
}

static int thresholds_parse(const char *text, struct replay_options *options)
{
	struct capture_options parsed = { 0 };
	int status = option_add_thresholds("--threshold", text, &parsed);

	if (status)
		return status;
	if (parsed.thresholds_in_percent)
		return usage_wrong("replay",
				   "--threshold '%s': a trace holds no limits to take per cent of",
				   text);
	memcpy(options->threshold_bytes, parsed.threshold, sizeof(parsed.threshold));
	options->thresholds = parsed.thresholds;
	return 0;
}

static int keep_parse(const char *text, struct replay_options *options)
{
	if (strcmp(text, "rows") == 0)
		options->keep = REPLAY_KEEP_ROWS;
	else if (strcmp(text, "counts") == 0)
		options->keep = REPLAY_KEEP_COUNTS;
	else
		return usage_wrong("replay", "--keep '%s': allowed is 'rows' or 'counts'", text);
	return 0;
}

static int option_take(int option, const char *value, struct replay_options *options)
{
	uint64_t number = 0;
	int status;

	switch (option) {
	case OPTION_POLL:
		return periods_parse(value, options);
	case OPTION_PHASE:
		options->phase_given = strcmp(value, "random") != 0;
		if (options->phase_given && time_parse(value, &options->phase_ns) < 0)
			return usage_wrong(
				"replay",
				"--phase '%s': allowed is 'random', or a time such as 250ms",
				value);
		return 0;
	case OPTION_REPEAT:
		status = number_parse("--repeat", value, 1, REPLAY_REPEATS_MAX, &number);
		options->repeats = (unsigned)number;
		return status;
	case OPTION_JITTER:
		if (jitter_parse(value, &options->jitter) < 0)
			return usage_wrong("replay",
					   "--jitter '%s': allowed are none, uniform and poisson",
					   value);
		return 0;
	case OPTION_KEEP:
		return keep_parse(value, options);
	case OPTION_SEED:
		return number_parse("--seed", value, 0, UINT64_MAX, &options->seed);
	case OPTION_THRESHOLD:
		return thresholds_parse(value, options);
	default:
		status = number_parse("--capture", value, 1, INT64_MAX, &number);
		options->capture_id = (int64_t)number;
		return status;
	}
}

/* Returns 0 or STATUS_USAGE. */
static int options_parse(int argc, char **argv, struct replay_options *options, bool *ret_help)
{
	static const struct option names[] = {
		{ "poll", required_argument, NULL, OPTION_POLL },
		{ "phase", required_argument, NULL, OPTION_PHASE },
		{ "repeat", required_argument, NULL, OPTION_REPEAT },
		{ "jitter", required_argument, NULL, OPTION_JITTER },
		{ "keep", required_argument, NULL, OPTION_KEEP },
		{ "seed", required_argument, NULL, OPTION_SEED },
		{ "threshold", required_argument, NULL, OPTION_THRESHOLD },
		{ "capture", required_argument, NULL, OPTION_CAPTURE },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option, status = 0;

	optind = 0; /* makes getopt start anew */
	while (!status && (option = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (option == OPTION_HELP) {
			*ret_help = true;
			return 0;
		}
		if (option == '?' || option == ':')
			return usage_wrong_option("replay", option, argv);
		status = option_take(option, optarg, options);
	}
	if (status)
		return status;
	if (argc - optind < 1)
		return usage_wrong("replay", "which file? 'pollgap replay FILE --poll PERIOD'");
	if (argc - optind > 1)
		return usage_wrong("replay", "what is '%s'? it takes one FILE", argv[optind + 1]);
	if (!options->periods)
		return usage_wrong("replay", "how often? --poll PERIOD, such as --poll 1s,100ms");
	if (options->phase_given && options->repeats > 1)
		return usage_wrong("replay",
				   "--repeat %u: with one --phase all of them would be the same",
				   options->repeats);
	options->path = argv[optind];
	return 0;
}

static int replay_command_run(int argc, char **argv)
{
	struct replay_options options = { .repeats = 1, .seed = 1, .command_line = argv };
	struct failure failure = { 0 };
	int64_t capture_id = 0;
	bool help = false;
	int status = options_parse(argc, argv, &options, &help);

	if (status)
		return status;
	if (help)
		return usage_print(usage);
	if (replay_run(&options, &capture_id, &failure) < 0) {
		fprintf(stderr, "pollgap replay: %s\n", failure.text);
		return STATUS_FAILED;
	}
	printf("capture %lld\n", (long long)capture_id);
	return STATUS_DONE;
}

const struct command command_replay = {
	.name = "replay",
	.summary = "what other pollers would have seen of a traced capture",
	.run = replay_command_run,
};
