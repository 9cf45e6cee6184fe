-- SPDX-License-Identifier: BSD-2-Clause
SELECT 'cost', place * 10 + measure_place, way, iif(measure LIKE 'share%', 'share', 'ratio'), server, value
FROM cost_value
ORDER BY server, place, measure_place, block;
