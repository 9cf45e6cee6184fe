# SPDX-License-Identifier: BSD-2-Clause
# What the workloads share, to be sourced. Each is a server and an open-loop load on it, on loopback of the network namespace that
# it runs in: NAME [--port P] [--rate N[:TIME],…] [--time TIME] [--connections N] [--in-flight K] [--size BYTES]. It starts the server,
# waits until it answers, loads it, prints what was achieved (with --json as JSON), and ends the server by its process id, whatever
# happens. NAME --version says what server it is, or what is missing.
#
# A workload sets port (its default), says in workload_version() what server it is, and calls workload_options "$@"; workload_need says what is missing and where it comes from;
# workload_serve COMMAND... starts the server; workload_load REQUEST REPLY_BYTES loads it. What it writes goes into $scratch.

workload_name=${0##*/}
workload_pid=
workload_tries=100 # of 0.1 s, until the server answers
rate=1000
duration=10s
connections=8
in_flight=128
size=300
json=
scratch=

workload_fail()
{
	echo "$workload_name: $1" >&2
	exit "${2:-1}"
}

workload_clean_up()
{
	trap '' INT TERM
	if [ -n "$workload_pid" ]; then
		kill "$workload_pid" 2>/dev/null || true
		wait "$workload_pid" 2>/dev/null || true
	fi
	[ -z "$scratch" ] || rm -rf "$scratch"
}

workload_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--json)
			json=--json
			shift
			continue
			;;
		--help)
			sed -n '3,/^[^#]/s/^# //p' "$0"
			sed -n '2,/^#$/s/^# //p' "$(dirname "$0")/workload.sh"
			exit 0
			;;
		--version)
			workload_version
			exit 0
			;;
		esac
		[ $# -ge 2 ] || workload_fail "'$1' is no option with its value: --help lists them" 2
		case $1 in
		--port) port=$2 ;;
		--rate) rate=$2 ;;
		--time) duration=$2 ;;
		--connections) connections=$2 ;;
		--in-flight) in_flight=$2 ;;
		--size) size=$2 ;;
		*) workload_fail "there is no option '$1': --help lists them" 2 ;;
		esac
		shift 2
	done
	pollgap=${POLLGAP:-$(dirname "$0")/../../build/pollgap}
	[ -x "$pollgap" ] || workload_fail "$pollgap is not there: './run build' makes it, or name it in POLLGAP"
	trap workload_clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	scratch=$(mktemp -d)
}

# workload_need COMMAND PACKAGE
workload_need()
{
	command -v "$1" >/dev/null || workload_fail "$1 is not installed: Debian's package $2 has it (apt-get install $2)" 77
}

# Somebody else's server would be loaded in our name.
workload_serve()
{
	if workload_answers; then
		workload_fail "port $port is taken: choose another with --port"
	fi
	"$@" >"$scratch/server.log" 2>&1 &
	workload_pid=$!
	tries=0
	until workload_answers; do
		kill -0 "$workload_pid" 2>/dev/null || workload_fail "the server ended: $(tail -n 3 "$scratch/server.log")"
		tries=$((tries + 1))
		[ $tries -lt "$workload_tries" ] || workload_fail "the server does not answer on port $port"
		sleep 0.1
	done
}

# One that listens is a row of state 0A in /proc/net/tcp.
workload_answers()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") [0-9A-F]*:0000 0A"
}

# workload_load REQUEST REPLY_BYTES [OPTION...]: REQUEST is a file
workload_load()
{
	request=$1
	reply=$2
	shift 2
	"$pollgap" load client -p "$port" --rate "$rate" -d "$duration" --connections "$connections" --in-flight "$in_flight" \
		--request "$request" --reply "$reply" "$@" $json
}

# filler BYTES: that many letters
filler()
{
	head -c "$1" /dev/zero | tr '\0' x
}
