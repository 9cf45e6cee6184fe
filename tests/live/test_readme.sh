#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_readme.sh BINARY SCRATCH: the commands of the README's section "On your own server", line by line as they stand there, with
# shorter times and no sudo. Behind -p 6379 there is a load of known spikes, so that every query has rows to show.
set -u
. tests/harness/tap.sh
binary=$(realpath "$1")
scratch=$2
root=$PWD

"$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
command -v sqlite3 >/dev/null || tap_skip_all "sqlite3 is not installed"
rm -rf "${scratch:?}"/*
mkdir "$scratch/analysis"
ln -s "${binary%/*}" "$scratch/build"
ln -s "$root/analysis/queries" "$scratch/analysis/queries"
printf '#!/bin/sh\nsleep 0.3\n' >"$scratch/my-load-test"
chmod +x "$scratch/my-load-test"
awk '/^## /{ on = $0 == "## On your own server" } /^```/{ inside = on && $0 == "```sh"; next } inside' README.md |
	sed -e 's/^sudo //' -e 's/-d 60s/-d 700ms/' -e 's/:10s/:700ms/g' >"$scratch/lines"
[ "$(wc -l <"$scratch/lines")" -gt 15 ]
tap_case $? "the section has its commands" "$(cat "$scratch/lines")"

"$binary" load spikes -p 6379 --count 1000000 --size 8K,100K --pause 1ms,5ms >/dev/null 2>&1 &
spikes=$!
server=
trap 'kill $spikes $server 2>/dev/null' EXIT
cd "$scratch" || exit 1
while read -r line <&3; do
	case $line in
	*'&'*)
		eval "exec ${line%%&*}" >server.out 2>&1 &
		server=$!
		sleep 0.3
		kill -0 "$server" 2>/dev/null
		tap_case $? "$line" "$(cat server.out)"
		continue
		;;
	esac
	case $line in # a library that was built with it can't be loaded into an sqlite3 that was not
	*pollgap_event*)
		if nm -D build/pollgap_event.so 2>/dev/null | grep -q __asan; then
			tap_skip "$line" "this build has AddressSanitizer, sqlite3 has not"
			continue
		fi
		;;
	esac
	(eval "$line") >out 2>err </dev/null
	status=$?
	# Only replay and captures whose queue ran over may say a word on stderr.
	[ $status -eq 0 ] && ! grep -q '^pollgap.*: ' err
	tap_case $? "$line" "status $status
$(cat out err)"
	case $line in
	*queries* | *summary\" | *'LIMIT 10'* | *-o\ event.csv* | *report*)
		[ -s out ] || [ "$(wc -l <event.csv)" -gt 1 ]
		tap_case $? "and it has something to show" "$(cat out err)"
		;;
	esac
done 3<lines
tap_equal "the import holds what was exported" "$(sqlite3 x.db 'SELECT count(*) > 0, count(*) FROM spike')" "$(sqlite3 y.db 'SELECT count(*) > 0, count(*) FROM spike')"
tap_equal "the blog's files are there" "blog-peak.csv blog-total.csv" "$(echo blog-*.csv)"
kill "$server"
wait "$server" 2>/dev/null
tap_done
