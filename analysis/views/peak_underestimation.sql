-- SPDX-License-Identifier: BSD-2-Clause
-- The highest value of each summary period beside the highest that a poller's samples showed in it. A sample belongs to
-- the period in which its read began. polled_peak_bytes is NULL where the poller read the socket at no time of the period.
CREATE VIEW peak_underestimation AS
WITH run AS MATERIALIZED (
	SELECT poller_run.capture_id, poller_run.poller_id, poller_run.longest_poll_ns, poller_gauge.gauge
	FROM poller_run
	JOIN poller_gauge ON poller_gauge.poller_id = poller_run.poller_id
)
SELECT
	socket.capture_id,
	queue_summary.socket_id,
	queue_summary.gauge,
	run.poller_id,
	queue_summary.start_ns,
	queue_summary.end_ns,
	queue_summary.peak_bytes AS measured_peak_bytes,
	(
		SELECT max(iif(queue_summary.gauge = 'rx_queue', sample.rx_queue_bytes, sample.tx_queue_bytes))
		FROM poll
		JOIN sample ON sample.poll_id = poll.poll_id AND sample.socket_id = queue_summary.socket_id
		WHERE poll.poller_id = run.poller_id
			-- A row is read within its poll: no need to look at others.
			AND poll.start_ns >= queue_summary.start_ns - run.longest_poll_ns
			AND poll.start_ns < queue_summary.end_ns
			AND sample.read_start_ns >= queue_summary.start_ns
			AND sample.read_start_ns < queue_summary.end_ns
	) AS polled_peak_bytes
FROM queue_summary
JOIN socket ON socket.socket_id = queue_summary.socket_id
JOIN run ON run.capture_id = socket.capture_id AND run.gauge = queue_summary.gauge;
