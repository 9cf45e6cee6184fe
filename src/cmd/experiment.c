/* SPDX-License-Identifier: BSD-2-Clause */
#include "experiment/experiment.h"

#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/usage.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: pollgap experiment NAME -o FILE [OPTION]...\n"
	"\n"
	"Runs a set of captures with repetitions, in an order that is drawn within each repetition, into one file: what ran, on what,\n"
	"and what came of it (tables experiment, experiment_fact and trial; view trial_step). Needs root: each trial has a network\n"
	"namespace of its own. A trial that fails is kept, with why; the exit status is then 1.\n"
	"\n"
	"  blog        the load of the 2017 post: rates in steps, 128 requests in flight on a connection, and without that cap\n"
	"  intervals   missed spikes by poll period, of real pollers and of replayed ones; and of bursts that keep step with them\n"
	"  hash        what a poll costs by the number of sockets and the size of the kernel's hash of them\n"
	"  overhead    throughput and latency with nothing, a capture, a trace, and pollers\n"
	"\n"
	"  -o FILE             the file; the experiment is added to one of pollgap's own\n"
	"  --server NAME       builtin (default), or a script of analysis/workloads: redis, nginx, memcached, postgresql, ...\n"
	"  --workloads FOLDER  where these are (default: analysis/workloads beside the binary's folder)\n"
	"  --yardsticks FOLDER overhead beside programs that do nothing, the post's probe and a naive tracer, too: build/tests has them\n"
	"  --quick             within a minute (cassandra: three): shorter, with fewer repetitions; a try, not a result\n"
	"  --seed N            of the order of trials (default 1)\n"
	"  --help              this text\n";

enum {
	OPTION_SERVER = USAGE_LONG,
	OPTION_WORKLOADS,
	OPTION_YARDSTICKS,
	OPTION_QUICK,
	OPTION_SEED,
	OPTION_HELP,
};

static const struct option option_names[] = {
	{ "server", required_argument, NULL, OPTION_SERVER },
	{ "workloads", required_argument, NULL, OPTION_WORKLOADS },
	{ "yardsticks", required_argument, NULL, OPTION_YARDSTICKS },
	{ "quick", no_argument, NULL, OPTION_QUICK },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

/* Returns 0 or STATUS_USAGE. */
static int option_take(int option, char **argv, struct experiment_options *options)
{
	switch (option) {
	case 'o':
		options->path = optarg;
		return 0;
	case OPTION_SERVER:
		options->server = optarg;
		return 0;
	case OPTION_WORKLOADS:
		options->workloads = optarg;
		return 0;
	case OPTION_YARDSTICKS:
		options->yardsticks = optarg;
		return 0;
	case OPTION_QUICK:
		options->quick = true;
		return 0;
	case OPTION_SEED:
		return option_parse_number("experiment", "--seed", optarg, 0, INT32_MAX,
					   &options->seed);
	default:
		return usage_wrong_option("experiment", option, argv);
	}
}

static int options_parse(int argc, char **argv, struct experiment_options *options, bool *ret_help)
{
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, ":o:", option_names, NULL)) != -1) {
		int status;

		if (option == OPTION_HELP) {
			*ret_help = true;
			return 0;
		}
		status = option_take(option, argv, options);
		if (status)
			return status;
	}
	if (optind == argc)
		return usage_wrong("experiment", "which one? blog, hash, intervals or overhead");
	options->name = argv[optind++];
	if (optind < argc)
		return usage_wrong("experiment", "what is '%s'? one experiment at a time",
				   argv[optind]);
	if (!options->path || !*options->path)
		return usage_wrong("experiment", "'-o FILE' is missing: which file to write?");
	return 0;
}

static int experiment_command(int argc, char **argv)
{
	struct experiment_options options = { .server = "builtin",
					      .seed = 1,
					      .command_line = argv };
	struct failure failure = { 0 };
	bool help = false;
	int status = options_parse(argc, argv, &options, &help);
	int failed;

	if (status)
		return status;
	if (help)
		return usage_print(usage);
	failed = experiment_run(&options, &failure);
	if (failed == -ENOENT)
		return usage_wrong("experiment", "%s", failure.text);
	if (failed < 0) {
		fprintf(stderr, "pollgap experiment: %s\n", failure.text);
		return STATUS_FAILED;
	}
	if (failed > 0) {
		fprintf(stderr,
			"pollgap experiment: %d trials failed: table trial of %s says why\n",
			failed, options.path);
		return STATUS_FAILED;
	}
	printf("%s: experiment %s is done; view trial_step and table trial have its runs\n",
	       options.path, options.name);
	return STATUS_DONE;
}

const struct command command_experiment = {
	.name = "experiment",
	.summary = "a set of captures with repetitions: the 2017 post's, and others",
	.run = experiment_command,
};
