-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary by decade of duration: a poller misses the short ones. Decades without a spike have no row. The
-- last decade is open, so its end is the highest integer. A folded spike is in the decade in which its bin begins.
CREATE VIEW missed_spike_by_duration AS
WITH decade (digits, duration_from_ns, duration_to_ns) AS MATERIALIZED (
	VALUES
		(3, 0, 1000),
		(4, 1000, 10000),
		(5, 10000, 100000),
		(6, 100000, 1000000),
		(7, 1000000, 10000000),
		(8, 10000000, 100000000),
		(9, 100000000, 1000000000),
		(10, 1000000000, 10000000000),
		(11, 10000000000, 100000000000),
		(12, 100000000000, 1000000000000),
		(13, 1000000000000, 9223372036854775807)
), ran AS MATERIALIZED (
	SELECT capture_id, poller_id, start_ns, end_ns, kept_period_ns
	FROM poller_run
), run AS MATERIALIZED (
	-- place is poller, threshold, gauge and decade as one number, for the reason that missed_spike_summary gives.
	SELECT
		ran.*,
		poller_gauge.gauge,
		capture_threshold.threshold_bytes,
		capture_threshold.threshold_percent,
		decade.duration_from_ns,
		decade.duration_to_ns,
		(ran.poller_id << 44) + ((capture_threshold.threshold_bytes + capture_threshold.threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', poller_gauge.gauge) << 4) + decade.digits AS place
	FROM ran
	JOIN poller_gauge ON poller_gauge.poller_id = ran.poller_id
	JOIN capture_threshold ON capture_threshold.capture_id = ran.capture_id
	CROSS JOIN decade
), tally AS MATERIALIZED (
	-- "SPIKES PHASE_NS", as in missed_spike_summary.
	SELECT
		run.place,
		(
			SELECT count(*) || ' ' || total(max(0.0, run.kept_period_ns - (spike.end_ns - spike.start_ns)))
			FROM spike
			WHERE spike.capture_id = run.capture_id
				AND spike.gauge = run.gauge
				AND spike.threshold_bytes = run.threshold_bytes
				AND spike.threshold_percent = run.threshold_percent
				AND spike.left_censored = 0
				AND spike.right_censored = 0
				AND spike.end_ns - spike.start_ns >= run.duration_from_ns
				AND spike.end_ns - spike.start_ns < run.duration_to_ns
				AND spike.start_ns >= run.start_ns
				AND spike.end_ns <= run.end_ns
		) AS tally
	FROM run
), bin AS MATERIALIZED (
	-- Over all sockets, as in missed_spike_summary.
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		duration_from_ns,
		sum(spikes) AS spikes,
		sum(duration_sum_ns) AS duration_sum_ns
	FROM spike_bin
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns
), part AS (
	SELECT
		place,
		CAST(tally AS INTEGER) AS spikes,
		0 AS seen,
		CAST(substr(tally, instr(tally, ' ')) AS REAL) AS unseen_phase_ns
	FROM tally
	UNION ALL
	-- A whole number has as many digits as its decade says.
	SELECT
		(spike_seen.poller_id << 44) + ((spike.threshold_bytes + spike.threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', spike.gauge) << 4)
			+ min(max(length(spike.end_ns - spike.start_ns), 3), 13) AS place,
		0,
		count(*),
		0.0
	FROM spike_seen
	CROSS JOIN spike ON spike.spike_id = spike_seen.spike_id
	CROSS JOIN ran ON ran.poller_id = spike_seen.poller_id
	WHERE spike.left_censored = 0
		AND spike.right_censored = 0
		AND spike.start_ns >= ran.start_ns
		AND spike.end_ns <= ran.end_ns
	GROUP BY 1
	UNION ALL
	SELECT
		(poller_id << 44) + ((threshold_bytes + threshold_percent) << 9)
			+ (instr('rx_queue tx_queue rmem', gauge) << 4)
			+ decade.digits,
		0,
		spike_bin_seen.spikes,
		0.0
	FROM spike_bin_seen
	JOIN decade ON decade.duration_from_ns = spike_bin_seen.duration_from_ns
	UNION ALL
	SELECT
		run.place,
		bin.spikes,
		0,
		max(0.0, run.kept_period_ns * bin.spikes - bin.duration_sum_ns)
	FROM bin
	JOIN run
		ON run.capture_id = bin.capture_id
		AND run.gauge = bin.gauge
		AND run.threshold_bytes = bin.threshold_bytes
		AND run.threshold_percent = bin.threshold_percent
		AND run.duration_from_ns <= bin.duration_from_ns
		AND run.duration_to_ns > bin.duration_from_ns
), counted AS (
	SELECT place, sum(spikes) AS spikes, sum(seen) AS seen, sum(unseen_phase_ns) AS unseen_phase_ns
	FROM part
	GROUP BY place
	HAVING sum(spikes) > 0
)
SELECT
	run.capture_id,
	run.poller_id,
	run.gauge,
	run.threshold_bytes,
	run.threshold_percent,
	run.duration_from_ns,
	run.duration_to_ns,
	counted.spikes,
	counted.seen,
	counted.spikes - counted.seen AS missed,
	(counted.spikes - counted.seen) * 1.0 / counted.spikes AS miss_ratio,
	counted.unseen_phase_ns / run.kept_period_ns / counted.spikes AS expected_miss_ratio
FROM counted
JOIN run ON run.place = counted.place;
