-- SPDX-License-Identifier: BSD-2-Clause
-- How often one would have to poll to see half, 90, 95 and 99 % of the spikes of the file's last capture.
SELECT
	gauge,
	threshold_bytes,
	threshold_percent,
	target_ratio,
	period_ns / 1e6 AS period_ms
FROM period_needed
WHERE capture_id = (SELECT max(capture_id) FROM capture) AND period_ns IS NOT NULL
ORDER BY gauge, threshold_bytes, threshold_percent, target_ratio;
