-- SPDX-License-Identifier: BSD-2-Clause
-- missed_spike_by_duration in the order of reading.
SELECT
	by_duration.poller_id,
	by_duration.gauge,
	by_duration.threshold_bytes,
	by_duration.threshold_percent,
	by_duration.duration_from_ns,
	by_duration.duration_to_ns,
	by_duration.spikes,
	by_duration.seen,
	by_duration.missed,
	by_duration.miss_ratio,
	by_duration.miss_ratio_low,
	by_duration.miss_ratio_high,
	by_duration.expected_miss_ratio,
	by_duration.deviation
FROM missed_spike_by_duration AS by_duration
JOIN poller ON poller.poller_id = by_duration.poller_id
WHERE by_duration.capture_id = :capture_id
ORDER BY
	by_duration.gauge,
	by_duration.threshold_bytes,
	by_duration.threshold_percent,
	by_duration.duration_from_ns,
	poller.period_ns DESC,
	by_duration.poller_id;
