-- SPDX-License-Identifier: BSD-2-Clause
-- The longest spikes that the slowest poller of the file's last capture missed. Censored ones are left out: how long they
-- really were is not known.
SELECT
	gauge,
	threshold_bytes,
	threshold_percent,
	peak_bytes,
	duration_ns / 1e6 AS duration_ms
FROM missed_spike
WHERE poller_id = (
		SELECT poller_id
		FROM poller
		WHERE capture_id = (SELECT max(capture_id) FROM capture)
		ORDER BY period_ns DESC, poller_id
		LIMIT 1
	)
	AND NOT seen
	AND NOT left_censored
	AND NOT right_censored
ORDER BY duration_ns DESC
LIMIT 10;
