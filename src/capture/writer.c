/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/writer.h"

#include "base/clock.h"
#include "capture/runner.h"
#include "capture/poller_kind.h"
#include "capture/writer_private.h"
#include "trace/trace_block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPIKES_WAITING_MAX = 2000000, /* 200 MB: some seconds of a pipelined server's */
	COMMIT_PERIOD_NS = NS_PER_S,
};

static int writer_put_timings(struct writer *writer)
{
	struct probe_timing timing[TIMINGS_MAX];
	unsigned timings;
	int error = 0;

	pthread_mutex_lock(&writer->timing_mutex);
	timings = writer->timings;
	memcpy(timing, writer->timing, timings * sizeof(timing[0]));
	writer->timings = 0;
	pthread_mutex_unlock(&writer->timing_mutex);
	for (unsigned index = 0; index < timings && !error; index++) {
		const struct probe_timing_row row = {
			.capture_id = writer->ids.capture_id,
			.start_ns = (int64_t)timing[index].start_ns,
			.end_ns = (int64_t)timing[index].end_ns,
			.runs = (int64_t)timing[index].runs,
			.run_ns = (int64_t)timing[index].run_ns,
		};

		error = store_put_probe_timing(writer->options.store, &row, &writer->failure);
	}
	return error;
}

/* CPU time of the threads that are no poller. */
static int writer_put_threads(struct writer *writer)
{
	int64_t cpu_ns = (int64_t)(clock_thread_cpu_ns() - writer->cpu_start_ns);
	int error = store_put_thread_cpu(writer->options.store, writer->ids.capture_id, "writer",
					 cpu_ns, (int64_t)writer->commits, &writer->failure);

	for (unsigned index = 0; index < writer->options.runners && !error; index++) {
		const struct writer_runner *runner = &writer->options.runner[index];

		if (runner->kind == RUNNER_POLLER)
			continue;
		error = store_put_thread_cpu(writer->options.store, writer->ids.capture_id,
					     runner->kind == RUNNER_PROBE ? "collector" : "softnet",
					     (int64_t)atomic_load(&runner->runner->cpu_ns),
					     (int64_t)atomic_load(&runner->runner->turns),
					     &writer->failure);
	}
	return error;
}

/* Brings what is kept as sums up to date. */
static int writer_put_sums(struct writer *writer)
{
	int error = writer_flush_bins(writer);

	if (!error)
		error = writer_put_timings(writer);
	if (!error)
		error = writer_put_threads(writer);
	if (!error)
		error = writer_put_losses(writer);
	return error;
}

static int writer_commit(struct writer *writer)
{
	int error = writer_put_sums(writer);

	if (error)
		return error;
	writer->commits++;
	return store_commit(writer->options.store, &writer->failure);
}

static int writer_take_records(struct writer *writer, const struct batch *batch)
{
	int error = 0;

	for (const struct batch_item *item = batch_next(batch, NULL); item && !error;
	     item = batch_next(batch, item))
		error = writer_take_record(writer, item);
	if (batch->passed_ns != UINT64_MAX && batch->passed_ns > writer->kernel_stop_ns)
		writer->kernel_stop_ns = batch->passed_ns;
	if (!error && batch->passed_ns > writer->kernel_passed_ns)
		writer->kernel_passed_ns = batch->passed_ns;
	return error;
}

/* The batch is the callee's from here on. */
static int writer_take_batch(struct writer *writer, struct batch *batch)
{
	int error = 0;

	switch (writer->options.runner[batch->runner].kind) {
	case RUNNER_POLLER:
		return writer_take_poll(writer, batch); /* keeps it */
	case RUNNER_PROBE:
		error = writer_take_records(writer, batch);
		break;
	case RUNNER_SOFTNET:
		error = writer_take_softnet(writer, batch);
		break;
	}
	batch_freep(&batch);
	return error;
}

/* Matches and judges all that can be. */
static int writer_settle(struct writer *writer)
{
	int error = writer_take_samples(writer);
	uint64_t passed_ns = writer_samples_passed_ns(writer);

	if (error)
		return error;
	writer->settled_ns = passed_ns;
	error = judge_settle(writer->judge, passed_ns);
	return error ? error : writer_retire(writer);
}

static int writer_work(struct writer *writer)
{
	uint64_t commit_ns = clock_monotonic_ns() + COMMIT_PERIOD_NS;
	bool closed = false;
	int error = 0;

	writer->cpu_start_ns = clock_thread_cpu_ns();
	while (!closed && !error) {
		struct batch *batch = channel_get(writer->options.channel, commit_ns, &closed);

		if (batch)
			error = writer_take_batch(writer, batch);
		if (!error)
			error = writer_settle(writer);
		if (!error && clock_monotonic_ns() >= commit_ns) {
			error = writer_commit(writer);
			commit_ns = clock_monotonic_ns() + COMMIT_PERIOD_NS;
		}
	}
	if (!error)
		error = writer_end(writer);
	return error ? error : writer_put_sums(writer);
}

static void *writer_run(void *context)
{
	struct writer *writer = context;

	writer->error = writer_work(writer);
	if (writer->error == -ENOMEM && !writer->failure.text[0])
		failure_set(&writer->failure, ENOMEM,
			    "out of memory: capture fewer sockets (-p) or a higher --threshold");
	if (writer->error)
		atomic_store(&writer->failed, true);
	return NULL;
}

static int writer_prepare(struct writer *writer)
{
	const struct writer_options *options = &writer->options;
	struct judge_options judge = { .thresholds = options->thresholds,
				       .spikes_max = SPIKES_WAITING_MAX };
	int error;

	if (!options->thresholds_in_percent)
		memcpy(judge.threshold_bytes, options->threshold, sizeof(judge.threshold_bytes));
	for (unsigned index = 0; index < options->runners; index++) {
		if (options->runner[index].kind == RUNNER_POLLER)
			judge.poller_gauges[judge.pollers++] =
				options->runner[index].poller->gauges;
	}
	error = options->pid ? owned_inodes_new(options->pid, &writer->owned, &writer->failure) : 0;
	if (!error && options->trace)
		error = codec_new(&writer->codec);
	if (!error)
		error = judge_new(&judge, writer_verdict, writer, &writer->judge);
	if (!error)
		error = sockets_new(&writer->sockets);
	return error;
}

int writer_start(const struct writer_options *options, struct writer **ret_writer,
		 struct failure *failure)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int error;

	if (!writer)
		return failure_set(failure, ENOMEM, "out of memory");
	writer->options = *options;
	writer->ids = options->ids;
	writer->joined = true;
	pthread_mutex_init(&writer->timing_mutex, NULL);
	error = -writer_prepare(writer);
	if (!error)
		error = pthread_create(&writer->thread, NULL, writer_run, writer);
	if (error) {
		failure_set(failure, error, "the writer can't be started: %s", strerror(error));
		if (writer->failure.text[0] && failure)
			*failure = writer->failure;
		writer_freep(&writer);
		return -error;
	}
	writer->joined = false;
	*ret_writer = writer;
	return 0;
}

void writer_put_timing(struct writer *writer, const struct probe_timing *timing)
{
	pthread_mutex_lock(&writer->timing_mutex);
	if (writer->timings < TIMINGS_MAX)
		writer->timing[writer->timings++] = *timing;
	pthread_mutex_unlock(&writer->timing_mutex);
}

struct writer_progress writer_progress(struct writer *writer)
{
	return (struct writer_progress){
		.spikes = atomic_load(&writer->spikes),
		.folded = atomic_load(&writer->folded),
		.changes = atomic_load(&writer->changes),
		.samples = atomic_load(&writer->samples),
		.losses = atomic_load(&writer->losses),
	};
}

bool writer_failed(struct writer *writer)
{
	return atomic_load(&writer->failed);
}

static int writer_put_poller_ends(struct writer *writer, uint64_t end_ns)
{
	int error = 0;

	for (unsigned index = 0; index < writer->options.runners && !error; index++) {
		const struct writer_runner *runner = &writer->options.runner[index];

		if (runner->kind == RUNNER_POLLER)
			error = store_put_poller_end(writer->options.store, runner->poller_id,
						     (int64_t)end_ns, &writer->failure);
	}
	return error;
}

int writer_join(struct writer *writer, uint64_t end_ns, struct failure *failure)
{
	if (!writer->joined)
		pthread_join(writer->thread, NULL);
	writer->joined = true;
	if (!writer->error)
		writer->error = writer_put_poller_ends(writer, end_ns);
	if (writer->error)
		*failure = writer->failure;
	return writer->error;
}

void writer_freep(struct writer **writer)
{
	if (!*writer)
		return;
	if (!(*writer)->joined) {
		channel_close((*writer)->options.channel);
		pthread_join((*writer)->thread, NULL);
	}
	for (unsigned index = 0; index < RUNNERS_MAX; index++) {
		struct intake *intake = &(*writer)->intake[index];

		while (intake->first) {
			struct batch *batch = intake->first;

			intake->first = batch->next;
			batch_freep(&batch);
		}
	}
	while ((*writer)->sockets) {
		struct tracked_socket *socket = sockets_any((*writer)->sockets);

		if (!socket)
			break;
		writer_forget(*writer, socket);
	}
	writer_free_cpu_trace(*writer);
	codec_freep(&(*writer)->codec);
	judge_freep(&(*writer)->judge);
	sockets_freep(&(*writer)->sockets);
	owned_inodes_freep(&(*writer)->owned);
	pthread_mutex_destroy(&(*writer)->timing_mutex);
	free(*writer);
	*writer = NULL;
}
