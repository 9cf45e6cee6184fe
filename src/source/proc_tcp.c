/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/proc_tcp.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"
#include "source/port_filter.h"
#include "source/read_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FILES_MAX = 2,
	PAGE_READ_BYTES = 4096, /* what the kernel fills at most, whatever a poller asks for */
	/*
	 * No longer than any line, so that a read(2) never prints two (seq_read_iter(), v6.18):
	 * lines of tcp are padded to 150 bytes; of tcp6 the header has 145, rows at least 160 (a
	 * TIME_WAIT row with 64-bit pointers; 152 with 32-bit ones) and up to about 190. What is
	 * left of a longer row comes with the next read.
	 */
	ROW_READ_BYTES = 150,
	ROW6_READ_BYTES = 145,
	ROW_BYTES_MAX = 220,
};

struct proc_file {
	char *path;
	int fd;
	uint16_t family;
	size_t row_read_bytes;
	off_t bytes_before; /* the file's length in the last scan, 0: none yet */
};

struct proc_tcp {
	struct source source;
	struct proc_file file[FILES_MAX];
	unsigned files;
	bool page_reads;
	struct port_filter filter;
	uint64_t unparsed;
	struct read_batch batch;
};

/* One turn over one file. */
struct scan {
	struct proc_tcp *proc;
	const struct proc_file *file;
	const struct sink *sink;
	struct turn *turn;
	struct failure *failure;
};

static int line_take(void *context, const char *line, size_t line_bytes,
		     const struct read_window *window)
{
	struct scan *scan = context;
	struct sample sample;
	int kind = proc_tcp_parse(line, line_bytes, scan->file->family, &sample);

	if (kind == PROC_TCP_HEADER)
		return 0;
	if (kind < 0) {
		scan->proc->unparsed++;
		return 0;
	}
	scan->turn->rows_read++;
	if (!port_filter_keeps(&scan->proc->filter, &sample))
		return 0;
	sample.read_start_ns = window->start_ns;
	sample.read_end_ns = window->end_ns;
	return scan->sink->take(scan->sink->context, OBSERVE_SAMPLE, &sample, sizeof(sample));
}

/*
 * The kernel walks its whole hash once more only to say that nothing follows the last row
 * (tcp_seq_start(), v6.18): half of a scan's cost where sockets are few. A read that has room to
 * spare says it too, but would put several rows into one window; so only the row that was the last
 * one in the scan before is read with room to spare.
 */
static bool last_row_is_next(const struct proc_file *file, off_t offset, size_t partial_bytes)
{
	off_t rest_bytes = file->bytes_before - offset + (off_t)partial_bytes;
	/* A row that has begun is printed already: the last one then follows it. */
	unsigned rows = partial_bytes > 0 ? 2 : 1;

	return file->bytes_before > 0 && rest_bytes <= (off_t)rows * ROW_BYTES_MAX;
}

static int file_scan(struct scan *scan, struct proc_file *file)
{
	struct read_batch *batch = &scan->proc->batch;
	off_t offset = 0;
	bool guessed = false; /* once a scan: where rows have been added behind, go on row by row */
	bool at_end = false;
	int error = 0;

	read_batch_clear(batch);
	while (!at_end && error == 0) {
		size_t size_bytes = scan->proc->page_reads ? PAGE_READ_BYTES : file->row_read_bytes;
		bool roomy = !scan->proc->page_reads && !guessed &&
			     last_row_is_next(file, offset, read_batch_partial_bytes(batch));
		ssize_t got;

		if (roomy)
			size_bytes = PAGE_READ_BYTES;
		if (!read_batch_has_room(batch, size_bytes))
			error = read_batch_lines(batch, false, line_take, scan);
		if (error)
			break;
		got = read_batch_read(batch, file->fd, size_bytes, offset);
		if (got < 0)
			return failure_set(scan->failure, (int)-got, "cannot read %s: %s",
					   file->path, strerror((int)-got));
		offset += got;
		guessed |= roomy;
		at_end = got == 0 || (roomy && got < PAGE_READ_BYTES - 2 * ROW_BYTES_MAX);
	}
	if (error)
		return error;
	file->bytes_before = offset;
	return read_batch_lines(batch, true, line_take, scan);
}

static int proc_tcp_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
			 struct failure *failure)
{
	struct proc_tcp *proc = (struct proc_tcp *)source;

	*ret_turn = (struct turn){ 0 };
	for (unsigned i = 0; i < proc->files; i++) {
		struct proc_file *file = &proc->file[i];
		struct scan scan = { .proc = proc,
				     .file = file,
				     .sink = sink,
				     .turn = ret_turn,
				     .failure = failure };
		int error = file_scan(&scan, file);

		if (error)
			return error;
	}
	return 0;
}

static void proc_tcp_close(struct source *source)
{
	struct proc_tcp *proc = (struct proc_tcp *)source;

	for (unsigned i = 0; i < proc->files; i++) {
		close(proc->file[i].fd);
		free(proc->file[i].path);
	}
	free(proc);
}

static const struct source_ops proc_tcp_ops = {
	.name = "proc",
	.read = proc_tcp_read,
	.close = proc_tcp_close,
};

static int file_open(struct proc_tcp *proc, const char *path, uint16_t family,
		     struct failure *failure)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && family == AF_INET6)
		return 0;
	if (fd < 0)
		return failure_set(
			failure, errno,
			"cannot open %s: %s; is /proc mounted, and may this user read it?", path,
			strerror(errno));
	proc->file[proc->files] = (struct proc_file){
		.path = strdup(path),
		.fd = fd,
		.family = family,
		.row_read_bytes = family == AF_INET6 ? ROW6_READ_BYTES : ROW_READ_BYTES,
	};
	return proc->file[proc->files++].path ?
		       0 :
		       failure_set(failure, ENOMEM, "no memory for a poller");
}

int proc_tcp_open(const struct proc_tcp_options *options, struct source **ret_source,
		  struct failure *failure)
{
	/*
	 * /proc/net is /proc/self/net: the network namespace of the process's first thread. A
	 * thread that has entered another one, to poll there, must ask for its own.
	 */
	const char *tcp_path = options->tcp_path ? options->tcp_path : "/proc/thread-self/net/tcp";
	const char *tcp6_path = options->tcp6_path ? options->tcp6_path :
						     "/proc/thread-self/net/tcp6";
	struct proc_tcp *proc;
	int error;

	if (options->ports > PORTS_MAX)
		return failure_set(failure, EINVAL, "%u ports are too many: %d at most",
				   options->ports, PORTS_MAX);
	proc = calloc(1, sizeof(*proc));
	if (!proc)
		return failure_set(failure, ENOMEM, "no memory for a poller");
	proc->source.ops = &proc_tcp_ops;
	proc->page_reads = options->page_reads;
	proc->filter.ports = options->ports;
	memcpy(proc->filter.port, options->port, sizeof(proc->filter.port));

	error = file_open(proc, tcp_path, AF_INET, failure);
	if (!error)
		error = file_open(proc, tcp6_path, AF_INET6, failure);
	if (error) {
		proc_tcp_close(&proc->source);
		return error;
	}
	*ret_source = &proc->source;
	return 0;
}

uint64_t proc_tcp_unparsed(const struct source *source)
{
	return ((const struct proc_tcp *)source)->unparsed;
}
