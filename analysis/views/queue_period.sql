-- SPDX-License-Identifier: BSD-2-Clause
-- Each row of queue_summary with the summary period that it lies in: a row begins later than its period where its socket does.
-- covered_ns: how much of the period the capture covered; its end cuts the last one short.
CREATE VIEW queue_period AS
WITH grid AS MATERIALIZED (
	SELECT capture.capture_id, capture.start_ns, capture.summary_period_ns, capture_span.end_ns
	FROM capture
	JOIN capture_span ON capture_span.capture_id = capture.capture_id
), placed AS (
	SELECT
		socket.capture_id,
		queue_summary.*,
		grid.start_ns + (queue_summary.start_ns - grid.start_ns) / grid.summary_period_ns * grid.summary_period_ns
			AS period_start_ns,
		grid.summary_period_ns,
		grid.end_ns AS capture_end_ns
	FROM queue_summary
	JOIN socket ON socket.socket_id = queue_summary.socket_id
	JOIN grid ON grid.capture_id = socket.capture_id
)
SELECT
	capture_id,
	socket_id,
	gauge,
	start_ns,
	end_ns,
	peak_bytes,
	peak_ns,
	mean_bytes,
	events,
	period_start_ns,
	min(summary_period_ns, capture_end_ns - period_start_ns) AS covered_ns
FROM placed;
