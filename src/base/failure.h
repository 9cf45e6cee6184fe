/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_FAILURE_H
#define POLLGAP_FAILURE_H

/*
 * Why something failed, in one line for the user: what, and what to do. Libraries fill it in and
 * return -errno; only the command prints it, once. An all-zero struct is empty. Passing NULL is
 * allowed: the reason is then dropped.
 */
struct failure {
	char text[512];
};

/* Formats the reason (no newline, no "error:" before it) and returns -error. error is a positive
 * errno. */
int failure_set(struct failure *failure, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
