-- SPDX-License-Identifier: BSD-2-Clause
-- One of the blog's two files, per second (summary period) and IPv4 socket, at the second's end: the peak of its gauge
-- (:kind 'peak'), or its gauge summed over the packets ('total').
SELECT
	strftime('%H:%M:%S', (capture.start_utc_ns + blog_summary.end_ns - capture.start_ns) / 1000000000, 'unixepoch') AS time,
	(capture.start_utc_ns + blog_summary.end_ns - capture.start_ns) / 1000000000 AS epoch_s,
	socket.local_address || ':' || socket.local_port AS local,
	socket.remote_address || ':' || socket.remote_port AS remote,
	CASE :kind WHEN 'peak' THEN blog_summary.peak_bytes WHEN 'total' THEN blog_summary.total_bytes END AS bytes
FROM blog_summary
JOIN socket ON socket.socket_id = blog_summary.socket_id
JOIN capture ON capture.capture_id = socket.capture_id
WHERE socket.family = 4
ORDER BY epoch_s, socket.socket_id;
