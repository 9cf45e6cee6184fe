# SPDX-License-Identifier: BSD-2-Clause
# report: what it refuses, and what becomes of its output.
. tests/harness/tap.sh

binary=$1
scratch=$2
file=$scratch/capture.db

command -v sqlite3 >/dev/null || tap_skip_all "sqlite3 is missing: apt-get install sqlite3"
rm -f "$scratch"/*
sqlite3 "$file" <src/store/schema.sql
for view in analysis/views/*.sql; do
	sqlite3 "$file" <"$view"
done
sqlite3 "$file" "INSERT INTO capture (capture_id, capture_uuid, host, boot_id, kernel_release, machine, cpus, backend,
	command_line, tool_version, netns_inode, summary_period_ns, min_spike_ns, start_ns, end_ns, start_utc_ns)
	VALUES (3, 'uuid', 'vm1', 'boot', '6.18.5', 'x86_64', 1, 'tp_btf', 'pollgap capture', '0.1.0', 1, 1, 1, 1, 2, 0)"

# refused NAME NEEDLE ARGUMENT...: status 1, and one line on stderr that holds NEEDLE
refused()
{
	name=$1
	needle=$2
	shift 2
	"$binary" report "$@" >"$scratch/stdout" 2>"$scratch/stderr"
	status=$?
	[ $status -eq 1 ] && [ ! -s "$scratch/stdout" ] && [ "$(wc -l <"$scratch/stderr")" -eq 1 ] &&
		grep -q -F -e "$needle" "$scratch/stderr"
	tap_case $? "$name" "status $status: $(cat "$scratch/stderr" "$scratch/stdout")"
}

echo "no database" >"$scratch/text"
sqlite3 "$scratch/foreign.db" "CREATE TABLE t (x)"
cksum "$scratch/text" "$scratch/foreign.db" >"$scratch/before"

refused "a file that is not there is refused" "$scratch/none.db" "$scratch/none.db"
refused "a file that is no database is refused" "$scratch/text" "$scratch/text"
refused "another program's database is refused" "$scratch/foreign.db" "$scratch/foreign.db"
refused "a directory is refused" "$scratch" "$scratch"
refused "a capture that the file does not hold is refused" "no capture 7, only capture 3" "$file" --capture 7
tap_equal "refused files are as they were" "$(cat "$scratch/before")" "$(cksum "$scratch/text" "$scratch/foreign.db")"
[ ! -e "$scratch/none.db" ]
tap_case $? "no file was made"

"$binary" report "$file" >"$scratch/stdout" 2>"$scratch/stderr"
status=$?
tap_equal "a report has status 0 and nothing on stderr" "0 " "$status $(cat "$scratch/stderr")"
tap_equal "its first line names the capture" "Capture 3" "$(head -n 1 "$scratch/stdout")"
tap_equal "its last line says whether it is complete" "complete: nothing was lost" "$(tail -n 1 "$scratch/stdout")"

if [ -e /dev/full ]; then
	"$binary" report "$file" >/dev/full 2>"$scratch/stderr"
	status=$?
	tap_equal "a full disk is status 1 and one line" \
		"1 pollgap report: cannot write the report: No space left on device" "$status $(cat "$scratch/stderr")"
else
	tap_skip "a full disk is status 1 and one line" "there is no /dev/full"
fi

# The reader has gone long before anything is written; SIGPIPE is ignored, as it is below many a supervisor.
(
	trap '' PIPE
	sleep 1
	"$binary" report "$file" 2>"$scratch/stderr"
	echo $? >"$scratch/status"
) | true
tap_equal "a reader that went away is no failure" "0 " "$(cat "$scratch/status") $(cat "$scratch/stderr")"

# A file keeps the views that it was made with; a report has its own.
sqlite3 "$file" "DROP VIEW missed_spike_summary; CREATE VIEW missed_spike_summary AS SELECT 'of yesterday' AS spikes"
before=$(cksum <"$file")
"$binary" report "$file" >"$scratch/yesterday" 2>"$scratch/stderr"
tap_equal "a file of yesterday's views is reported on" "0 " "$? $(cat "$scratch/stderr")"
"$binary" report "$file" --format csv >"$scratch/yesterday" 2>"$scratch/stderr"
tap_equal "likewise as csv" "0 " "$? $(cat "$scratch/stderr")"
tap_equal "the file is as it was" "$before" "$(cksum <"$file")"
tap_equal "nothing was left beside it" "" "$(ls "$file"-* 2>/dev/null)"
for format in text csv json; do
	"$binary" report datasets/demo-small.db --format $format >"$scratch/stdout" 2>"$scratch/stderr"
	tap_equal "the shipped capture as $format" "0 " "$? $(cat "$scratch/stderr")"
done
tap_done
