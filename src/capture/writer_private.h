/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_WRITER_PRIVATE_H
#define POLLGAP_WRITER_PRIVATE_H

#include "base/failure.h"
#include "capture/batch.h"
#include "capture/sockets.h"
#include "capture/writer.h"
#include "source/probe.h"
#include "source/process.h"

#include <pthread.h>
#include <stdatomic.h>

/* Losses that the writer itself counts. */
enum writer_loss {
	LOSS_UNKNOWN_SOCKET, /* a record of a socket whose own record was lost */
	LOSS_SPIKES_WAITING, /* too many spikes waited to be judged */
	LOSS_LATE_SPIKE, /* a spike came after samples of its time were judged */
	LOSS_SAMPLES_WAITING, /* too many samples waited for the kernel's records */
	LOSS_UNSEEN_SOCKET, /* a sample of a socket that the kernel side never saw */
	WRITER_LOSSES,
};

/* A poller's batches whose samples wait until the kernel's records of their time have come. */
struct intake {
	struct batch *first;
	struct batch *last;
	const struct batch_item *item; /* the next sample of the first batch, NULL: not begun */
	bool begun;
	uint64_t rows_repeated; /* in the first batch, so far */
	uint64_t passed_ns; /* as promised by the last batch that is done with */
	size_t waiting_bytes;
};

enum { TIMINGS_MAX = 64 };

struct writer {
	struct writer_options options;
	struct failure failure;
	int error;
	pthread_t thread;
	atomic_bool failed;
	bool joined;

	struct judge *judge;
	struct sockets *sockets;
	struct codec *codec; /* of a traced capture */
	uint64_t events_held; /* in all sockets' buffers */
	struct trace_buffer *cpu_trace; /* events of each CPU's backlog */
	unsigned cpus_traced;
	struct owned_inodes *owned; /* with --pid: the sockets that the process holds */
	struct tracked_socket *dead_first; /* until their tuple can't be read any more */
	struct tracked_socket *dead_last;
	struct tracked_socket *changed; /* sockets whose bins changed since the last commit */
	struct intake intake[RUNNERS_MAX];
	uint64_t kernel_stop_ns; /* the last such time short of the end of all */
	uint64_t kernel_passed_ns; /* every record of before this time has come */
	uint64_t settled_ns; /* every spike that ended before this time is judged */

	struct store_ids ids;
	uint64_t lost[WRITER_LOSSES];
	uint64_t cpu_start_ns;
	uint64_t commits;

	pthread_mutex_t timing_mutex;
	struct probe_timing timing[TIMINGS_MAX];
	unsigned timings;

	/* For the progress line. */
	atomic_ullong spikes;
	atomic_ullong folded;
	atomic_ullong changes;
	atomic_ullong samples;
	atomic_ullong losses;
};

/* writer_record.c: what the kernel says. */
int writer_take_record(struct writer *writer, const struct batch_item *item);
int writer_verdict(void *context, void *owner, const struct record_spike *spike,
		   const struct judge_sight *sight);
int writer_flush_bins(struct writer *writer);

/* writer_level.c: what it says of accept queues and the CPUs' backlog. */
int writer_take_accept(struct writer *writer, struct tracked_socket *socket,
		       const struct record_accept *record);
int writer_end_accept(struct writer *writer, struct tracked_socket *socket, uint64_t time_ns,
		      bool right_censored);
int writer_take_backlog(struct writer *writer, const struct record_backlog *record);
int writer_take_squeeze(struct writer *writer, const struct record_squeeze *record);
int writer_take_drop(struct writer *writer, const struct record_drop *record);

/* writer_trace.c: every event, of a traced capture. */
int writer_take_events(struct writer *writer, struct tracked_socket *socket,
		       const struct record_events *record);
/* What is left of a socket's. */
int writer_end_trace(struct writer *writer, struct tracked_socket *socket);
int writer_take_backlog_events(struct writer *writer, const struct record_events *record);
/* What is left of the CPUs'. */
int writer_end_cpu_trace(struct writer *writer);
void writer_free_cpu_trace(struct writer *writer);

/* writer_sample.c: what pollers and the softnet sampler read. */
int writer_take_poll(struct writer *writer, struct batch *batch);
int writer_take_softnet(struct writer *writer, const struct batch *batch);
/* Every sample whose time the kernel's records have passed is matched, put and judged. */
int writer_take_samples(struct writer *writer);
/* No sample that began before this time will come any more. */
uint64_t writer_samples_passed_ns(const struct writer *writer);

/* writer_end.c: sockets that are gone, losses, the end. */
int writer_retire(struct writer *writer);
int writer_end(struct writer *writer);
int writer_put_losses(struct writer *writer);
/* Nothing more comes of this socket; with --pid, whether it stays in the file is settled here. */
int writer_part(struct writer *writer, struct tracked_socket *socket);
void writer_forget(struct writer *writer, struct tracked_socket *socket);

/* A threshold of the capture by its index, as the file has it. */
static inline struct threshold writer_threshold(const struct writer *writer, unsigned index)
{
	return threshold_of(writer->options.threshold[index],
			    writer->options.thresholds_in_percent);
}

#endif
