#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_replay.sh BINARY SCRATCH: pollers simulated over a trace: the spikes are those of the capture, each sample is the
# trace's value at its instant, who saw what follows from both, and a real poller agrees.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/file.db

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*

query()
{
	sqlite3 "$file" "$1"
}

"$binary" capture -o "$file" -p 23037 -d 200ms >/dev/null 2>&1
before=$(sha256sum <"$file")
"$binary" replay "$file" --poll 1s >"$scratch/out" 2>&1
tap_equal "a file without a trace is refused: status 1, one line" 1/1/1 "$?/$(wc -l <"$scratch/out")/$(grep -c 'capture with --trace' "$scratch/out")"
tap_equal "and stays as it was" "$before" "$(sha256sum <"$file")"
rm -f "$file"
"$binary" replay "$file" --poll 1s >"$scratch/out" 2>&1
tap_equal "a file that is not there is not made" 1/ "$?/$(ls "$file" 2>/dev/null)"

"$binary" capture -o "$file" -p 23037 --trace --min-spike 0 --threshold 1,4K,64K --poll sock_diag:5ms -- \
	"$binary" load spikes -p 23037 --size-range 1:300K --pause-range 100us:4ms --count 400 --seed 5 >/dev/null 2>"$scratch/err"
tap_equal "another capture is one that it does not hold" 1 "$("$binary" replay "$file" --poll 1s --capture 7 2>&1 | grep -c 'no such capture')"
tap_equal "a replay says what it made" "capture 2" "$("$binary" replay "$file" --poll 5ms,100ms --repeat 20)"
tap_equal "it ran as long as the capture" 1 "$(query 'SELECT count(*) FROM capture a JOIN capture b ON a.start_ns = b.start_ns AND a.end_ns = b.end_ns
	WHERE a.capture_id = 1 AND b.capture_id = 2')"
tap_equal "its pollers are marked" "5000000|20|1 100000000|20|1 " \
	"$(query 'SELECT period_ns, count(*), min(simulated) FROM poller WHERE capture_id = 2 GROUP BY 1' | tr '\n' ' ')"

spikes="SELECT cookie, gauge, threshold_bytes, start_ns, end_ns, peak_bytes, peak_ns, events, left_censored, right_censored
	FROM spike JOIN socket USING (socket_id) WHERE spike.capture_id"
tap_equal "its spikes are the capture's" "0|0|1" "$(query "SELECT (SELECT count(*) FROM ($spikes = 1 EXCEPT $spikes = 2)),
	(SELECT count(*) FROM ($spikes = 2 EXCEPT $spikes = 1)
		-- a replay folds none that was seen, and --min-spike 0 folds none at all
	), (SELECT count(*) FROM spike WHERE capture_id = 2) > 400")"

"$binary" export "$file" event -o "$scratch/event.csv"
query "CREATE TABLE change (socket_id INTEGER, time_ns INTEGER, gauge TEXT, value_bytes INTEGER)"
sqlite3 -csv "$file" ".import --skip 1 $scratch/event.csv change"
query "CREATE INDEX change_by_socket ON change (socket_id, gauge, time_ns)"
# value GAUGE: the trace's at the sample's instant
value()
{
	echo "ifnull((SELECT value_bytes FROM change JOIN socket AS source USING (socket_id) WHERE source.cookie = copy.cookie AND source.capture_id = 1
		AND gauge = '$1' AND time_ns <= read_start_ns ORDER BY time_ns DESC, change.rowid DESC LIMIT 1), 0)"
}
tap_equal "each sample is the trace's value at its instant" 0 "$(query "SELECT count(*) FROM sample JOIN socket AS copy USING (socket_id)
	WHERE copy.capture_id = 2 AND (rx_queue_bytes <> $(value rx_queue) OR tx_queue_bytes <> $(value tx_queue) OR rmem_bytes <> $(value rmem))")"
[ "$(query "SELECT count(*) FROM sample JOIN socket USING (socket_id) WHERE capture_id = 2 AND rx_queue_bytes > 0")" -gt 100 ]
tap_case $? "there are more than 100 that hold something"
seen="SELECT spike_id, poller_id, max(CASE gauge WHEN 'rx_queue' THEN rx_queue_bytes WHEN 'tx_queue' THEN tx_queue_bytes ELSE rmem_bytes END), count(*)
	FROM spike JOIN sample ON sample.socket_id = spike.socket_id AND read_start_ns >= spike.start_ns AND read_start_ns < spike.end_ns
	JOIN poll USING (poll_id) WHERE spike.capture_id = 2 GROUP BY 1, 2"
judged="SELECT spike_seen.* FROM spike_seen JOIN spike USING (spike_id) WHERE capture_id = 2"
tap_equal "who saw what follows from samples and spikes" "0|0|1" "$(query "SELECT (SELECT count(*) FROM ($seen EXCEPT $judged)), (SELECT count(*) FROM ($judged EXCEPT $seen)),
	(SELECT count(*) FROM ($judged)) > 100")"

# Two shares of the same spikes: further apart than 4 standard errors in 1 of 16,000 runs.
tap_equal "a real poller misses as many as simulated ones" 1 "$(query "WITH share AS (
		SELECT simulated, sum(missed) * 1.0 / sum(spikes) AS p, sum(spikes) AS n FROM missed_spike_summary JOIN poller USING (poller_id)
		WHERE gauge = 'rx_queue' AND threshold_bytes = 1 AND poller.period_ns = 5000000 GROUP BY simulated
	) SELECT abs(a.p - b.p) < 4 * sqrt(a.p * (1 - a.p) / a.n + b.p * (1 - b.p) / b.n + 1e-9) FROM share a JOIN share b ON a.simulated < b.simulated")"
query "SELECT '# ' || iif(simulated, 'simulated', 'real') || ' pollers at 5 ms missed ' || sum(missed) || ' of ' || sum(spikes)
	FROM missed_spike_summary JOIN poller USING (poller_id) WHERE gauge = 'rx_queue' AND threshold_bytes = 1 AND poller.period_ns = 5000000 GROUP BY simulated"

tap_equal "other thresholds, one phase" "capture 3" "$("$binary" replay "$file" --poll 1ms --phase 300us --threshold 100,1K)"
tap_equal "each has its spikes" "" "$(query "SELECT threshold_bytes, count(*) FROM spike WHERE capture_id = 3 AND gauge = 'rx_queue' AND peak_bytes < threshold_bytes
	OR capture_id = 3 AND threshold_bytes NOT IN (100, 1024) GROUP BY 1")"
tap_equal "the phase is the one asked for" "300000|300000" "$(query 'SELECT phase_ns, (SELECT min(scheduled_ns) - poller.start_ns FROM poll WHERE poll.poller_id = poller.poller_id)
	FROM poller WHERE capture_id = 3')"
"$binary" report "$file" --capture 2 | grep -q '100 ms'
tap_case $? "and it can be reported on"
# What period_needed says of the durations alone is what 40 pollers of that period see: within 5 standard errors of their mean.
needed=$(query "SELECT period_ns FROM period_needed WHERE capture_id = 1 AND gauge = 'rx_queue' AND threshold_bytes = 4096 AND round(target_ratio * 100) = 95")
"$binary" replay "$file" --poll "${needed}ns" --repeat 40 --capture 1 >/dev/null
query "SELECT '# every $needed ns: ' || round(avg(miss_ratio), 4) || ' of ' || max(spikes) || ' missed' FROM missed_spike_summary
	WHERE capture_id = 4 AND gauge = 'rx_queue' AND threshold_bytes = 4096"
tap_equal "the period needed to see 95 % shows 95 %" 1 "$(query "SELECT max(spikes) > 100 AND abs(avg(miss_ratio) - 0.05) < 5 * sqrt(0.05 * 0.95 / sum(spikes))
	FROM missed_spike_summary WHERE capture_id = 4 AND gauge = 'rx_queue' AND threshold_bytes = 4096")"

# A load that keeps step with the poll period: each poller of fixed turns sees nearly all of its spikes or nearly none. So what
# pollers miss is spread far wider than chance, which is 1 here; drawn turns bring it back to that. 1 + 6 of its own standard
# errors, sqrt(2 / 40), is 2.3.
file=$scratch/aliasing.db
"$binary" capture -o "$file" -p 23038 --trace --min-spike 0 --threshold 8K -- \
	"$binary" load spikes -p 23038 --size 8K --every 5ms --pause 1ms --count 400 >/dev/null 2>"$scratch/err"
for jitter in none uniform poisson; do
	"$binary" replay "$file" --poll 5ms --repeat 40 --jitter $jitter >/dev/null
done
# spread JITTER: the variance of what its pollers missed beside that of as many independent draws
spread()
{
	query "WITH own AS (SELECT summary.*, avg(miss_ratio) OVER () AS p FROM missed_spike_summary AS summary JOIN poller USING (poller_id)
			WHERE jitter = '$1' AND simulated AND gauge = 'rx_queue')
		SELECT round(avg((missed - spikes * p) * (missed - spikes * p) / (spikes * p * (1 - p))), 2) FROM own"
}
query "SELECT '# ' || jitter || ': missed ' || round(avg(miss_ratio), 3) || ', ' || round(min(miss_ratio), 3) || ' to ' || round(max(miss_ratio), 3)
	FROM missed_spike_summary JOIN poller USING (poller_id) WHERE simulated AND gauge = 'rx_queue' GROUP BY jitter"
echo "# spread beside chance: none $(spread none), uniform $(spread uniform), poisson $(spread poisson)"
tap_equal "pollers in step with a load are spread ten times wider than chance" 1 "$(query "SELECT $(spread none) > 10")"
tap_equal "pollers with jitter no wider than chance" "1|1" "$(query "SELECT $(spread uniform) < 2.3, $(spread poisson) < 2.3")"
tap_equal "the jitter and its seeds are in the file" "none|40|0 poisson|40|40 uniform|40|40 " \
	"$(query 'SELECT jitter, count(*), count(DISTINCT seed) FROM poller WHERE simulated GROUP BY jitter' | tr '\n' ' ')"
tap_done
