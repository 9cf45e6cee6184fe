-- SPDX-License-Identifier: BSD-2-Clause
-- The highest queue that each poller of the file's last capture believed in, and what it was, in each summary period (second,
-- unless --summary says otherwise): begin_s is since the capture's start. Empty: the poller read none of these sockets then.
SELECT
	peak.poller_id,
	poller.source,
	poller.period_ns / 1e6 AS poll_period_ms,
	peak.gauge,
	(peak.period_start_ns - capture.start_ns) / 1e9 AS begin_s,
	max(peak.polled_peak_bytes) AS polled_peak_bytes,
	max(peak.measured_peak_bytes) AS measured_peak_bytes
FROM peak_underestimation AS peak
JOIN capture ON capture.capture_id = peak.capture_id
JOIN poller ON poller.poller_id = peak.poller_id
WHERE peak.capture_id = (SELECT max(capture_id) FROM capture)
GROUP BY peak.poller_id, peak.gauge, peak.period_start_ns
ORDER BY peak.poller_id, peak.gauge, peak.period_start_ns;
