-- SPDX-License-Identifier: BSD-2-Clause
-- Spikes of each CPU's backlog, and how many of them showed in a sampling of softnet_stat: one within [start, end) with
-- at least the threshold's packets. Thresholds nest, so the spikes are those of the capture's lowest one; censored ones are
-- left out.
CREATE VIEW softnet_missed AS
WITH cpu AS (
	SELECT capture_id, cpu
	FROM softnet_sample
	UNION
	SELECT capture_id, cpu
	FROM softnet_spike
), judged AS (
	SELECT
		capture_id,
		cpu,
		peak_packets,
		EXISTS (
			SELECT 1
			FROM softnet_sample
			WHERE softnet_sample.capture_id = softnet_spike.capture_id
				AND softnet_sample.cpu = softnet_spike.cpu
				AND softnet_sample.time_ns >= softnet_spike.start_ns
				AND softnet_sample.time_ns < softnet_spike.end_ns
				AND softnet_sample.backlog_packets >= softnet_spike.threshold_packets
		) AS seen
	FROM softnet_spike
	WHERE left_censored = 0
		AND right_censored = 0
		AND threshold_packets = (
			SELECT min(threshold)
			FROM capture_level
			WHERE capture_level.capture_id = softnet_spike.capture_id AND gauge = 'softnet_backlog'
		)
), counted AS (
	SELECT capture_id, cpu, count(*) AS spikes, sum(seen) AS seen, max(peak_packets) AS measured_peak_packets
	FROM judged
	GROUP BY capture_id, cpu
), sampled AS (
	SELECT capture_id, cpu, max(backlog_packets) AS sampled_peak_packets
	FROM softnet_sample
	GROUP BY capture_id, cpu
)
SELECT
	cpu.capture_id,
	cpu.cpu,
	ifnull(counted.spikes, 0) AS spikes,
	ifnull(counted.seen, 0) AS seen,
	ifnull(counted.spikes - counted.seen, 0) AS missed,
	counted.measured_peak_packets,
	sampled.sampled_peak_packets
FROM cpu
LEFT JOIN counted ON counted.capture_id = cpu.capture_id AND counted.cpu = cpu.cpu
LEFT JOIN sampled ON sampled.capture_id = cpu.capture_id AND sampled.cpu = cpu.cpu;
