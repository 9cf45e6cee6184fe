/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_COMMAND_H
#define POLLGAP_COMMAND_H

/* What every command's run() returns, but for a command that capture ran: its status is passed on. */
enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* one line on stderr has said what, and what to do */
	STATUS_USAGE = 2, /* one line on stderr has quoted the offender */
};

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_check;
extern const struct command command_capture;
extern const struct command command_experiment;
extern const struct command command_export;
extern const struct command command_import;
extern const struct command command_load;
extern const struct command command_replay;
extern const struct command command_report;

#endif
