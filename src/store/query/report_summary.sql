-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_summary, with each poller's source and period, and the longest spike that it missed. Of folded spikes only
-- the bin is known: where the longest may be one of them, longest_missed_folded is 1, longest_missed_ns is a bound that it
-- stays below, and longest_missed_peak_bytes one that no missed spike exceeds.
WITH summary AS MATERIALIZED (
	SELECT
		missed_spike_summary.*,
		poller_run.source,
		poller_run.period_ns,
		poller_run.start_ns,
		poller_run.end_ns
	FROM missed_spike_summary
	JOIN poller_run ON poller_run.poller_id = missed_spike_summary.poller_id
	WHERE missed_spike_summary.capture_id = :capture_id
), folded AS MATERIALIZED (
	SELECT gauge, threshold_bytes, threshold_percent, max(duration_to_ns) AS below_ns, max(peak_bytes) AS peak_bytes
	FROM spike_bin
	WHERE capture_id = :capture_id
	GROUP BY gauge, threshold_bytes, threshold_percent
), longest AS MATERIALIZED (
	SELECT
		summary.poller_id,
		summary.gauge,
		summary.threshold_bytes,
		summary.threshold_percent,
		spike.end_ns - spike.start_ns AS listed_ns,
		spike.peak_bytes AS listed_peak_bytes,
		folded.below_ns,
		folded.peak_bytes AS folded_peak_bytes,
		ifnull(folded.below_ns > ifnull(spike.end_ns - spike.start_ns, 0), 0) AS is_folded
	FROM summary
	-- One pass over all spikes has found them: src/store/tally.c.
	LEFT JOIN longest_missed_spike AS listed USING (poller_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN spike ON spike.spike_id = listed.spike_id
	LEFT JOIN folded ON folded.gauge = summary.gauge AND folded.threshold_bytes = summary.threshold_bytes AND folded.threshold_percent = summary.threshold_percent
	WHERE summary.missed > 0
)
SELECT
	summary.capture_id,
	summary.poller_id,
	summary.source,
	summary.period_ns,
	summary.gauge,
	summary.threshold_bytes,
	summary.threshold_percent,
	summary.spikes,
	summary.seen,
	summary.missed,
	summary.censored,
	summary.ambiguous,
	summary.miss_ratio,
	summary.miss_ratio_low,
	summary.miss_ratio_high,
	summary.expected_miss_ratio,
	iif(longest.is_folded, longest.below_ns, longest.listed_ns) AS longest_missed_ns,
	iif(longest.is_folded, max(longest.folded_peak_bytes, ifnull((
		-- These are few: all are shorter than --min-spike, and listed because another poller saw them.
		SELECT max(missed_spike.peak_bytes)
		FROM missed_spike
		WHERE missed_spike.capture_id = summary.capture_id
			AND missed_spike.poller_id = summary.poller_id
			AND missed_spike.gauge = summary.gauge
			AND missed_spike.threshold_bytes = summary.threshold_bytes
			AND missed_spike.threshold_percent = summary.threshold_percent
			AND missed_spike.seen = 0
			AND missed_spike.left_censored = 0
			AND missed_spike.right_censored = 0
	), 0)), longest.listed_peak_bytes) AS longest_missed_peak_bytes,
	longest.is_folded AS longest_missed_folded
FROM summary
LEFT JOIN longest USING (poller_id, gauge, threshold_bytes, threshold_percent)
ORDER BY summary.gauge, summary.threshold_bytes, summary.threshold_percent, summary.period_ns DESC, summary.poller_id;
