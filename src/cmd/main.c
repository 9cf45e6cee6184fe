/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/command.h"
#include "cmd/usage.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_check, &command_capture,    &command_report, &command_replay,
	&command_load,	&command_experiment, &command_export, &command_import,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static int help_print(void)
{
	fputs("usage: pollgap COMMAND [OPTION]...\n"
	      "\n"
	      "How many spikes of the TCP queues a poller of /proc misses: measured in the kernel and polled at the same time.\n"
	      "\n"
	      "Commands; each has --help:\n",
	      stdout);
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s  %s\n", commands[i]->name, commands[i]->summary);
	return usage_print("\n"
			   "  --help      this text\n"
			   "  --version   the version\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	if (!name)
		return usage_wrong(NULL, "which command? 'pollgap --help' lists them");
	command = command_find(name);
	if (command)
		return command->run(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return help_print();
	if (strcmp(name, "--version") == 0)
		return usage_print("pollgap " POLLGAP_VERSION "\n");
	if (name[0] == '-')
		return usage_wrong(NULL,
				   "there is no option '%s'; 'pollgap --help' shows what there is",
				   name);
	return usage_wrong(NULL, "there is no command '%s'; 'pollgap --help' lists them", name);
}
