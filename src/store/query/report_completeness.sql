-- SPDX-License-Identifier: BSD-2-Clause
SELECT complete, losses, ended
FROM completeness
WHERE capture_id = :capture_id;
