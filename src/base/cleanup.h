/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CLEANUP_H
#define POLLGAP_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* An owner's variable is released when its scope ends: _cleanup_(closep) int fd = -1; */
#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

#endif
