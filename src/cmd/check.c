/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/machine_check.h"
#include "cmd/command.h"
#include "cmd/usage.h"
#include "report/json.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: pollgap check [--json]\n"
	"\n"
	"Says what this machine allows: each backend, poller and privilege, with the reason and the cure where not.\n"
	"Exit status 0 if a capture is possible, else 1.\n"
	"\n"
	"  --json  the same as an array of objects\n"
	"  --help  this text\n";

enum { OPTION_JSON = USAGE_LONG, OPTION_HELP };

struct check {
	struct json json;
	bool as_json;
	bool capture_allowed;
};

static void item_print_json(struct json *json, const struct check_item *item)
{
	json_object_begin(json, NULL);
	json_string(json, "kind", item->kind);
	json_string(json, "name", item->name);
	json_boolean(json, "allowed", item->allowed);
	json_string(json, "reason", item->reason);
	json_string(json, "cure", item->cure);
	json_object_end(json);
}

static void item_print_text(const struct check_item *item)
{
	printf("%-9s  %-18s  %-3s%s%s\n", item->kind, item->name, item->allowed ? "yes" : "no",
	       *item->reason ? "  " : "", item->reason);
	if (*item->cure)
		printf("%-9s  %-18s  %-3s  %s\n", "", "", "", item->cure);
}

static int item_take(void *context, const struct check_item *item)
{
	struct check *check = context;

	if (strcmp(item->kind, "verdict") == 0 && strcmp(item->name, "capture") == 0)
		check->capture_allowed = item->allowed;
	if (check->as_json)
		item_print_json(&check->json, item);
	else
		item_print_text(item);
	return 0;
}

/* Returns the exit status. */
static int check_print(bool as_json)
{
	struct check check = { .json.out = stdout, .as_json = as_json };
	int error;

	if (as_json)
		json_array_begin(&check.json, NULL);
	error = machine_check(item_take, &check);
	if (as_json)
		json_array_end(&check.json);
	if (fflush(stdout) != 0 && error == 0)
		error = -errno;
	if (error < 0) {
		fprintf(stderr, "pollgap check: the check itself failed: %s\n", strerror(-error));
		return STATUS_FAILED;
	}
	return check.capture_allowed ? STATUS_DONE : STATUS_FAILED;
}

static int check_run(int argc, char **argv)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ NULL, 0, NULL, 0 },
	};
	bool as_json = false;
	int option;

	optind = 0; /* makes getopt start anew */
	while ((option = getopt_long(argc, argv, "+:", names, NULL)) != -1) {
		if (option == OPTION_HELP)
			return usage_print(usage);
		if (option != OPTION_JSON)
			return usage_wrong_option("check", option, argv);
		as_json = true;
	}
	if (optind < argc)
		return usage_wrong("check", "it takes no arguments, such as '%s'", argv[optind]);
	return check_print(as_json);
}

const struct command command_check = {
	.name = "check",
	.summary = "what this machine allows, with the reason and the cure where not",
	.run = check_run,
};
