/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/usage.h"
#include "load/client.h"
#include "load/network.h"
#include "report/json.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char word[] = "load client";

static const char usage[] =
	"usage: pollgap load client -p PORT [OPTION]... [HOST]\n"
	"\n"
	"Sends requests at a given rate, whatever the replies do. A request's latency counts from the instant at which it\n"
	"was meant to go out, so a server that stalls is not forgiven for the requests that it kept from being sent.\n"
	"One that was not answered counts with the time until it was given up.\n"
	"\n"
	"  -p PORT               the server's port on HOST (default 127.0.0.1)\n"
	"  --rate N[:TIME][,N:TIME]...  requests a second, all connections together, in steps (default 1000);\n"
	"                        'max': as fast as the replies allow, a closed loop\n"
	"  -d TIME               how long, where the rate does not say (default 10s)\n"
	"  --size SIZE           of a request, as the server's (default 300)\n"
	"  --request FILE        a request's bytes, up to 256 KiB, or with --size those of several, sent in turn: for servers of\n"
	"                        other protocols, whose replies to them all have the size of --reply\n"
	"  --reply SIZE          of a reply, as the server's (default 8)\n"
	"  --greeting FILE       what a protocol wants first on each connection, up to 256 KiB, sent before the load begins,\n"
	"  --greeting-reply SIZE and the size of the answer to it\n"
	"  --connections N       1 to 20000 (default 1)\n"
	"  --in-flight K         requests that a connection may have on their way (default 128; 0: no cap)\n"
	"  --drain TIME          how long to wait for the last replies (default 1s)\n"
	"  --json                the result as JSON\n"
	"  --help                this text\n";

enum {
	OPTION_RATE = USAGE_LONG,
	OPTION_SIZE,
	OPTION_REQUEST,
	OPTION_REPLY,
	OPTION_GREETING,
	OPTION_GREETING_REPLY,
	OPTION_CONNECTIONS,
	OPTION_IN_FLIGHT,
	OPTION_DRAIN,
	OPTION_JSON,
	OPTION_HELP
};

static const struct option names[] = {
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "request", required_argument, NULL, OPTION_REQUEST },
	{ "reply", required_argument, NULL, OPTION_REPLY },
	{ "greeting", required_argument, NULL, OPTION_GREETING },
	{ "greeting-reply", required_argument, NULL, OPTION_GREETING_REPLY },
	{ "connections", required_argument, NULL, OPTION_CONNECTIONS },
	{ "in-flight", required_argument, NULL, OPTION_IN_FLIGHT },
	{ "drain", required_argument, NULL, OPTION_DRAIN },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

struct client_options {
	struct load_client_options load;
	char request[NETWORK_BUFFER_BYTES];
	char greeting[NETWORK_BUFFER_BYTES];
	const char *rate; /* as given: it may come before -d */
	uint64_t duration_ns;
	uint64_t file_bytes; /* of --request */
	uint64_t size_bytes; /* of --size, 0: not given */
	uint64_t connections;
	bool as_json;
	bool help;
};

static const struct {
	const char *name;
	unsigned per_million;
} quantiles[] = {
	{ "p50_ns", 500000 },
	{ "p90_ns", 900000 },
	{ "p99_ns", 990000 },
	{ "p99_9_ns", 999000 },
};
enum { QUANTILES = sizeof(quantiles) / sizeof(quantiles[0]) };

static int duration_take(const char *text, uint64_t *ret_duration_ns)
{
	if (load_parse_time(word, "-d", text, 86400ULL * NS_PER_S, ret_duration_ns))
		return STATUS_USAGE;
	return *ret_duration_ns ?
		       0 :
		       usage_wrong(word, "-d '%s': the load must last for some time", text);
}

static int port_take(const char *text, uint16_t *ret_port)
{
	if (load_parse_port(word, "-p", text, ret_port))
		return STATUS_USAGE;
	return *ret_port ? 0 : usage_wrong(word, "-p '%s': no server listens on port 0", text);
}

/* A file, or a pipe. */
static int bytes_read(const char *option, const char *path, char *room, uint64_t *ret_bytes)
{
	FILE *file = fopen(path, "re");
	size_t bytes = 0;

	if (!file)
		return usage_wrong(word, "%s '%s': %s", option, path, strerror(errno));
	bytes = fread(room, 1, NETWORK_BUFFER_BYTES, file);
	if (ferror(file) || !feof(file) || !bytes) {
		fclose(file);
		return usage_wrong(word, "%s '%s': allowed are 1 byte to 256 KiB less one", option,
				   path);
	}
	fclose(file);
	*ret_bytes = bytes;
	return 0;
}

static int option_take(int option, char **argv, struct client_options *options)
{
	switch (option) {
	case 'p':
		return port_take(optarg, &options->load.port);
	case 'd':
		return duration_take(optarg, &options->duration_ns);
	case OPTION_RATE:
		options->rate = optarg;
		return 0;
	case OPTION_SIZE:
		return load_parse_size(word, "--size", optarg, &options->size_bytes);
	case OPTION_REQUEST:
		options->load.request = options->request;
		return bytes_read("--request", optarg, options->request, &options->file_bytes);
	case OPTION_GREETING:
		options->load.greeting = options->greeting;
		return bytes_read("--greeting", optarg, options->greeting,
				  &options->load.greeting_bytes);
	case OPTION_GREETING_REPLY:
		return load_parse_size(word, "--greeting-reply", optarg,
				       &options->load.greeting_reply_bytes);
	case OPTION_REPLY:
		return load_parse_size(word, "--reply", optarg, &options->load.reply_bytes);
	case OPTION_CONNECTIONS:
		return load_parse_number(word, "--connections", optarg, 20000,
					 &options->connections);
	case OPTION_IN_FLIGHT:
		return load_parse_number(word, "--in-flight", optarg, 1000000,
					 &options->load.in_flight);
	case OPTION_DRAIN:
		return load_parse_time(word, "--drain", optarg, 3600ULL * NS_PER_S,
				       &options->load.drain_ns);
	case OPTION_JSON:
		options->as_json = true;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	default:
		return usage_wrong_option(word, option, argv);
	}
}

/* A file is one request, or several of --size. Returns 0, or STATUS_USAGE where that leaves a rest.
 */
static int requests_count(struct client_options *options)
{
	struct load_client_options *load = &options->load;

	load->requests = 1;
	if (options->size_bytes)
		load->request_bytes = options->size_bytes;
	else if (load->request)
		load->request_bytes = options->file_bytes;
	if (!load->request)
		return 0;
	load->requests = options->file_bytes / load->request_bytes;
	return (options->file_bytes % load->request_bytes) == 0 ? 0 : STATUS_USAGE;
}

static int options_check(int argc, char **argv, struct client_options *options)
{
	if (argc - optind > 1)
		return usage_wrong(word, "it takes one host: '%s' is one too many",
				   argv[optind + 1]);
	if (optind < argc)
		options->load.host = argv[optind];
	if (!options->load.port)
		return usage_wrong(word, "'-p PORT' is missing: where does the server listen?");
	if (requests_count(options))
		return usage_wrong(
			word,
			"--size '%" PRIu64 "': the %" PRIu64
			" bytes of --request are no whole number of requests of that size",
			options->size_bytes, options->file_bytes);
	if (!options->load.greeting_bytes != !options->load.greeting_reply_bytes)
		return usage_wrong(word, "'--greeting' and '--greeting-reply' go together");
	if (!options->connections)
		return usage_wrong(word, "--connections '0': allowed is a number from 1 to 20000");
	options->load.connections = (unsigned)options->connections;
	if (rate_parse(options->rate, options->duration_ns, &options->load.rate) < 0)
		return usage_wrong(
			word,
			"--rate '%s': allowed is N for the time of -d, N:TIME[,N:TIME]..., up to %d steps, or max",
			options->rate, RATE_STEPS_MAX);
	if (options->load.rate.max && !options->load.in_flight)
		return usage_wrong(word, "--in-flight '0': with --rate max a cap is needed");
	return 0;
}

static int options_parse(int argc, char **argv, struct client_options *options)
{
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, ":p:d:", names, NULL)) != -1) {
		int status = option_take(option, argv, options);

		if (status)
			return status;
	}
	return options->help ? 0 : options_check(argc, argv, options);
}

/* asked_per_s 0: as fast as possible. */
static void step_print(const char *name, double asked_per_s, const struct load_step *step,
		       uint64_t gave_up_ns)
{
	printf("%-6s %10.3f ", name, (double)step->duration_ns / NS_PER_S);
	if (asked_per_s > 0)
		printf("%12.0f", asked_per_s);
	else
		printf("%12s", "max");
	printf(" %12.0f %12" PRIu64 " %12" PRIu64 " %12" PRIu64,
	       load_step_achieved_per_s(step, gave_up_ns), step->due, step->sent,
	       step->due - step->answered);
	for (unsigned index = 0; index < QUANTILES; index++)
		printf(" %10.3f",
		       (double)histogram_quantile(&step->latency, quantiles[index].per_million) /
			       NS_PER_MS);
	printf(" %10.3f\n", (double)step->latency.max / NS_PER_MS);
}

/* The mean over all steps, by the time of each. */
static double asked_in_all_per_s(const struct client_options *options, const struct load_step *sum)
{
	const struct rate *rate = &options->load.rate;
	double requests = 0;

	for (unsigned index = 0; index < rate->steps; index++)
		requests += (double)rate->step[index].per_s *
			    ((double)rate->step[index].duration_ns / NS_PER_S);
	return requests * NS_PER_S / (double)sum->duration_ns;
}

static void result_print(const struct client_options *options, const struct load_result *result,
			 const struct load_step *sum)
{
	printf("%-6s %10s %12s %12s %12s %12s %12s %10s %10s %10s %10s %10s\n", "step", "time, s",
	       "asked, 1/s", "achieved,1/s", "due", "sent", "unanswered", "p50, ms", "p90, ms",
	       "p99, ms", "p99.9, ms", "max, ms");
	for (unsigned index = 0; index < result->steps; index++) {
		char name[12];

		snprintf(name, sizeof(name), "%u", index + 1);
		step_print(name, (double)options->load.rate.step[index].per_s, &result->step[index],
			   result->drained_ns);
	}
	step_print("all", asked_in_all_per_s(options, sum), sum, result->drained_ns);
}

static void rate_json(struct json *json, const char *name, double per_s)
{
	char text[32];

	snprintf(text, sizeof(text), "%.12g", per_s);
	json_number(json, name, text);
}

static void step_json(struct json *json, double asked_per_s, const struct load_step *step,
		      const struct load_result *result)
{
	uint64_t gave_up_ns = result->drained_ns;

	if (asked_per_s > 0)
		rate_json(json, "rate_per_s", asked_per_s);
	rate_json(json, "achieved_per_s", load_step_achieved_per_s(step, gave_up_ns));
	load_json_number(json, "start_ns", result->start_ns + step->start_ns);
	load_json_number(json, "duration_ns", step->duration_ns);
	load_json_number(json, "due", step->due);
	load_json_number(json, "sent", step->sent);
	load_json_number(json, "answered", step->answered);
	load_json_number(json, "unanswered", step->due - step->answered);
	load_json_number(json, "in_flight_peak", step->in_flight_peak);
	for (unsigned index = 0; index < QUANTILES; index++)
		load_json_number(json, quantiles[index].name,
				 histogram_quantile(&step->latency, quantiles[index].per_million));
	load_json_number(json, "max_ns", step->latency.max);
}

static void result_json(const struct client_options *options, const struct load_result *result,
			const struct load_step *sum)
{
	struct json json = { .out = stdout };

	json_object_begin(&json, NULL);
	json_array_begin(&json, "steps");
	for (unsigned index = 0; index < result->steps; index++) {
		json_object_begin(&json, NULL);
		step_json(&json, (double)options->load.rate.step[index].per_s, &result->step[index],
			  result);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_object_begin(&json, "all");
	step_json(&json, asked_in_all_per_s(options, sum), sum, result);
	json_object_end(&json);
	json_object_end(&json);
}

static int result_show(const struct client_options *options, const struct load_result *result)
{
	struct load_step sum = { .duration_ns = result->duration_ns };

	if (histogram_new(&sum.latency) < 0) {
		fprintf(stderr, "pollgap %s: out of memory\n", word);
		return STATUS_FAILED;
	}
	for (unsigned index = 0; index < result->steps; index++) {
		const struct load_step *step = &result->step[index];

		sum.due += step->due;
		sum.sent += step->sent;
		sum.answered += step->answered;
		if (step->in_flight_peak > sum.in_flight_peak)
			sum.in_flight_peak = step->in_flight_peak;
		if (step->last_reply_ns > sum.last_reply_ns)
			sum.last_reply_ns = step->last_reply_ns;
		histogram_merge(&sum.latency, &step->latency);
	}
	if (options->as_json)
		result_json(options, result, &sum);
	else
		result_print(options, result, &sum);
	histogram_free(&sum.latency);
	return load_finish(word);
}

int load_client_run(int argc, char **argv)
{
	struct client_options options = {
		.load = { .host = "127.0.0.1",
			  .request_bytes = 300,
			  .reply_bytes = 8,
			  .in_flight = 128,
			  .drain_ns = NS_PER_S },
		.rate = "1000",
		.duration_ns = 10ULL * NS_PER_S,
		.connections = 1,
	};
	struct failure failure = { 0 };
	struct load_result result;
	int status = options_parse(argc, argv, &options);

	if (status)
		return status;
	if (options.help)
		return usage_print(usage);
	if (load_drive(&options.load, &result, &failure) < 0) {
		fprintf(stderr, "pollgap %s: %s\n", word, failure.text);
		status = STATUS_FAILED;
	} else {
		status = result_show(&options, &result);
	}
	load_result_free(&result);
	return status;
}
