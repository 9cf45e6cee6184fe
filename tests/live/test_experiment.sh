#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_experiment.sh BINARY SCRATCH: experiments run their trials, keep what fails, and their file answers the claims.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/experiment.db

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -rf "$scratch"/*
"$binary" experiment hash -o "$scratch/no.db" --quick --workloads /nowhere --server redis >/dev/null 2>"$scratch/err"
tap_equal "a server that there is not is wrong usage" 2 $?
[ ! -e "$scratch/no.db" ]
tap_case $? "no file is left then"
unshare --net true 2>/dev/null || tap_skip_all "no network namespace can be made here"

query()
{
	sqlite3 "$file" "$1"
}

# experiment NAME OPTION...
experiment()
{
	"$binary" experiment "$@" -o "$file" >"$scratch/out" 2>"$scratch/err"
	status=$?
	[ $status -eq 0 ] || sed 's/^/# /' "$scratch/err"
}

# steps SERVER: the load of each blog trial kept its rate in its first steps, one after the other
steps()
{
	tap_equal "blog, $1: four steps for each of two treatments" 8 "$(query "SELECT count(*) FROM trial_step WHERE server = '$1' AND experiment = 'blog'")"
	tap_equal "blog, $1: one after the other" 0 "$(query "SELECT count(*) FROM trial_step AS a JOIN trial_step AS b
		ON b.trial_id = a.trial_id AND b.step = a.step + 1 WHERE b.start_ns < a.end_ns AND a.server = '$1'")"
	tap_equal "blog, $1: within their trials" 0 "$(query "SELECT count(*) FROM trial_step JOIN trial USING (trial_id)
		WHERE trial_step.start_ns < trial.start_ns OR trial_step.end_ns > trial.end_ns")"
	tap_equal "blog, $1: every claim but the cost's has its value" "F1 F2 F3 F4 F5 F6" "$(query "SELECT group_concat(finding, ' ') FROM
		(SELECT DISTINCT finding FROM finding_value WHERE server = '$1' AND finding < 'F7' ORDER BY finding)")"
	# A request is of 300 bytes, and no more than 128 of them are on their way on a connection.
	tap_equal "blog, $1: the cap holds, by the kernel's own bytes" 1 \
		"$(query "SELECT value <= 128 FROM finding_value WHERE finding = 'F5' AND place = 1 AND server = '$1'")"
	tap_equal "blog, $1: and by the client's own count" 1 \
		"$(query "SELECT value BETWEEN 1 AND 128 FROM finding_value WHERE finding = 'F5' AND place = 3 AND server = '$1'")"
}

experiment blog --quick
tap_equal "blog, builtin: ends well" 0 $status
steps builtin
# At 50 us a request it can't keep the last rate, on any machine; a real server may.
tap_equal "blog, builtin: without the cap the queue grows beyond" 1 \
	"$(query "SELECT value > 128 FROM finding_value WHERE finding = 'F5' AND place = 2 AND server = 'builtin'")"
if analysis/workloads/redis --version >/dev/null 2>&1; then
	experiment blog --quick --server redis --workloads analysis/workloads
	tap_equal "blog, redis: ends well" 0 $status
	steps redis
	[ -n "$(query "SELECT server_version FROM experiment WHERE server = 'redis' AND server_version LIKE '%redis%'")" ]
	tap_case $? "blog, redis: its version is kept"
else
	tap_skip "blog, redis" "$(analysis/workloads/redis --version 2>&1)"
fi

experiment overhead --quick
tap_equal "overhead: ends well" 0 $status
tap_equal "overhead: throughput with and without, in each block" 2 "$(query "SELECT count(*) FROM finding_value WHERE finding = 'F7' AND place = 1")"
tap_equal "overhead: a trial without a capture has none" 4 "$(query "SELECT count(*) FROM trial JOIN experiment USING (experiment_id)
	WHERE name = 'overhead' AND capture_id IS NULL AND treatment LIKE 'nothing%' AND failure IS NULL")"

experiment intervals --quick
tap_equal "intervals: ends well" 0 $status
# Bursts each 100 ms, and polls each 100 ms: fixed turns keep one place in the bursts' period, drawn ones do not.
tap_equal "intervals: fixed turns keep step with the bursts" 1 "$(query "SELECT count(DISTINCT scheduled_ns % 100000000) FROM poll JOIN poller USING (poller_id)
	JOIN trial USING (capture_id) WHERE treatment = 'in step' AND period_ns = 100000000")"
tap_equal "intervals: drawn turns do not" 1 "$(query "SELECT count(DISTINCT scheduled_ns % 100000000) > count(*) / 2 FROM poll JOIN poller USING (poller_id)
	JOIN trial USING (capture_id) WHERE treatment = 'in step, drawn turns' AND period_ns = 100000000")"
# What they see follows from their own clocks: a burst that a whole poll lies in, and none that no poll touches.
tap_equal "intervals: polls in step see the bursts that they fall into" 0 "$(query "WITH
	in_step AS (SELECT poller_id, poller.capture_id FROM poller JOIN trial USING (capture_id) WHERE treatment = 'in step' AND period_ns = 100000000),
	burst AS (SELECT spike_id, poller_id, start_ns, end_ns FROM spike JOIN in_step USING (capture_id) WHERE gauge = 'rx_queue' AND threshold_bytes = 16384)
	SELECT count(*) FROM (SELECT
		EXISTS (SELECT 1 FROM poll WHERE poller_id = burst.poller_id AND start_ns >= burst.start_ns AND end_ns <= burst.end_ns) AS within,
		EXISTS (SELECT 1 FROM poll WHERE poller_id = burst.poller_id AND start_ns <= burst.end_ns AND end_ns >= burst.start_ns) AS touched,
		EXISTS (SELECT 1 FROM spike_seen WHERE spike_id = burst.spike_id AND poller_id = burst.poller_id) AS seen
		FROM burst) WHERE within > seen OR seen > touched")"
tap_equal "intervals: there is a burst in each period of theirs" 1 "$(query "SELECT count(*) BETWEEN 50 AND 60 FROM spike JOIN trial USING (capture_id)
	WHERE treatment = 'in step' AND gauge = 'rx_queue' AND threshold_bytes = 16384")"
tap_equal "intervals: twenty simulated pollers of each of 15 periods" "15|20" "$(query "SELECT count(*), min(n) FROM (SELECT count(*) AS n FROM poller
	JOIN trial ON trial.replay_capture_id = poller.capture_id GROUP BY period_ns)")"

tap_equal "no trial failed" 0 "$(query "SELECT count(*) FROM trial WHERE failure IS NOT NULL")"
tap_equal "each experiment has its end, and the machine's facts" 0 "$(query "SELECT count(*) FROM experiment WHERE end_utc_ns IS NULL OR
	(SELECT count(*) FROM experiment_fact WHERE experiment_fact.experiment_id = experiment.experiment_id AND name IN ('kernel', 'processors', 'net/ipv4/tcp_rmem', 'net/core/netdev_budget')) < 4")"
"$binary" report --findings "$file" >"$scratch/findings"
tap_equal "the findings are printed" 0 $?
# "load spikes", of the trials in step, is its own server.
tap_equal "a trial's command line has its server, too" 0 "$(query "SELECT count(*) FROM trial JOIN experiment USING (experiment_id)
	WHERE experiment.server = 'builtin' AND trial.treatment NOT LIKE 'in step%' AND trial.command_line NOT LIKE '%load server%&%load %'")"
tap_equal "each rule has a verdict over all servers" 12 "$(grep -c '^| F[1-8] | ' "$scratch/findings")"
tap_equal "each claim has its section" 8 "$(grep -c '^## F[1-8]$' "$scratch/findings")"
sed -n '/^## What a poll/,/^## F1/p' "$scratch/findings" | grep -Eq '^\| builtin \| [0-9,.]+ spikes \| [0-9.]+ % \| '
tap_case $? "what polling each second misses comes first" "$(cat "$scratch/findings")"
! grep -qE '\| (confirmed|refuted) \|' "$scratch/findings"
tap_case $? "so few repetitions settle nothing"

# A workload that fails is kept, with why, and the other trials go on.
mkdir "$scratch/workloads"
cat >"$scratch/workloads/fails" <<'EOT'
#!/bin/sh
[ "$1" != --version ] || { echo "fails 1"; exit; }
case " $* " in *" --in-flight 0 "*) echo "fails: the cap is wanted" >&2; exit 3 ;; esac
echo '{ "steps": [] }'
EOT
chmod +x "$scratch/workloads/fails"
experiment blog --quick --server fails --workloads "$scratch/workloads"
tap_equal "a failed trial is told by the status" 1 $status
tap_equal "it is kept with its reason, the other went on" "128 in flight||no cap|the capture ended with status 3: fails: the cap is wanted" \
	"$(query "SELECT group_concat(treatment || '|' || ifnull(failure, ''), '|') FROM (SELECT treatment, failure FROM trial JOIN experiment USING (experiment_id)
	WHERE server = 'fails' ORDER BY treatment)")"
tap_done
