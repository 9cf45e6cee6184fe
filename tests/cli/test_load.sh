#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_load.sh BINARY SCRATCH: the load's server, client and spikes, over loopback; no root needed.
. tests/harness/tap.sh

binary=$1
scratch=$2

# member NAME: the last one of that name in the client's JSON, which is of all steps, in whole numbers
member()
{
	sed -n "s/^ *\"$1\": \([0-9]*\).*/\1/p" "$scratch/client" | tail -n 1
}

# served_member NAME
served_member()
{
	sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" "$scratch/server"
}

now_ns()
{
	date +%s%N
}

serve()
{
	# Emptied first: what the server before said must not be taken for this one's.
	: >"$scratch/server"
	"$binary" load server "$@" >>"$scratch/server" 2>&1 &
	pid=$!
	turns=0
	until grep -q listening "$scratch/server" || [ $turns -eq 100 ]; do
		turns=$((turns + 1))
		sleep 0.1
	done
	port=$(sed -n 's/^listening on port //p' "$scratch/server")
}

served()
{
	kill -TERM "$pid"
	wait "$pid"
}

# refused WHAT ARG...: status 2, one line that quotes it
refused()
{
	quoted=$1
	shift
	"$binary" load "$@" >"$scratch/out" 2>"$scratch/err"
	status=$?
	[ $status -eq 2 ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -qF -e "'$quoted'" "$scratch/err" && [ ! -s "$scratch/out" ]
	tap_case $? "refused: load $*"
}

rm -f "$scratch"/*
refused nothing nothing
refused 70000 server -p 70000
refused 0 server --size 0
refused 65M server --reply 65M
refused 2x server --service 2x
refused here server here
refused -p\ PORT client
refused 0 client -p 0
refused 0 client -p 1 -d 0
refused 5:0 client -p 1 --rate 5:0
refused 0 client -p 1 --connections 0
refused 20001 client -p 1 --connections 20001
refused b client -p 1 a b
refused 0 client -p 1 --rate max --in-flight 0
refused blue spikes --size 4K,blue
refused 9:3 spikes --size-range 9:3
refused 9 spikes --pause-range 9
refused ipv5 spikes --family ipv5
for word in server client spikes; do
	"$binary" load $word --help >"$scratch/out" 2>"$scratch/err"
	tap_equal "load $word has a help" "0/0/1" "$?/$(wc -c <"$scratch/err")/$(grep -c "^usage: pollgap load $word" "$scratch/out")"
done

"$binary" load client -p 1 -d 1s >/dev/null 2>"$scratch/err"
tap_equal "no server is status 1" 1 $?
tap_equal "with one line" 1/1 "$(grep -c 'does a server run there' "$scratch/err")/$(wc -l <"$scratch/err")"

serve --size 300 --reply 16 --json
began_ns=$(now_ns)
"$binary" load client -p "$port" --reply 16 --rate 2300:500ms,7000:500ms --connections 7 --drain 60s --json >"$scratch/client"
tap_equal "the client ends with status 0" 0 $?
lasted_ns=$(($(now_ns) - began_ns))
tap_equal "the schedule's requests are due" 4650 "$(member due)"
tap_equal "all are sent" 4650 "$(member sent)"
tap_equal "all are answered" 4650 "$(member answered)"
[ "$(member p50_ns)" -gt 0 ] && [ "$(member p50_ns)" -le "$(member p99_ns)" ] && [ "$(member p99_ns)" -le "$(member max_ns)" ]
tap_case $? "percentiles ascend"
# The load lasted for its schedule at least, and no longer than the whole command did.
[ "$(member achieved_per_s)" -le 4650 ] && [ "$(member achieved_per_s)" -ge $((4650 * 1000000000 / lasted_ns)) ]
tap_case $? "the achieved rate is that of the clock" "$(member achieved_per_s) a second, 4650 in $lasted_ns ns"
tap_equal "the asked rate of all steps is their mean" 4650 "$(member rate_per_s)"
served
tap_equal "the server ends in order" 0 $?
tap_equal "it served as many" 4650 "$(served_member requests)"
tap_equal "of that size" $((4650 * 300)) "$(served_member received_bytes)"
tap_equal "on that many connections" 7 "$(served_member connections)"

# A client that does not run from before the end of its schedule until after it: what was due is sent late, and its latency
# says so. It is stopped within the 2 s only if the machine is not stopped itself; else it has nothing to catch up with.
serve --json
"$binary" load client -p "$port" --rate 100:2s --drain 60s --json >"$scratch/client" &
client=$!
sleep 0.5
kill -STOP $client
sleep 2.5
kill -CONT $client
wait $client
tap_equal "a client that was stopped catches up with its schedule" 200/200/200 "$(member due)/$(member sent)/$(member answered)"
"$binary" load client -p "$port" --reply 7 --rate 1000:100ms >"$scratch/out" 2>"$scratch/err"
tap_equal "replies of another size are status 1" 1 $?
tap_equal "in one line that names the option" 1/1 "$(grep -c -e --reply "$scratch/err")/$(wc -l <"$scratch/err")"
served

# 100 requests of 2 ms each are due within 100 ms, and take 200 ms. The 99th is due at 98 ms, and answered after 198 ms at the
# earliest, so p99 is 100 ms at least, though each one's service takes 2 ms. A client that waits for replies before it sends
# would not see it.
serve --service 2ms
"$binary" load client -p "$port" --rate 1000:100ms --in-flight 1 --drain 60s --json >"$scratch/client"
tap_equal "a stalled server answers in the end" 100 "$(member answered)"
[ "$(member p99_ns)" -ge 100000000 ]
tap_case $? "and its latency counts from the intended instants" "p99 $(member p99_ns) ns"
[ "$(member achieved_per_s)" -le 500 ] && [ "$(member achieved_per_s)" -gt 0 ]
tap_case $? "it achieves no more than its service allows" "$(member achieved_per_s) a second of 500"
"$binary" load client -p "$port" --rate 1000:300ms --drain 0 --json >"$scratch/client"
[ "$(member unanswered)" -gt 0 ] && [ $(($(member unanswered) + $(member answered))) -eq 300 ]
tap_case $? "what is not answered in time is counted"
served

# 20 requests of 2 s: the server listens to a signal while it serves them, not after them.
serve --service 2s
"$binary" load client -p "$port" --rate 1000:20ms --drain 300ms --json >"$scratch/client"
tap_equal "none of them is answered" 0/20 "$(member answered)/$(member unanswered)"
[ "$(member p50_ns)" -ge 300000000 ] && [ "$(member max_ns)" -ge 319000000 ]
tap_case $? "and they stand in the percentiles with the time until they were given up" "p50 $(member p50_ns) ns, max $(member max_ns) ns"
began_ns=$(now_ns)
served
tap_equal "a server ends in order while it serves" 0 $?
[ $(($(now_ns) - began_ns)) -lt 38000000000 ]
tap_case $? "before it has served them all"

# A greeting that is a request to this server, and a file of two requests.
serve --json --size 100
head -c 100 /dev/zero >"$scratch/greeting"
head -c 200 /dev/zero >"$scratch/requests"
"$binary" load client -p "$port" --rate 100:100ms --connections 3 --greeting "$scratch/greeting" --greeting-reply 8 \
	--request "$scratch/requests" --size 100 --json >"$scratch/client"
tap_equal "a load with a greeting is answered" 10/10 "$(member sent)/$(member answered)"
[ "$(member in_flight_peak)" -ge 1 ] && [ "$(member in_flight_peak)" -le 4 ]
tap_case $? "a connection's share of 10 requests was in flight at most" "$(member in_flight_peak)"
served
tap_equal "each connection sent its greeting" $((3 * 100 + 10 * 100)) "$(served_member received_bytes)"
refused 150 client -p 1 --request "$scratch/requests" --size 150
refused 300 client -p 1 --size 300 --request "$scratch/requests"
refused --greeting client -p 1 --greeting "$scratch/greeting"

serve --bind 127.0.0.1 --json
"$binary" load client -p "$port" --rate max -d 100ms --json >"$scratch/client"
[ "$(member answered)" -gt 128 ] && [ "$(member answered)" -eq "$(member due)" ]
tap_case $? "a closed loop answers all that it sends" "$(member answered) of $(member due)"
"$binary" load client -p "$port" ::1 --rate 10:100ms >/dev/null 2>"$scratch/err"
tap_equal "a server bound to IPv4 isn't found on IPv6" 1 $?
served
families=
if grep -qs '^0\{31\}1 ' /proc/net/if_inet6; then
	families="ipv6 mapped"
	serve
	"$binary" load client -p "$port" ::1 --rate 10:100ms --json >"$scratch/client"
	tap_equal "a server bound to nothing is found on IPv6" 1 "$(member answered)"
	served
else
	tap_skip "a server and spikes over IPv6" "there is no ::1 here"
fi

"$binary" load spikes --size 1K,64K,300 --pause 0,3ms --count 3 >"$scratch/spikes"
tap_equal "spikes have their columns" \
	sequence,bytes,pause_ns,local_port,remote_port,send_start_ns,send_end_ns,arrived_ns,read_start_ns,read_end_ns \
	"$(head -n 1 "$scratch/spikes")"
tap_equal "every pair of size and pause, three times" "3 1024,0 3 1024,3000000 3 300,0 3 300,3000000 3 65536,0 3 65536,3000000" \
	"$(tail -n +2 "$scratch/spikes" | cut -d, -f2,3 | LC_ALL=C sort | uniq -c | awk '{ print $1, $2 }' | paste -sd ' ')"
tap_equal "times ascend" 0 "$(awk -F, 'NR > 1 { for (i = 7; i <= 10; i++) if ($i < $(i - 1)) bad++
	if ($6 < last) bad++; last = $10 } END { print bad + 0 }' "$scratch/spikes")"
tap_equal "pauses are kept" 18 "$(awk -F, 'NR > 1 && $9 - $8 >= $3' "$scratch/spikes" | wc -l)"
for family in $families; do
	"$binary" load spikes --family $family --count 3 --pause 0 >"$scratch/out" 2>"$scratch/err"
	tap_equal "spikes over $family" 4 "$(wc -l <"$scratch/out")"
done
for run in 23 23.again 24; do
	"$binary" load spikes --size-range 100:100000 --pause-range 1us:100us --count 51 --seed "${run%.again}" |
		cut -d, -f1-3 >"$scratch/drawn.$run"
done
tap_equal "drawn ones are as many as asked for" 52 "$(wc -l <"$scratch/drawn.23")"
cmp -s "$scratch/drawn.23" "$scratch/drawn.23.again"
tap_equal "the same seed, the same blocks" 0 $?
cmp -s "$scratch/drawn.24" "$scratch/drawn.23"
tap_equal "another seed, others" 1 $?
tap_equal "drawn within the range" 51 \
	"$(awk -F, 'NR > 1 && $2 >= 100 && $2 <= 100000 && $3 >= 1000 && $3 <= 100000' "$scratch/drawn.23" | wc -l)"
"$binary" load spikes --count 100000 --pause 0 2>"$scratch/err" | head -n 3 >/dev/null
tap_equal "a reader may leave early" 0 "$(wc -c <"$scratch/err")"
if [ -w /dev/full ]; then
	"$binary" load spikes --count 3 --pause 0 >/dev/full 2>"$scratch/err"
	tap_equal "spikes into a full disk fail" 1/1 "$?/$(wc -l <"$scratch/err")"
else
	tap_skip "spikes into a full disk fail" "no /dev/full here"
fi
tap_done
