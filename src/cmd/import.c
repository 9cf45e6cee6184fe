/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "store/csv.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: pollgap import FILE CSV... [OPTION]...\n"
	"\n"
	"Puts CSV files, as 'pollgap export' writes tables, into a capture file, which is made where there is none. Each goes\n"
	"into the table of its name: socket.csv into socket. All or nothing: until all of it is right FILE stays as it was.\n"
	"\n"
	"  --table NAME    the table that the one CSV goes into; needed for '-', the standard input\n"
	"  --help          this text\n";

enum { OPTION_TABLE = USAGE_LONG, OPTION_HELP };

struct options {
	const char *path;
	const char *table;
	struct csv_input *input;
	unsigned inputs;
	bool help;
};

/* "DIRECTORY/socket.csv": socket. The name is the caller's to free. */
static char *table_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = strdup(slash ? slash + 1 : path);
	char *dot = name ? strrchr(name, '.') : NULL;

	if (dot && strcmp(dot, ".csv") == 0)
		*dot = '\0';
	return name;
}

static int arguments_take(int argc, char **argv, struct options *options)
{
	int inputs = argc - optind - 1;

	if (inputs < 0)
		return usage_wrong("import", "which file? 'pollgap import FILE CSV...'");
	options->path = argv[optind];
	if (inputs == 0)
		return usage_wrong("import", "what is to be imported into '%s'? CSV files, or '-'",
				   options->path);
	if (options->table && inputs > 1)
		return usage_wrong("import", "--table '%s' says where one CSV goes, not %d",
				   options->table, inputs);
	options->input = calloc((size_t)inputs, sizeof(*options->input));
	for (int index = 0; index < inputs && options->input; index++) {
		char *path = argv[optind + 1 + index];

		if (strcmp(path, "-") == 0 && !options->table)
			return usage_wrong("import",
					   "'-' has no name: --table NAME says where it goes");
		options->input[index].path = path;
		options->input[index].table = options->table ? strdup(options->table) :
							       table_of(path);
		options->inputs++;
	}
	return 0;
}

/* Returns 0 or STATUS_USAGE. */
static int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "table", required_argument, NULL, OPTION_TABLE },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (option == OPTION_HELP) {
			options->help = true;
			return 0;
		}
		if (option != OPTION_TABLE)
			return usage_wrong_option("import", option, argv);
		options->table = optarg;
	}
	return arguments_take(argc, argv, options);
}

static void options_free(struct options *options)
{
	for (unsigned index = 0; index < options->inputs; index++)
		free((char *)options->input[index].table);
	free(options->input);
}

static int import_all(const struct options *options)
{
	struct failure failure = { 0 };

	for (unsigned index = 0; index < options->inputs; index++) {
		if (!options->input[index].table) {
			fprintf(stderr, "pollgap import: out of memory\n");
			return STATUS_FAILED;
		}
	}
	if (store_import(options->path, options->input, options->inputs, &failure) == 0)
		return STATUS_DONE;
	fprintf(stderr, "pollgap import: %s; nothing was imported\n", failure.text);
	return STATUS_FAILED;
}

static int import_run(int argc, char **argv)
{
	struct options options = { 0 };
	int status = options_parse(argc, argv, &options);

	if (!status)
		status = options.help ? usage_print(usage) : import_all(&options);
	options_free(&options);
	return status;
}

const struct command command_import = {
	.name = "import",
	.summary = "CSV files back into tables of a file",
	.run = import_run,
};
