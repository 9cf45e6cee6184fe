/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/export_event.h"
#include "cmd/usage.h"
#include "store/csv.h"
#include "store/store.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
	"usage: pollgap export FILE NAME [OPTION]...\n"
	"       pollgap export FILE --list\n"
	"       pollgap export FILE --blog [-o PREFIX]\n"
	"\n"
	"Writes a table or view of a capture file as CSV: a line of column names, RFC 4180 quoting, NULL as an empty field.\n"
	"'pollgap import' reads tables back as they were.\n"
	"\n"
	"  -o OUT    write there (default: standard output)\n"
	"NAME may be 'event': every change of a traced capture, as socket_id, time_ns, gauge, value_bytes; or\n"
	"'softnet_event': those of the CPUs' backlog, as cpu, time_ns, backlog_packets.\n"
	"\n"
	"  --socket N, --from NS, --to NS   of 'event': one socket's; not before, and before, these times (of softnet_event, too)\n"
	"  --list    the names of all tables and views instead\n"
	"  --blog    the two files of the blog's instrument, from a capture with --blog: PREFIX-peak.csv and\n"
	"            PREFIX-total.csv (default: FILE without its .db), a row a second and IPv4 socket: time (UTC),\n"
	"            epoch_s, local, remote, bytes\n"
	"  --help    this text\n";

enum { OPTION_LIST = USAGE_LONG, OPTION_BLOG, OPTION_SOCKET, OPTION_FROM, OPTION_TO, OPTION_HELP };

struct options {
	const char *path;
	const char *name;
	const char *out_path;
	bool list;
	bool blog;
	bool events; /* name is that of the trace's events */
	bool ranged; /* the range was asked for */
	struct trace_range range;
	bool help;
};

static int arguments_take(int argc, char **argv, struct options *options)
{
	int wanted = options->list || options->blog ? 1 : 2;

	if (argc - optind > wanted)
		return usage_wrong("export", "what is '%s'? it takes FILE and NAME",
				   argv[optind + wanted]);
	if (argc - optind < 1)
		return usage_wrong("export", "which file? 'pollgap export FILE NAME'");
	options->path = argv[optind];
	if (options->list && options->blog)
		return usage_wrong("export", "--list and --blog are two things to ask for");
	if ((options->list || options->blog) && options->ranged)
		return usage_wrong("export", "--socket, --from and --to are for 'event'");
	if (options->list || options->blog)
		return 0;
	if (argc - optind < 2)
		return usage_wrong(
			"export",
			"which table or view of '%s'? 'pollgap export FILE --list' names them",
			options->path);
	options->name = argv[optind + 1];
	options->range.of_cpus = strcmp(options->name, "softnet_event") == 0;
	options->events = options->range.of_cpus || strcmp(options->name, "event") == 0;
	if (options->range.of_cpus && options->range.socket_id)
		return usage_wrong("export", "--socket is for 'event': 'softnet_event' is by CPU");
	if (options->ranged && !options->events)
		return usage_wrong(
			"export",
			"--socket, --from and --to are for 'event' and 'softnet_event', not for '%s'",
			options->name);
	return 0;
}

static int integer_parse(const char *text, int64_t min, int64_t *ret_integer)
{
	char *end;
	long long integer;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	integer = strtoll(text, &end, 10);
	if (*end || errno || integer < min)
		return -EINVAL;
	*ret_integer = integer;
	return 0;
}

/* Returns 0 or STATUS_USAGE. */
static int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "list", no_argument, NULL, OPTION_LIST },
		{ "blog", no_argument, NULL, OPTION_BLOG },
		{ "socket", required_argument, NULL, OPTION_SOCKET },
		{ "from", required_argument, NULL, OPTION_FROM },
		{ "to", required_argument, NULL, OPTION_TO },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, ":o:", names, NULL)) != -1) {
		switch (option) {
		case 'o':
			options->out_path = optarg;
			break;
		case OPTION_LIST:
			options->list = true;
			break;
		case OPTION_BLOG:
			options->blog = true;
			break;
		case OPTION_SOCKET:
			options->ranged = true;
			if (integer_parse(optarg, 1, &options->range.socket_id) < 0)
				return usage_wrong("export",
						   "--socket '%s': allowed is a socket_id", optarg);
			break;
		case OPTION_FROM:
		case OPTION_TO:
			options->ranged = true;
			if (integer_parse(optarg, 0,
					  option == OPTION_TO ? &options->range.to_ns :
								&options->range.from_ns) < 0)
				return usage_wrong(
					"export",
					"--%s '%s': allowed are nanoseconds, as time_ns has them",
					option == OPTION_TO ? "to" : "from", optarg);
			break;
		case OPTION_HELP:
			options->help = true;
			return 0;
		default:
			return usage_wrong_option("export", option, argv);
		}
	}
	return arguments_take(argc, argv, options);
}

static int name_print(void *context, const char *name, const char *type)
{
	(void)context;
	printf("%-5s  %s\n", type, name);
	return 0;
}

/* Whether both are the same file, by whatever names. */
static bool same_file(const char *path, const char *other)
{
	struct stat one, two;

	return path && stat(path, &one) == 0 && stat(other, &two) == 0 &&
	       one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

static int out_open(const struct options *options, const char *out_path, FILE **ret_out,
		    struct failure *failure)
{
	FILE *out;

	if (same_file(options->path, out_path))
		return failure_set(failure, EEXIST,
				   "%s is the capture file itself: choose another -o", out_path);
	out = fopen(out_path, "we");
	if (!out)
		return failure_set(failure, errno, "%s can't be written: %s", out_path,
				   strerror(errno));
	*ret_out = out;
	return 0;
}

/* Closes the file. Returns the first error. */
static int out_close(const char *out_path, FILE *out, int error, struct failure *failure)
{
	if (fclose(out) != 0 && !error)
		error = failure_set(failure, errno, "%s can't be written: %s", out_path,
				    strerror(errno));
	return error;
}

/* One of the blog's two files: kind is "peak" or "total". */
static int blog_write(struct store *store, const struct options *options, const char *prefix,
		      const char *kind, struct failure *failure)
{
	char path[PATH_MAX];
	FILE *out = NULL;
	int error;

	if (snprintf(path, sizeof(path), "%s-%s.csv", prefix, kind) >= (int)sizeof(path))
		return failure_set(failure, ENAMETOOLONG, "-o %s is too long", prefix);
	error = out_open(options, path, &out, failure);
	if (error || !out)
		return error;
	error = store_export_query(store, "query/export_blog", kind, out, failure);
	return out_close(path, out, error, failure);
}

static int blog_export(struct store *store, const struct options *options, struct failure *failure)
{
	char prefix[PATH_MAX];
	const char *given = options->out_path ? options->out_path : options->path;
	int bytes = snprintf(prefix, sizeof(prefix), "%s", given);
	int64_t rows;
	int error = store_count(store, "blog_summary", &rows, failure);

	if (error)
		return error;
	if (!rows)
		return failure_set(failure, ENODATA,
				   "%s does not have the blog's gauge: capture with --blog",
				   options->path);
	if (bytes >= (int)sizeof(prefix))
		return failure_set(failure, ENAMETOOLONG, "-o %s is too long", given);
	if (!options->out_path && bytes > 3 && strcmp(prefix + bytes - 3, ".db") == 0)
		prefix[bytes - 3] = '\0';
	error = blog_write(store, options, prefix, "peak", failure);
	return error ? error : blog_write(store, options, prefix, "total", failure);
}

static int name_export(struct store *store, const struct options *options, FILE *out,
		       struct failure *failure)
{
	if (options->events)
		return export_events(store, &options->range, out, failure);
	return store_export(store, options->name, out, failure);
}

static int export_do(struct store *store, const struct options *options, struct failure *failure)
{
	FILE *out = NULL;
	int error;

	if (options->list)
		return store_names(store, name_print, NULL, failure);
	if (options->blog)
		return blog_export(store, options, failure);
	if (!options->out_path)
		return name_export(store, options, stdout, failure);
	error = out_open(options, options->out_path, &out, failure);
	if (error || !out)
		return error;
	error = name_export(store, options, out, failure);
	return out_close(options->out_path, out, error, failure);
}

static int export_run(int argc, char **argv)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct failure failure = { 0 };
	struct options options = { .range.to_ns = INT64_MAX };
	int status = options_parse(argc, argv, &options);
	int error;

	if (status)
		return status;
	if (options.help)
		return usage_print(usage);
	signal(SIGPIPE, SIG_IGN);
	error = store_open(options.path, &store, &failure);
	if (!error)
		error = export_do(store, &options, &failure);
	/* A reader such as head(1) had enough: that is its right. */
	if (!error || error == -EPIPE)
		return STATUS_DONE;
	fprintf(stderr, "pollgap export: %s\n", failure.text);
	return STATUS_FAILED;
}

const struct command command_export = {
	.name = "export",
	.summary = "a table or view of a file as CSV",
	.run = export_run,
};
