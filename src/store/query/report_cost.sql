-- SPDX-License-Identifier: BSD-2-Clause
SELECT source, cpu_ns, events_or_polls, cpu_share
FROM measurement_cost
WHERE capture_id = :capture_id
ORDER BY source <> 'probe', source;
