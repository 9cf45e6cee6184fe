/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_REPORT_FIXTURE_H
#define POLLGAP_REPORT_FIXTURE_H

/* Two captures with known figures, which test_report.c prints. Included by that test alone, after
 * cmocka.h. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/failure.h"
#include "store/store.h"

#define S INT64_C(1000000000)
#define MS INT64_C(1000000)

static void expect_done(int error, const struct failure *failure)
{
	if (error != 0)
		fail_msg("error %d: %s", error, failure->text);
}

#define DO(call)                                \
	do {                                    \
		struct failure failure = { 0 }; \
		expect_done((call), &failure);  \
	} while (0)

static void put_capture(struct store *store, int64_t capture_id, const char *label)
{
	const struct capture_row row = {
		.capture_id = capture_id,
		.capture_uuid = capture_id == 1 ? "0b8f4b1e-5b1c-4c9e-8d15-3f6a7d0c9a01" :
						  "0b8f4b1e-5b1c-4c9e-8d15-3f6a7d0c9a02",
		.label = label,
		.host = "vm1",
		.boot_id = "5f0c9a1e-7a55-4d63-a3b3-1d2a3b4c5d6e",
		.kernel_release = "6.18.5",
		.machine = "x86_64",
		.backend = "tp_btf",
		.command_line = "pollgap capture -o demo.db -p 6379 -d 10s",
		.tool_version = "0.1.0",
		.ports = "6379",
		.netns_inode = 4026531840,
		.cpus = 3,
		.summary_period_ns = S,
		.min_spike_ns = MS,
		.start_ns = S,
		.start_utc_ns = INT64_C(1767225600) * S, /* 2026-01-01 */
	};

	DO(store_put_capture(store, &row, &failure));
	DO(store_put_threshold(store, capture_id, (struct threshold){ .bytes = 4096 }, &failure));
	DO(store_put_threshold(store, capture_id, (struct threshold){ .bytes = 16384 }, &failure));
	DO(store_put_threshold(store, capture_id, (struct threshold){ .bytes = 65536 }, &failure));
}

static void put_socket(struct store *store, int64_t socket_id, int64_t capture_id, int64_t cookie)
{
	const struct socket_row row = {
		.socket_id = socket_id,
		.capture_id = capture_id,
		.cookie = cookie,
		.inode = 7000 + socket_id,
		.netns_inode = 4026531840,
		.family = AF_INET,
		.local_address = "127.0.0.1",
		.local_port = 6379,
		.remote_address = "127.0.0.1",
		.remote_port = 40000 + socket_id,
		.first_ns = S,
		.older = true,
	};

	DO(store_put_socket(store, &row, &failure));
}

static void put_spike(struct store *store, int64_t spike_id, const char *gauge,
		      int64_t threshold_bytes, int64_t start_ns, int64_t duration_ns,
		      int64_t peak_bytes, bool left_censored)
{
	const struct spike_row row = {
		.spike_id = spike_id,
		.socket_id = 1,
		.capture_id = 1,
		.gauge = gauge,
		.threshold.bytes = threshold_bytes,
		.threshold_start_bytes = threshold_bytes,
		.start_ns = start_ns,
		.end_ns = start_ns + duration_ns,
		.peak_bytes = peak_bytes,
		.peak_ns = start_ns + duration_ns / 3,
		.limit_bytes = 131072,
		.events = 7,
		.area_byte_us = peak_bytes * (duration_ns / 1000) / 2,
		.left_censored = left_censored,
	};

	DO(store_put_spike(store, &row, &failure));
}

static void put_seen(struct store *store, int64_t spike_id, int64_t poller_id,
		     int64_t polled_peak_bytes)
{
	const struct spike_seen_row row = { spike_id, poller_id, polled_peak_bytes, 1 };

	DO(store_put_spike_seen(store, &row, &failure));
}

/*
 * 37 spikes of rx_queue at 4 KiB that last 3, 6 … 111 ms, the 25 highest also at 16 KiB; 5 of
 * tx_queue, the first censored; one of rmem. The 100 ms poller sees every third of rx_queue, the 1
 * s poller the longest alone.
 */
static void put_spikes(struct store *store)
{
	for (int64_t i = 0; i < 37; i++) {
		int64_t start_ns = 3 * S / 2 + i * S / 5;

		put_spike(store, 1 + i, "rx_queue", 4096, start_ns, (i + 1) * 3 * MS,
			  5000 + i * 1000, false);
		if (i % 3 == 0)
			put_seen(store, 1 + i, 2, 4500);
		if (i < 12)
			continue;
		put_spike(store, 101 + i, "rx_queue", 16384, start_ns + MS, (i + 1) * 2 * MS,
			  5000 + i * 1000, false);
		if (i % 3 == 0)
			put_seen(store, 101 + i, 2, 16500);
	}
	put_seen(store, 37, 1, 5100);
	for (int64_t i = 0; i < 5; i++)
		put_spike(store, 201 + i, "tx_queue", 4096, S + i * S / 7, 40 * MS, 6001 + i,
			  i == 0);
	put_spike(store, 301, "rmem", 4096, 2 * S, 11 * MS, 8192, false);
}

static void put_folded(struct store *store)
{
	const struct spike_bin_row row = {
		.socket_id = 2,
		.capture_id = 1,
		.gauge = "rx_queue",
		.threshold.bytes = 4096,
		.duration_from_ns = 100000,
		.duration_to_ns = 112202,
		.spikes = 1001,
		.duration_sum_ns = 1001 * 105000,
		.peak_bytes = 6000,
	};

	DO(store_put_spike_bin(store, &row, &failure));
}

static void put_poller(struct store *store, int64_t poller_id, int64_t capture_id,
		       int64_t period_ns, int64_t phase_ns)
{
	const struct poller_row row = {
		.poller_id = poller_id,
		.capture_id = capture_id,
		.source = "proc",
		.period_ns = period_ns,
		.phase_ns = phase_ns,
		.read_mode = "row",
		.priority = poller_id == 2 ? 10 : 0,
		.start_ns = S,
		.gauges = 3, /* rx_queue and tx_queue */
	};

	DO(store_put_poller(store, &row, &failure));
	for (int64_t start_ns = S + phase_ns; start_ns < 11 * S; start_ns += period_ns) {
		const struct poll_row poll = {
			.poll_id = poller_id * 1000 + start_ns / period_ns,
			.poller_id = poller_id,
			.scheduled_ns = start_ns,
			.start_ns = start_ns + 5000,
			.end_ns = start_ns + 325000,
			.rows_read = 3,
			.cpu_ns = 250000,
			.missed_turns = start_ns < 2 * S && poller_id == 2 ? 1 : 0,
		};

		DO(store_put_poll(store, &poll, &failure));
	}
	DO(store_put_poller_end(store, poller_id, 11 * S, &failure));
}

static void put_softnet(struct store *store, int64_t cpu, int64_t time_ns, int64_t processed,
			int64_t time_squeeze)
{
	const struct softnet_row row = {
		.capture_id = 1,
		.cpu = cpu,
		.time_ns = time_ns,
		.processed = processed,
		.dropped = 3,
		.time_squeeze = time_squeeze,
		.backlog_packets = -1,
		.input_packets = -1,
		.process_packets = -1,
	};

	DO(store_put_softnet(store, &row, &failure));
}

static void put_cost(struct store *store)
{
	/* The kernel timed one second of the ten. */
	const struct probe_timing_row timing = { 1, 5 * S, 6 * S, 300001, 60 * MS };

	DO(store_put_probe_timing(store, &timing, &failure));
	DO(store_put_thread_cpu(store, 1, "writer", 150 * MS, 401, &failure));
	DO(store_put_ambiguous(store, 2, "rx_queue", (struct threshold){ .bytes = 4096 }, 3,
			       &failure));
	put_softnet(store, 0, S, 1000, 5);
	put_softnet(store, 1, S, 2000, 7);
	put_softnet(store, 0, 6 * S, 41001, 9);
	put_softnet(store, 1, 6 * S, 42001, 7);
	put_softnet(store, 0, 11 * S, 91001, 28);
	put_softnet(store, 1, 11 * S, 92003, 7);
}

static void put_whole_capture(struct store *store)
{
	put_capture(store, 1, "redis, \"pipelined\"");
	put_socket(store, 1, 1, 501);
	put_socket(store, 2, 1, 502);
	put_socket(store, 3, 1, 0);
	put_poller(store, 1, 1, S, 3 * S / 10);
	put_poller(store, 2, 1, S / 10, S / 20);
	put_spikes(store);
	put_folded(store);
	put_cost(store);
	DO(store_finish(store, 1, 11 * S, INT64_C(1767225610) * S, &failure));
}

/* No spike at all, but losses. */
static void put_quiet_capture(struct store *store)
{
	put_capture(store, 2, NULL);
	put_socket(store, 4, 2, 503);
	put_poller(store, 3, 2, S, S / 2);
	DO(store_put_loss(store, 2, "ringbuf_full", 1203, &failure));
	DO(store_put_loss(store, 2, "writer_behind", 31, &failure));
	DO(store_put_loss(store, 2, "socket_storage", 0, &failure));
	DO(store_finish(store, 2, 11 * S, INT64_C(1767225610) * S, &failure));
}

#endif
