/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/usage.h"
#include "load/server.h"
#include "report/json.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const char word[] = "load server";

static const char usage[] =
	"usage: pollgap load server [OPTION]...\n"
	"\n"
	"Answers requests of a fixed size, in one thread, until SIGINT or SIGTERM. Its first line says the port.\n"
	"\n"
	"  -p PORT           listen there (default 0: a free one)\n"
	"  --bind ADDRESS    on this address (default: every one, IPv4 and IPv6)\n"
	"  --size SIZE       of a request (default 300)\n"
	"  --reply SIZE      of its reply (default 8)\n"
	"  --service TIME    how long each request keeps the server, and all others waiting (default 0)\n"
	"  --json            what was served as JSON\n"
	"  --help            this text\n";

enum {
	OPTION_BIND = USAGE_LONG,
	OPTION_SIZE,
	OPTION_REPLY,
	OPTION_SERVICE,
	OPTION_JSON,
	OPTION_HELP
};

static const struct option names[] = {
	{ "bind", required_argument, NULL, OPTION_BIND },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "reply", required_argument, NULL, OPTION_REPLY },
	{ "service", required_argument, NULL, OPTION_SERVICE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static int option_take(int option, char **argv, struct load_server_options *options)
{
	switch (option) {
	case 'p':
		return load_parse_port(word, "-p", optarg, &options->port);
	case OPTION_BIND:
		options->address = optarg;
		return 0;
	case OPTION_SIZE:
		return load_parse_size(word, "--size", optarg, &options->request_bytes);
	case OPTION_REPLY:
		return load_parse_size(word, "--reply", optarg, &options->reply_bytes);
	case OPTION_SERVICE:
		return load_parse_time(word, "--service", optarg, 60ULL * NS_PER_S,
				       &options->service_ns);
	default:
		return usage_wrong_option(word, option, argv);
	}
}

static void listening_print(uint16_t port)
{
	printf("listening on port %u\n", port);
	fflush(stdout);
}

static void served_print(const struct load_served *served, bool as_json)
{
	struct json json = { .out = stdout };

	if (!as_json) {
		printf("%" PRIu64 " requests on %" PRIu64 " connections in %.3f s, %" PRIu64
		       " bytes received\n",
		       served->requests, served->connections,
		       (double)served->duration_ns / NS_PER_S, served->received_bytes);
		return;
	}
	json_object_begin(&json, NULL);
	load_json_number(&json, "requests", served->requests);
	load_json_number(&json, "connections", served->connections);
	load_json_number(&json, "received_bytes", served->received_bytes);
	load_json_number(&json, "duration_ns", served->duration_ns);
	json_object_end(&json);
}

int load_server_run(int argc, char **argv)
{
	struct load_server_options options = { .request_bytes = 300, .reply_bytes = 8 };
	struct failure failure = { 0 };
	struct load_served served;
	bool as_json = false;
	int option, status;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, "+:p:", names, NULL)) != -1) {
		if (option == OPTION_HELP)
			return usage_print(usage);
		if (option == OPTION_JSON) {
			as_json = true;
			continue;
		}
		status = option_take(option, argv, &options);
		if (status)
			return status;
	}
	if (optind < argc)
		return usage_wrong(word, "it takes no arguments, such as '%s'", argv[optind]);
	if (load_serve(&options, listening_print, &served, &failure) < 0) {
		fprintf(stderr, "pollgap %s: %s\n", word, failure.text);
		return STATUS_FAILED;
	}
	served_print(&served, as_json);
	return load_finish(word);
}
