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

# timed BACKEND: its programs and the empty ones, each with its runs, their ns and its type, into the file of that name.
timed()
{
	last=$("$folder/bench_programs" last)
	: >"$scratch/attached"
	# shellcheck disable=SC2086 # names
	"$folder/bench_attach" "$folder/empty_kinds.bpf.o" $kinds >"$scratch/attached" &
	attach=$!
	until grep -q attached "$scratch/attached" || ! kill -0 $attach 2>/dev/null; do sleep 0.1; done
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
	: >"$scratch/attached"
	"$folder/bench_attach" "$folder/empty_kinds.bpf.o" empty_$kind >"$scratch/attached" 2>/dev/null &
	attach=$!
	until grep -q attached "$scratch/attached" || ! kill -0 $attach 2>/dev/null; do sleep 0.1; done
	! kill $attach 2>/dev/null || kinds="$kinds empty_$kind"
	wait $attach 2>/dev/null
done
echo "# programs that do nothing:$kinds"

"$binary" load server -p $port >/dev/null 2>&1 &
server=$!
sleep 1
allowed=$("$binary" check | awk '$1 == "backend" && $3 == "yes" { print $2 }')
round=0
while [ $round -lt "$rounds" ]; do
	$load >"$scratch/nothing" 2>/dev/null
	for backend in $allowed; do
		timed "$backend"
		tap_equal "$backend, round $round: the capture ends well" 0 $?
		# A program of 26 is BPF_PROG_TYPE_TRACING, of 17 BPF_PROG_TYPE_RAW_TRACEPOINT. Runs of the empty ones say what one of a kind takes.
		awk -v backend="$backend" '
			function kind(name, type) { return name ~ /^fentry_/ ? "fentry" : name ~ /^kprobe_/ ? "kprobe" : type == 26 ? "tp_btf" : "raw_tp" }
			/^empty_/ && $2 { empty[substr($1, 7)] = $3 / $2 }
			/^(tracepoint|fentry|kprobe)_/ && $2 { k = kind($1, $4); runs[k] += $2; ns[k] += $3 }
			END {
				for (k in runs) {
					all_runs += runs[k]; all_ns += ns[k]; nothing += runs[k] * empty[k]; missing += !empty[k]
					printf "# %s: %d runs of %s: %.2f of one that does nothing\n", backend, runs[k], k, empty[k] ? ns[k] / runs[k] / empty[k] : 0
				}
				if (all_runs && !missing) print "ratio", all_ns / nothing
			}' "$scratch/timing" >"$scratch/figures"
		grep '^#' "$scratch/figures"
		grep -q '^ratio' "$scratch/figures"
		tap_case $? "$backend, round $round: its programs were timed" "$(cat "$scratch/timing" "$scratch/err")"
		sed -n 's/^ratio //p' "$scratch/figures" >>"$scratch/ratio.$backend"
		rm -f "$scratch/file.db"
		"$binary" capture -o "$scratch/file.db" --backend "$backend" -p $port -- $load >"$scratch/out" 2>"$scratch/err"
		sed -n '/^{/,$p' "$scratch/out" >"$scratch/json"
		echo "$(achieved "$scratch/json") $(achieved "$scratch/nothing")" | awk '$2 { print $1 / $2 }' >>"$scratch/throughput.$backend"
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
