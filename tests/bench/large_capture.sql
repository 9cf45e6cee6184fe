-- SPDX-License-Identifier: BSD-2-Clause
-- A large capture for timing the views: 1,000,000 listed spikes, 10,021,950 samples. sqlite3 FILE reads it
-- after src/store/schema.sql. Spikes last 1 us to 10 ms; a poller sees one with the probability duration / period.
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
BEGIN;
INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend, command_line,
	tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns, end_utc_ns)
VALUES (1, '0b8f4b1e-5b1c-4c9e-8d15-3f6a7d0c9a03', 'bench', '5f0c9a1e-7a55-4d63-a3b3-1d2a3b4c5d6e', '6.1.0', 'x86_64', 2,
	'tp_btf', 'pollgap capture', '0.1.0', 4026531840, 1000000000, 0, 0, 40000000000, 0, 40000000000);
INSERT INTO capture_threshold VALUES (1, 4096, 0), (1, 16384, 0), (1, 65536, 0), (1, 262144, 0);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
INSERT INTO socket (socket_id, capture_id, cookie, family, local_address, local_port, remote_address, remote_port, first_ns, older)
SELECT i, 1, i, 4, '127.0.0.1', 6379, '127.0.0.1', 40000 + i, 0, 1
FROM n;
INSERT INTO poller (poller_id, capture_id, source, period_ns, phase_ns, read_mode, priority, start_ns, end_ns)
VALUES
	(1, 1, 'proc', 1000000000, 0, 'row', 0, 0, 40000000000),
	(2, 1, 'proc', 100000000, 0, 'row', 0, 0, 40000000000),
	(3, 1, 'proc', 200000, 0, 'row', 0, 0, 40000000000);
-- rmem too, as sock_diag reads it: the most work for a view.
INSERT INTO poller_gauge
SELECT poller_id, column1
FROM poller
CROSS JOIN (VALUES ('rx_queue'), ('tx_queue'), ('rmem'));
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199999)
INSERT INTO poll (poller_id, scheduled_ns, start_ns, end_ns, rows_read, cpu_ns, missed_turns)
SELECT poller_id, i * period_ns, i * period_ns, i * period_ns + 100000, 50, 90000, 0
FROM n
JOIN poller ON i * period_ns < 40000000000
ORDER BY i * period_ns;
INSERT INTO sample
SELECT poll_id, socket_id, start_ns + socket_id * 2000, start_ns + socket_id * 2000 + 1900, poll_id * 7919 % 300000,
	poll_id * 104729 % 300000, NULL, poll_id * 224737 % 300000, 0, 1, NULL, NULL, NULL
FROM poll
CROSS JOIN socket;
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
INSERT INTO spike
SELECT i + 1, i % 50 + 1, 1, CASE i % 3 WHEN 0 THEN 'rx_queue' WHEN 1 THEN 'tx_queue' ELSE 'rmem' END,
	4096 << (2 * (i / 3 % 4)), 0, 4096 << (2 * (i / 3 % 4)), i * 39900, i * 39900 + 1000 + (i * 7919 % 1000) * (i * 104729 % 1000) * 10, 300000,
	i * 39900 + 1, 400000, 3, 5, i < 21, i > 999900
FROM n;
INSERT INTO spike_seen
SELECT spike_id, poller_id, peak_bytes, 1
FROM spike
JOIN poller
	ON (spike_id * 2654435761 + poller_id * 40503) % 65536 * period_ns < (spike.end_ns - spike.start_ns) * 65536;
-- 40 bins of each socket, gauge and threshold.
WITH RECURSIVE n (i, from_ns) AS (SELECT 0, 1000 UNION ALL SELECT i + 1, from_ns * 28 / 25 FROM n WHERE i < 39)
INSERT INTO spike_bin
SELECT socket_id, 1, gauge, threshold_bytes, 0, from_ns, from_ns * 28 / 25, 1 + i * 7, (1 + i * 7) * (from_ns + 11), 300000
FROM n
CROSS JOIN socket
CROSS JOIN (SELECT DISTINCT gauge FROM poller_gauge)
CROSS JOIN capture_threshold;
INSERT INTO queue_summary
SELECT socket_id, gauge, start_ns, start_ns + 1000000000, 300000, start_ns + 7, 5000.5, 1001
FROM socket
CROSS JOIN (SELECT DISTINCT gauge FROM poller_gauge)
CROSS JOIN (SELECT start_ns FROM poll WHERE poller_id = 1);
COMMIT;
