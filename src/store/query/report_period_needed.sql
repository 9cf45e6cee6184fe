-- SPDX-License-Identifier: BSD-2-Clause
-- period_needed with its targets side by side; a threshold without spikes needs no period.
SELECT
	gauge,
	threshold_bytes,
	threshold_percent,
	max(period_ns) FILTER (WHERE round(target_ratio * 100) = 50) AS period_50_ns,
	max(period_ns) FILTER (WHERE round(target_ratio * 100) = 90) AS period_90_ns,
	max(period_ns) FILTER (WHERE round(target_ratio * 100) = 95) AS period_95_ns,
	max(period_ns) FILTER (WHERE round(target_ratio * 100) = 99) AS period_99_ns
FROM period_needed
WHERE capture_id = :capture_id
GROUP BY gauge, threshold_bytes, threshold_percent
HAVING max(period_ns) IS NOT NULL
ORDER BY gauge, threshold_bytes, threshold_percent;
