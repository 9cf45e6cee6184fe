#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_datasets.sh BINARY SCRATCH: what is shipped is what datasets/README.md says it is, answers every view, and comes to the
# findings that analysis/findings.md has.
. tests/harness/tap.sh

binary=$1
scratch=$2
rm -rf "${scratch:?}"/*
bytes=0

for path in datasets/*.db datasets/*.db.zst; do
	[ -e "$path" ] || continue
	# Somebody has unpacked it to look at it.
	[ ! -e "$path.zst" ] || continue
	name=${path##*/}
	sum=$(sha256sum "$path" | cut -d ' ' -f 1)
	grep -q "^| \`$name\` .*$sum" datasets/README.md
	tap_case $? "$name is the file that has its SHA-256 in datasets/README.md" "$sum"
	[ "$(stat -c %s "$path")" -le 5000000 ]
	tap_case $? "$name has 5 MB at most"
	bytes=$((bytes + $(stat -c %s "$path")))
	grep -q "^  ${name%.db*}: " analysis/datasette.yaml
	tap_case $? "$name has its queries in analysis/datasette.yaml"
	case $name in
	*.zst) zstd -q -d "$path" -o "$scratch/${name%.zst}" ;;
	*) cp "$path" "$scratch" ;;
	esac
	tap_equal "$name is whole" ok "$(sqlite3 "$scratch/${name%.zst}" 'PRAGMA integrity_check; PRAGMA foreign_key_check')"
	for view in $(sqlite3 "$scratch/${name%.zst}" "SELECT name FROM sqlite_schema WHERE type = 'view'"); do
		sqlite3 "$scratch/${name%.zst}" "SELECT count(*) FROM $view" >/dev/null 2>>"$scratch/errors"
	done
	tap_equal "$name answers every view" "" "$(cat "$scratch/errors")"
	# So that a file of yesterday's views is not taken for one of today's.
	"$binary" report "$scratch/${name%.zst}" >/dev/null 2>"$scratch/errors"
	tap_equal "$name is reported on" 0 $?
	for query in analysis/queries/*.sql; do
		sqlite3 "$scratch/${name%.zst}" <"$query" >"$scratch/answer" 2>>"$scratch/errors" || echo "$query" >>"$scratch/errors"
		case $name/${query##*/} in
		blog-*/gauge_bias.sql)
			# Rows: server, treatment, connection-seconds with a ratio, those without, percentiles.
			tap_equal "$name: each connection-second has its part in the gauge's bias" "$(sqlite3 "$scratch/${name%.zst}" "SELECT count(*) FROM blog_summary
				JOIN socket USING (socket_id) JOIN capture USING (capture_id) WHERE local_port = CAST(ports AS INTEGER)")" \
				"$(awk -F '|' '{ rows += $3 + $4 } END { print rows }' "$scratch/answer")"
			tap_equal "$name: percentiles are in order" 2 "$(awk -F '|' '$5 <= $6 && $6 <= $7 && $7 <= $8 && $8 <= $9 && $11 <= $12 && $15 > 0' "$scratch/answer" | wc -l)"
			;;
		esac
	done
	tap_equal "$name answers every query of analysis/queries" "" "$(cat "$scratch/errors")"
done
[ $bytes -le 40000000 ]
tap_case $? "all of them have 40 MB at most" "$bytes bytes"

# The recorded trace: nothing was lost, it explains every value that any of its pollers read, and pollers of the periods that
# durations say are needed see as many as they should, of 100 phases with 13,700 spikes each: a phase's share has a
# standard deviation of 0.9 points at 50 %, 0.15 at 95 %, and so a hundred of them a tenth of that.
trace=$scratch/trace-redis.db
tap_equal "trace-redis.db lost nothing" "1|0" "$(sqlite3 "$trace" 'SELECT complete, losses FROM completeness')"
tap_equal "trace-redis.db: pollers of three kinds" "iter proc sock_diag" \
	"$(sqlite3 "$trace" "SELECT group_concat(source, ' ') FROM (SELECT DISTINCT source FROM poller ORDER BY source)")"
tap_equal "trace-redis.db explains each value that they read" "17192|17192" \
	"$(sqlite3 "$trace" 'SELECT sum(samples), sum(agreeing) FROM agreement')"
# README, "How far to trust it", has these periods and what pollers saw.
for line in 50:1328515 90:582436 95:441226 99:109861; do
	share=${line%:*}
	tap_equal "trace-redis.db: the period needed for $share % of the spikes of 64 KiB" "${line#*:}" "$(sqlite3 "$trace" "SELECT period_ns FROM period_needed
		WHERE capture_id = 1 AND gauge = 'rx_queue' AND threshold_bytes = 65536 AND round(target_ratio * 100) = $share")"
	"$binary" replay "$trace" --poll "${line#*:}ns" --repeat 100 --keep counts >/dev/null 2>"$scratch/errors"
	tap_equal "trace-redis.db is replayed, without root" 0 $?
	tap_equal "trace-redis.db: pollers of that period see as many, to half a per cent" 1 "$(sqlite3 "$trace" "SELECT
		abs(sum(seen) * 100.0 / sum(spikes) - $share) <= 0.5 FROM missed_spike_summary JOIN poller USING (poller_id)
		WHERE simulated AND period_ns = ${line#*:} AND gauge = 'rx_queue' AND threshold_bytes = 65536")"
done
"$binary" report --findings "$scratch"/blog-*.db "$scratch"/overhead-*.db >"$scratch/findings.md"
tap_equal "the findings are printed" 0 $?
cmp "$scratch/findings.md" analysis/findings.md >"$scratch/errors" 2>&1
tap_case $? "they are those of analysis/findings.md" "$(cat "$scratch/errors")"
tap_done
