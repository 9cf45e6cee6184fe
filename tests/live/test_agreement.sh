#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_agreement.sh BINARY SCRATCH: every way to read, to write and to close leaves a series that explains what pollers read.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
started=
. tests/live/agreement.sh
agreement_begin

for conversation in bulk drawn both-ways short echo busy-poll half-close fin-wait peek iovec many cut zero-window low-water corked \
	nagle splice sendfile held mapped zerocopy fast-open remnant; do
	talks $conversation
	tap_equal "$conversation: the capture ends well" 0 $?
	agrees $conversation
	# For a test of closing, or of memory, there must have been some.
	case $conversation in
	half-close) states="5 8" ;;
	fin-wait) states=4 ;;
	remnant) states=8 ;;
	*) states=1 ;;
	esac
	for state in $states; do
		[ "$(query "SELECT count(*) FROM sample WHERE state = $state AND tx_agrees IS NOT NULL")" -ge 100 ]
		tap_case $? "$conversation: 100 of its samples are in state $state"
	done
	grep -q '^[1-9][0-9]* conversations' "$scratch/out"
	tap_case $? "$conversation: there were conversations"
done
opened=$(counted TCPFastOpenPassive)
[ "$opened" -ge 100 ]
tap_case $? "fast-open: connections began with data: $opened"

# The kernel collapses a queue of crumbs that fills its buffer, packet by packet, with no hook between: rmem is not held to it.
talks crumbs
tell crumbs
tap_equal "crumbs: nothing was lost" "" "$(losses)"
held_to crumbs rx_queue
held_to crumbs tx_queue

# Bytes that nobody has read when a socket is closed are freed packet by packet.
talks unread
tell unread
tap_equal "unread: nothing was lost" "" "$(losses)"
held_to unread rx_queue
held_to unread tx_queue

# A reader that waits skips an urgent byte and frees its packet; no hook sees that until more comes.
talks urgent
tell urgent
held_to urgent tx_queue
tap_equal "urgent: rx_queue agrees, too, but where it is empty in truth" \
	1 "$(query "SELECT sum(rx_agrees = 0 AND rx_queue_bytes > 0) <= max(count(rx_agrees) / 1000, 3) FROM sample")"

# Connections that are older than the capture, and closed while it runs.
begun "$peer" half-close-long 23110 20000 8
sleep 0.5
captured 23110 sleep 1.2
agrees "older connections"
[ "$(query "SELECT count(*) FROM socket JOIN sample USING (socket_id) WHERE older AND state IN (5, 8) AND tx_agrees IS NOT NULL")" -ge 20 ]
tap_case $? "older connections: some are half closed"

# A listener that is older than the capture, and that two processors see for the first time at once.
begun "$peer" hang-up 23111 20000 8
sleep 0.5
connections=0
for turn in 1 2 3 4 5 6 7 8 9 10; do
	rm -f "$file"
	within "$binary" capture -o "$file" -p 23111 -d 100ms >/dev/null 2>"$scratch/err"
	tap_equal "a busy listener, capture $turn: every record has its socket" 0 \
		"$(query "SELECT count(*) FROM loss WHERE cause = 'record_of_unknown_socket'")"
	connections=$((connections + $(query "SELECT count(*) FROM socket WHERE NOT older")))
done
[ $connections -ge 100 ]
tap_case $? "a busy listener: it has had 100 connections"
tap_done
