-- SPDX-License-Identifier: BSD-2-Clause
-- One row per trial, step of its load, side and gauge: the highest value that any one socket of that side had in the step. The
-- server's side is the one whose local port is the capture's (-p).
CREATE VIEW trial_queue AS
SELECT step.trial_id, step.experiment_id, step.experiment, step.server, step.block, step.treatment, step.capture_id, step.step,
	step.rate_per_s, iif(socket.local_port = CAST(capture.ports AS INTEGER), 'server', 'client') AS side, queue_summary.gauge,
	max(queue_summary.peak_bytes) AS peak_bytes
FROM trial_step AS step
JOIN capture USING (capture_id)
JOIN socket USING (capture_id)
JOIN queue_summary USING (socket_id)
WHERE queue_summary.peak_ns BETWEEN step.start_ns AND step.end_ns AND capture.ports IS NOT NULL
GROUP BY step.trial_id, step.step, side, queue_summary.gauge;
