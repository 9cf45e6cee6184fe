-- SPDX-License-Identifier: BSD-2-Clause
-- The longest period T with which a poller of random phase is expected to see a target share of the uncensored spikes:
-- the largest T for which the mean of min(1, duration / T) is at least the target. A row for each gauge and each
-- threshold of the capture; NULL where there was no spike. A folded spike counts with the mean duration of its bin.
--
-- If the k shortest of n spikes, with durations that sum to S, are those no longer than T, then the mean is
-- (S / T + n - k) / n, and it meets the target at T(k) = S / (target n - (n - k)). For every k T(k) is a bound: min(1,
-- duration / T) is neither above 1 nor above duration / T. So the T asked for is the least T(k). Newton's steps find it:
-- begin with k = n, then take the k of the T just found; T falls, until k stays. That reads the shorter part of an index
-- some five times, where sorting all durations and adding them up takes several times as long.
CREATE VIEW period_needed AS
WITH gauge (gauge) AS (
	VALUES ('rx_queue'), ('tx_queue'), ('rmem')
), target (target_percent) AS (
	VALUES (50), (90), (95), (99)
), bin AS MATERIALIZED (
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		sum(spikes) AS spikes,
		sum(duration_sum_ns) AS duration_sum_ns,
		sum(duration_sum_ns) * 1.0 / sum(spikes) AS mean_ns
	FROM spike_bin
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent, duration_from_ns
	HAVING sum(spikes) > 0
), whole AS MATERIALIZED (
	-- A tally is "SPIKES DURATION_SUM_NS": one pass over the index for both.
	SELECT
		capture_threshold.capture_id,
		gauge.gauge,
		capture_threshold.threshold_bytes,
		capture_threshold.threshold_percent,
		(
			SELECT sum(spikes) || ' ' || sum(duration_sum_ns)
			FROM (
				SELECT count(*) AS spikes, ifnull(sum(end_ns - start_ns), 0) AS duration_sum_ns
				FROM spike
				WHERE spike.capture_id = capture_threshold.capture_id
					AND spike.gauge = gauge.gauge
					AND spike.threshold_bytes = capture_threshold.threshold_bytes
					AND spike.threshold_percent = capture_threshold.threshold_percent
					AND spike.left_censored = 0
					AND spike.right_censored = 0
				UNION ALL
				SELECT ifnull(sum(bin.spikes), 0), ifnull(sum(bin.duration_sum_ns), 0)
				FROM bin
				WHERE bin.capture_id = capture_threshold.capture_id
					AND bin.gauge = gauge.gauge
					AND bin.threshold_bytes = capture_threshold.threshold_bytes
					AND bin.threshold_percent = capture_threshold.threshold_percent
			)
		) AS tally
	FROM capture_threshold
	CROSS JOIN gauge
), newton (capture_id, gauge, threshold_bytes, threshold_percent, target_percent, spikes, tally) AS (
	SELECT capture_id, gauge, threshold_bytes, threshold_percent, target_percent, CAST(tally AS INTEGER), tally
	FROM whole
	CROSS JOIN target
	WHERE CAST(tally AS INTEGER) > 0
	UNION -- ends it where a step repeats the tally
	SELECT capture_id, gauge, threshold_bytes, threshold_percent, target_percent, spikes, (
		SELECT sum(spikes) || ' ' || sum(duration_sum_ns)
		FROM (
			SELECT count(*) AS spikes, ifnull(sum(end_ns - start_ns), 0) AS duration_sum_ns
			FROM spike
			WHERE spike.capture_id = newton.capture_id
				AND spike.gauge = newton.gauge
				AND spike.threshold_bytes = newton.threshold_bytes
				AND spike.threshold_percent = newton.threshold_percent
				AND spike.left_censored = 0
				AND spike.right_censored = 0
				AND spike.end_ns - spike.start_ns <= 100.0 * CAST(substr(newton.tally, instr(newton.tally, ' ')) AS INTEGER)
					/ (newton.target_percent * newton.spikes - 100 * (newton.spikes - CAST(newton.tally AS INTEGER)))
			UNION ALL
			SELECT ifnull(sum(bin.spikes), 0), ifnull(sum(bin.duration_sum_ns), 0)
			FROM bin
			WHERE bin.capture_id = newton.capture_id
				AND bin.gauge = newton.gauge
				AND bin.threshold_bytes = newton.threshold_bytes
				AND bin.threshold_percent = newton.threshold_percent
				AND bin.mean_ns <= 100.0 * CAST(substr(newton.tally, instr(newton.tally, ' ')) AS INTEGER)
					/ (newton.target_percent * newton.spikes - 100 * (newton.spikes - CAST(newton.tally AS INTEGER)))
		)
	)
	FROM newton
), needed AS (
	-- In hundredths, so that the division is one of integers and rounds down.
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		target_percent,
		CAST(min(
			100 * CAST(substr(tally, instr(tally, ' ')) AS INTEGER)
				/ (target_percent * spikes - 100 * (spikes - CAST(tally AS INTEGER)))
		) AS INTEGER) AS period_ns
	FROM newton
	WHERE target_percent * spikes > 100 * (spikes - CAST(tally AS INTEGER))
	GROUP BY capture_id, gauge, threshold_bytes, threshold_percent, target_percent
)
SELECT
	capture_threshold.capture_id,
	gauge.gauge,
	capture_threshold.threshold_bytes,
	capture_threshold.threshold_percent,
	target.target_percent / 100.0 AS target_ratio,
	needed.period_ns
FROM capture_threshold
CROSS JOIN gauge
CROSS JOIN target
LEFT JOIN needed
	ON needed.capture_id = capture_threshold.capture_id
	AND needed.gauge = gauge.gauge
	AND needed.threshold_bytes = capture_threshold.threshold_bytes
	AND needed.threshold_percent = capture_threshold.threshold_percent
	AND needed.target_percent = target.target_percent;
