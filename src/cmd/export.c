/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "store/csv.h"
#include "store/store.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
	"usage: pollgap export FILE NAME [OPTION]...\n"
	"       pollgap export FILE --list\n"
	"\n"
	"Writes a table or view of a capture file as CSV: a line of column names, RFC 4180 quoting, NULL as an empty field.\n"
	"'pollgap import' reads tables back as they were.\n"
	"\n"
	"  -o OUT    write there (default: standard output)\n"
	"  --list    the names of all tables and views instead\n"
	"  --help    this text\n";

enum { OPTION_LIST = USAGE_LONG, OPTION_HELP };

struct options {
	const char *path;
	const char *name;
	const char *out_path;
	bool list;
	bool help;
};

static int arguments_take(int argc, char **argv, struct options *options)
{
	int wanted = options->list ? 1 : 2;

	if (argc - optind > wanted)
		return usage_wrong("export", "what is '%s'? it takes FILE and NAME",
				   argv[optind + wanted]);
	if (argc - optind < 1)
		return usage_wrong("export", "which file? 'pollgap export FILE NAME'");
	options->path = argv[optind];
	if (options->list)
		return 0;
	if (argc - optind < 2)
		return usage_wrong(
			"export",
			"which table or view of '%s'? 'pollgap export FILE --list' names them",
			options->path);
	options->name = argv[optind + 1];
	return 0;
}

/* Returns 0 or STATUS_USAGE. */
static int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "list", no_argument, NULL, OPTION_LIST },
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

static int out_open(const struct options *options, FILE **ret_out, struct failure *failure)
{
	FILE *out;

	if (same_file(options->path, options->out_path))
		return failure_set(failure, EEXIST,
				   "%s is the capture file itself: choose another -o OUT",
				   options->out_path);
	out = fopen(options->out_path, "we");
	if (!out)
		return failure_set(failure, errno, "%s can't be written: %s", options->out_path,
				   strerror(errno));
	*ret_out = out;
	return 0;
}

static int export_do(struct store *store, const struct options *options, struct failure *failure)
{
	FILE *out = NULL;
	int error;

	if (options->list)
		return store_names(store, name_print, NULL, failure);
	if (!options->out_path)
		return store_export(store, options->name, stdout, failure);
	error = out_open(options, &out, failure);
	if (error || !out)
		return error;
	error = store_export(store, options->name, out, failure);
	if (fclose(out) != 0 && !error)
		error = failure_set(failure, errno, "%s can't be written: %s", options->out_path,
				    strerror(errno));
	return error;
}

static int export_run(int argc, char **argv)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct failure failure = { 0 };
	struct options options = { 0 };
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
