-- SPDX-License-Identifier: BSD-2-Clause
-- The highest value of each summary period beside the highest that a poller's samples showed in it. A sample belongs to
-- the period in which its read began. polled_peak_bytes is NULL where the poller read the socket at no time of the period.
-- start_ns and end_ns are the part of the period in which the socket was there; period_start_ns is the same for all sockets.
CREATE VIEW peak_underestimation AS
WITH longest AS MATERIALIZED (
	SELECT max(end_ns - start_ns) AS period_ns
	FROM queue_summary
), polled AS MATERIALIZED (
	SELECT
		queue_summary.rowid AS period_id,
		poll.poller_id,
		max(CASE queue_summary.gauge
			WHEN 'rx_queue' THEN sample.rx_queue_bytes
			WHEN 'tx_queue' THEN sample.tx_queue_bytes
			ELSE sample.rmem_bytes
		END) AS peak_bytes
	FROM sample
	CROSS JOIN poll ON poll.poll_id = sample.poll_id
	CROSS JOIN longest
	CROSS JOIN queue_summary
		ON queue_summary.socket_id = sample.socket_id
		AND queue_summary.gauge IN ('rx_queue', 'tx_queue', 'rmem')
		-- The lower bound says nothing new, but keeps the search short.
		AND queue_summary.start_ns > sample.read_start_ns - longest.period_ns
		AND queue_summary.start_ns <= sample.read_start_ns
		AND queue_summary.end_ns > sample.read_start_ns
	GROUP BY queue_summary.rowid, poll.poller_id
)
SELECT
	socket.capture_id,
	queue_summary.socket_id,
	queue_summary.gauge,
	poller.poller_id,
	queue_summary.start_ns,
	queue_summary.end_ns,
	queue_summary.peak_bytes AS measured_peak_bytes,
	polled.peak_bytes AS polled_peak_bytes,
	capture.start_ns
		+ (queue_summary.start_ns - capture.start_ns) / capture.summary_period_ns * capture.summary_period_ns
		AS period_start_ns
FROM queue_summary
JOIN socket ON socket.socket_id = queue_summary.socket_id
JOIN capture ON capture.capture_id = socket.capture_id
JOIN poller ON poller.capture_id = socket.capture_id
JOIN poller_gauge ON poller_gauge.poller_id = poller.poller_id AND poller_gauge.gauge = queue_summary.gauge
LEFT JOIN polled ON polled.period_id = queue_summary.rowid AND polled.poller_id = poller.poller_id;
