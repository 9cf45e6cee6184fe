#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_brief.sh BINARY SCRATCH: what a kernel may do differently, in few captures: `./run kernels` has it pass in emulated machines, where
# to load the programs alone takes some seconds. POLLGAP_TEST_BACKEND: by which backend. POLLGAP_TEST_GAPS: what that one is expected to lack there, by cause of
# loss, with commas between; where it is not set, that is not looked at.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
started=
. tests/live/agreement.sh
. tests/live/nginx.sh
. tests/live/follows.sh
. tests/live/noted.sh
. tests/live/redis.sh
agreement_begin
budget=$(cat /proc/sys/net/core/netdev_budget)
trap 'echo "$budget" >/proc/sys/net/core/netdev_budget 2>/dev/null; agreement_clean_up' EXIT
backend=${POLLGAP_TEST_BACKEND:-auto}

# at WHAT: when it begins, for whoever has to know what takes long in an emulated machine.
at()
{
	echo "# $1: $(cut -d . -f 1 /proc/uptime) s after boot"
}

gaps_find
if [ "${POLLGAP_TEST_GAPS+told}" ]; then
	tap_equal "nothing is out of the backend's reach that is not known to be" "$POLLGAP_TEST_GAPS" "$(echo "$known_gaps" | tr -d "'")"
fi
at "blocks"
# Blocks of known size over IPv4, IPv6 and IPv4 on an IPv6 socket, in a namespace; in another one, the same port is none of the capture's. The byte of a FIN is below the
# lowest threshold.
"$binary" capture --netns "$inner" -o "$file" --backend "$backend" -p 23023 --trace --min-spike 0 --threshold 300,4K,64K,256K --poll proc:5ms --poll sock_diag:5ms -- sh -c "
	'$binary' load spikes -p 23023 --size 30K --count 3 >'$scratch/elsewhere.csv'
	for family in ipv4 ipv6 mapped; do
		ip netns exec '$inner' '$binary' load spikes -p 23023 --family \$family --size-range 1K:1M --pause-range 10us:3ms --count 100 --seed 7 >'$scratch/'\$family.csv
	done" >/dev/null 2>"$scratch/err"
tap_equal "blocks: the capture ends well" 0 $?
tap_equal "blocks: there were some elsewhere, too" 3 "$(sed 1d "$scratch/elsewhere.csv" | wc -l)"
cat "$scratch/ipv4.csv" >"$scratch/spikes.csv"
sed 1d "$scratch/ipv6.csv" >>"$scratch/spikes.csv"
sed 1d "$scratch/mapped.csv" >>"$scratch/spikes.csv"
at "blocks are judged"
follows "blocks" 1000
as_noted "blocks" 600
tap_equal "blocks: over IPv4, IPv6, and one end of each" "4|3 6|3 " "$(query "SELECT family, count(*) FROM socket WHERE remote_port > 0 AND cookie IS NOT NULL GROUP BY 1" | tr '\n' ' ')"

# Servers and ways to send: what pollers read beside them.
ports=23110
commands="for way in bulk echo sendfile splice half-close; do '$peer' \$way 23110 500 4; done"
if redis_find; then
	begun "$redis" --port 23101 --save '' --appendonly no
	ports=$ports,23101
	commands="$commands; redis-benchmark -p 23101 -P 16 -c 20 -d 300 -n 20000 -t set,get -q"
	reconnecting="redis-benchmark -p 23101 -k 0 -c 10 -d 300 -t set -q"
else
	tap_skip "redis" "$redis_missing"
fi
if nginx_is_here; then
	mkdir -p "$scratch/www"
	head -c 600000 /dev/zero >"$scratch/www/large"
	nginx_begin
	ports=$ports,23102
	commands="$commands; wrk -t 1 -c 8 -d 2s http://127.0.0.1:23102/large"
else
	tap_skip "nginx with sendfile" "nginx or wrk is not installed"
fi
sleep 1
at "servers"
pollers="--poll proc:1ms --poll sock_diag:1ms"
captured "$ports" sh -c "$commands"
tap_equal "servers: the capture ends well" 0 $?
tap_equal "servers: each way had its conversations" 5 "$(grep -c '^[1-9][0-9]* conversations' "$scratch/out")"
agrees "servers"
for port in $(echo "$ports" | tr , ' '); do
	# Two seconds of wrk are not much in an emulated machine.
	changes=$(query "SELECT ifnull(sum(events), 0) FROM trace_block JOIN socket USING (socket_id) WHERE local_port = $port")
	[ "$changes" -gt 100 ]
	tap_case $? "servers: port $port had 100 changes" "$changes"
done

# Five thousand connections of one request each; and a thousand, whose every change is kept, for judging those takes an emulated machine longer.
if [ "${reconnecting-}" ]; then
	at "5,000 connections"
	rm -f "$file"
	within "$binary" capture -o "$file" --backend "$backend" -p 23101 --poll proc:50ms --poll sock_diag:50ms -- $reconnecting -n 5000 >/dev/null 2>"$scratch/err"
	tap_equal "5,000 connections: the capture ends well" 0 $?
	tap_equal "5,000 connections: nothing was lost" "" "$(losses)"
	[ "$(query 'SELECT count(*) FROM socket WHERE remote_port > 0 AND cookie IS NOT NULL')" -ge 10000 ]
	tap_case $? "5,000 connections: both ends of each are there"
	[ "$(query 'SELECT count(*) FROM socket WHERE remote_port > 0 AND cookie IS NOT NULL AND last_ns IS NULL')" -le 4 ]
	tap_case $? "5,000 connections: and have an end"
	at "1,000 connections"
	pollers="--poll proc:2ms --poll sock_diag:2ms"
	captured 23101 $reconnecting -n 1000
	tap_equal "1,000 connections: the capture ends well" 0 $?
	agrees "1,000 connections"
else
	tap_skip "5,000 connections" "$redis_missing"
fi

# A server that takes no connections for a while: its accept queue has one spike, of all fifty.
rm -f "$file"
begun "$binary" load server -p 23030
server=$!
sleep 0.5
kill -STOP $server
at "accept queue"
within "$binary" capture -o "$file" --backend "$backend" -p 23030 --accept-threshold 10,20 --poll proc:100ms -- sh -c "
	'$binary' load client -p 23030 --rate 100:1s --connections 50 >/dev/null &
	sleep 2
	kill -CONT $server
	wait" >/dev/null 2>"$scratch/err"
tap_equal "accept queue: the capture ends well" 0 $?
kill -CONT $server
tap_equal "accept queue: one spike at each threshold" "10|50|1 20|50|1 " "$(query "SELECT threshold_connections, max(peak_connections), count(*) FROM accept_spike
	WHERE left_censored + right_censored = 0 GROUP BY 1" | tr '\n' ' ')"

# What a killed capture leaves in the kernel's list of events the next one takes out.
events=/sys/kernel/tracing/kprobe_events
if [ "$backend" = kprobe ] && [ -w "$events" ]; then
	at "a killed capture"
	"$binary" capture -o "$scratch/killed.db" --backend kprobe -p 23029 -d 60s >/dev/null 2>"$scratch/err" &
	capture=$!
	turn=0
	while [ $turn -lt 200 ] && ! grep -q ":pollgap/.*_$capture " "$events"; do
		sleep 0.1
		turn=$((turn + 1))
	done
	sleep 1
	kill -9 $capture
	wait $capture 2>/dev/null
	listed=$(grep -c ":pollgap/.*_$capture " "$events")
	[ "$listed" -gt 0 ]
	tap_case $? "a killed capture: its events stay in the list"
else
	listed=
fi

# A table of four sockets, where the kernel has no socket storage for programs: those beyond it are counted, and the others measured.
case $backend,$(uname -r) in
kprobe,* | fentry,5.* | fentry,6.[01].*) table=1 ;;
*) table= ;;
esac
at "four sockets"
four_sockets "$backend" "$table"
if [ "$listed" ]; then
	tap_equal "a killed capture: the next one has taken them out" 0 "$(grep -c ":pollgap/.*_$capture " "$events")"
fi

# Rounds of two packets are cut short wherever there are more; the counter says how many.
if echo 2 2>/dev/null >/proc/sys/net/core/netdev_budget; then
	rm -f "$file"
	begun "$binary" load server -p 23028
	sleep 0.5
	at "softnet"
	within "$binary" capture -o "$file" --backend "$backend" -p 23028 --softnet 20ms --backlog-threshold 1,2,4 -- \
		"$binary" load client -p 23028 --rate 20000:1s --connections 50 >/dev/null 2>"$scratch/err"
	tap_equal "softnet: the capture ends well" 0 $?
	[ "$(query "SELECT count(*) FROM time_squeeze")" -gt 0 ]
	tap_case $? "softnet: squeezes were measured"
	# One close to the first or the last reading may fall on either side of it.
	tap_equal "softnet: as many as the counter counted" 0 "$(query 'SELECT count(*) FROM softnet_counted AS counted
		WHERE abs(squeezes_measured - squeezes_counted) > (SELECT count(*) FROM time_squeeze WHERE time_squeeze.cpu = counted.cpu
			AND (abs(time_ns - first_ns) < 1000000 OR abs(time_ns - last_ns) < 1000000))')"
	columns=$(awk 'NR == 1 { print NF }' /proc/net/softnet_stat)
	tap_equal "softnet: $columns columns" "$((columns >= 13))|$((columns >= 15))" \
		"$(query 'SELECT min(backlog_packets IS NOT NULL), min(input_packets IS NOT NULL AND process_packets IS NOT NULL) FROM softnet_sample')"
	[ "$(query "SELECT count(*) FROM softnet_spike")" -gt 0 ]
	tap_case $? "softnet: packets waited in the backlog"
else
	tap_skip "softnet" "net.core.netdev_budget can't be set here"
fi
tap_done
