/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/load.h"

#include "base/units.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "report/json.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* One request must fit the sender's memory, and a reply too. */
#define SIZE_MAX_BYTES (64ULL << 20)

static const char usage[] =
	"usage: pollgap load server|client|spikes [OPTION]...\n"
	"\n"
	"Traffic whose truth is known.\n"
	"\n"
	"  server   answers requests of a given size\n"
	"  client   sends them at a given rate, whatever the replies do, and measures their latency\n"
	"  spikes   fills and empties a receive queue, and says when\n"
	"\n"
	"Each has --help.\n";

int load_parse_time(const char *word, const char *name, const char *text, uint64_t max_ns,
		    uint64_t *ret_ns)
{
	char max[UNITS_TEXT_BYTES];
	uint64_t time_ns;

	if (time_parse(text, &time_ns) == 0 && time_ns <= max_ns) {
		*ret_ns = time_ns;
		return 0;
	}
	return usage_wrong(word, "%s '%s': allowed is a time up to %s, written like 50us or 10s",
			   name, text, time_format(max_ns, max));
}

int load_parse_size(const char *word, const char *name, const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;

	if (size_parse(text, &bytes) == 0 && bytes > 0 && bytes <= SIZE_MAX_BYTES) {
		*ret_bytes = bytes;
		return 0;
	}
	return usage_wrong(word, "%s '%s': allowed is a size from 1 to 64M, such as 300 or 4K",
			   name, text);
}

int load_parse_port(const char *word, const char *name, const char *text, uint16_t *ret_port)
{
	if (strcmp(text, "0") == 0) {
		*ret_port = 0;
		return 0;
	}
	if (port_parse(text, ret_port) == 0)
		return 0;
	return usage_wrong(word, "%s '%s': allowed is a port number up to 65535", name, text);
}

int load_parse_number(const char *word, const char *name, const char *text, uint64_t max,
		      uint64_t *ret_number)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && number <= max) {
		*ret_number = number;
		return 0;
	}
	return usage_wrong(word, "%s '%s': allowed is a number up to %" PRIu64, name, text, max);
}

void load_json_number(struct json *json, const char *name, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	json_number(json, name, text);
}

int load_finish(const char *word)
{
	/* An earlier write may have failed too; why is no longer known then. */
	int error = ferror(stdout) ? EIO : 0;

	if (fflush(stdout) < 0)
		error = errno;
	if (!error || error == EPIPE)
		return STATUS_DONE;
	fprintf(stderr, "pollgap %s: the result can't be written: %s; is there room for it?\n",
		word, strerror(error));
	return STATUS_FAILED;
}

/* Each connection takes a descriptor, and most shells give 1,024: root takes more, others all that
 * they may have. */
static void descriptors_raise(void)
{
	static const struct rlimit wanted = { 1 << 18, 1 << 18 };
	struct rlimit allowed;

	if (getrlimit(RLIMIT_NOFILE, &allowed) < 0 || allowed.rlim_cur >= wanted.rlim_cur ||
	    setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		return;
	allowed.rlim_cur = allowed.rlim_max;
	setrlimit(RLIMIT_NOFILE, &allowed);
}

static void process_prepare(void)
{
	signal(SIGPIPE, SIG_IGN); /* a reader such as head(1) may have had enough */
	descriptors_raise();
}

static int load_run(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(int argc, char **argv);
	} words[] = {
		{ "server", load_server_run },
		{ "client", load_client_run },
		{ "spikes", load_spikes_run },
	};

	process_prepare();
	if (argc < 2)
		return usage_wrong("load", "which load? server, client or spikes");
	if (strcmp(argv[1], "--help") == 0)
		return usage_print(usage);
	for (size_t index = 0; index < sizeof(words) / sizeof(words[0]); index++) {
		if (strcmp(argv[1], words[index].word) == 0)
			return words[index].run(argc - 1, argv + 1);
	}
	return usage_wrong("load", "there is no load '%s': server, client or spikes", argv[1]);
}

const struct command command_load = {
	.name = "load",
	.summary = "known traffic: a server, a client at a given rate, spikes of a given size",
	.run = load_run,
};
