#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_losses.sh BINARY SCRATCH: each way to lose something, provoked: it is counted by its cause, and the capture's last
# line warns of it.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
file=$scratch/losses.db
netns=pollgap-losses-$$
server_pid=
hide_pid=
cgroups=$scratch/cgroups

query()
{
	sqlite3 "$file" "$1"
}

# capture ARG...: into a new file; the last line is kept.
capture()
{
	rm -f "$file"
	"$binary" capture -o "$file" "$@" >"$scratch/out" 2>"$scratch/err" || sed 's/^/# /' "$scratch/err"
}

# lost WHAT CAUSE: more than none of it, the file says that it is not complete, and the last line says so.
lost()
{
	count=$(query "SELECT ifnull(sum(count), 0) FROM loss WHERE cause LIKE '$2'")
	[ "$count" -gt 0 ]
	tap_case $? "$1 is counted"
	[ "$count" -gt 0 ] || query "SELECT '# ' || cause || ' ' || count FROM loss"
	[ "$(query 'SELECT complete FROM completeness')" = 0 ] && tail -n 1 "$scratch/out" | grep -q '^warning: incomplete'
	tap_case $? "$1: the file and the last line say so"
}

serve()
{
	: >"$scratch/server" # not the former one's port
	"$@" "$binary" load server --size 300 >>"$scratch/server" &
	server_pid=$!
	for turn in 1 2 3 4 5 6 7 8 9; do
		grep -q listening "$scratch/server" 2>/dev/null && break
		sleep 0.2
	done
	port=$(sed -n 's/^listening on port //p' "$scratch/server")
}

served()
{
	kill "$server_pid"
	wait "$server_pid" 2>/dev/null
	server_pid=
}

clean_up()
{
	[ -z "$server_pid" ] || kill "$server_pid"
	[ -z "$hide_pid" ] || kill "$hide_pid" 2>/dev/null
	rmdir "$cgroups/$netns" 2>/dev/null
	umount "$cgroups" 2>/dev/null
	rmdir "$cgroups" 2>/dev/null
	ip netns del "$netns" 2>/dev/null
	ip netns del "$netns-rps" 2>/dev/null
}
trap clean_up EXIT

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
rm -f "$scratch"/*

serve
capture -p "$port" --ring 4K --threshold 1 --min-spike 0 --poll proc:100ms -- \
	"$binary" load client -p "$port" --rate 50000:1s --connections 7
lost "a full ring buffer" 'ring_buffer_full:%'

capture -p "$port" --poll proc:200us -- "$binary" load client -p "$port" --rate 1000:500ms --connections 7
lost "a poller that is too slow for its period" 'missed_turns:proc:200us'
tap_case "$(query 'SELECT (SELECT sum(missed_turns) FROM poll) <> (SELECT count FROM loss WHERE cause LIKE '"'missed%'"')')" \
	"each missed turn stands with the poll that was late"
# What went by after the last poll only real time knows: as many turns as fit between its own and the end.
tap_case "$(query 'SELECT missed_by_schedule = 0 OR abs(missed_by_time - missed_by_schedule - (end_ns - last_ns) / period_ns) > 1 FROM poller_run
	JOIN (SELECT poller_id, max(scheduled_ns) AS last_ns FROM poll GROUP BY poller_id) USING (poller_id)')" \
	"and is counted by real time, too"

capture -p "$port" --poll proc:200us --poll proc:200us:page --poll proc:200us -d 300ms
tap_equal "pollers of one source and period are told apart" "1 2 3 | 1 2 3" \
	"$(query "SELECT group_concat(substr(cause, -1), ' ') || ' | ' || (SELECT group_concat(substr(source, -1), ' ') FROM (
		SELECT source FROM measurement_cost WHERE source LIKE 'proc:200us#%' ORDER BY 1))
		FROM (SELECT cause FROM loss WHERE cause LIKE 'missed_turns:proc:200us#%' ORDER BY 1)")"
tap_case "$(query "SELECT (SELECT sum(missed_turns) FROM poll) <> (SELECT sum(count) FROM loss WHERE cause LIKE 'missed%')")" \
	"and none of their losses is dropped"

capture -p "$port" --queue 4K --poll proc:20ms -- "$binary" load client -p "$port" --rate 1000:500ms --connections 101
lost "a writer that can't keep up" 'writer_behind:%'
served

# The kernel fails a poller's read in the middle of traffic: what was measured until then is kept.
if command -v strace >/dev/null; then
	"$binary" load spikes -p 23021 --size 20000 --pause 2ms --count 2000 >/dev/null &
	load_pid=$!
	rm -f "$file"
	"$binary" capture -o "$file" -p 23021 --poll proc:20ms --min-spike 0 --threshold 1 -d 5s >"$scratch/out" 2>"$scratch/err" &
	capture_pid=$!
	sleep 1.2
	table=$(readlink "/proc/$capture_pid/fd/"* | grep '/net/tcp$')
	timeout 10 strace -f -q -o /dev/null -e trace=pread64 -P "$table" -e inject=pread64:error=EIO -p "$capture_pid" 2>"$scratch/strace"
	wait "$capture_pid"
	tap_equal "a poller that can't read any more ends the capture with status 1" 1 $?
	tap_equal "with one line" 1 "$(grep -c 'cannot read .*Input/output error' "$scratch/err")"
	tap_equal "the file tells it" "0|1|failed:proc:20ms" "$(query "SELECT complete, ended, cause FROM completeness JOIN loss USING (capture_id) WHERE cause LIKE 'failed%'")"
	tap_equal "and holds the kernel's side up to the end" 1 "$(query "SELECT max(spike.end_ns) > capture.end_ns - 100000000 AND
		max(queue_summary.end_ns) = capture.end_ns FROM capture, spike, queue_summary")"
	kill "$load_pid"
	wait "$load_pid" 2>/dev/null
else
	tap_skip "a poller that can't read any more" "there is no strace to make its reads fail"
fi

if ip netns add "$netns" 2>/dev/null && ip netns exec "$netns" ip link set lo up &&
	ip netns exec "$netns" sysctl -qw net.core.optmem_max=256 2>/dev/null; then
	serve ip netns exec "$netns"
	capture --netns "$netns" --poll proc:20ms -- \
		ip netns exec "$netns" "$binary" load client -p "$port" --rate 1000:500ms --connections 7
	lost "refused socket storage" 'socket_storage_refused'
	lost "a polled socket that the kernel side never saw" 'sample_of_unseen_socket'
	served
else
	tap_skip "refused socket storage" "a network namespace with its own optmem_max can't be made here"
fi

# The kernel leaves out a program that it has interrupted itself. Packets that another CPU hands over (RPS) come by interrupt, also
# into a hook of a process that reads.
if ip netns add "$netns-rps" 2>/dev/null && ip netns exec "$netns-rps" ip link set lo up &&
	ip netns exec "$netns-rps" sh -c "echo $(printf %x $(((1 << $(nproc)) - 1))) >/sys/class/net/lo/queues/rx-0/rps_cpus" 2>/dev/null; then
	serve ip netns exec "$netns-rps"
	for try in 1 2 3 4 5; do
		capture --netns "$netns-rps" -p "$port" -- \
			ip netns exec "$netns-rps" "$binary" load client -p "$port" --rate 200000:3s --connections 50 --in-flight 0
		[ "$(query "SELECT count(*) FROM loss WHERE cause = 'recursion_misses'")" -eq 0 ] || break
	done
	kill $(ip netns pids "$netns-rps")
	wait "$server_pid" 2>/dev/null
	server_pid=
fi
if [ "$(query "SELECT count(*) FROM loss WHERE cause = 'recursion_misses'")" -gt 0 ]; then
	lost "an event that came while its program ran" recursion_misses
else
	tap_skip "an event that came while its program ran" "no interrupt fell into a program in five captures under load"
fi

# ACKs of connections that are being closed, hidden by a program of another control group: a hook finds, once for each connection, that
# some went by, and no other sample is at odds with the trace.
programs=$(dirname "$binary")/tests
mkdir "$cgroups"
echo "this kernel has no sockops program that sees them (before 6.2, or by kprobes)" >"$scratch/why"
# A backend with socket storage sees them by a sockops program, which another one can keep them from; one without by a function.
if grep -qw bpf_rdonly_cast /proc/kallsyms && "$binary" check | grep -qE '^backend +(tp_btf|fentry) +yes' && mount -t cgroup2 none "$cgroups" 2>"$scratch/why" && mkdir "$cgroups/$netns" 2>"$scratch/why" &&
	sh -c "echo \$\$ >'$cgroups/$netns/cgroup.procs'" 2>"$scratch/why"; then
	"$programs/bench_attach" -g "$cgroups/$netns" "$programs/hide.bpf.o" >"$scratch/hide" 2>"$scratch/why" &
	hide_pid=$!
	until grep -q attached "$scratch/hide" || ! kill -0 $hide_pid 2>/dev/null; do sleep 0.1; done
fi
if [ -n "$hide_pid" ] && kill -0 $hide_pid 2>/dev/null; then
	capture -p 23022 --trace --poll proc:1ms -- sh -c "echo \$\$ >'$cgroups/$netns/cgroup.procs' && exec '$programs/live_peer' fin-wait 23022 2000"
	lost "a packet that no program was shown" unseen_packets
	tap_equal "there are samples of connections that are being closed" 1 "$(query 'SELECT count(*) >= 100 FROM sample WHERE state = 4 AND tx_agrees IS NOT NULL')"
	tap_equal "what pollers read of others is explained" 0 "$(query 'SELECT count(*) FROM sample WHERE rx_agrees = 0 OR (tx_agrees = 0 AND state <> 4)')"
	tap_equal "no more connections have samples at odds than have packets unseen" 1 "$(query "SELECT count(DISTINCT socket_id) <= (SELECT count FROM loss
		WHERE cause = 'unseen_packets') FROM sample WHERE tx_agrees = 0")"
else
	tap_skip "a packet that no program was shown" "programs can't be attached to a control group here: $(cat "$scratch/why")"
fi
tap_done
