-- SPDX-License-Identifier: BSD-2-Clause
SELECT complete, losses
FROM completeness
WHERE capture_id = :capture_id;
