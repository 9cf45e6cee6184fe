-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary by decade of duration: a poller misses the short ones. Decades without a spike have no row. The
-- last decade is open, so its end is the highest integer. A folded spike is in the decade in which its bin begins.
CREATE VIEW missed_spike_by_duration AS
WITH decade (duration_from_ns, duration_to_ns) AS MATERIALIZED (
	VALUES
		(0, 1000),
		(1000, 10000),
		(10000, 100000),
		(100000, 1000000),
		(1000000, 10000000),
		(10000000, 100000000),
		(100000000, 1000000000),
		(1000000000, 10000000000),
		(10000000000, 100000000000),
		(100000000000, 1000000000000),
		(1000000000000, 9223372036854775807)
), run AS MATERIALIZED (
	SELECT
		poller_run.*,
		poller_gauge.gauge,
		capture_threshold.threshold_bytes
	FROM poller_run
	JOIN poller_gauge ON poller_gauge.poller_id = poller_run.poller_id
	JOIN capture_threshold ON capture_threshold.capture_id = poller_run.capture_id
), part AS (
	SELECT
		run.capture_id,
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		decade.duration_from_ns,
		decade.duration_to_ns,
		run.kept_period_ns,
		count(*) AS spikes,
		count(spike_seen.spike_id) AS seen,
		sum(max(0.0, run.kept_period_ns - (spike.end_ns - spike.start_ns))) AS unseen_phase_ns
	FROM run
	CROSS JOIN spike
		ON spike.capture_id = run.capture_id
		AND spike.gauge = run.gauge
		AND spike.threshold_bytes = run.threshold_bytes
		AND spike.left_censored = 0
		AND spike.right_censored = 0
		AND spike.start_ns >= run.start_ns
		AND spike.end_ns <= run.end_ns
	JOIN decade
		ON spike.end_ns - spike.start_ns >= decade.duration_from_ns
		AND spike.end_ns - spike.start_ns < decade.duration_to_ns
	LEFT JOIN spike_seen ON spike_seen.spike_id = spike.spike_id AND spike_seen.poller_id = run.poller_id
	GROUP BY run.poller_id, run.gauge, run.threshold_bytes, decade.duration_from_ns
	UNION ALL
	SELECT
		run.capture_id,
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		decade.duration_from_ns,
		decade.duration_to_ns,
		run.kept_period_ns,
		sum(spike_bin.spikes),
		0,
		sum(max(0.0, run.kept_period_ns * spike_bin.spikes - spike_bin.duration_sum_ns))
	FROM run
	JOIN spike_bin
		ON spike_bin.capture_id = run.capture_id
		AND spike_bin.gauge = run.gauge
		AND spike_bin.threshold_bytes = run.threshold_bytes
	JOIN decade
		ON spike_bin.duration_from_ns >= decade.duration_from_ns
		AND spike_bin.duration_from_ns < decade.duration_to_ns
	GROUP BY run.poller_id, run.gauge, run.threshold_bytes, decade.duration_from_ns
)
SELECT
	capture_id,
	poller_id,
	gauge,
	threshold_bytes,
	duration_from_ns,
	duration_to_ns,
	sum(spikes) AS spikes,
	sum(seen) AS seen,
	sum(spikes) - sum(seen) AS missed,
	(sum(spikes) - sum(seen)) * 1.0 / sum(spikes) AS miss_ratio,
	sum(unseen_phase_ns) / kept_period_ns / sum(spikes) AS expected_miss_ratio
FROM part
GROUP BY capture_id, poller_id, gauge, threshold_bytes, duration_from_ns;
