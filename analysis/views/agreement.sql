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
		sum(sample.tx_agrees) AS tx_agreeing
	FROM poll
	JOIN sample ON sample.poll_id = poll.poll_id
	WHERE sample.rx_agrees IS NOT NULL OR sample.tx_agrees IS NOT NULL
	GROUP BY poll.poller_id
), counted AS (
	SELECT
		poller.capture_id,
		poller.poller_id,
		poller_gauge.gauge,
		ifnull(iif(poller_gauge.gauge = 'rx_queue', judged.rx_samples, judged.tx_samples), 0) AS samples,
		ifnull(iif(poller_gauge.gauge = 'rx_queue', judged.rx_agreeing, judged.tx_agreeing), 0) AS agreeing
	FROM poller
	JOIN poller_gauge ON poller_gauge.poller_id = poller.poller_id
	LEFT JOIN judged ON judged.poller_id = poller.poller_id
	WHERE poller_gauge.gauge IN ('rx_queue', 'tx_queue')
)
SELECT capture_id, poller_id, gauge, samples, agreeing, agreeing * 1.0 / nullif(samples, 0) AS agreement_ratio
FROM counted;
