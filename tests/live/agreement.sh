# SPDX-License-Identifier: BSD-2-Clause
# For test_agreement*.sh, to be sourced with binary, scratch and started set: captures whose every sample is held against the
# series, in a network namespace of their own with a small hash, so that pollers keep a period below 1 ms.

file=$scratch/file.db
peer=$(dirname "$binary")/tests/live_peer
relay=$(dirname "$binary")/tests/live_relay
outer=pollgap-outer-$$
inner=pollgap-inner-$$

agreement_clean_up()
{
	for pid in $started; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for name in $inner $outer ${more_netns-}; do
		ip netns del "$name" 2>/dev/null
	done
}

# A namespace has a hash of its own if the one that it is made from says so; that one is ours, too.
agreement_begin()
{
	# A backend that was asked for has to be allowed.
	[ "${POLLGAP_TEST_BACKEND-}" ] || "$binary" check >/dev/null 2>&1 || tap_skip_all "$("$binary" check 2>&1 | tail -n 1)"
	rm -rf "$scratch"/*
	ip netns add "$outer" 2>/dev/null || tap_skip_all "no network namespace can be made here"
	trap agreement_clean_up EXIT
	ip netns exec "$outer" sysctl -qw net.ipv4.tcp_child_ehash_entries=1024 2>/dev/null
	agreement_netns "$inner" || tap_skip_all "no network namespace can be made in another one here"
}

agreement_netns()
{
	nsenter --net="/run/netns/$outer" ip netns add "$1" 2>/dev/null && ip -n "$1" link set lo up &&
		ip netns exec "$1" sysctl -qw net.ipv4.tcp_fastopen=3
}

within()
{
	ip netns exec "$inner" "$@"
}

# counted NAME: a counter of the namespace's TCP, since it was made.
counted()
{
	within awk -v name="$1" '$1 == "TcpExt:" && !n { n = split($0, names); next } $1 == "TcpExt:" { for (i in names) if (names[i] == name) print $i }' \
		/proc/net/netstat
}

# begun COMMAND...: within the namespace, in the background, to the script's end.
begun()
{
	ip netns exec "$inner" "$@" >/dev/null 2>&1 &
	started="$started $!"
}

# query SQL: its answer; where there is none, something that no test expects
query()
{
	sqlite3 "$file" "$1" || echo "no answer"
}

# captured PORT COMMAND...: a traced capture of the command, by $pollers if that is set.
captured()
{
	ports=$1
	shift
	rm -f "$file"
	within "$binary" capture -o "$file" -p "$ports" --backend "${POLLGAP_TEST_BACKEND:-auto}" --ring 128M --trace ${pollers:---poll proc:500us --poll sock_diag:1ms} -- "$@" >"$scratch/out" 2>"$scratch/err"
}

# gaps_find: what this backend lacks on this kernel, whatever it captures, by an idle capture's own word.
gaps_find()
{
	rm -f "$file"
	within "$binary" capture -o "$file" --backend "${POLLGAP_TEST_BACKEND:-auto}" -d 100ms >/dev/null 2>"$scratch/err" || sed 's/^/# /' "$scratch/err"
	known_gaps=$(query "SELECT group_concat(quote(cause)) FROM loss WHERE cause IN ('closing_unseen', 'kprobe_misses_unknown')")
	case $known_gaps in
	*closing_unseen*) closing_unseen=1 ;;
	*) closing_unseen= ;;
	esac
	rm -f "$file"
}

# Of packets and events that went by unseen.
unseen_causes="'recursion_misses', 'kprobe_misses', 'unseen_packets'"

# What went missing, but for what a busy machine always misses: turns, packets, and samples that a writer slowed down by sanitizers
# has no time for. Those that are there must agree. No hook sees the socket that an unseen packet begins before its next event: where
# the capture counted such packets, a poller may have been earlier.
losses()
{
	query "SELECT cause, count FROM loss WHERE cause NOT LIKE 'missed_turns%' AND cause NOT LIKE 'recursion_misses:%'
		AND cause NOT IN ($unseen_causes, 'writer_behind:sample', ${known_gaps:-''})
		AND (cause <> 'sample_of_unseen_socket' OR $(unseen) = 0)"
}

# unseen: of how many packets and events the last capture itself says that they went by unseen.
unseen()
{
	query "SELECT ifnull(sum(count), 0) FROM loss WHERE cause IN ($unseen_causes)"
}

# held_to NAME GAUGE: values that the series lacks: no more than 1 to 20,000 samples, both pollers' together (a processor that is lost between a
# packet's hook and its change: README, limits), or as many as $values_between, where a script expects values of the receive side that no
# hook sees; and two more for each event that went by unseen by the capture's own count: its own, and the next one's, which is dated late. No more
# than 1 in 100 samples read one: each is read until the socket's next hook.
held_to()
{
	short=${2%_queue}
	least=1
	[ $2 = tx_queue ] || least=${values_between:-1}
	held="${closing_unseen:+state = 1 AND }${short}_agrees"
	tap_equal "$1: $2 agrees" 1 "$(query "SELECT sum($held = 0) <= max(count(${short}_agrees) / 100, 20) AND
		(SELECT count(*) FROM (SELECT DISTINCT socket_id, $2_bytes FROM sample WHERE $held = 0)) <= max(count(${short}_agrees) / 20000, $least) + 2 * $(unseen)
		FROM sample")"
}

tell()
{
	query "SELECT '# $1: ' || group_concat(gauge || ' ' || disagreeing || ' of ' || samples, ', ') FROM (
		SELECT gauge, sum(samples - agreeing) AS disagreeing, sum(samples) AS samples FROM agreement GROUP BY gauge)"
	query "SELECT '# $1: port ' || min(local_port, remote_port) || ', state ' || sample.state || ': rx_queue ' || sum(rx_agrees = 0) || ', tx_queue ' || sum(tx_agrees = 0)
		FROM sample JOIN socket USING (socket_id) WHERE rx_agrees = 0 OR tx_agrees = 0 GROUP BY min(local_port, remote_port), sample.state"
	echo "# $1: unseen, by the capture's own count: $(unseen)$(query "SELECT ifnull(' (' || group_concat(cause || ' ' || count, ', ') || ')', '') FROM loss
		WHERE cause IN ($unseen_causes)"); samples not kept: $(query "SELECT ifnull(sum(count), 0) FROM loss WHERE cause = 'writer_behind:sample'")"
}

# agrees NAME: the last capture lost nothing and has samples enough, and they agree.
agrees()
{
	tell "$1"
	tap_equal "$1: nothing was lost" "" "$(losses)"
	tap_equal "$1: there are 500 samples at least" 1 "$(query "SELECT min(samples) >= 500 FROM (SELECT sum(samples) AS samples FROM agreement GROUP BY gauge)")"
	for gauge in rx_queue tx_queue rmem; do
		held_to "$1" $gauge
	done
}

# talks CONVERSATION [ADDRESS [CLIENT-NETNS]]: four connections hold conversations of one kind for a while, under a capture.
talks()
{
	conversation=$1
	shift
	captured 23110 "$peer" "$conversation" 23110 1200 4 "$@"
}

# four_sockets BACKEND TABLE: with room for four sockets, where they are kept in a table (TABLE is 1, else empty), those beyond are counted and no more than
# four measured at a time: before the first one ends none has made room.
four_sockets()
{
	rm -f "$file"
	begun "$binary" load server -p 23027
	sleep 0.5
	within "$binary" capture -o "$file" --backend "$1" --max-sockets 4 -p 23027 --poll proc:100ms -- \
		"$binary" load client -p 23027 --rate 1000:500ms --connections 10 >/dev/null 2>"$scratch/err"
	tap_equal "$1, four sockets: the capture ends well" 0 $?
	tap_equal "$1, four sockets: those beyond are refused and counted, where there is a table" "${2:-0}" \
		"$(query "SELECT count(*) FROM loss WHERE cause = 'socket_storage_refused' AND count > 0")"
	tap_equal "$1, four sockets: as many are measured at a time" "$([ "$2" ] && echo 4 || echo 20)" "$(query "SELECT count(*) FROM socket
		WHERE remote_port > 0 AND cookie IS NOT NULL AND first_ns < (SELECT min(last_ns) FROM socket)")"
	[ -z "$2" ] || tap_equal "$1, four sockets: so it is not complete" 0 "$(query 'SELECT complete FROM completeness')"
}
