-- SPDX-License-Identifier: BSD-2-Clause
-- The longest period T with which a poller of random phase is expected to see a target share of the uncensored spikes:
-- the largest T for which the mean of min(1, duration / T) is at least the target. A row for each gauge and each
-- threshold of the capture; NULL where there was no spike. A folded spike counts with the mean duration of its bin.
--
-- Were exactly the k shortest of n spikes shorter than T, with durations that sum to S, the mean would be
-- (S / T + n - k) / n, and T = S / (target n - (n - k)). For any other k this is a bound that the mean stays below, as
-- min(1, duration / T) is neither above 1 nor above duration / T. So the T asked for is the least one over all k.
CREATE VIEW period_needed AS
WITH gauge (gauge) AS (
	VALUES ('rx_queue'), ('tx_queue'), ('rmem')
), target (target_percent) AS (
	VALUES (50), (90), (95), (99)
), part AS (
	SELECT capture_id, gauge, threshold_bytes, end_ns - start_ns AS mean_ns, 1 AS spikes, end_ns - start_ns AS duration_sum_ns
	FROM spike
	WHERE left_censored = 0 AND right_censored = 0
	UNION ALL
	SELECT capture_id, gauge, threshold_bytes, duration_sum_ns * 1.0 / spikes, spikes, duration_sum_ns
	FROM spike_bin
	WHERE spikes > 0
), ranked AS (
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		sum(spikes) OVER shorter AS shorter_spikes,
		sum(duration_sum_ns) OVER shorter AS shorter_sum_ns,
		sum(spikes) OVER (PARTITION BY capture_id, gauge, threshold_bytes) AS spikes
	FROM part
	WINDOW shorter AS (
		PARTITION BY capture_id, gauge, threshold_bytes
		ORDER BY mean_ns
		ROWS UNBOUNDED PRECEDING
	)
), needed AS MATERIALIZED (
	-- In hundredths, so that the division is one of integers and rounds down.
	SELECT
		ranked.capture_id,
		ranked.gauge,
		ranked.threshold_bytes,
		target.target_percent,
		min(CAST(100 * shorter_sum_ns / (target_percent * spikes - 100 * (spikes - shorter_spikes)) AS INTEGER)) AS period_ns
	FROM ranked
	CROSS JOIN target
	WHERE target_percent * spikes > 100 * (spikes - shorter_spikes)
	GROUP BY ranked.capture_id, ranked.gauge, ranked.threshold_bytes, target.target_percent
)
SELECT
	capture_threshold.capture_id,
	gauge.gauge,
	capture_threshold.threshold_bytes,
	target.target_percent / 100.0 AS target_ratio,
	needed.period_ns
FROM capture_threshold
CROSS JOIN gauge
CROSS JOIN target
LEFT JOIN needed
	ON needed.capture_id = capture_threshold.capture_id
	AND needed.gauge = gauge.gauge
	AND needed.threshold_bytes = capture_threshold.threshold_bytes
	AND needed.target_percent = target.target_percent;
