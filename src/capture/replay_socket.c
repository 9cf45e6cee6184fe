/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cleanup.h"
#include "base/failure.h"
#include "capture/bins.h"
#include "capture/replay_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* What one poller saw of a spike. */
struct sight {
	unsigned poller;
	uint32_t peak_bytes;
	uint32_t samples;
};

struct replayed_spike {
	bool open;
	bool left_censored;
	uint64_t start_ns;
	uint64_t peak_ns;
	uint64_t area_byte_ns; /* the gauge's, when the spike began */
	uint64_t events; /* the gauge's, before it began */
	uint32_t peak_bytes;
	struct sight *sight;
	size_t sights;
	size_t room;
	uint32_t *place; /* by poller: its place in sight, counted from 1; 0: it has none */
	struct bins bins; /* folded ones */
};

struct replayed_gauge {
	uint32_t value_bytes;
	uint64_t changed_ns;
	uint64_t area_byte_ns; /* up to there */
	uint64_t events;
	struct replayed_spike spike[THRESHOLDS_MAX];
};

/* A socket's sweep over its events and over the instants of all pollers, in the order of time. */
struct sweep {
	struct replay *replay;
	const struct replay_socket *socket;
	struct replayed_gauge gauge[GAUGES];
	unsigned open; /* spikes */
	size_t instant;
};

static int spike_list(struct sweep *sweep, unsigned gauge, unsigned index, uint64_t end_ns,
		      bool right_censored)
{
	const struct replayed_gauge *state = &sweep->gauge[gauge];
	const struct replayed_spike *spike = &state->spike[index];
	struct replay *replay = sweep->replay;
	struct spike_row row = {
		.spike_id = replay->ids.spike_id++,
		.socket_id = sweep->socket->socket_id + replay->socket_offset,
		.capture_id = replay->ids.capture_id,
		.gauge = store_gauge_name(gauge),
		.threshold.bytes = replay->source.threshold_bytes[index],
		.threshold_start_bytes = replay->source.threshold_bytes[index],
		.start_ns = (int64_t)spike->start_ns,
		.end_ns = (int64_t)end_ns,
		.peak_bytes = spike->peak_bytes,
		.peak_ns = (int64_t)spike->peak_ns,
		.events = (int64_t)(state->events - spike->events),
		.area_byte_us = (int64_t)((state->area_byte_ns - spike->area_byte_ns) / 1000),
		.left_censored = spike->left_censored,
		.right_censored = right_censored,
	};
	int error = store_replay_limit(replay->store, sweep->socket->socket_id, row.gauge,
				       row.peak_ns, &row.limit_bytes, replay->failure);

	if (!error)
		error = store_put_spike(replay->store, &row, replay->failure);

	for (size_t sight = 0; sight < spike->sights && !error; sight++)
		error = store_put_spike_seen(
			replay->store,
			&(struct spike_seen_row){
				.spike_id = row.spike_id,
				.poller_id = replay->ids.poller_id + spike->sight[sight].poller,
				.polled_peak_bytes = spike->sight[sight].peak_bytes,
				.samples = spike->sight[sight].samples,
			},
			replay->failure);
	return error;
}

/* Folds a spike that is whole: one that no poller saw, or any where counts are kept. */
static int spike_fold(struct sweep *sweep, unsigned gauge, unsigned index, uint64_t duration_ns)
{
	struct replayed_spike *spike = &sweep->gauge[gauge].spike[index];

	for (size_t sight = 0; sight < spike->sights; sight++)
		tally_add(sweep->replay, spike->sight[sight].poller, gauge * THRESHOLDS_MAX + index,
			  duration_ns);
	return bins_add(&spike->bins, duration_ns, spike->peak_bytes);
}

/* Ends a spike: lists it, or folds it if it is short, whole, and no poller saw it. */
static int spike_end(struct sweep *sweep, unsigned gauge, unsigned index, uint64_t end_ns,
		     bool right_censored)
{
	const struct replay *replay = sweep->replay;
	struct replayed_spike *spike = &sweep->gauge[gauge].spike[index];
	uint64_t duration_ns = end_ns - spike->start_ns;
	bool whole = !spike->left_censored && !right_censored;
	bool passed = !spike->sights && duration_ns < (uint64_t)replay->source.min_spike_ns;
	int error;

	if (whole && (passed || replay->counts_only))
		error = spike_fold(sweep, gauge, index, duration_ns);
	else
		error = spike_list(sweep, gauge, index, end_ns, right_censored);
	for (size_t sight = 0; sight < spike->sights; sight++)
		spike->place[spike->sight[sight].poller] = 0;
	spike->open = false;
	spike->sights = 0;
	sweep->open--;
	return error;
}

static int event_take(struct sweep *sweep, const struct trace_event *event)
{
	const struct replay_source *source = &sweep->replay->source;
	struct replayed_gauge *gauge = &sweep->gauge[event->gauge];
	/* What a socket is found with is no change. */
	bool found = event->time_ns == (uint64_t)sweep->socket->first_ns && sweep->socket->older;
	int error = 0;

	gauge->area_byte_ns += gauge->value_bytes * (event->time_ns - gauge->changed_ns);
	gauge->changed_ns = event->time_ns;
	for (unsigned index = source->thresholds; index-- > 0 && !error;) {
		if (gauge->spike[index].open && event->value_bytes < source->threshold_bytes[index])
			error = spike_end(sweep, event->gauge, index, event->time_ns, false);
	}
	gauge->value_bytes = event->value_bytes;
	for (unsigned index = 0; index < source->thresholds; index++) {
		struct replayed_spike *spike = &gauge->spike[index];

		if (event->value_bytes < source->threshold_bytes[index])
			break;
		if (!spike->open) {
			spike->open = true;
			sweep->open++;
			spike->left_censored = found;
			spike->start_ns = event->time_ns;
			spike->area_byte_ns = gauge->area_byte_ns;
			spike->events = gauge->events;
			spike->peak_bytes = 0;
		}
		if (event->value_bytes > spike->peak_bytes) {
			spike->peak_bytes = event->value_bytes;
			spike->peak_ns = event->time_ns;
		}
	}
	gauge->events += !found;
	return error;
}

/* A poller's polls come one after the other, those of others between them. */
static int spike_see(const struct sweep *sweep, struct replayed_spike *spike, unsigned poller,
		     uint32_t value_bytes)
{
	struct sight *sight;

	if (!spike->place)
		spike->place = calloc(sweep->replay->pollers, sizeof(*spike->place));
	if (!spike->place)
		return -ENOMEM;
	if (spike->place[poller]) {
		sight = &spike->sight[spike->place[poller] - 1];
		sight->samples++;
		if (value_bytes > sight->peak_bytes)
			sight->peak_bytes = value_bytes;
		return 0;
	}
	if (spike->sights == spike->room) {
		size_t room = spike->room ? 2 * spike->room : 8;
		void *grown = realloc(spike->sight, room * sizeof(*spike->sight));

		if (!grown)
			return -ENOMEM;
		spike->sight = grown;
		spike->room = room;
	}
	spike->sight[spike->sights++] = (struct sight){ poller, value_bytes, 1 };
	spike->place[poller] = (uint32_t)spike->sights;
	return 0;
}

static int sample_put(const struct sweep *sweep, size_t index)
{
	enum { ESTABLISHED = 1 }; /* a trace holds no states */
	const struct replay *replay = sweep->replay;
	const struct instant *instant = &replay->instant[index];
	const struct sample_row row = {
		.poll_id = replay->ids.poll_id + (int64_t)index,
		.socket_id = sweep->socket->socket_id + replay->socket_offset,
		.read_start_ns = (int64_t)instant->time_ns,
		.read_end_ns = (int64_t)instant->time_ns,
		.rx_queue_bytes = sweep->gauge[GAUGE_RX_QUEUE].value_bytes,
		.tx_queue_bytes = sweep->gauge[GAUGE_TX_QUEUE].value_bytes,
		.rmem_bytes = sweep->gauge[GAUGE_RMEM].value_bytes,
		.accept_queue_connections = -1,
		.backlog_bytes = -1,
		.state = ESTABLISHED,
	};

	return store_put_sample(replay->store, &row, replay->failure);
}

/* One poll reads the socket. */
static int instant_take(struct sweep *sweep, size_t index)
{
	const struct replay *replay = sweep->replay;
	int error = replay->counts_only ? 0 : sample_put(sweep, index);

	for (unsigned slot = 0; sweep->open && slot < REPLAY_SLOTS && !error; slot++) {
		struct replayed_gauge *gauge = &sweep->gauge[slot / THRESHOLDS_MAX];
		struct replayed_spike *spike = &gauge->spike[slot % THRESHOLDS_MAX];

		if (spike->open)
			error = spike_see(sweep, spike, replay->instant[index].poller,
					  gauge->value_bytes);
	}
	return error;
}

/* The first poll that is not before time_ns. */
static size_t instant_from(const struct replay *replay, uint64_t time_ns)
{
	size_t low = 0, high = replay->instants;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (replay->instant[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The polls before time_ns, at which something changes. */
static int instants_take(struct sweep *sweep, uint64_t time_ns)
{
	const struct replay *replay = sweep->replay;
	int error = 0;

	for (; sweep->instant < replay->instants && !error; sweep->instant++) {
		if (replay->instant[sweep->instant].time_ns >= time_ns)
			break;
		error = instant_take(sweep, sweep->instant);
	}
	return error;
}

static int bins_put(struct sweep *sweep, unsigned gauge, unsigned index)
{
	const struct bins *bins = &sweep->gauge[gauge].spike[index].bins;
	struct replay *replay = sweep->replay;
	int error = 0;

	for (unsigned place = 0; place < bins->bins && !error; place++) {
		const struct bin *bin = &bins->bin[place];
		uint64_t from_ns, to_ns;

		bin_edges(bin->index, &from_ns, &to_ns);
		error = store_put_spike_bin(
			replay->store,
			&(struct spike_bin_row){
				.socket_id = sweep->socket->socket_id + replay->socket_offset,
				.capture_id = replay->ids.capture_id,
				.gauge = store_gauge_name(gauge),
				.threshold.bytes = replay->source.threshold_bytes[index],
				.duration_from_ns = (int64_t)from_ns,
				.duration_to_ns = (int64_t)to_ns,
				.spikes = (int64_t)bin->spikes,
				.duration_sum_ns = (int64_t)bin->duration_sum_ns,
				.peak_bytes = bin->peak_bytes,
			},
			replay->failure);
	}
	return error;
}

/* The socket's end, or the capture's. */
static int sweep_end(struct sweep *sweep)
{
	bool lives = sweep->socket->last_ns == INT64_MAX;
	uint64_t end_ns = (uint64_t)(lives ? sweep->replay->source.end_ns : sweep->socket->last_ns);
	int error = instants_take(sweep, end_ns);

	for (unsigned slot = 0; slot < REPLAY_SLOTS && !error; slot++) {
		unsigned gauge = slot / THRESHOLDS_MAX, index = slot % THRESHOLDS_MAX;
		struct replayed_gauge *state = &sweep->gauge[gauge];

		state->area_byte_ns += state->value_bytes * (end_ns - state->changed_ns);
		state->changed_ns = end_ns;
		if (state->spike[index].open)
			error = spike_end(sweep, gauge, index, end_ns, lives);
		if (!error)
			error = bins_put(sweep, gauge, index);
	}
	return error;
}

static int block_take(struct sweep *sweep, const struct trace_block_row *row)
{
	struct replay *replay = sweep->replay;
	int error = 0;

	if (row->events < 0 || row->events > TRACE_BLOCK_EVENTS_MAX ||
	    trace_block_decode(replay->codec, row->block, row->block_bytes, replay->event,
			       (size_t)row->events) < 0)
		return failure_set(replay->failure, EBADMSG, "a block of events is broken");
	for (size_t index = 0; index < (size_t)row->events && !error; index++) {
		error = instants_take(sweep, replay->event[index].time_ns);
		if (!error)
			error = event_take(sweep, &replay->event[index]);
	}
	return error;
}

static void sweep_free(struct sweep *sweep)
{
	for (unsigned slot = 0; slot < REPLAY_SLOTS; slot++) {
		struct replayed_spike *spike =
			&sweep->gauge[slot / THRESHOLDS_MAX].spike[slot % THRESHOLDS_MAX];

		bins_free(&spike->bins);
		free(spike->sight);
		free(spike->place);
	}
}

int replay_socket(struct replay *replay, const struct replay_socket *socket)
{
	_cleanup_(trace_cursor_closep) struct trace_cursor *cursor = NULL;
	_cleanup_(sweep_free) struct sweep sweep = { .replay = replay, .socket = socket };
	const struct trace_range range = { .socket_id = socket->socket_id, .to_ns = INT64_MAX };
	struct trace_block_row row;
	int result = 0, error;

	sweep.instant = instant_from(replay, (uint64_t)socket->first_ns);
	for (unsigned gauge = 0; gauge < GAUGES; gauge++)
		sweep.gauge[gauge].changed_ns = (uint64_t)socket->first_ns;
	error = trace_cursor_open(replay->store, &range, &cursor, replay->failure);
	while (!error && (result = trace_cursor_next(cursor, &row, replay->failure)) > 0)
		error = block_take(&sweep, &row);
	if (!error && result < 0)
		error = result;
	if (!error)
		error = sweep_end(&sweep);
	if (error == -ENOMEM)
		failure_set(replay->failure, ENOMEM, "out of memory");
	return error;
}
