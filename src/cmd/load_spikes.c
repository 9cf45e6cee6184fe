/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/usage.h"
#include "load/spikes.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char word[] = "load spikes";

static const char usage[] =
	"usage: pollgap load spikes [OPTION]...\n"
	"\n"
	"Sends a block, lets the receiver pause, reads it, and so on, over loopback, and prints as CSV when: from\n"
	"arrived_ns to read_start_ns the receive queue held the block, before send_start_ns and after read_end_ns nothing.\n"
	"Times are nanoseconds on CLOCK_MONOTONIC.\n"
	"\n"
	"  --size SIZE[,SIZE]...     the blocks (default 64K)\n"
	"  --size-range LOW:HIGH     drawn from this range, each octave alike\n"
	"  --pause TIME[,TIME]...    the receiver's pauses (default 5ms)\n"
	"  --pause-range LOW:HIGH    drawn from this range\n"
	"  --every TIME              a block begins at each multiple of it (default: at once after the one before)\n"
	"  --count N                 of each pair of size and pause; of drawn ones, in all (default 10)\n"
	"  --seed N                  of what is drawn (default 1): the same seed, the same blocks\n"
	"  --family ipv4|ipv6|mapped (default ipv4; mapped: IPv4 carried by an IPv6 socket)\n"
	"  -p PORT                   the receiver's (default 0: a free one)\n"
	"  --help                    this text\n";

enum {
	OPTION_SIZE = USAGE_LONG,
	OPTION_SIZE_RANGE,
	OPTION_PAUSE,
	OPTION_PAUSE_RANGE,
	OPTION_EVERY,
	OPTION_COUNT,
	OPTION_SEED,
	OPTION_FAMILY,
	OPTION_HELP
};

static const struct option names[] = {
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "size-range", required_argument, NULL, OPTION_SIZE_RANGE },
	{ "pause", required_argument, NULL, OPTION_PAUSE },
	{ "pause-range", required_argument, NULL, OPTION_PAUSE_RANGE },
	{ "every", required_argument, NULL, OPTION_EVERY },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "family", required_argument, NULL, OPTION_FAMILY },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

typedef int value_parse(const char *name, const char *text, uint64_t *ret_value);

static int size_take(const char *name, const char *text, uint64_t *ret_value)
{
	return load_parse_size(word, name, text, ret_value);
}

static int pause_take(const char *name, const char *text, uint64_t *ret_value)
{
	return load_parse_time(word, name, text, 3600ULL * NS_PER_S, ret_value);
}

/* Cuts text at each separator in place. */
static int values_take(const char *name, char *text, value_parse *parse,
		       struct spike_values *ret_values)
{
	struct spike_values values = { 0 };

	while (text) {
		char *comma = strchr(text, ',');
		int status;

		if (comma)
			*comma = '\0';
		if (values.values == SPIKE_VALUES_MAX)
			return usage_wrong(word, "%s '%s': allowed are up to %d values", name, text,
					   SPIKE_VALUES_MAX);
		status = parse(name, text, &values.value[values.values++]);
		if (status)
			return status;
		text = comma ? comma + 1 : NULL;
	}
	*ret_values = values;
	return 0;
}

static int range_take(const char *name, char *text, value_parse *parse,
		      struct spike_values *ret_values)
{
	struct spike_values values = { 0 };
	char *colon = strchr(text, ':');
	int status;

	if (!colon)
		return usage_wrong(word, "%s '%s': allowed is LOW:HIGH", name, text);
	*colon = '\0';
	status = parse(name, text, &values.low);
	if (!status)
		status = parse(name, colon + 1, &values.high);
	if (status)
		return status;
	if (values.low == 0 || values.low > values.high)
		return usage_wrong(word, "%s '%s:%s': LOW must be above 0, and HIGH not below it",
				   name, text, colon + 1);
	*ret_values = values;
	return 0;
}

static int family_take(const char *text, enum spike_family *ret_family)
{
	static const char *const family[] = { "ipv4", "ipv6", "mapped" };

	for (unsigned index = 0; index < 3; index++) {
		if (strcmp(text, family[index]) == 0) {
			*ret_family = (enum spike_family)index;
			return 0;
		}
	}
	return usage_wrong(word, "--family '%s': allowed are ipv4, ipv6 and mapped", text);
}

static int option_take(int option, char **argv, struct spike_options *options)
{
	switch (option) {
	case 'p':
		return load_parse_port(word, "-p", optarg, &options->port);
	case OPTION_SIZE:
		return values_take("--size", optarg, size_take, &options->bytes);
	case OPTION_SIZE_RANGE:
		return range_take("--size-range", optarg, size_take, &options->bytes);
	case OPTION_PAUSE:
		return values_take("--pause", optarg, pause_take, &options->pause_ns);
	case OPTION_PAUSE_RANGE:
		return range_take("--pause-range", optarg, pause_take, &options->pause_ns);
	case OPTION_EVERY:
		return pause_take("--every", optarg, &options->every_ns);
	case OPTION_COUNT:
		return load_parse_number(word, "--count", optarg, 1000000000, &options->count);
	case OPTION_SEED:
		return load_parse_number(word, "--seed", optarg, UINT64_MAX, &options->seed);
	case OPTION_FAMILY:
		return family_take(optarg, &options->family);
	default:
		return usage_wrong_option(word, option, argv);
	}
}

static int report_print(void *context, const struct spike_report *report)
{
	(void)context;
	printf("%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64
	       ",%" PRIu64 ",%" PRIu64 "\n",
	       report->sequence, report->bytes, report->pause_ns, report->local_port,
	       report->remote_port, report->send_start_ns, report->send_end_ns, report->arrived_ns,
	       report->read_start_ns, report->read_end_ns);
	return fflush(stdout) == 0 ? 0 : -errno;
}

int load_spikes_run(int argc, char **argv)
{
	struct spike_options options = {
		.bytes = { .value = { 64 << 10 }, .values = 1 },
		.pause_ns = { .value = { 5ULL * NS_PER_MS }, .values = 1 },
		.count = 10,
		.seed = 1,
	};
	struct failure failure = { 0 };
	int option, error;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, "+:p:", names, NULL)) != -1) {
		int status;

		if (option == OPTION_HELP)
			return usage_print(usage);
		status = option_take(option, argv, &options);
		if (status)
			return status;
	}
	if (optind < argc)
		return usage_wrong(word, "it takes no arguments, such as '%s'", argv[optind]);
	printf("sequence,bytes,pause_ns,local_port,remote_port,send_start_ns,send_end_ns,arrived_ns,read_start_ns,"
	       "read_end_ns\n");
	error = load_spikes(&options, report_print, NULL, &failure);
	if (error == -EPIPE && !failure.text[0])
		return STATUS_DONE; /* the reader had enough */
	if (error && failure.text[0])
		fprintf(stderr, "pollgap %s: %s\n", word, failure.text);
	else if (error)
		fprintf(stderr,
			"pollgap %s: the result can't be written: %s; is there room for it?\n",
			word, strerror(-error));
	return error ? STATUS_FAILED : load_finish(word);
}
