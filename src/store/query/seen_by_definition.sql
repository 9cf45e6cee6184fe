-- SPDX-License-Identifier: BSD-2-Clause
-- Who saw which spike, by the definition alone: from spikes, samples and pollers, not from what was judged while the capture
-- ran. It is whole only where every spike is listed (--min-spike 0).
--
-- A sample sees at most one spike of a socket, gauge and threshold: of those whose interval [start, end) its window
-- [read_start, read_end] touches, the one with the longest overlap, the earlier one of equals.
WITH shown AS (
	SELECT
		sample.rowid AS sample_id,
		poll.poller_id,
		sample.socket_id,
		sample.read_start_ns,
		sample.read_end_ns,
		poller_gauge.gauge,
		CASE poller_gauge.gauge
		WHEN 'rx_queue' THEN sample.rx_queue_bytes
		WHEN 'tx_queue' THEN sample.tx_queue_bytes
		WHEN 'rmem' THEN sample.rmem_bytes
		END AS value_bytes
	FROM poller
	JOIN poll ON poll.poller_id = poller.poller_id
	JOIN sample ON sample.poll_id = poll.poll_id
	JOIN poller_gauge ON poller_gauge.poller_id = poller.poller_id
	WHERE poller.capture_id = :capture_id
), touched AS (
	SELECT
		shown.sample_id,
		shown.poller_id,
		shown.value_bytes,
		spike.spike_id,
		row_number() OVER (
			PARTITION BY shown.sample_id, spike.gauge, spike.threshold_bytes, spike.threshold_percent
			ORDER BY
				min(spike.end_ns, shown.read_end_ns) - max(spike.start_ns, shown.read_start_ns) DESC,
				spike.start_ns
		) AS place
	FROM capture_threshold
	CROSS JOIN shown
	JOIN spike
		ON spike.socket_id = shown.socket_id
		AND spike.gauge = shown.gauge
		AND spike.threshold_bytes = capture_threshold.threshold_bytes
		AND spike.threshold_percent = capture_threshold.threshold_percent
		AND spike.start_ns <= shown.read_end_ns
		AND spike.end_ns > shown.read_start_ns
		-- Spikes of one threshold don't overlap: the last that began before the window is the only earlier one it can touch.
		AND spike.start_ns >= ifnull((
			SELECT max(earlier.start_ns)
			FROM spike AS earlier
			WHERE earlier.socket_id = shown.socket_id
				AND earlier.gauge = shown.gauge
				AND earlier.threshold_bytes = capture_threshold.threshold_bytes
				AND earlier.threshold_percent = capture_threshold.threshold_percent
				AND earlier.start_ns <= shown.read_start_ns
		), 0)
	WHERE capture_threshold.capture_id = :capture_id
		AND shown.value_bytes >= spike.threshold_start_bytes
)
SELECT spike_id, poller_id, max(value_bytes) AS polled_peak_bytes, count(*) AS samples
FROM touched
WHERE place = 1
GROUP BY spike_id, poller_id
ORDER BY spike_id, poller_id;
