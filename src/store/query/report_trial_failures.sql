-- SPDX-License-Identifier: BSD-2-Clause
SELECT experiment.name AS experiment, experiment.server, experiment.quick, count(*) AS trials, sum(trial.failure IS NOT NULL) AS failed
FROM experiment
JOIN trial USING (experiment_id)
GROUP BY experiment.experiment_id
ORDER BY experiment.experiment_id;
