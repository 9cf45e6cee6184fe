-- SPDX-License-Identifier: BSD-2-Clause
-- Queues rolled up by the process that used the socket last (NULL: none was seen to), for each summary period: how many sockets had
-- something in the gauge, the highest peak of one, and what all of them held together on average over what the capture
-- covered of the period. Their peaks need not coincide, so sum_peak_bytes is a bound.
CREATE VIEW rollup_by_pid AS
SELECT
	socket.capture_id,
	socket.pid,
	max(socket.comm) AS comm,
	queue_period.gauge,
	queue_period.period_start_ns AS start_ns,
	count(DISTINCT queue_period.socket_id) AS sockets,
	max(queue_period.peak_bytes) AS highest_peak_bytes,
	sum(queue_period.peak_bytes) AS sum_peak_bytes,
	sum(queue_period.mean_bytes * (queue_period.end_ns - queue_period.start_ns)) / queue_period.covered_ns AS sum_mean_bytes,
	sum(queue_period.events) AS events
FROM queue_period
JOIN socket ON socket.socket_id = queue_period.socket_id
GROUP BY
	socket.capture_id,
	socket.pid,
	queue_period.gauge,
	queue_period.period_start_ns;
