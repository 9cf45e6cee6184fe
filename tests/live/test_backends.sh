#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_backends.sh BINARY SCRATCH: each backend that the kernel allows measures the same.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
started=
. tests/live/agreement.sh
agreement_begin
allowed=$("$binary" check | awk '$1 == "backend" && $3 == "yes" { print $2 }')
first=$(echo "$allowed" | head -n 1)

# spikes FILE: what both captures of the same traffic must have.
spikes()
{
	sqlite3 "$1" "SELECT gauge, threshold_bytes, count(*), sum(peak_bytes) FROM spike WHERE gauge <> 'rmem' GROUP BY 1, 2"
}

for backend in $allowed; do
	chosen=${POLLGAP_TEST_BACKEND-}
	POLLGAP_TEST_BACKEND=$backend
	# Where functions can't be hooked, nothing sees the packets of a connection that is being closed; the file says so.
	gaps_find
	rm -f "$scratch"/left.db* "$scratch"/right.db*
	within "$binary" capture -o "$scratch/left.db" --backend "$first" -p 23025 --min-spike 0 -- \
		"$binary" capture -o "$scratch/right.db" --backend "$backend" -p 23025 --min-spike 0 -- \
		"$binary" load spikes -p 23025 --size 3K,30K,300K --pause 1ms --count 50 >/dev/null 2>"$scratch/err"
	tap_equal "$backend: beside $first, and of the same traffic, ends well" 0 $?
	tap_equal "$backend: and finds the same spikes" "$(spikes "$scratch/left.db")" "$(spikes "$scratch/right.db")"
	tap_equal "$backend: those of the load" "4096|100 16384|100 65536|50 262144|50 " "$(sqlite3 "$scratch/right.db" \
		"SELECT threshold_bytes, count(*) FROM spike WHERE gauge = 'rx_queue' GROUP BY 1" | tr '\n' ' ')"
	tap_equal "$backend: each socket has the cookie that $first knows it by" "2 0" "$(sqlite3 "$scratch/right.db" "ATTACH '$scratch/left.db' AS left" \
		"SELECT count(*) || ' ' || count(*) FILTER (WHERE cookie IS NULL OR cookie NOT IN (SELECT cookie FROM left.socket WHERE cookie IS NOT NULL))
		FROM socket WHERE remote_port > 0")"

	for conversation in bulk echo short drawn sendfile splice; do
		talks $conversation
		tap_equal "$backend, $conversation: the capture ends well" 0 $?
		agrees "$backend, $conversation"
	done
	talks bulk ::1
	agrees "$backend, bulk over IPv6"
	tap_equal "$backend: the file says which backend it was" "$backend" "$(query 'SELECT backend FROM capture')"
	POLLGAP_TEST_BACKEND=$chosen
	unset closing_unseen known_gaps
done

# A table of four sockets: those beyond it are counted, and the others measured. Socket storage has no such bound.
for backend in $(echo "$allowed" | grep kprobe); do
	four_sockets "$backend" 1
done

# Type information from a file: what a capture is without the kernel's own, which nobody finds where its folder is empty.
cp /sys/kernel/btf/vmlinux "$scratch/btf"
without_btf()
{
	within unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "$@"' sh "$@"
}
if ls "/boot/vmlinux-$(uname -r)" "/lib/modules/$(uname -r)"/*vmlinux* "/usr/lib/debug/"*"/vmlinux-$(uname -r)" >/dev/null 2>&1; then
	tap_skip "without type information a capture is refused" "an image of this kernel is installed, which may hold it"
else
	without_btf "$binary" capture -o "$scratch/none.db" -d 1s >/dev/null 2>"$scratch/err"
	tap_equal "without type information a capture is refused" 1 $?
	tap_equal "in one line, with the cure" "1 1" "$(wc -l <"$scratch/err" | tr -d ' ') $(grep -c -e '--btf' "$scratch/err")"
fi
for backend in $(echo "$allowed" | grep kprobe); do
	rm -f "$file"
	without_btf "$binary" capture -o "$file" --backend "$backend" --btf "$scratch/btf" -p 23025 --min-spike 0 -- \
		"$binary" load spikes -p 23025 --size 3K,30K,300K --pause 1ms --count 50 >/dev/null 2>"$scratch/err"
	tap_equal "$backend, --btf: the capture ends well" 0 $?
	tap_equal "$backend, --btf: with the load's spikes" "4096|100 16384|100 65536|50 262144|50 " \
		"$(query "SELECT threshold_bytes, count(*) FROM spike WHERE gauge = 'rx_queue' GROUP BY 1" | tr '\n' ' ')"
	tap_equal "$backend, --btf: and says that older sockets are not known" 1 "$(query "SELECT count FROM loss WHERE cause = 'older_sockets_unknown'")"
	# A queue that stands at the end is collected, too.
	rm -f "$file"
	within "$binary" capture -o "$file" --backend "$backend" --btf /sys/kernel/btf/vmlinux -p 23026 -d 3s >/dev/null 2>"$scratch/err" &
	capture=$!
	sleep 1.5
	begun "$binary" load spikes -p 23026 --size 100K --pause 5s --count 1
	wait $capture
	tap_equal "$backend, --btf: a queue that stands at the end is told" "102400|1" \
		"$(query "SELECT peak_bytes, right_censored FROM spike WHERE gauge = 'rx_queue' AND threshold_bytes = 65536")"
	"$binary" capture -o "$scratch/none.db" --backend "$backend" --btf /etc/passwd -d 1s >/dev/null 2>"$scratch/err"
	tap_equal "$backend, --btf: a file of something else is status 1" 1 $?
	grep -q /etc/passwd "$scratch/err"
	tap_case $? "$backend, --btf: and named"
done
tap_done
