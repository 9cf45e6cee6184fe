-- SPDX-License-Identifier: BSD-2-Clause
-- Each listed spike and each poller that reads its gauge and was running through it: did the poller see it, and how much
-- of its peak? Folded spikes are not here: nothing but their bins is known of them.
CREATE VIEW missed_spike AS
SELECT
	spike.capture_id,
	spike.spike_id,
	spike.socket_id,
	run.poller_id,
	spike.gauge,
	spike.threshold_bytes,
	spike.threshold_percent,
	spike.start_ns,
	spike.end_ns,
	spike.end_ns - spike.start_ns AS duration_ns,
	spike.peak_bytes,
	spike_seen.spike_id IS NOT NULL AS seen,
	spike_seen.polled_peak_bytes,
	spike.left_censored,
	spike.right_censored
FROM spike
JOIN poller_run AS run
	ON run.capture_id = spike.capture_id
	AND spike.start_ns >= run.start_ns
	AND spike.end_ns <= run.end_ns
JOIN poller_gauge ON poller_gauge.poller_id = run.poller_id AND poller_gauge.gauge = spike.gauge
LEFT JOIN spike_seen ON spike_seen.spike_id = spike.spike_id AND spike_seen.poller_id = run.poller_id;
