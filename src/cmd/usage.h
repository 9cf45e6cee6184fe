/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_USAGE_H
#define POLLGAP_USAGE_H

/* Prints text on stdout. Returns the exit status: a help that couldn't be written has failed. */
int usage_print(const char *text);

/*
 * Says in one line on stderr what was wrong with the command line, and returns STATUS_USAGE. command
 * NULL: pollgap itself. What the user typed is quoted in it, whatever it holds: it stays one line.
 */
int usage_wrong(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * For what getopt_long() returned, ':' (with a leading ':' or "+:" in its short options) or '?'.
 * Long options must have values from USAGE_LONG on, so that none can be taken for an unknown short
 * one.
 */
enum { USAGE_LONG = 256 };
int usage_wrong_option(const char *command, int result, char **argv);

#endif
