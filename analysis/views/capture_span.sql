-- SPDX-License-Identifier: BSD-2-Clause
-- From when to when a capture ran. A killed one notes no end: the last time known of it stands in.
CREATE VIEW capture_span AS
SELECT
	capture_id,
	start_ns,
	ifnull(end_ns, (
		SELECT max(time_ns)
		FROM (
			SELECT capture.start_ns AS time_ns
			UNION ALL
			SELECT max(poll.end_ns)
			FROM poll
			JOIN poller ON poller.poller_id = poll.poller_id
			WHERE poller.capture_id = capture.capture_id
			UNION ALL
			SELECT max(queue_summary.end_ns)
			FROM queue_summary
			JOIN socket ON socket.socket_id = queue_summary.socket_id
			WHERE socket.capture_id = capture.capture_id
			UNION ALL
			SELECT max(softnet_sample.time_ns)
			FROM softnet_sample
			WHERE softnet_sample.capture_id = capture.capture_id
		)
	)) AS end_ns,
	end_ns IS NOT NULL AS ended
FROM capture;
