/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/softnet.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/cpu_list.h"
#include "source/read_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

enum {
	READ_BYTES = 4096, /* the kernel fills no more at once */
	TRIES = 3,
};

struct cpu_counters {
	struct softnet_counter processed;
	struct softnet_counter dropped;
	struct softnet_counter time_squeeze;
	struct softnet_counter received_rps;
	struct softnet_counter flow_limit_count;
};

struct softnet {
	struct source source;
	char *path;
	char *online_path;
	int fd;
	uint64_t time_ns; /* of the turn: just before its first read */
	struct read_batch batch;
	/* Room for any machine: memory that is never touched costs none. */
	size_t lines;
	struct softnet_line line[CPUS_MAX];
	struct cpu_counters cpu[CPUS_MAX]; /* by CPU number */
};

static int line_keep(void *context, const char *text, size_t text_bytes,
		     const struct read_window *window)
{
	struct softnet *softnet = context;
	struct softnet_line line;

	if (softnet->lines == CPUS_MAX || softnet_parse(text, text_bytes, &line) != 0 ||
	    line.cpu >= CPUS_MAX)
		return -EINVAL;
	if (softnet->lines == 0)
		softnet->time_ns = window->start_ns;
	softnet->line[softnet->lines++] = line;
	return 0;
}

static int file_read(struct softnet *softnet)
{
	off_t offset = 0;
	ssize_t got;
	int error = 0;

	softnet->lines = 0;
	read_batch_clear(&softnet->batch);
	do {
		got = read_batch_read(&softnet->batch, softnet->fd, READ_BYTES, offset);
		if (got < 0)
			return (int)got;
		offset += got;
		error = read_batch_lines(&softnet->batch, got == 0, line_keep, softnet);
	} while (got > 0 && error == 0);
	return error;
}

/*
 * Numbers the lines of a kernel that prints no CPU: one line for each CPU that is online, in their
 * order.
 */
static int cpus_number(struct softnet *softnet)
{
	struct cpu_list online;
	int error = cpu_list_read(softnet->online_path, &online);

	if (error)
		return error;
	if (online.cpus != softnet->lines)
		return -EAGAIN;
	for (size_t i = 0; i < softnet->lines; i++)
		softnet->line[i].cpu = online.cpu[i];
	return 0;
}

/*
 * Reads lines that all have their CPU's number. A CPU that comes or goes between the two files asks
 * for another try.
 */
static int lines_read(struct softnet *softnet, struct failure *failure)
{
	int error = -EAGAIN;

	for (int i = 0; i < TRIES && error == -EAGAIN; i++) {
		error = file_read(softnet);
		if (error)
			return failure_set(failure, -error, "cannot read %s: %s", softnet->path,
					   error == -EINVAL ? "a line is not of a known form" :
							      strerror(-error));
		if (softnet->lines > 0 && softnet->line[0].columns < 13)
			error = cpus_number(softnet);
	}
	if (error)
		return failure_set(failure, -error,
				   "cannot tell which CPU each line of %s is, from %s: %s",
				   softnet->path, softnet->online_path, strerror(-error));
	return 0;
}

static int line_hand_over(struct softnet *softnet, const struct softnet_line *line,
			  const struct sink *sink)
{
	bool has_backlog = line->columns >= 13;
	bool has_queues = line->columns >= 15;
	struct softnet_reading reading = {
		.time_ns = softnet->time_ns,
		.cpu = line->cpu,
		.backlog_packets = has_backlog ? (int64_t)line->backlog_packets : -1,
		.input_packets = has_queues ? (int64_t)line->input_packets : -1,
		.process_packets = has_queues ? (int64_t)line->process_packets : -1,
	};
	struct cpu_counters *cpu = &softnet->cpu[line->cpu];

	reading.processed = softnet_count(&cpu->processed, line->processed);
	reading.dropped = softnet_count(&cpu->dropped, line->dropped);
	reading.time_squeeze = softnet_count(&cpu->time_squeeze, line->time_squeeze);
	reading.received_rps = softnet_count(&cpu->received_rps, line->received_rps);
	reading.flow_limit_count = softnet_count(&cpu->flow_limit_count, line->flow_limit_count);
	return sink->take(sink->context, OBSERVE_SOFTNET, &reading, sizeof(reading));
}

static int softnet_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
			struct failure *failure)
{
	struct softnet *softnet = (struct softnet *)source;
	int error;

	*ret_turn = (struct turn){ 0 };
	error = lines_read(softnet, failure);
	if (error)
		return error;
	for (size_t i = 0; i < softnet->lines; i++) {
		error = line_hand_over(softnet, &softnet->line[i], sink);
		if (error)
			return error;
		ret_turn->rows_read++;
	}
	return 0;
}

static void softnet_close(struct source *source)
{
	struct softnet *softnet = (struct softnet *)source;

	closep(&softnet->fd);
	free(softnet->path);
	free(softnet->online_path);
	free(softnet);
}

static const struct source_ops softnet_ops = {
	.name = "softnet",
	.read = softnet_read,
	.close = softnet_close,
};

int softnet_open(const char *path, const char *sysfs_online_path, struct source **ret_source,
		 struct failure *failure)
{
	struct softnet *softnet = calloc(1, sizeof(*softnet));
	int error;

	if (!softnet)
		return failure_set(failure, ENOMEM, "no memory for the softnet counters");
	softnet->source.ops = &softnet_ops;
	softnet->path = strdup(path ? path : "/proc/net/softnet_stat");
	softnet->online_path =
		strdup(sysfs_online_path ? sysfs_online_path : "/sys/devices/system/cpu/online");
	softnet->fd = -1;
	if (!softnet->path || !softnet->online_path) {
		softnet_close(&softnet->source);
		return failure_set(failure, ENOMEM, "no memory for the softnet counters");
	}
	softnet->fd = open(softnet->path, O_RDONLY | O_CLOEXEC);
	if (softnet->fd < 0) {
		error = failure_set(
			failure, errno,
			"cannot open %s: %s; is /proc mounted, and may this user read it?",
			softnet->path, strerror(errno));
		softnet_close(&softnet->source);
		return error;
	}
	*ret_source = &softnet->source;
	return 0;
}
