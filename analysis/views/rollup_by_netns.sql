-- SPDX-License-Identifier: BSD-2-Clause
-- Queues rolled up by network namespace, by its inode, for each summary period: how many sockets had something in the gauge, the highest peak
-- of one, and what all of them held together on average. Their peaks need not coincide, so sum_peak_bytes is a bound.
CREATE VIEW rollup_by_netns AS
SELECT
	socket.capture_id,
	socket.netns,
	queue_summary.gauge,
	capture.start_ns + (queue_summary.start_ns - capture.start_ns) / capture.summary_period_ns * capture.summary_period_ns
		AS start_ns,
	count(DISTINCT queue_summary.socket_id) AS sockets,
	max(queue_summary.peak_bytes) AS highest_peak_bytes,
	sum(queue_summary.peak_bytes) AS sum_peak_bytes,
	sum(queue_summary.mean_bytes * (queue_summary.end_ns - queue_summary.start_ns)) / capture.summary_period_ns
		AS sum_mean_bytes,
	sum(queue_summary.events) AS events
FROM queue_summary
JOIN socket ON socket.socket_id = queue_summary.socket_id
JOIN capture ON capture.capture_id = socket.capture_id
GROUP BY
	socket.capture_id,
	socket.netns,
	queue_summary.gauge,
	(queue_summary.start_ns - capture.start_ns) / capture.summary_period_ns;
