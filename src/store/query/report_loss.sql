-- SPDX-License-Identifier: BSD-2-Clause
SELECT cause, count
FROM loss
WHERE capture_id = :capture_id AND count > 0
ORDER BY count DESC, cause;
