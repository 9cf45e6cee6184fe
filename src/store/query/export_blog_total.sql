-- SPDX-License-Identifier: BSD-2-Clause
-- The second of the blog's two files: its gauge summed over the packets of a second (summary period) of an IPv4 socket.
SELECT
	strftime('%H:%M:%S', (capture.start_utc_ns + blog_summary.end_ns - capture.start_ns) / 1000000000, 'unixepoch') AS time,
	(capture.start_utc_ns + blog_summary.end_ns - capture.start_ns) / 1000000000 AS epoch_s,
	socket.local_address || ':' || socket.local_port AS local,
	socket.remote_address || ':' || socket.remote_port AS remote,
	blog_summary.total_bytes AS bytes
FROM blog_summary
JOIN socket ON socket.socket_id = blog_summary.socket_id
JOIN capture ON capture.capture_id = socket.capture_id
WHERE socket.family = 4
ORDER BY epoch_s, socket.socket_id;
