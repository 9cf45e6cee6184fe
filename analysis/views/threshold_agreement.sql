-- SPDX-License-Identifier: BSD-2-Clause
-- What can be held against the measured spikes without a trace. samples_above: samples at or above the threshold;
-- above_outside of them were read where no spike was. samples_inside: samples whose window lies wholly inside a spike;
-- below_inside of them read less than its threshold. Both must be 0. An instant is known to 2 us, as with agreement:
-- windows are taken so much longer, and spikes so much shorter. Of thresholds in per cent only those inside are judged:
-- what they came to elsewhere is not in the file.
CREATE VIEW threshold_agreement AS
WITH value AS (
	SELECT 'rx_queue' AS gauge, poll_id, socket_id, read_start_ns, read_end_ns, rx_queue_bytes AS value_bytes
	FROM sample
	WHERE rx_queue_bytes IS NOT NULL
	UNION ALL
	SELECT 'tx_queue', poll_id, socket_id, read_start_ns, read_end_ns, tx_queue_bytes
	FROM sample
	WHERE tx_queue_bytes IS NOT NULL
	UNION ALL
	SELECT 'rmem', poll_id, socket_id, read_start_ns, read_end_ns, rmem_bytes
	FROM sample
	WHERE rmem_bytes IS NOT NULL
), above AS MATERIALIZED (
	SELECT
		poll.poller_id,
		value.gauge,
		capture_threshold.threshold_bytes,
		count(*) AS samples,
		sum(ifnull((
			SELECT spike.end_ns
			FROM spike
			WHERE spike.socket_id = value.socket_id
				AND spike.gauge = value.gauge
				AND spike.threshold_bytes = capture_threshold.threshold_bytes
				AND spike.threshold_percent = 0
				AND spike.start_ns <= value.read_end_ns + 2000
			ORDER BY spike.start_ns DESC
			LIMIT 1
		), 0) < value.read_start_ns - 2000) AS outside
	FROM value
	JOIN socket ON socket.socket_id = value.socket_id AND socket.cookie IS NOT NULL
	JOIN capture_span AS span ON span.capture_id = socket.capture_id
	JOIN capture_threshold
		ON capture_threshold.capture_id = socket.capture_id
		AND capture_threshold.threshold_percent = 0
		AND capture_threshold.threshold_bytes <= value.value_bytes
	JOIN poll ON poll.poll_id = value.poll_id
	WHERE value.read_start_ns >= span.start_ns AND value.read_end_ns <= span.end_ns
	GROUP BY poll.poller_id, value.gauge, capture_threshold.threshold_bytes
), inside AS MATERIALIZED (
	SELECT
		poll.poller_id,
		spike.gauge,
		spike.threshold_bytes,
		spike.threshold_percent,
		count(*) AS samples,
		sum(CASE spike.gauge
			WHEN 'rx_queue' THEN sample.rx_queue_bytes
			WHEN 'tx_queue' THEN sample.tx_queue_bytes
			ELSE sample.rmem_bytes
		END < spike.threshold_start_bytes) AS below
	FROM spike
	CROSS JOIN sample
		ON sample.socket_id = spike.socket_id
		AND sample.read_start_ns >= spike.start_ns + 2000
		AND sample.read_start_ns <= spike.end_ns
		AND sample.read_end_ns <= spike.end_ns - 2000
	CROSS JOIN poll ON poll.poll_id = sample.poll_id
	WHERE CASE spike.gauge
		WHEN 'rx_queue' THEN sample.rx_queue_bytes
		WHEN 'tx_queue' THEN sample.tx_queue_bytes
		ELSE sample.rmem_bytes
	END IS NOT NULL
	GROUP BY poll.poller_id, spike.gauge, spike.threshold_bytes, spike.threshold_percent
)
SELECT
	poller.capture_id,
	poller.poller_id,
	poller_gauge.gauge,
	capture_threshold.threshold_bytes,
	capture_threshold.threshold_percent,
	iif(capture_threshold.threshold_percent = 0, ifnull(above.samples, 0), NULL) AS samples_above,
	iif(capture_threshold.threshold_percent = 0, ifnull(above.outside, 0), NULL) AS above_outside,
	ifnull(inside.samples, 0) AS samples_inside,
	ifnull(inside.below, 0) AS below_inside
FROM poller
JOIN poller_gauge ON poller_gauge.poller_id = poller.poller_id
JOIN capture_threshold ON capture_threshold.capture_id = poller.capture_id
LEFT JOIN above
	ON above.poller_id = poller.poller_id
	AND above.gauge = poller_gauge.gauge
	AND above.threshold_bytes = capture_threshold.threshold_bytes
	AND capture_threshold.threshold_percent = 0
LEFT JOIN inside
	ON inside.poller_id = poller.poller_id
	AND inside.gauge = poller_gauge.gauge
	AND inside.threshold_bytes = capture_threshold.threshold_bytes
	AND inside.threshold_percent = capture_threshold.threshold_percent
WHERE poller.simulated = 0;
