-- SPDX-License-Identifier: BSD-2-Clause
-- Gauges that were measured, but that none of the capture's pollers can read.
WITH gauge(gauge) AS (VALUES ('rx_queue'), ('tx_queue'), ('rmem'))
SELECT gauge.gauge
FROM gauge
WHERE EXISTS (SELECT 1 FROM poller WHERE poller.capture_id = :capture_id)
	AND gauge.gauge NOT IN (
		SELECT poller_gauge.gauge
		FROM poller_gauge
		JOIN poller ON poller.poller_id = poller_gauge.poller_id
		WHERE poller.capture_id = :capture_id
	)
ORDER BY gauge.gauge;
