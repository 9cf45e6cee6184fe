-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary by decade of duration: a poller misses the short ones. Decades without a spike have no row. The
-- last decade is open, so its end is the highest integer. A folded spike is in the decade in which its bin begins.
-- The Wilson interval is that of missed_spike_summary. Where what theory expects lies outside it, deviation says what is
-- known to do that: drawn turns (--jitter) beside spikes of a tenth of the period and longer; samples' windows (the mean
-- of ten sockets in the last hundred polls) that are longer than the spikes; one turn in twenty or more that went by in late polls; spikes that begin at the same
-- phase of the poll period, so that the poller keeps step with the load: of its eighths, as uneven, by the first
-- 10,000, as if half had all of
-- them (8 sum(p²) - 1 is 0 where all have as many, 1 where half of them, 7 where one). If it is none of these it is chance,
-- one row in twenty, or spikes that came in bursts and don't stand each for itself.
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
	SELECT
		poller_run.capture_id,
		poller_run.poller_id,
		poller_run.start_ns,
		poller_run.end_ns,
		poller_run.kept_period_ns,
		poller_run.period_ns,
		poller_run.missed_by_schedule * 1.0 / nullif(poller_run.polls + poller_run.missed_by_schedule, 0) AS late_ratio,
		poller.jitter
	FROM poller_run
	JOIN poller ON poller.poller_id = poller_run.poller_id
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
), ratio AS MATERIALIZED (
	SELECT
		run.place,
		counted.spikes,
		counted.seen,
		(counted.spikes - counted.seen) * 1.0 / counted.spikes AS miss_ratio,
		counted.unseen_phase_ns / run.kept_period_ns / counted.spikes AS expected_miss_ratio,
		3.841458820694123 / counted.spikes AS z2_by_n,
		((counted.spikes - counted.seen) * 1.0 / counted.spikes * counted.seen / counted.spikes
			+ 3.841458820694123 / counted.spikes / 4) / counted.spikes AS radicand
	FROM counted
	JOIN run ON run.place = counted.place
), newton (place, radicand, root) AS (
	SELECT place, radicand, (radicand + 1) / 2
	FROM ratio
	UNION ALL
	SELECT place, radicand, (root + radicand / root) / 2
	FROM newton
	WHERE (root + radicand / root) / 2 < root
), wilson AS MATERIALIZED (
	SELECT
		ratio.*,
		(miss_ratio + z2_by_n / 2) / (1 + z2_by_n) AS centre,
		1.959963984540054 * min(newton.root) / (1 + z2_by_n) AS half_width
	FROM ratio
	JOIN newton ON newton.place = ratio.place
	GROUP BY ratio.place
), bounded AS MATERIALIZED (
	SELECT
		wilson.*,
		iif(seen = spikes, min(0.0, centre), max(0.0, centre - half_width)) AS miss_ratio_low,
		iif(seen = 0, max(1.0, centre), min(1.0, centre + half_width)) AS miss_ratio_high
	FROM wilson
)
SELECT
	run.capture_id,
	run.poller_id,
	run.gauge,
	run.threshold_bytes,
	run.threshold_percent,
	run.duration_from_ns,
	run.duration_to_ns,
	bounded.spikes,
	bounded.seen,
	bounded.spikes - bounded.seen AS missed,
	bounded.miss_ratio,
	bounded.expected_miss_ratio,
	bounded.miss_ratio_low,
	bounded.miss_ratio_high,
	CASE
		WHEN bounded.expected_miss_ratio BETWEEN bounded.miss_ratio_low AND bounded.miss_ratio_high THEN NULL
		WHEN run.jitter <> 'none' AND run.duration_to_ns > run.period_ns / 10 THEN 'drawn turns'
		WHEN (
			SELECT avg(sample.read_end_ns - sample.read_start_ns)
			FROM (
				SELECT poll_id, start_ns, end_ns
				FROM poll
				WHERE poll.poller_id = run.poller_id
				ORDER BY start_ns DESC
				LIMIT 100
			) AS last_poll
			CROSS JOIN (
				SELECT socket_id
				FROM socket
				WHERE socket.capture_id = run.capture_id
				LIMIT 10
			) AS one_of_ten
			CROSS JOIN sample
				ON sample.socket_id = one_of_ten.socket_id
				AND sample.read_start_ns BETWEEN last_poll.start_ns AND last_poll.end_ns
				AND sample.poll_id = last_poll.poll_id
		) > run.duration_from_ns THEN 'wide windows'
		WHEN run.late_ratio >= 0.05 THEN 'late polls'
		WHEN (
			SELECT 8.0 * sum(eighth.spikes * eighth.spikes) / sum(eighth.spikes) / sum(eighth.spikes) - 1
			FROM (
				SELECT
					number,
					count(*) AS spikes
				FROM (
					SELECT (spike.start_ns - run.start_ns) % run.period_ns * 8 / run.period_ns AS number
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
					LIMIT 10000
				)
				GROUP BY number
			) AS eighth
			HAVING sum(eighth.spikes) >= 30
		) >= 1 THEN 'in step with the load'
		ELSE 'chance or bursts'
	END AS deviation
FROM bounded
JOIN run ON run.place = bounded.place;
