-- SPDX-License-Identifier: BSD-2-Clause
-- Of the spikes of a gauge and threshold, how many did each poller see? A row for every gauge that the poller reads and
-- every threshold of the capture, even where there was no spike. spikes: the uncensored ones through which the poller was
-- running, listed and folded; a folded one was missed by every poller, but where a replay counted who saw it. censored: all of the capture, counted nowhere else.
-- The expected ratio is what a poller with a random phase and the period that this one kept misses of the same spikes.
CREATE VIEW missed_spike_summary AS
WITH ran AS MATERIALIZED (
	SELECT capture_id, poller_id, start_ns, end_ns, kept_period_ns
	FROM poller_run
), run AS MATERIALIZED (
	-- place is poller, threshold and gauge as one number: sorting a million of them takes half the time.
	SELECT
		ran.*,
		poller_gauge.gauge,
		capture_threshold.threshold_bytes,
		capture_threshold.threshold_percent,
		(ran.poller_id << 40) + ((capture_threshold.threshold_bytes + capture_threshold.threshold_percent) << 5)
			+ instr('rx_queue tx_queue rmem', poller_gauge.gauge) AS place
	FROM ran
	JOIN poller_gauge ON poller_gauge.poller_id = ran.poller_id
	JOIN capture_threshold ON capture_threshold.capture_id = ran.capture_id
), tally AS MATERIALIZED (
	-- "SPIKES PHASE_NS": one pass over an index for both figures; a GROUP BY over spikes x pollers takes twice the time.
	SELECT
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		run.threshold_percent,
		(
			SELECT count(*) || ' ' || total(max(0.0, run.kept_period_ns - (spike.end_ns - spike.start_ns)))
			FROM spike
			WHERE spike.capture_id = run.capture_id
				AND spike.gauge = run.gauge
				AND spike.threshold_bytes = run.threshold_bytes
				AND spike.threshold_percent = run.threshold_percent
				AND spike.left_censored = 0
				AND spike.right_censored = 0
				AND spike.start_ns >= run.start_ns
				AND spike.end_ns <= run.end_ns
		) AS tally
	FROM run
), listed AS (
	SELECT
		poller_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		CAST(tally AS INTEGER) AS spikes,
		CAST(substr(tally, instr(tally, ' ')) AS REAL) AS unseen_phase_ns
	FROM tally
), seen AS MATERIALIZED (
	SELECT
		(spike_seen.poller_id << 40) + ((spike.threshold_bytes + spike.threshold_percent) << 5) + instr('rx_queue tx_queue rmem', spike.gauge) AS place,
		count(*) AS spikes
	FROM spike_seen
	CROSS JOIN spike ON spike.spike_id = spike_seen.spike_id
	CROSS JOIN ran ON ran.poller_id = spike_seen.poller_id
	WHERE spike.left_censored = 0
		AND spike.right_censored = 0
		AND spike.start_ns >= ran.start_ns
		AND spike.end_ns <= ran.end_ns
	GROUP BY 1
), folded_seen AS (
	SELECT poller_id, gauge, threshold_bytes, threshold_percent, sum(spikes) AS spikes
	FROM spike_bin_seen
	GROUP BY poller_id, gauge, threshold_bytes, threshold_percent
), bin AS MATERIALIZED (
	-- Over all sockets first: a replay may have a thousand pollers.
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		sum(spikes) AS spikes,
		sum(duration_sum_ns) AS duration_sum_ns
	FROM spike_bin
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns
), folded AS (
	SELECT
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		run.threshold_percent,
		sum(bin.spikes) AS spikes,
		sum(max(0.0, run.kept_period_ns * bin.spikes - bin.duration_sum_ns)) AS unseen_phase_ns
	FROM run
	JOIN bin
		ON bin.capture_id = run.capture_id
		AND bin.gauge = run.gauge
		AND bin.threshold_bytes = run.threshold_bytes
		AND bin.threshold_percent = run.threshold_percent
	GROUP BY run.poller_id, run.gauge, run.threshold_bytes, run.threshold_percent
), censored AS (
	SELECT capture_id, gauge, threshold_bytes, threshold_percent, count(*) AS spikes
	FROM spike
	WHERE left_censored <> 0 OR right_censored <> 0
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent
), counted AS MATERIALIZED (
	SELECT
		run.capture_id,
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		run.threshold_percent,
		ifnull(listed.spikes, 0) + ifnull(folded.spikes, 0) AS spikes,
		ifnull(seen.spikes, 0) + ifnull(folded_seen.spikes, 0) AS seen,
		ifnull(listed.spikes, 0) + ifnull(folded.spikes, 0) - ifnull(seen.spikes, 0) - ifnull(folded_seen.spikes, 0) AS missed,
		ifnull(censored.spikes, 0) AS censored,
		ifnull(ambiguous.samples, 0) AS ambiguous,
		(ifnull(listed.unseen_phase_ns, 0) + ifnull(folded.unseen_phase_ns, 0)) / run.kept_period_ns AS expected_missed
	FROM run
	LEFT JOIN listed USING (poller_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN folded USING (poller_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN folded_seen USING (poller_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN seen USING (place)
	LEFT JOIN censored USING (capture_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN ambiguous USING (poller_id, gauge, threshold_bytes, threshold_percent)
), ratio AS MATERIALIZED (
	-- The Wilson interval is (p + z²/2n ± z root) / (1 + z²/n), root² = p(1 - p)/n + z²/4n². z² = 3.841458820694123.
	SELECT
		poller_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		missed * 1.0 / spikes AS miss_ratio,
		3.841458820694123 / spikes AS z2_by_n,
		(missed * 1.0 / spikes * (spikes - missed) / spikes + 3.841458820694123 / spikes / 4) / spikes AS radicand
	FROM counted
	WHERE spikes > 0
), newton (poller_id, gauge, threshold_bytes, threshold_percent, radicand, root) AS (
	-- Not every SQLite is built with sqrt(). Newton's steps from above fall until they reach the root's last bit.
	SELECT poller_id, gauge, threshold_bytes, threshold_percent, radicand, (radicand + 1) / 2
	FROM ratio
	UNION ALL
	SELECT poller_id, gauge, threshold_bytes, threshold_percent, radicand, (root + radicand / root) / 2
	FROM newton
	WHERE (root + radicand / root) / 2 < root
), wilson AS (
	SELECT
		poller_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		(ratio.miss_ratio + z2_by_n / 2) / (1 + z2_by_n) AS centre,
		1.959963984540054 * min(newton.root) / (1 + z2_by_n) AS half_width
	FROM ratio
	JOIN newton USING (poller_id, gauge, threshold_bytes, threshold_percent)
	GROUP BY poller_id, gauge, threshold_bytes, threshold_percent
)
SELECT
	counted.capture_id,
	counted.poller_id,
	counted.gauge,
	counted.threshold_bytes,
	counted.threshold_percent,
	counted.spikes,
	counted.seen,
	counted.missed,
	counted.censored,
	counted.ambiguous,
	counted.missed * 1.0 / nullif(counted.spikes, 0) AS miss_ratio,
	-- At the ends the bounds are 0 and 1 themselves, which rounding would miss by a bit.
	iif(counted.missed = 0, min(0.0, wilson.centre), max(0.0, wilson.centre - wilson.half_width)) AS miss_ratio_low,
	iif(counted.seen = 0, max(1.0, wilson.centre), min(1.0, wilson.centre + wilson.half_width)) AS miss_ratio_high,
	counted.expected_missed / nullif(counted.spikes, 0) AS expected_miss_ratio
FROM counted
LEFT JOIN wilson USING (poller_id, gauge, threshold_bytes, threshold_percent);
