-- SPDX-License-Identifier: BSD-2-Clause
-- How long the bytes that were read from a socket had stood in its receive queue, of a traced capture: percentiles, by bytes,
-- interpolated within a bin of waiting_bin (20 to a decade).
CREATE VIEW waiting_time AS
WITH sums AS (
	SELECT
		socket_id,
		wait_from_ns,
		wait_to_ns - wait_from_ns AS width_ns,
		bytes,
		sum(bytes) OVER (PARTITION BY socket_id ORDER BY wait_from_ns) - bytes AS bytes_before,
		sum(bytes) OVER (PARTITION BY socket_id) AS bytes_read
	FROM waiting_bin
)
SELECT
	socket.capture_id,
	socket.socket_id,
	sums.bytes_read,
	sum((wait_from_ns + width_ns / 2.0) * bytes) / bytes_read AS mean_ns,
	min(wait_from_ns + width_ns * (0.5 * bytes_read - bytes_before) / bytes) FILTER (WHERE bytes_before + bytes >= 0.5 * bytes_read) AS p50_ns,
	min(wait_from_ns + width_ns * (0.9 * bytes_read - bytes_before) / bytes) FILTER (WHERE bytes_before + bytes >= 0.9 * bytes_read) AS p90_ns,
	min(wait_from_ns + width_ns * (0.99 * bytes_read - bytes_before) / bytes) FILTER (WHERE bytes_before + bytes >= 0.99 * bytes_read) AS p99_ns,
	min(wait_from_ns + width_ns * (0.999 * bytes_read - bytes_before) / bytes) FILTER (WHERE bytes_before + bytes >= 0.999 * bytes_read) AS p999_ns,
	max(wait_from_ns + width_ns) AS max_ns
FROM sums
JOIN socket ON socket.socket_id = sums.socket_id
GROUP BY socket.socket_id;
