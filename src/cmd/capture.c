/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "base/units.h"
#include "capture/options.h"
#include "capture/session.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/usage.h"
#include "report/report.h"
#include "store/store.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: pollgap capture -o FILE [OPTION]... [-d TIME | -- COMMAND [ARG]...]\n"
	"\n"
	"Measures every change of the TCP queues in the kernel, polls the same queues at the same time, and writes one SQLite\n"
	"file that says which spikes the pollers saw. Without -d or COMMAND it ends with Ctrl-C.\n"
	"\n"
	"  -o FILE                 the file to write; a capture is added to a file of pollgap's own\n"
	"  -d TIME                 for how long, 1ms to 168h\n"
	"  -- COMMAND [ARG]...     capture while it runs; exit with its status\n"
	"  --warm-up TIME          let the command run for so long, up to 1h, before the capture begins (default 0)\n"
	"  -p PORT[,PORT]...       sockets with one of these local or remote ports (default: all; up to 16)\n"
	"  --poll SOURCE:PERIOD    a poller; repeat it for several side by side (default proc:1s; up to 8). The source is\n"
	"                          proc (/proc/net/tcp), sock_diag (netlink, as ss(8) does it; reads rmem, too) or iter\n"
	"                          (a BPF program that the kernel runs on each socket; likewise); the period 200us to 1h,\n"
	"                          or 'min' for the shortest that this machine keeps. With ':page' after it each read of\n"
	"                          proc takes a page, as other pollers do; default ':row'\n"
	"  --jitter NAME           when the turns of all pollers are due: none (default), a period apart; uniform, at a drawn\n"
	"                          instant of each period; poisson, after drawn gaps whose mean is the period. Fixed turns\n"
	"                          may keep step with a periodic load\n"
	"  --softnet PERIOD        how often to read /proc/net/softnet_stat, 1ms to 1h (default 1s)\n"
	"  --threshold SIZE[,SIZE]...  a spike is a queue at or above it (default 4K,16K,64K,256K; up to 8); or all of\n"
	"                              them in per cent of the limit of the moment, sk_rcvbuf or sk_sndbuf: 50%,90%\n"
	"  --accept-threshold N[,N]...   a spike of an accept queue is so many connections (default 4,32,256; up to 8;\n"
	"                          0 leaves accept queues out)\n"
	"  --accept-exact          see accept(2) itself, at a cost to every system call (default: falls of an accept\n"
	"                          queue are dated late by up to 100us)\n"
	"  --backlog-threshold N[,N]...  a spike of a CPU's backlog is so many packets (default 16,64,256; up to 4;\n"
	"                          0 leaves the backlog out)\n"
	"  --trace                 keep every change of every queue; 'pollgap export FILE event' reads them back\n"
	"  --blog                  measure the gauge of a post of 2017 too, for 'pollgap export --blog'\n"
	"  --pid PID               sockets that this process reads or writes\n"
	"  --netns NAME|PATH       measure and poll in this network namespace (default: the caller's)\n"
	"  --summary PERIOD        the period of queue_summary, 10ms to 10s (default 1s)\n"
	"  --min-spike TIME        fold a shorter spike that no poller saw, counted but not listed, up to 1h (default 1ms;\n"
	"                          0 lists all)\n"
	"  --backend NAME          how to measure: auto, tp_btf, fentry or kprobe (default auto)\n"
	"  --realtime PRIORITY     run the pollers as SCHED_FIFO with this priority, 1 to 99 (default 0: ordinary)\n"
	"  --btf FILE              type information of this kernel, where it has none of its own; for backend kprobe\n"
	"  --max-sockets N         sockets that backends fentry and kprobe can follow at once, 2 KB each (default 16384)\n"
	"  --ring SIZE             the buffer between kernel and program, a power of two, 4K to 1G (default 16M)\n"
	"  --queue SIZE            what may wait to be written, a power of two, 4K to 1G (default 64M)\n"
	"  --label TEXT            what to call this capture\n"
	"  --verbose               a line of progress each second where there is no terminal\n"
	"  --help                  this text\n"
	"\n"
	"Times are written 50us, 250ms, 1s or 2m; sizes 300, 4K or 1M.\n";

enum {
	OPTION_POLL = USAGE_LONG,
	OPTION_SOFTNET,
	OPTION_THRESHOLD,
	OPTION_ACCEPT_THRESHOLD,
	OPTION_ACCEPT_EXACT,
	OPTION_BLOG,
	OPTION_TRACE,
	OPTION_BACKLOG_THRESHOLD,
	OPTION_PID,
	OPTION_NETNS,
	OPTION_SUMMARY,
	OPTION_MIN_SPIKE,
	OPTION_WARM_UP,
	OPTION_BACKEND,
	OPTION_REALTIME,
	OPTION_JITTER,
	OPTION_RING,
	OPTION_BTF,
	OPTION_MAX_SOCKETS,
	OPTION_QUEUE,
	OPTION_LABEL,
	OPTION_VERBOSE,
	OPTION_HELP,
};

static const struct option option_names[] = {
	{ "poll", required_argument, NULL, OPTION_POLL },
	{ "softnet", required_argument, NULL, OPTION_SOFTNET },
	{ "threshold", required_argument, NULL, OPTION_THRESHOLD },
	{ "summary", required_argument, NULL, OPTION_SUMMARY },
	{ "min-spike", required_argument, NULL, OPTION_MIN_SPIKE },
	{ "warm-up", required_argument, NULL, OPTION_WARM_UP },
	{ "backend", required_argument, NULL, OPTION_BACKEND },
	{ "realtime", required_argument, NULL, OPTION_REALTIME },
	{ "btf", required_argument, NULL, OPTION_BTF },
	{ "max-sockets", required_argument, NULL, OPTION_MAX_SOCKETS },
	{ "ring", required_argument, NULL, OPTION_RING },
	{ "queue", required_argument, NULL, OPTION_QUEUE },
	{ "label", required_argument, NULL, OPTION_LABEL },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "netns", required_argument, NULL, OPTION_NETNS },
	{ "pid", required_argument, NULL, OPTION_PID },
	{ "accept-threshold", required_argument, NULL, OPTION_ACCEPT_THRESHOLD },
	{ "accept-exact", no_argument, NULL, OPTION_ACCEPT_EXACT },
	{ "blog", no_argument, NULL, OPTION_BLOG },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ "backlog-threshold", required_argument, NULL, OPTION_BACKLOG_THRESHOLD },
	{ "jitter", required_argument, NULL, OPTION_JITTER },
	{ NULL, 0, NULL, 0 },
};

static const struct capture_options defaults = {
	.softnet_period_ns = NS_PER_S,
	.summary_period_ns = NS_PER_S,
	.min_spike_ns = NS_PER_MS,
	.backend = "auto",
	.ring_bytes = 16 << 20,
	.sockets_max = 16384,
	.queue_bytes = 64 << 20,
};

static const uint32_t default_accept_threshold[] = { 4, 32, 256 };
static const uint32_t default_backlog_threshold[] = { 16, 64, 256 };
static const uint32_t default_threshold_bytes[] = { 4 << 10, 16 << 10, 64 << 10, 256 << 10 };

enum { DEFAULT_THRESHOLDS = sizeof(default_threshold_bytes) / sizeof(default_threshold_bytes[0]) };

/* Beyond the longest the kernel's sums of bytes times nanoseconds could overflow 64 bits. */
#define SUMMARY_PERIOD_MIN_NS (10ULL * NS_PER_MS)
#define SUMMARY_PERIOD_MAX_NS (10ULL * NS_PER_S)
#define HOUR_NS (3600ULL * NS_PER_S)

static int time_take(int option, const char *value, struct capture_options *options)
{
	switch (option) {
	case 'd':
		return option_parse_time("-d", value, NS_PER_MS, 168 * HOUR_NS,
					 &options->duration_ns);
	case OPTION_SOFTNET:
		return option_parse_time("--softnet", value, NS_PER_MS, HOUR_NS,
					 &options->softnet_period_ns);
	case OPTION_SUMMARY:
		return option_parse_time("--summary", value, SUMMARY_PERIOD_MIN_NS,
					 SUMMARY_PERIOD_MAX_NS, &options->summary_period_ns);
	case OPTION_WARM_UP:
		return option_parse_time("--warm-up", value, 0, HOUR_NS, &options->warm_up_ns);
	default:
		return option_parse_time("--min-spike", value, 0, HOUR_NS, &options->min_spike_ns);
	}
}

static int text_take(const char *name, const char *value, const char **ret_text)
{
	if (!*value)
		return usage_wrong("capture", "%s '': it must not be empty", name);
	*ret_text = value;
	return 0;
}

/* Returns 0 or STATUS_USAGE. */
static int option_take(int option, const char *value, char **argv, struct capture_options *options)
{
	switch (option) {
	case 'o':
		return text_take("-o", value, &options->path);
	case 'd':
	case OPTION_SOFTNET:
	case OPTION_SUMMARY:
	case OPTION_MIN_SPIKE:
	case OPTION_WARM_UP:
		return time_take(option, value, options);
	case 'p':
		return option_add_ports("-p", value, options);
	case OPTION_POLL:
		return option_add_poller("--poll", value, options);
	case OPTION_THRESHOLD:
		return option_add_thresholds("--threshold", value, options);
	case OPTION_ACCEPT_THRESHOLD:
		options->accept_chosen = true;
		return option_parse_levels("--accept-threshold", value, options->accept_threshold,
					   THRESHOLDS_MAX, &options->accept_thresholds);
	case OPTION_TRACE:
		options->trace = true;
		return 0;
	case OPTION_BLOG:
		options->blog = true;
		return 0;
	case OPTION_ACCEPT_EXACT:
		options->accept_exact = true;
		return 0;
	case OPTION_BACKLOG_THRESHOLD:
		options->backlog_chosen = true;
		return option_parse_levels("--backlog-threshold", value, options->backlog_threshold,
					   BACKLOG_THRESHOLDS_MAX, &options->backlog_thresholds);
	case OPTION_PID:
		return option_parse_number("capture", "--pid", value, 1, INT32_MAX, &options->pid);
	case OPTION_NETNS:
		return text_take("--netns", value, &options->netns);
	case OPTION_BACKEND:
		return option_parse_backend("--backend", value, &options->backend);
	case OPTION_JITTER:
		if (jitter_parse(value, &options->jitter) < 0)
			return usage_wrong("capture",
					   "--jitter '%s': allowed are none, uniform and poisson",
					   value);
		return 0;
	case OPTION_REALTIME:
		return option_parse_number("capture", "--realtime", value, 0, 99,
					   &options->realtime_priority);
	case OPTION_BTF:
		return text_take("--btf", value, &options->btf);
	case OPTION_MAX_SOCKETS:
		return option_parse_number("capture", "--max-sockets", value, 1, 1 << 22,
					   &options->sockets_max);
	case OPTION_RING:
		return option_parse_ring("--ring", value, &options->ring_bytes);
	case OPTION_QUEUE:
		return option_parse_ring("--queue", value, &options->queue_bytes);
	case OPTION_LABEL:
		return text_take("--label", value, &options->label);
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	default:
		return usage_wrong_option("capture", option, argv);
	}
}

static void defaults_fill(struct capture_options *options)
{
	if (options->pollers == 0)
		options->poller[options->pollers++] =
			(struct poller_options){ .source = "proc", .period_ns = NS_PER_S };
	if (options->thresholds == 0) {
		memcpy(options->threshold, default_threshold_bytes,
		       sizeof(default_threshold_bytes));
		options->thresholds = DEFAULT_THRESHOLDS;
	}
	if (!options->accept_chosen) {
		memcpy(options->accept_threshold, default_accept_threshold,
		       sizeof(default_accept_threshold));
		options->accept_thresholds = 3;
	}
	if (!options->backlog_chosen) {
		memcpy(options->backlog_threshold, default_backlog_threshold,
		       sizeof(default_backlog_threshold));
		options->backlog_thresholds = 3;
	}
}

/* What remains behind the options: nothing, or "--" and a command. */
static int command_take(int argc, char **argv, struct capture_options *options)
{
	bool separated = strcmp(argv[optind - 1], "--") == 0;

	if (optind < argc && !separated)
		return usage_wrong("capture", "what is '%s'? a command to run comes after '--'",
				   argv[optind]);
	if (optind == argc && separated)
		return usage_wrong("capture", "a command is missing after '--'");
	if (optind < argc)
		options->command = argv + optind;
	options->command_line = argv;
	if (options->warm_up_ns && !options->command)
		return usage_wrong("capture", "'--warm-up' is of a command: name one after '--'");
	if (options->command && options->duration_ns)
		return usage_wrong("capture",
				   "'-d' or '-- %s': either sets when the capture ends, choose one",
				   options->command[0]);
	if (options->accept_exact && !options->accept_thresholds)
		return usage_wrong(
			"capture",
			"'--accept-exact' costs every system call something, and "
			"--accept-threshold 0 leaves accept queues out: leave one of them out");
	if (!options->path)
		return usage_wrong("capture", "'-o FILE' is missing: which file to write?");
	return 0;
}

/* Returns 0 or STATUS_USAGE; *ret_help: show the help instead. */
static int options_parse(int argc, char **argv, struct capture_options *options, bool *ret_help)
{
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, "+:o:d:p:", option_names, NULL)) != -1) {
		const char *value = optarg ? optarg : "";
		int status;

		if (option == OPTION_HELP) {
			*ret_help = true;
			return 0;
		}
		/* Else "-o -- COMMAND" would write a file of that name. */
		if (option != ':' && option != '?' && strcmp(value, "--") == 0)
			return usage_wrong("capture", "a value is missing before '--'");
		status = option_take(option, value, argv, options);
		if (status != 0)
			return status;
	}
	defaults_fill(options);
	return command_take(argc, argv, options);
}

/* What a capture ends with, read back from the file that it wrote. */
static int first_table_print(const char *path, int64_t capture_id, struct failure *failure)
{
	_cleanup_(store_closep) struct store *store = NULL;
	int error = store_open(path, &store, failure);

	if (error == 0)
		error = report_print_first(store, capture_id, stdout, failure);
	/* A reader such as head(1) had enough: that is its right. */
	return error == -EPIPE ? 0 : error;
}

static int capture_run(int argc, char **argv)
{
	struct capture_options options = defaults;
	struct failure failure = { 0 };
	int64_t capture_id;
	bool help = false;
	int status = options_parse(argc, argv, &options, &help);
	int error = 0;

	if (status != 0)
		return status;
	if (help)
		return usage_print(usage);
	/* Who reads the progress may have had enough: the capture goes on. */
	signal(SIGPIPE, SIG_IGN);
	status = session_run(&options, &capture_id, &failure);
	if (status >= 0)
		error = first_table_print(options.path, capture_id, &failure);
	if (status >= 0 && error == 0)
		return status;
	fprintf(stderr, "pollgap capture: %s\n", failure.text);
	return STATUS_FAILED;
}

const struct command command_capture = {
	.name = "capture",
	.summary = "measure and poll at the same time, into one SQLite file",
	.run = capture_run,
};
