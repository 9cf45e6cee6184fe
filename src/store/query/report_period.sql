-- SPDX-License-Identifier: BSD-2-Clause
SELECT gauge, threshold_bytes, threshold_percent, target_ratio, period_ns
FROM period_needed
WHERE capture_id = :capture_id
ORDER BY gauge, threshold_bytes, threshold_percent, target_ratio;
