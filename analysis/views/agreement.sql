-- SPDX-License-Identifier: BSD-2-Clause
-- How many of a poller's samples agree with the measured series. Only those of a traced capture can be held against it:
-- without a trace there are 0 samples and no ratio.
CREATE VIEW agreement AS
WITH judged AS MATERIALIZED (
	SELECT
		poll.poller_id,
		count(sample.rx_agrees) AS rx_samples,
		sum(sample.rx_agrees) AS rx_agreeing,
		count(sample.tx_agrees) AS tx_samples,
		sum(sample.tx_agrees) AS tx_agreeing,
		count(sample.rmem_agrees) AS rmem_samples,
		sum(sample.rmem_agrees) AS rmem_agreeing
	FROM poll
	JOIN sample ON sample.poll_id = poll.poll_id
	WHERE sample.rx_agrees IS NOT NULL OR sample.tx_agrees IS NOT NULL
	GROUP BY poll.poller_id
), counted AS (
	SELECT
		poller.capture_id,
		poller.poller_id,
		poller_gauge.gauge,
		ifnull(CASE poller_gauge.gauge
			WHEN 'rx_queue' THEN judged.rx_samples
			WHEN 'tx_queue' THEN judged.tx_samples
			ELSE judged.rmem_samples
		END, 0) AS samples,
		ifnull(CASE poller_gauge.gauge
			WHEN 'rx_queue' THEN judged.rx_agreeing
			WHEN 'tx_queue' THEN judged.tx_agreeing
			ELSE judged.rmem_agreeing
		END, 0) AS agreeing
	FROM poller
	JOIN poller_gauge ON poller_gauge.poller_id = poller.poller_id
	LEFT JOIN judged ON judged.poller_id = poller.poller_id
)
SELECT capture_id, poller_id, gauge, samples, agreeing, agreeing * 1.0 / nullif(samples, 0) AS agreement_ratio
FROM counted;
