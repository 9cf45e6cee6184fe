-- SPDX-License-Identifier: BSD-2-Clause
SELECT finding, place, measure, unit, server, value
FROM finding_value
ORDER BY finding, place, server, block;
