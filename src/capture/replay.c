/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/replay.h"

#include "base/cleanup.h"
#include "base/failure.h"
#include "base/random.h"
#include "capture/facts.h"
#include "capture/replay_private.h"
#include "source/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int instant_add(struct replay *replay, uint64_t time_ns, unsigned poller)
{
	if (replay->instants == replay->room) {
		size_t room = replay->room ? 2 * replay->room : 1024;
		void *grown = realloc(replay->instant, room * sizeof(*replay->instant));

		if (!grown)
			return -ENOMEM;
		replay->instant = grown;
		replay->room = room;
	}
	replay->instant[replay->instants++] =
		(struct instant){ .time_ns = time_ns, .poller = poller };
	return 0;
}

/* One poller: its row, and the instants of its polls. */
static int poller_add(struct replay *replay, uint64_t period_ns, uint64_t phase_ns,
		      enum jitter jitter, uint64_t seed)
{
	const struct poller_row row = {
		.poller_id = replay->ids.poller_id + replay->pollers,
		.capture_id = replay->ids.capture_id,
		.source = "replay",
		.period_ns = (int64_t)period_ns,
		.phase_ns = (int64_t)phase_ns,
		.jitter = jitter_name(jitter),
		.seed = (int64_t)seed,
		.read_mode = "instant",
		.start_ns = replay->source.start_ns,
		.gauges = (1U << GAUGES) - 1,
		.simulated = true,
	};
	struct schedule schedule;
	uint64_t time_ns;
	int error = store_put_poller(replay->store, &row, replay->failure);

	if (!error)
		error = store_put_poller_end(replay->store, row.poller_id, replay->source.end_ns,
					     replay->failure);
	schedule_start_jittered(&schedule, (uint64_t)replay->source.start_ns + phase_ns, period_ns,
				jitter, seed);
	while (!error) {
		time_ns = schedule_take(&schedule);
		if (time_ns >= (uint64_t)replay->source.end_ns)
			break;
		error = instant_add(replay, time_ns, replay->pollers);
		if (error)
			failure_set(replay->failure, ENOMEM, "out of memory: fewer --repeat");
	}
	replay->pollers++;
	return error;
}

static int instant_compare(const void *a, const void *b)
{
	const struct instant *left = a, *right = b;

	if (left->time_ns != right->time_ns)
		return left->time_ns < right->time_ns ? -1 : 1;
	return (left->poller > right->poller) - (left->poller < right->poller);
}

static int instant_put(struct replay *replay, size_t index)
{
	const struct instant *instant = &replay->instant[index];
	const struct poll_row row = {
		.poll_id = replay->ids.poll_id + (int64_t)index,
		.poller_id = replay->ids.poller_id + instant->poller,
		.scheduled_ns = (int64_t)instant->time_ns,
		.start_ns = (int64_t)instant->time_ns,
		.end_ns = (int64_t)instant->time_ns,
	};

	return store_put_poll(replay->store, &row, replay->failure);
}

/* Of each poller the first and the last, which say what period it kept, and how many: a thousand
 * pollers at 200 us are five million polls a second. */
static int instants_count(struct replay *replay)
{
	_cleanup_(freep) size_t *last = calloc(replay->pollers, sizeof(*last));
	_cleanup_(freep) int64_t *polls = calloc(replay->pollers, sizeof(*polls));
	int error = 0;

	if (!last || !polls)
		return failure_set(replay->failure, ENOMEM, "out of memory: fewer --repeat");
	for (size_t index = 0; index < replay->instants; index++)
		last[replay->instant[index].poller] = index;
	for (size_t index = 0; index < replay->instants && !error; index++) {
		unsigned poller = replay->instant[index].poller;

		if (polls[poller]++ == 0 || index == last[poller])
			error = instant_put(replay, index);
	}
	for (unsigned poller = 0; poller < replay->pollers && !error; poller++)
		error = store_put_poller_polls(replay->store, replay->ids.poller_id + poller,
					       polls[poller], replay->failure);
	return error;
}

static int pollers_put(struct replay *replay, const struct replay_options *options)
{
	uint64_t random = options->seed;
	int error = 0;

	for (unsigned period = 0; period < options->periods; period++) {
		for (unsigned repeat = 0; repeat < options->repeats && !error; repeat++) {
			uint64_t period_ns = options->period_ns[period];
			uint64_t phase_ns = options->phase_given ? options->phase_ns :
								   random_next(&random);

			error = poller_add(replay, period_ns, phase_ns % period_ns, options->jitter,
					   options->jitter == JITTER_NONE ? 0 :
									    random_next(&random));
		}
	}
	if (error)
		return error;
	qsort(replay->instant, replay->instants, sizeof(*replay->instant), instant_compare);
	if (replay->counts_only)
		return instants_count(replay);
	for (size_t index = 0; index < replay->instants && !error; index++)
		error = instant_put(replay, index);
	return error;
}

static int thresholds_put(struct replay *replay, const struct replay_options *options)
{
	int error = 0;

	if (options->thresholds) {
		memcpy(replay->source.threshold_bytes, options->threshold_bytes,
		       sizeof(options->threshold_bytes));
		replay->source.thresholds = options->thresholds;
	}
	if (!replay->source.thresholds)
		return failure_set(
			replay->failure, EINVAL,
			"the capture's thresholds are in per cent of limits, which a trace does not hold: name "
			"some in bytes (--threshold)");
	for (unsigned index = 0; index < replay->source.thresholds && !error; index++)
		error = store_put_threshold(replay->store, replay->ids.capture_id,
					    threshold_of(replay->source.threshold_bytes[index],
							 false),
					    replay->failure);
	return error;
}

static int replay_begin(struct replay *replay, const struct replay_options *options)
{
	char command_line[4096];
	struct facts facts;
	int error = store_next_ids(replay->store, &replay->ids, replay->failure);

	if (error)
		return error;
	if (facts_read(&facts) < 0)
		return failure_set(replay->failure, EIO, "this machine's facts can't be read");
	command_line_join(options->command_line, command_line, sizeof(command_line));
	replay->socket_offset = replay->ids.socket_id - 1;
	error = store_replay_begin(replay->store,
				   &(struct replay_row){
					   .source_id = replay->source.capture_id,
					   .capture_id = replay->ids.capture_id,
					   .capture_uuid = facts.capture_uuid,
					   .command_line = command_line,
					   .tool_version = POLLGAP_VERSION,
					   .socket_offset = replay->socket_offset,
					   .summaries = !replay->counts_only,
				   },
				   replay->failure);
	if (!error)
		error = thresholds_put(replay, options);
	if (!error)
		error = pollers_put(replay, options);
	return error || !replay->counts_only ? error : tally_new(replay);
}

static void replay_free(struct replay *replay)
{
	codec_freep(&replay->codec);
	free(replay->instant);
	free(replay->tally);
	free(replay->event);
	free(replay->socket);
}

int replay_run(const struct replay_options *options, int64_t *ret_capture_id,
	       struct failure *failure)
{
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(replay_free) struct replay replay = {
		.failure = failure,
		.event = calloc(TRACE_BLOCK_EVENTS_MAX, sizeof(struct trace_event)),
	};
	int error;

	if (!replay.event || codec_new(&replay.codec) < 0)
		return failure_set(failure, ENOMEM, "out of memory");
	/* Refused before a file is made or changed. */
	error = store_open(options->path, &store, failure);
	if (!error)
		error = store_replay_source(store, options->capture_id, &replay.source, failure);
	store_closep(&store);
	if (!error)
		error = store_create(options->path, &store, failure);
	if (error)
		return error;
	replay.store = store;
	replay.counts_only = options->keep == REPLAY_KEEP_COUNTS ||
			     (options->keep == REPLAY_KEEP_AUTO &&
			      options->periods * options->repeats > REPLAY_ROWS_POLLERS_MAX);
	error = replay_begin(&replay, options);
	if (!error)
		error = store_replay_sockets(store, replay.source.capture_id, &replay.socket,
					     &replay.sockets, failure);
	for (size_t index = 0; index < replay.sockets && !error; index++)
		error = replay_socket(&replay, &replay.socket[index]);
	if (!error && replay.counts_only)
		error = tally_put(&replay);
	if (!error)
		error = store_finish(store, replay.ids.capture_id, replay.source.end_ns,
				     replay.source.end_utc_ns, failure);
	*ret_capture_id = replay.ids.capture_id;
	return error;
}
