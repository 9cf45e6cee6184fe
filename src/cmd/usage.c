/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* vasprintf() */
#include "cmd/usage.h"

#include "base/cleanup.h"
#include "cmd/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

int usage_print(const char *text)
{
	bool printed = fputs(text, stdout) >= 0 && fflush(stdout) == 0;

	return printed ? STATUS_DONE : STATUS_FAILED;
}

int usage_wrong(const char *command, const char *format, ...)
{
	_cleanup_(freep) char *text = NULL;
	va_list arguments;
	int bytes;

	va_start(arguments, format);
	bytes = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (bytes < 0) {
		text = NULL;
		return STATUS_USAGE;
	}
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "pollgap%s%s: %s\n", command ? " " : "", command ? command : "", text);
	return STATUS_USAGE;
}

int usage_wrong_option(const char *command, int result, char **argv)
{
	/* Maybe one within a word, such as the x of -vx, at which getopt stays. */
	const char short_option[] = { '-', (char)optopt, '\0' };
	bool is_short = optopt > 0 && optopt < USAGE_LONG;
	const char *offender = is_short ? short_option : argv[optind - 1];

	if (result == ':')
		return usage_wrong(command, "a value is missing after '%s'", offender);
	if (optopt >= USAGE_LONG)
		return usage_wrong(command, "this option takes no value: '%s'", offender);
	return usage_wrong(command,
			   "there is no option '%s'; 'pollgap %s --help' shows the options",
			   offender, command);
}
