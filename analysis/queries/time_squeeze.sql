-- SPDX-License-Identifier: BSD-2-Clause
-- The squeezes of the file's last capture, when they came, and what stood in receive queues at that instant: the spikes of the lowest
-- threshold that were open (folded ones are not listed: --min-spike 0 keeps them all).
-- A counter read before and after has the number of rows, and nothing of the rest.
WITH chosen AS (
	SELECT capture_id, start_ns, end_ns
	FROM capture_span
	WHERE capture_id = (SELECT max(capture_id) FROM softnet_sample)
), queued AS MATERIALIZED (
	SELECT spike.start_ns, spike.end_ns, spike.peak_bytes
	FROM spike
	JOIN chosen USING (capture_id)
	WHERE spike.gauge = 'rx_queue'
		AND spike.threshold_bytes = (SELECT min(threshold_bytes) FROM capture_threshold WHERE capture_threshold.capture_id = chosen.capture_id)
)
SELECT
	time_squeeze.cpu,
	time_squeeze.cause,
	(time_squeeze.time_ns - chosen.start_ns) / 1e9 AS begin_s,
	count(queued.start_ns) AS sockets_in_spike,
	max(queued.peak_bytes) AS highest_peak_bytes
FROM chosen
JOIN time_squeeze USING (capture_id)
LEFT JOIN queued ON time_squeeze.time_ns BETWEEN queued.start_ns AND queued.end_ns
GROUP BY time_squeeze.cpu, time_squeeze.time_ns
ORDER BY time_squeeze.time_ns;
