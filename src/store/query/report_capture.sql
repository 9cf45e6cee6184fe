-- SPDX-License-Identifier: BSD-2-Clause
-- What a report says about a capture at its top.
SELECT
	capture_id,
	capture_uuid,
	label,
	host,
	kernel_release,
	machine,
	cpus,
	backend,
	command_line,
	tool_version,
	ports,
	min_spike_ns,
	start_ns,
	end_ns,
	start_utc_ns,
	end_utc_ns,
	strftime('%Y-%m-%d %H:%M:%S', start_utc_ns / 1000000000, 'unixepoch') AS start_utc,
	-- One without a cookie was seen by a poller alone.
	(SELECT count(*) FROM socket WHERE socket.capture_id = capture.capture_id AND cookie IS NOT NULL) AS sockets
FROM capture
WHERE :capture_id = 0 OR capture_id = :capture_id
ORDER BY capture_id;
