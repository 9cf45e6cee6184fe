/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* memrchr() */
#include "source/probe_kprobe.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_BYTES = 128, LINE_BYTES = 256 };

/* kprobe_profile names no groups, so each name holds its process. */
#define GROUP "pollgap"

static const char list_name[] = "kprobe_events";

/* A mount of tracefs that only its descriptor reaches. */
static int tracefs_mount(void)
{
	_cleanup_(closep) int context_fd = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);

	if (context_fd < 0 ||
	    syscall(SYS_fsconfig, context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(SYS_fsmount, context_fd, FSMOUNT_CLOEXEC, 0);
}

/* tracefs's folder, or -1. A namespace of mounts may hide the usual places (ip netns exec makes one
 * that does). */
static int tracefs_open(void)
{
	static const char *const folder[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (unsigned index = 0; index < 2; index++) {
		int fd = open(folder[index], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && faccessat(fd, list_name, W_OK, 0) == 0)
			return fd;
		closep(&fd);
	}
	return tracefs_mount();
}

/* One of its files for reading, or NULL. */
static FILE *tracefs_read(const char *name)
{
	_cleanup_(closep) int folder_fd = tracefs_open();
	int fd = folder_fd < 0 ? -1 : openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file)
		closep(&fd);
	return file;
}

/* Adds one line to the list: a definition, or with "-:" in front of it its end. */
static int list_write(const char *line)
{
	_cleanup_(closep) int folder_fd = tracefs_open();
	_cleanup_(closep) int fd = -1;

	if (folder_fd < 0)
		return -ENOENT;
	fd = openat(folder_fd, list_name, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		return -errno;
	return 0;
}

static void event_name(const char *program, char *name)
{
	snprintf(name, PATH_BYTES, "%.64s_%d", program, (int)getpid());
}

static int event_id(const char *name)
{
	_cleanup_(fclosep) FILE *file = NULL;
	char path[2 * PATH_BYTES], line[32];

	snprintf(path, sizeof(path), "events/" GROUP "/%s/id", name);
	file = tracefs_read(path);
	if (!file || !fgets(line, sizeof(line), file))
		return -ENOENT;
	return (int)strtol(line, NULL, 10);
}

int kprobe_event_open(const char *program, const char *function)
{
	struct perf_event_attr attribute = { .type = PERF_TYPE_TRACEPOINT,
					     .size = sizeof(attribute),
					     .sample_period = 1,
					     .wakeup_events = 1 };
	char line[LINE_BYTES], name[PATH_BYTES];
	int error, id, fd;

	event_name(program, name);
	snprintf(line, sizeof(line), "p:" GROUP "/%s %s\n", name, function);
	error = list_write(line);
	if (error)
		return error;
	id = event_id(name);
	if (id < 0) {
		kprobe_event_remove(program);
		return id;
	}
	attribute.config = (uint64_t)id;
	fd = (int)syscall(SYS_perf_event_open, &attribute, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		kprobe_event_remove(program);
		return error;
	}
	return fd;
}

void kprobe_event_remove(const char *program)
{
	char line[LINE_BYTES], name[PATH_BYTES];

	event_name(program, name);
	snprintf(line, sizeof(line), "-:" GROUP "/%s\n", name);
	list_write(line);
}

/* A line of kprobe_profile: name, hits, misses. */
int kprobe_event_missed(const char *program, uint64_t *ret_missed)
{
	_cleanup_(fclosep) FILE *file = tracefs_read("kprobe_profile");
	char line[LINE_BYTES], name[PATH_BYTES];

	event_name(program, name);
	while (file && fgets(line, sizeof(line), file)) {
		char *rest, *found = strtok_r(line, " \t\n", &rest);
		char *hits = found ? strtok_r(NULL, " \t\n", &rest) : NULL;
		char *missed = hits ? strtok_r(NULL, " \t\n", &rest) : NULL;

		if (missed && strcmp(found, name) == 0) {
			*ret_missed = strtoull(missed, NULL, 10);
			return 0;
		}
	}
	return -ENOENT;
}

/* Of a line "p:pollgap/kprobe_ack_123 function" of a process that is gone:
 * "-:pollgap/kprobe_ack_123". */
static bool line_is_stale(const char *line, char *removal)
{
	const char *event = strstr(line, ":" GROUP "/");
	size_t length = event ? strcspn(event, " \n") : 0;
	const char *end = event ? memrchr(event, '_', length) : NULL;
	long pid = end ? strtol(end + 1, NULL, 10) : 0;

	if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
		return false;
	snprintf(removal, LINE_BYTES, "-%.*s\n", (int)length, event);
	return true;
}

void kprobe_events_sweep(void)
{
	char line[LINE_BYTES], removal[LINE_BYTES];
	bool found = true;

	/* The list changes under its reader: from the beginning after each one. */
	while (found) {
		_cleanup_(fclosep) FILE *file = tracefs_read(list_name);

		found = false;
		while (file && !found && fgets(line, sizeof(line), file))
			found = line_is_stale(line, removal) && list_write(removal) == 0;
	}
}
