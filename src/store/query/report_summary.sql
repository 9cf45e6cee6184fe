-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary, with each poller's source and period, and the longest spike that it missed. Of folded spikes only
-- the bin is known: where the longest is one of them, longest_missed_folded is 1, longest_missed_ns is a bound that it
-- stays below, and longest_missed_peak_bytes one that no missed spike exceeds.
WITH listed AS (
	-- SQLite takes peak_bytes from the row that has the maximum.
	SELECT missed_spike.poller_id, missed_spike.gauge, missed_spike.threshold_bytes,
		max(missed_spike.duration_ns) AS duration_ns, missed_spike.peak_bytes
	FROM missed_spike
	JOIN spike ON spike.spike_id = missed_spike.spike_id
	WHERE missed_spike.capture_id = :capture_id
		AND missed_spike.seen = 0
		AND spike.left_censored = 0
		AND spike.right_censored = 0
	GROUP BY missed_spike.poller_id, missed_spike.gauge, missed_spike.threshold_bytes
), folded AS (
	SELECT gauge, threshold_bytes, max(duration_to_ns) AS below_ns, max(peak_bytes) AS peak_bytes
	FROM spike_bin
	WHERE capture_id = :capture_id
	GROUP BY gauge, threshold_bytes
)
SELECT
	summary.capture_id,
	summary.poller_id,
	poller.source,
	poller.period_ns,
	summary.gauge,
	summary.threshold_bytes,
	summary.spikes,
	summary.seen,
	summary.missed,
	summary.censored,
	summary.ambiguous,
	summary.miss_ratio,
	summary.miss_ratio_low,
	summary.miss_ratio_high,
	summary.expected_miss_ratio,
	CASE
	WHEN summary.missed = 0 THEN NULL
	WHEN folded.below_ns > ifnull(listed.duration_ns, 0) THEN folded.below_ns
	ELSE listed.duration_ns
	END AS longest_missed_ns,
	CASE
	WHEN summary.missed = 0 THEN NULL
	WHEN folded.below_ns > ifnull(listed.duration_ns, 0) THEN max(folded.peak_bytes, ifnull((
		SELECT max(missed_spike.peak_bytes)
		FROM missed_spike
		WHERE missed_spike.capture_id = :capture_id
			AND missed_spike.poller_id = summary.poller_id
			AND missed_spike.gauge = summary.gauge
			AND missed_spike.threshold_bytes = summary.threshold_bytes
			AND missed_spike.seen = 0
	), 0))
	ELSE listed.peak_bytes
	END AS longest_missed_peak_bytes,
	CASE
	WHEN summary.missed = 0 THEN NULL
	WHEN folded.below_ns > ifnull(listed.duration_ns, 0) THEN 1
	WHEN listed.duration_ns IS NOT NULL THEN 0
	END AS longest_missed_folded
FROM missed_spike_summary AS summary
JOIN poller ON poller.poller_id = summary.poller_id
LEFT JOIN listed
	ON listed.poller_id = summary.poller_id
	AND listed.gauge = summary.gauge
	AND listed.threshold_bytes = summary.threshold_bytes
LEFT JOIN folded ON folded.gauge = summary.gauge AND folded.threshold_bytes = summary.threshold_bytes
WHERE summary.capture_id = :capture_id
ORDER BY summary.gauge, summary.threshold_bytes, poller.period_ns DESC, summary.poller_id;
