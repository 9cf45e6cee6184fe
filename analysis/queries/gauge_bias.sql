-- SPDX-License-Identifier: BSD-2-Clause
-- How far the 2017 post's gauge lies from the bytes that were queued, at the same instants: over every packet of a second and a
-- connection, the mean of the gauge over the mean of the queue, and their difference a packet; of these, the 10th, 50th, 90th and
-- 99th percentile and the highest. rmem_ratio is the same of sk_rmem_alloc alone. Captures with --blog; the listening side only.
-- Connection-seconds in which each packet found an empty queue have no ratio: only_empty counts them.
WITH mean AS MATERIALIZED (
	SELECT
		ifnull(experiment.server, '') AS server,
		ifnull(trial.treatment, '') AS treatment,
		blog_summary.total_bytes * 1.0 / nullif(blog_summary.rx_total_bytes, 0) AS ratio,
		blog_summary.rmem_total_bytes * 1.0 / nullif(blog_summary.rx_total_bytes, 0) AS rmem_ratio,
		(blog_summary.total_bytes - blog_summary.rx_total_bytes) * 1.0 / blog_summary.packets AS bias_bytes
	FROM blog_summary
	JOIN socket USING (socket_id)
	JOIN capture ON capture.capture_id = socket.capture_id
	LEFT JOIN trial ON trial.capture_id = capture.capture_id
	LEFT JOIN experiment ON experiment.experiment_id = trial.experiment_id
	WHERE socket.local_port = CAST(capture.ports AS INTEGER)
), ranked AS (
	SELECT
		*,
		row_number() OVER (PARTITION BY server, treatment ORDER BY ratio) * 1.0 / count(*) OVER both AS ratio_rank,
		row_number() OVER (PARTITION BY server, treatment ORDER BY rmem_ratio) * 1.0 / count(*) OVER both AS rmem_rank,
		row_number() OVER (PARTITION BY server, treatment ORDER BY bias_bytes) * 1.0 / count(*) OVER both AS bias_rank
	FROM mean
	WHERE ratio IS NOT NULL
	WINDOW both AS (PARTITION BY server, treatment)
)
SELECT
	server,
	treatment,
	count(*) AS connection_seconds,
	(SELECT count(*) FROM mean WHERE mean.server = ranked.server AND mean.treatment = ranked.treatment AND ratio IS NULL) AS only_empty,
	round(min(ratio) FILTER (WHERE ratio_rank >= 0.1), 2) AS ratio_p10,
	round(min(ratio) FILTER (WHERE ratio_rank >= 0.5), 2) AS ratio_p50,
	round(min(ratio) FILTER (WHERE ratio_rank >= 0.9), 2) AS ratio_p90,
	round(min(ratio) FILTER (WHERE ratio_rank >= 0.99), 2) AS ratio_p99,
	round(max(ratio), 2) AS ratio_max,
	round(min(rmem_ratio) FILTER (WHERE rmem_rank >= 0.5), 2) AS rmem_ratio_p50,
	CAST(min(bias_bytes) FILTER (WHERE bias_rank >= 0.1) AS INTEGER) AS bias_bytes_p10,
	CAST(min(bias_bytes) FILTER (WHERE bias_rank >= 0.5) AS INTEGER) AS bias_bytes_p50,
	CAST(min(bias_bytes) FILTER (WHERE bias_rank >= 0.9) AS INTEGER) AS bias_bytes_p90,
	CAST(min(bias_bytes) FILTER (WHERE bias_rank >= 0.99) AS INTEGER) AS bias_bytes_p99,
	CAST(max(bias_bytes) AS INTEGER) AS bias_bytes_max
FROM ranked
GROUP BY server, treatment
ORDER BY server, treatment;
