#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_replay.sh BINARY SCRATCH: pollers simulated over a trace: the spikes are those of the capture, each sample is the
# trace's value at its instant, who saw what follows from both, and a real poller agrees.
set -u
binary=$1
scratch=$2
file=$scratch/file.db
number=0

ok()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

# equals WHAT GOT WANTED
equals()
{
	[ "$2" = "$3" ]
	ok $? "$1"
	[ "$2" = "$3" ] || echo "# got '$2', not '$3'"
}

"$binary" check >/dev/null 2>&1 || { echo "1..0 # SKIP $("$binary" check 2>&1 | tail -n 1)"; exit 77; }
rm -f "$scratch"/*

query()
{
	sqlite3 "$file" "$1"
}

"$binary" capture -o "$file" -p 23037 -d 200ms >/dev/null 2>&1
before=$(sha256sum <"$file")
"$binary" replay "$file" --poll 1s >"$scratch/out" 2>&1
equals "a file without a trace is refused: status 1, one line" "$?/$(wc -l <"$scratch/out")/$(grep -c 'capture with --trace' "$scratch/out")" 1/1/1
equals "and stays as it was" "$(sha256sum <"$file")" "$before"
rm -f "$file"
"$binary" replay "$file" --poll 1s >"$scratch/out" 2>&1
equals "a file that is not there is not made" "$?/$(ls "$file" 2>/dev/null)" 1/

"$binary" capture -o "$file" -p 23037 --trace --min-spike 0 --threshold 1,4K,64K --poll sock_diag:5ms -- \
	"$binary" load spikes -p 23037 --size-range 1:300K --pause-range 100us:4ms --count 400 --seed 5 >/dev/null 2>"$scratch/err"
equals "another capture is one that it does not hold" "$("$binary" replay "$file" --poll 1s --capture 7 2>&1 | grep -c 'no such capture')" 1
equals "a replay says what it made" "$("$binary" replay "$file" --poll 5ms,100ms --repeat 20)" "capture 2"
equals "it ran as long as the capture" "$(query 'SELECT count(*) FROM capture a JOIN capture b ON a.start_ns = b.start_ns AND a.end_ns = b.end_ns
	WHERE a.capture_id = 1 AND b.capture_id = 2')" 1
equals "its pollers are marked" "$(query 'SELECT period_ns, count(*), min(simulated) FROM poller WHERE capture_id = 2 GROUP BY 1' | tr '\n' ' ')" \
	"5000000|20|1 100000000|20|1 "

spikes="SELECT cookie, gauge, threshold_bytes, start_ns, end_ns, peak_bytes, peak_ns, events, left_censored, right_censored
	FROM spike JOIN socket USING (socket_id) WHERE spike.capture_id"
equals "its spikes are the capture's" "$(query "SELECT (SELECT count(*) FROM ($spikes = 1 EXCEPT $spikes = 2)),
	(SELECT count(*) FROM ($spikes = 2 EXCEPT $spikes = 1)
		-- a replay folds none that was seen, and --min-spike 0 folds none at all
	), (SELECT count(*) FROM spike WHERE capture_id = 2) > 400")" "0|0|1"

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
equals "each sample is the trace's value at its instant" "$(query "SELECT count(*) FROM sample JOIN socket AS copy USING (socket_id)
	WHERE copy.capture_id = 2 AND (rx_queue_bytes <> $(value rx_queue) OR tx_queue_bytes <> $(value tx_queue) OR rmem_bytes <> $(value rmem))")" 0
[ "$(query "SELECT count(*) FROM sample JOIN socket USING (socket_id) WHERE capture_id = 2 AND rx_queue_bytes > 0")" -gt 100 ]
ok $? "there are more than 100 that hold something"
seen="SELECT spike_id, poller_id, max(CASE gauge WHEN 'rx_queue' THEN rx_queue_bytes WHEN 'tx_queue' THEN tx_queue_bytes ELSE rmem_bytes END), count(*)
	FROM spike JOIN sample ON sample.socket_id = spike.socket_id AND read_start_ns >= spike.start_ns AND read_start_ns < spike.end_ns
	JOIN poll USING (poll_id) WHERE spike.capture_id = 2 GROUP BY 1, 2"
judged="SELECT spike_seen.* FROM spike_seen JOIN spike USING (spike_id) WHERE capture_id = 2"
equals "who saw what follows from samples and spikes" "$(query "SELECT (SELECT count(*) FROM ($seen EXCEPT $judged)), (SELECT count(*) FROM ($judged EXCEPT $seen)),
	(SELECT count(*) FROM ($judged)) > 100")" "0|0|1"

# Two shares of the same spikes: further apart than 4 standard errors in 1 of 16,000 runs.
equals "a real poller misses as many as simulated ones" "$(query "WITH share AS (
		SELECT simulated, sum(missed) * 1.0 / sum(spikes) AS p, sum(spikes) AS n FROM missed_spike_summary JOIN poller USING (poller_id)
		WHERE gauge = 'rx_queue' AND threshold_bytes = 1 AND poller.period_ns = 5000000 GROUP BY simulated
	) SELECT abs(a.p - b.p) < 4 * sqrt(a.p * (1 - a.p) / a.n + b.p * (1 - b.p) / b.n + 1e-9) FROM share a JOIN share b ON a.simulated < b.simulated")" 1
query "SELECT '# ' || iif(simulated, 'simulated', 'real') || ' pollers at 5 ms missed ' || sum(missed) || ' of ' || sum(spikes)
	FROM missed_spike_summary JOIN poller USING (poller_id) WHERE gauge = 'rx_queue' AND threshold_bytes = 1 AND poller.period_ns = 5000000 GROUP BY simulated"

equals "other thresholds, one phase" "$("$binary" replay "$file" --poll 1ms --phase 300us --threshold 100,1K)" "capture 3"
equals "each has its spikes" "$(query "SELECT threshold_bytes, count(*) FROM spike WHERE capture_id = 3 AND gauge = 'rx_queue' AND peak_bytes < threshold_bytes
	OR capture_id = 3 AND threshold_bytes NOT IN (100, 1024) GROUP BY 1")" ""
equals "the phase is the one asked for" "$(query 'SELECT phase_ns, (SELECT min(scheduled_ns) - poller.start_ns FROM poll WHERE poll.poller_id = poller.poller_id)
	FROM poller WHERE capture_id = 3')" "300000|300000"
"$binary" report "$file" --capture 2 | grep -q '100 ms'
ok $? "and it can be reported on"
echo "1..$number"
