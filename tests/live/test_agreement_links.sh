#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_agreement_links.sh BINARY SCRATCH: the series explains what pollers read over IPv6, over IPv4 that an IPv6 socket carries,
# and over a link that loses and reorders packets. Of MPTCP it does not, and says so.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
started=
. tests/live/agreement.sh
agreement_begin

for address in ::1 mapped; do
	for conversation in echo drawn half-close; do
		talks $conversation $address
		agrees "$conversation over $address"
	done
done

talks echo mptcp
if [ $? -eq 77 ]; then
	tap_skip "MPTCP" "this kernel has not got it"
else
	tell mptcp
	tap_equal "MPTCP makes a capture incomplete" "mptcp_sockets" "$(losses | cut -d '|' -f 1)"
fi

# Two ends and, between them, a third namespace that carries the frames: 10 of 1,000 are lost, 50 wait for 2 ms.
far=pollgap-far-$$
middle=pollgap-middle-$$
more_netns="$far $middle"
if agreement_netns $far && agreement_netns $middle &&
	ip -n $middle link add name one type veth peer name pgnear netns "$inner" &&
	ip -n $middle link add name two type veth peer name pgfar netns $far; then
	ip -n $middle link set one up
	ip -n $middle link set two up
	ip -n "$inner" addr add 10.23.8.1/24 dev pgnear
	ip -n "$inner" link set pgnear up
	ip -n $far addr add 10.23.8.2/24 dev pgfar
	ip -n $far link set pgfar up
	ip netns exec $middle "$relay" one two 10 50 2000 &
	started="$started $!"
	# Over this link a server of Fast Open closes before the handshake is over.
	for conversation in echo drawn bulk half-close fast-open; do
		talks $conversation 10.23.8.1 /run/netns/$far
		# Steps in the middle of filling a hole (README, limits): 0 to 2 a run of 13,500 samples in 15 runs, 0.7 on average.
		[ $conversation = bulk ] && values_between=4 || values_between=
		agrees "$conversation over a bad link"
	done
	late=$(counted TCPOFOQueue)
	[ "$late" -ge 100 ]
	tap_case $? "packets came out of order: $late"
else
	tap_skip "a link that loses packets" "no veth can be made here"
fi
tap_done
