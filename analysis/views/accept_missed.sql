-- SPDX-License-Identifier: BSD-2-Clause
-- Spikes of the listeners' accept queues: how many did each poller see? A row for each poller and each threshold at which
-- there was a spike. Censored spikes are left out. As elsewhere a sample sees one spike at most, that with the longest overlap, the earlier of equals.
CREATE VIEW accept_missed AS
WITH run AS MATERIALIZED (
	SELECT poller_id, capture_id, start_ns, end_ns
	FROM poller_run
), watched AS MATERIALIZED (
	SELECT
		accept_spike.rowid AS accept_spike_id,
		accept_spike.capture_id,
		accept_spike.socket_id,
		accept_spike.threshold_connections,
		accept_spike.start_ns,
		accept_spike.end_ns,
		run.poller_id
	FROM accept_spike
	JOIN run
		ON run.capture_id = accept_spike.capture_id
		AND accept_spike.start_ns >= run.start_ns
		AND accept_spike.end_ns <= run.end_ns
	WHERE accept_spike.left_censored = 0 AND accept_spike.right_censored = 0
), touched AS (
	SELECT
		accept_spike.rowid AS accept_spike_id,
		poll.poller_id,
		row_number() OVER (
			PARTITION BY sample.poll_id, sample.socket_id, accept_spike.threshold_connections
			ORDER BY
				min(accept_spike.end_ns, sample.read_end_ns) - max(accept_spike.start_ns, sample.read_start_ns) DESC,
				accept_spike.start_ns
		) AS place
	FROM accept_spike
	JOIN sample
		ON sample.socket_id = accept_spike.socket_id
		AND sample.accept_queue_connections >= accept_spike.threshold_connections
		AND sample.read_end_ns >= accept_spike.start_ns
		AND sample.read_start_ns < accept_spike.end_ns
	JOIN poll ON poll.poll_id = sample.poll_id
), seen AS MATERIALIZED (
	SELECT DISTINCT accept_spike_id, poller_id
	FROM touched
	WHERE place = 1
), threshold AS (
	SELECT DISTINCT capture_id, threshold_connections
	FROM accept_spike
)
SELECT
	run.capture_id,
	run.poller_id,
	threshold.threshold_connections,
	count(watched.accept_spike_id) AS spikes,
	count(seen.accept_spike_id) AS seen,
	count(watched.accept_spike_id) - count(seen.accept_spike_id) AS missed,
	(count(watched.accept_spike_id) - count(seen.accept_spike_id)) * 1.0 / nullif(count(watched.accept_spike_id), 0)
		AS miss_ratio
FROM run
JOIN threshold ON threshold.capture_id = run.capture_id
LEFT JOIN watched
	ON watched.poller_id = run.poller_id
	AND watched.threshold_connections = threshold.threshold_connections
LEFT JOIN seen ON seen.accept_spike_id = watched.accept_spike_id AND seen.poller_id = watched.poller_id
GROUP BY run.capture_id, run.poller_id, threshold.threshold_connections;
