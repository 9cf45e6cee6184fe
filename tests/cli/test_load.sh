#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_load.sh BINARY SCRATCH: the load's server, client and spikes, over loopback; no root needed.
set -u
binary=$1
scratch=$2
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

# member NAME: the last one of that name in the client's JSON, which is of all steps
member()
{
	sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" "$scratch/client" | tail -n 1
}

serve()
{
	"$binary" load server "$@" >"$scratch/server" 2>&1 &
	pid=$!
	for turn in 1 2 3 4 5 6 7 8 9; do
		grep -q listening "$scratch/server" && break
		sleep 0.2
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
	ok $? "refused: load $*"
}

rm -f "$scratch"/*
refused nothing nothing
refused 70000 server -p 70000
refused 0 server --size 0
refused 65M server --reply 65M
refused 2x server --service 2x
refused here server here
refused -p\ PORT client
refused 5:0 client -p 1 --rate 5:0
refused 0 client -p 1 --connections 0
refused 10001 client -p 1 --connections 10001
refused b client -p 1 a b
refused 0 client -p 1 --rate max --in-flight 0
refused blue spikes --size 4K,blue
refused 9:3 spikes --size-range 9:3
refused 9 spikes --pause-range 9
refused ipv5 spikes --family ipv5

"$binary" load client -p 1 -d 1s >/dev/null 2>"$scratch/err"
equals "no server is status 1" $? 1
equals "with one line" "$(grep -c 'does a server run there' "$scratch/err")/$(wc -l <"$scratch/err")" 1/1

serve --size 300 --reply 16 --json
"$binary" load client -p "$port" --reply 16 --rate 2300:500ms,7000:500ms --connections 7 --json >"$scratch/client"
equals "the client ends with status 0" $? 0
equals "the schedule's requests are due" "$(member due)" 4650
equals "all are sent" "$(member sent)" 4650
equals "all are answered" "$(member answered)" 4650
[ "$(member p50_ns)" -gt 0 ] && [ "$(member p50_ns)" -le "$(member p99_ns)" ] && [ "$(member p99_ns)" -le "$(member max_ns)" ]
ok $? "percentiles ascend"
served
equals "the server ends in order" $? 0
equals "it served as many" "$(sed -n 's/^ *"requests": \([0-9]*\),/\1/p' "$scratch/server")" 4650
equals "of that size" "$(sed -n 's/^ *"received_bytes": \([0-9]*\),/\1/p' "$scratch/server")" $((4650 * 300))
equals "on that many connections" "$(sed -n 's/^ *"connections": \([0-9]*\),/\1/p' "$scratch/server")" 7

# 100 requests of 2 ms each are due within 100 ms, and take 200 ms: the last one waits for 100 ms at least, though each one's
# service takes 2 ms. A client that waits for replies before it sends would not see it.
serve --service 2ms
"$binary" load client -p "$port" --rate 1000:100ms --in-flight 1 --json >"$scratch/client"
equals "a stalled server answers in the end" "$(member answered)" 100
[ "$(member max_ns)" -ge 100000000 ]
ok $? "and its latency counts from the intended instants"
"$binary" load client -p "$port" --rate 1000:300ms --drain 0 --json >"$scratch/client"
[ "$(member unanswered)" -gt 0 ] && [ $(($(member unanswered) + $(member answered))) -eq 300 ]
ok $? "what is not answered in time is counted"
served

"$binary" load spikes --size 1K,64K,300 --pause 0,3ms --count 3 >"$scratch/spikes"
equals "every pair of size and pause, three times" "$(wc -l <"$scratch/spikes")" 19
equals "times ascend" "$(tr -d '\r' <"$scratch/spikes" | awk -F, 'NR > 1 { for (i = 7; i <= 10; i++) if ($i < $(i - 1)) bad++
	if ($6 < last) bad++; last = $10 } END { print bad + 0 }')" 0
equals "pauses are kept" "$(awk -F, 'NR > 1 && $9 - $8 < $3' "$scratch/spikes" | wc -l)" 0
for family in ipv6 mapped; do
	"$binary" load spikes --family $family --count 3 --pause 0 >"$scratch/out" 2>"$scratch/err"
	equals "spikes over $family" "$(wc -l <"$scratch/out")" 4
done
for seed in 23 23 24; do
	"$binary" load spikes --size-range 100:100000 --pause-range 1us:100us --count 50 --seed $seed |
		cut -d, -f1-3 >>"$scratch/drawn.$seed"
done
equals "the same seed, the same blocks" "$(sort "$scratch/drawn.23" | uniq -c | awk '$1 != 2' | wc -l)" 0
cmp -s "$scratch/drawn.24" "$scratch/drawn.23"
equals "another seed, others" $? 1
equals "drawn within the range" "$(awk -F, '$1 > 0 && ($2 < 100 || $2 > 100000 || $3 < 1000 || $3 > 100000)' "$scratch/drawn.23" | wc -l)" 0
"$binary" load spikes --count 100000 --pause 0 2>"$scratch/err" | head -n 3 >/dev/null
equals "a reader may leave early" "$(wc -c <"$scratch/err")" 0
echo "1..$number"
