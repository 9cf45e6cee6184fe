-- SPDX-License-Identifier: BSD-2-Clause
-- A capture is complete if it lost nothing and came to its end. losses: over all causes; table loss tells them apart.
CREATE VIEW completeness AS
SELECT
	capture.capture_id,
	ifnull(sum(loss.count), 0) = 0 AND capture.end_ns IS NOT NULL AS complete,
	ifnull(sum(loss.count), 0) AS losses,
	capture.end_ns IS NOT NULL AS ended
FROM capture
LEFT JOIN loss ON loss.capture_id = capture.capture_id
GROUP BY capture.capture_id;
