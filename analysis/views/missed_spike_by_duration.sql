-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary by decade of duration: a poller misses the short ones. The rows are those of spike_tally.
-- The Wilson interval is that of missed_spike_summary. Where what theory expects lies outside it, deviation says what is
-- known to do that: drawn turns (--jitter) beside spikes of a tenth of the period and longer; samples' windows (the mean
-- of ten sockets in the last hundred polls) that are longer than the spikes; one turn in twenty or more that went by in late polls; spikes that begin at the same
-- phase of the poll period, so that the poller keeps step with the load: of its eighths, as uneven, by the first
-- 10,000, as if half had all of
-- them (8 sum(p²) - 1 is 0 where all have as many, 1 where half of them, 7 where one). If it is none of these it is chance,
-- one row in twenty, or spikes that came in bursts and don't stand each for itself.
CREATE VIEW missed_spike_by_duration AS
WITH run AS MATERIALIZED (
	SELECT
		poller_run.poller_id,
		poller_run.start_ns,
		poller_run.kept_period_ns,
		poller_run.period_ns,
		poller_run.missed_by_schedule * 1.0 / nullif(poller_run.polls + poller_run.missed_by_schedule, 0) AS late_ratio,
		poller.jitter
	FROM poller_run
	JOIN poller ON poller.poller_id = poller_run.poller_id
), tally AS MATERIALIZED (
	SELECT *
	FROM spike_tally
	LIMIT -1
), ratio AS MATERIALIZED (
	SELECT
		tally.*,
		run.start_ns,
		run.period_ns,
		run.late_ratio,
		run.jitter,
		(tally.spikes - tally.seen) * 1.0 / tally.spikes AS miss_ratio,
		tally.unseen_phase_ns / run.kept_period_ns / tally.spikes AS expected_miss_ratio,
		3.841458820694123 / tally.spikes AS z2_by_n,
		((tally.spikes - tally.seen) * 1.0 / tally.spikes * tally.seen / tally.spikes
			+ 3.841458820694123 / tally.spikes / 4) / tally.spikes AS radicand
	FROM tally
	CROSS JOIN run ON run.poller_id = tally.poller_id
	LIMIT -1
), newton (radicand, root) AS (
	SELECT DISTINCT radicand, (radicand + 1) / 2
	FROM ratio
	UNION ALL
	SELECT radicand, (root + radicand / root) / 2
	FROM newton
	WHERE (root + radicand / root) / 2 < root
), wilson AS MATERIALIZED (
	SELECT
		ratio.*,
		(ratio.miss_ratio + ratio.z2_by_n / 2) / (1 + ratio.z2_by_n) AS centre,
		1.959963984540054 * newton.root / (1 + ratio.z2_by_n) AS half_width
	FROM ratio
	CROSS JOIN newton
		ON newton.radicand = ratio.radicand
		AND (newton.root + newton.radicand / newton.root) / 2 >= newton.root
), bounded AS MATERIALIZED (
	SELECT
		wilson.*,
		iif(seen = spikes, min(0.0, centre), max(0.0, centre - half_width)) AS miss_ratio_low,
		iif(seen = 0, max(1.0, centre), min(1.0, centre + half_width)) AS miss_ratio_high
	FROM wilson
	LIMIT -1
), read_window AS MATERIALIZED (
	-- Once for a poller: a replay's thousand have some ten thousand rows that deviate.
	SELECT
		poller_id,
		(
			SELECT avg(sample.read_end_ns - sample.read_start_ns)
			FROM (
				SELECT poll_id, start_ns, end_ns
				FROM poll
				WHERE poll.poller_id = deviating.poller_id
				ORDER BY start_ns DESC
				LIMIT 100
			) AS last_poll
			CROSS JOIN (
				SELECT socket_id
				FROM socket
				WHERE socket.capture_id = deviating.capture_id
				LIMIT 10
			) AS one_of_ten
			CROSS JOIN sample
				ON sample.socket_id = one_of_ten.socket_id
				AND sample.read_start_ns BETWEEN last_poll.start_ns AND last_poll.end_ns
				AND sample.poll_id = last_poll.poll_id
		) AS mean_ns
	FROM (
		SELECT DISTINCT capture_id, poller_id
		FROM bounded
		WHERE expected_miss_ratio NOT BETWEEN miss_ratio_low AND miss_ratio_high
	) AS deviating
), reason AS MATERIALIZED (
	SELECT
		bounded.*,
		CASE
			WHEN bounded.expected_miss_ratio BETWEEN bounded.miss_ratio_low AND bounded.miss_ratio_high THEN 'none'
			WHEN bounded.jitter <> 'none' AND bounded.duration_to_ns > bounded.period_ns / 10 THEN 'drawn turns'
			WHEN read_window.mean_ns > bounded.duration_from_ns THEN 'wide windows'
			WHEN bounded.late_ratio >= 0.05 THEN 'late polls'
		END AS known
	FROM bounded
	LEFT JOIN read_window ON read_window.poller_id = bounded.poller_id
	LIMIT -1
), phase AS MATERIALIZED (
	-- Likewise: pollers of one period that began together have the same phases.
	SELECT
		alike.*,
		(
			SELECT iif(
				sum(eighth.spikes) >= 30,
				8.0 * sum(eighth.spikes * eighth.spikes) / sum(eighth.spikes) / sum(eighth.spikes) - 1,
				NULL
			)
			FROM (
				SELECT
					number,
					count(*) AS spikes
				FROM (
					SELECT (spike.start_ns - alike.start_ns) % alike.period_ns * 8 / alike.period_ns AS number
					FROM spike
					WHERE spike.capture_id = alike.capture_id
						AND spike.gauge = alike.gauge
						AND spike.threshold_bytes = alike.threshold_bytes
						AND spike.threshold_percent = alike.threshold_percent
						AND spike.left_censored = 0
						AND spike.right_censored = 0
						AND spike.end_ns - spike.start_ns >= alike.duration_from_ns
						AND spike.end_ns - spike.start_ns < alike.duration_to_ns
						AND spike.start_ns >= alike.start_ns
					LIMIT 10000
				)
				GROUP BY number
			) AS eighth
		) AS unevenness
	FROM (
		SELECT DISTINCT
			capture_id,
			gauge,
			threshold_bytes,
			threshold_percent,
			duration_from_ns,
			duration_to_ns,
			start_ns,
			period_ns
		FROM reason
		WHERE known IS NULL
	) AS alike
)
SELECT
	reason.capture_id,
	reason.poller_id,
	reason.gauge,
	reason.threshold_bytes,
	reason.threshold_percent,
	reason.duration_from_ns,
	reason.duration_to_ns,
	reason.spikes,
	reason.seen,
	reason.spikes - reason.seen AS missed,
	reason.miss_ratio,
	reason.expected_miss_ratio,
	reason.miss_ratio_low,
	reason.miss_ratio_high,
	nullif(coalesce(reason.known, iif(phase.unevenness >= 1, 'in step with the load', 'chance or bursts')), 'none') AS deviation
FROM reason
LEFT JOIN phase USING (
	capture_id,
	gauge,
	threshold_bytes,
	threshold_percent,
	duration_from_ns,
	start_ns,
	period_ns
);
