-- SPDX-License-Identifier: BSD-2-Clause
-- One row per trial that came to its end and step of its load: what was asked for, and what came of it. Times of latencies count from each request's
-- intended instant (closed loop: from its sending).
CREATE VIEW trial_step AS
SELECT trial.trial_id, trial.experiment_id, experiment.name AS experiment, experiment.server, trial.block, trial.treatment,
	trial.capture_id, step.key + 1 AS step, json_extract(step.value, '$.rate_per_s') AS rate_per_s, json_extract(step.value, '$.achieved_per_s') AS achieved_per_s,
	json_extract(step.value, '$.start_ns') AS start_ns, json_extract(step.value, '$.start_ns') + json_extract(step.value, '$.duration_ns') AS end_ns,
	json_extract(step.value, '$.unanswered') AS unanswered, json_extract(step.value, '$.in_flight_peak') AS in_flight_peak, json_extract(step.value, '$.p50_ns') AS p50_ns, json_extract(step.value, '$.p99_ns') AS p99_ns,
	json_extract(step.value, '$.p99_9_ns') AS p99_9_ns, json_extract(step.value, '$.max_ns') AS max_ns
FROM trial
JOIN experiment USING (experiment_id)
JOIN json_each(trial.result, '$.steps') AS step
WHERE trial.failure IS NULL AND trial.result IS NOT NULL AND json_valid(trial.result);
