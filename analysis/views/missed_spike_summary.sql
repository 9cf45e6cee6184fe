-- SPDX-License-Identifier: BSD-2-Clause
-- Of the spikes of a gauge and threshold, how many did each poller see? A row for every gauge that the poller reads and
-- every threshold of the capture, even where there was no spike. spikes: the uncensored ones through which the poller was
-- running, listed and folded; a folded one was missed by every poller, but where a replay counted who saw it. censored: all of the capture, counted nowhere else.
-- What is counted is that of spike_tally. The expected ratio is what a poller with a random phase and the period that this one kept misses of the same spikes.
CREATE VIEW missed_spike_summary AS
WITH run AS MATERIALIZED (
	SELECT
		poller_run.capture_id,
		poller_run.poller_id,
		poller_run.kept_period_ns,
		poller_gauge.gauge,
		capture_threshold.threshold_bytes,
		capture_threshold.threshold_percent
	FROM poller_run
	JOIN poller_gauge ON poller_gauge.poller_id = poller_run.poller_id
	JOIN capture_threshold ON capture_threshold.capture_id = poller_run.capture_id
), tally AS MATERIALIZED (
	SELECT
		poller_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		sum(spikes) AS spikes,
		sum(seen) AS seen,
		sum(unseen_phase_ns) AS unseen_phase_ns
	FROM spike_tally
	GROUP BY poller_id, gauge, threshold_bytes, threshold_percent
), censored AS MATERIALIZED (
	-- Twice a few rows of an index: to group all spikes by gauge and threshold reads all of it.
	SELECT
		capture_id,
		gauge,
		threshold_bytes,
		threshold_percent,
		(
			SELECT count(*)
			FROM spike
			WHERE spike.capture_id = place.capture_id
				AND spike.gauge = place.gauge
				AND spike.threshold_bytes = place.threshold_bytes
				AND spike.threshold_percent = place.threshold_percent
				AND spike.left_censored = 1
		) + (
			SELECT count(*)
			FROM spike
			WHERE spike.capture_id = place.capture_id
				AND spike.gauge = place.gauge
				AND spike.threshold_bytes = place.threshold_bytes
				AND spike.threshold_percent = place.threshold_percent
				AND spike.left_censored = 0
				AND spike.right_censored = 1
		) AS spikes
	FROM (SELECT DISTINCT capture_id, gauge, threshold_bytes, threshold_percent FROM run) AS place
), counted AS MATERIALIZED (
	SELECT
		run.capture_id,
		run.poller_id,
		run.gauge,
		run.threshold_bytes,
		run.threshold_percent,
		ifnull(tally.spikes, 0) AS spikes,
		ifnull(tally.seen, 0) AS seen,
		ifnull(tally.spikes - tally.seen, 0) AS missed,
		censored.spikes AS censored,
		ifnull(ambiguous.samples, 0) AS ambiguous,
		tally.unseen_phase_ns / run.kept_period_ns AS expected_missed
	FROM run
	JOIN censored USING (capture_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN tally USING (poller_id, gauge, threshold_bytes, threshold_percent)
	LEFT JOIN ambiguous USING (poller_id, gauge, threshold_bytes, threshold_percent)
), ratio AS MATERIALIZED (
	-- The Wilson interval is (p + z²/2n ± z root) / (1 + z²/n), root² = p(1 - p)/n + z²/4n². z² = 3.841458820694123.
	SELECT
		*,
		missed * 1.0 / nullif(spikes, 0) AS miss_ratio,
		3.841458820694123 / nullif(spikes, 0) AS z2_by_n,
		(missed * 1.0 / spikes * (spikes - missed) / spikes + 3.841458820694123 / spikes / 4) / spikes AS radicand
	FROM counted
	LIMIT -1
), newton (radicand, root) AS (
	-- Not every SQLite is built with sqrt(). Newton's steps from above fall until they reach the root's last bit.
	SELECT DISTINCT radicand, (radicand + 1) / 2
	FROM ratio
	WHERE radicand IS NOT NULL
	UNION ALL
	SELECT radicand, (root + radicand / root) / 2
	FROM newton
	WHERE (root + radicand / root) / 2 < root
), wilson AS (
	SELECT
		ratio.*,
		(ratio.miss_ratio + ratio.z2_by_n / 2) / (1 + ratio.z2_by_n) AS centre,
		1.959963984540054 * newton.root / (1 + ratio.z2_by_n) AS half_width
	FROM ratio
	LEFT JOIN newton
		ON newton.radicand = ratio.radicand
		AND (newton.root + newton.radicand / newton.root) / 2 >= newton.root
)
SELECT
	capture_id,
	poller_id,
	gauge,
	threshold_bytes,
	threshold_percent,
	spikes,
	seen,
	missed,
	censored,
	ambiguous,
	miss_ratio,
	-- At the ends the bounds are 0 and 1 themselves, which rounding would miss by a bit.
	iif(missed = 0, min(0.0, centre), max(0.0, centre - half_width)) AS miss_ratio_low,
	iif(seen = 0, max(1.0, centre), min(1.0, centre + half_width)) AS miss_ratio_high,
	expected_missed / nullif(spikes, 0) AS expected_miss_ratio
FROM wilson;
