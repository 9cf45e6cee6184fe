#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# backends.sh BINARY FOLDER [ROUNDS]: what each backend costs on a kernel that allows it, side by side, in TAP, for emulated machines
# too: all figures are ratios within this run. FOLDER holds bench_attach, bench_programs and empty_kinds.bpf.o.
#   - What the kernel times: ns a run of a backend's programs over programs of the same kinds that do nothing, which run beside them.
#   - Throughput of a closed loop under a capture over that without, which has in it what it takes to reach a program, too.
set -u
. tests/harness/tap.sh
binary=$1
folder=$2
rounds=${3:-3}
scratch=$(mktemp -d)
port=23051
load="$binary load client -p $port --rate max -d 2s --connections 8 --in-flight 1 --json"
server=

clean_up()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null
	rm -rf "$scratch"
}
trap clean_up EXIT

achieved()
{
	sed -n 's/.*"achieved_per_s": *\([0-9.]*\).*/\1/p' "$1" | head -n 1
}

# empty_begin PROGRAM...: programs that do nothing, from here until the process $attach is ended; it ends by itself where the kernel refuses them.
empty_begin()
{
	: >"$scratch/attached"
	"$folder/bench_attach" "$folder/empty_kinds.bpf.o" "$@" >"$scratch/attached" 2>/dev/null &
	attach=$!
	until grep -q attached "$scratch/attached" || ! kill -0 $attach 2>/dev/null; do sleep 0.1; done
}

# timed BACKEND: its programs and the empty ones, each with its runs, their ns and its type, into the file of that name.
timed()
{
	last=$("$folder/bench_programs" last)
	# shellcheck disable=SC2086 # names
	empty_begin $kinds
	rm -f "$scratch/file.db"
	"$binary" capture -o "$scratch/file.db" --backend "$1" -p $port --softnet 1s -- sh -c "
		'$folder/bench_programs' $last >'$scratch/timing' &
		$load
		kill \$!
		wait \$!" >"$scratch/out" 2>"$scratch/err"
	status=$?
	kill $attach
	wait $attach 2>/dev/null
	return $status
}

# The kinds of empty programs that this kernel takes.
kinds=
for kind in tp_btf raw_tp fentry kprobe; do
	empty_begin empty_$kind
	! kill $attach 2>/dev/null || kinds="$kinds empty_$kind"
	wait $attach 2>/dev/null
done
echo "# programs that do nothing:$kinds"

"$binary" load server -p $port >/dev/null 2>&1 &
server=$!
sleep 1
allowed=$("$binary" check | awk '$1 == "backend" && $3 == "yes" { print $2 }' | tr '\n' ' ')
allowed=${allowed% }
[ -n "$allowed" ]
tap_case $? "there is a backend"
round=0
# throughput NAME COMMAND...: requests a second that the load got under the command, or without one
throughput()
{
	name=$1
	shift
	"$@" $load >"$scratch/out" 2>"$scratch/err"
	tap_equal "$name, round $round: the load ends well" 0 $?
	sed -n '/^{/,$p' "$scratch/out" >"$scratch/json"
	achieved "$scratch/json" >"$scratch/achieved.$name"
	[ -s "$scratch/achieved.$name" ]
	tap_case $? "$name, round $round: the load says how much it did" "$(cat "$scratch/out" "$scratch/err")"
}

programs_judge()
{
	# A program of 26 is BPF_PROG_TYPE_TRACING, of 17 BPF_PROG_TYPE_RAW_TRACEPOINT. Runs of the empty ones say what one of a kind takes.
	awk -v backend="$1" '
		function kind(name, type) { return name ~ /^fentry_/ ? "fentry" : name ~ /^kprobe_/ ? "kprobe" : type == 26 ? "tp_btf" : "raw_tp" }
		/^empty_/ && $2 { empty[substr($1, 7)] = $3 / $2 }
		/^(tracepoint|again|fentry|kprobe)_/ && $2 { k = kind($1, $4); runs[k] += $2; ns[k] += $3 }
		END {
			for (k in runs) {
				all_runs += runs[k]; all_ns += ns[k]; nothing += runs[k] * empty[k]; missing += !empty[k]
				printf "# %s: %d runs of %s: %.2f of one that does nothing\n", backend, runs[k], k, empty[k] ? ns[k] / runs[k] / empty[k] : 0
			}
			if (all_runs && !missing) print "ratio", all_ns / nothing
		}' "$scratch/timing" >"$scratch/figures"
	grep '^#' "$scratch/figures"
	grep -q '^ratio' "$scratch/figures"
	tap_case $? "$1, round $round: its programs were timed" "$(cat "$scratch/timing" "$scratch/err")"
	sed -n 's/^ratio //p' "$scratch/figures" >>"$scratch/ratio.$1"
}

while [ $round -lt "$rounds" ]; do
	# In an order that changes from round to round, "nothing" included.
	order="nothing $allowed"
	turn=0
	while [ $turn -lt $round ]; do
		order="${order#* } ${order%% *}"
		turn=$((turn + 1))
	done
	for name in $order; do
		rm -f "$scratch/file.db"
		if [ $name = nothing ]; then
			throughput nothing env
		else
			throughput "$name" "$binary" capture -o "$scratch/file.db" --backend "$name" -p $port --
			timed "$name"
			tap_equal "$name, round $round: a capture whose programs are timed ends well" 0 $?
			programs_judge "$name"
		fi
	done
	for backend in $allowed; do
		echo "$(cat "$scratch/achieved.$backend") $(cat "$scratch/achieved.nothing")" | awk '$2 { print $1 / $2 }' >>"$scratch/throughput.$backend"
	done
	round=$((round + 1))
done
for backend in $allowed; do
	for what in ratio throughput; do
		echo "# $backend, $what: $(sort -n "$scratch/$what.$backend" | awk '{ v[NR] = $1 } END { printf "%.2f (%.2f to %.2f)",
			(v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[1], v[NR] }')"
	done
done
tap_done
