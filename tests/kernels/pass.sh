# SPDX-License-Identifier: BSD-2-Clause
# To be sourced, with binary, scratch and tests set, the last a list, and path_to BACKEND, the binary that captures by that backend, and backend_ended
# BACKEND defined; gaps, where it is set, what captures by kprobe are known to lack here, and others are not: what ../kernels has to pass on the kernel that runs, in the form that table.awk reads: "test BACKEND NAME", the test's own output, then
# "status BACKEND NAME STATUS SECONDS".

seconds()
{
	cut -d . -f 1 /proc/uptime
}

# refusal BACKEND: the kernel's reason, as check gives it; nothing where it is allowed.
refusal()
{
	sed -n "s/^backend  *$1  *no  *//p" "$scratch/ladder"
}

# auto takes the first one that the ladder allows.
auto_passes()
{
	echo "test auto choice"
	first=$(awk '$1 == "backend" && $3 == "yes" { print $2; exit }' "$scratch/ladder")
	started=$(seconds)
	if [ -z "$first" ]; then
		echo "1..0 # SKIP $(refusal kprobe)"
		echo "status auto choice 77 $(($(seconds) - started))"
		return
	fi
	"$binary" capture -o "$scratch/auto.db" --backend auto -d 100ms >/dev/null 2>"$scratch/auto.err" || cat "$scratch/auto.err"
	chosen=$(/usr/bin/sqlite3 "$scratch/auto.db" 'SELECT backend FROM capture')
	if [ "$chosen" = "$first" ]; then echo "ok 1 - auto takes $first"; else echo "not ok 1 - auto takes '$chosen', the ladder has $first first"; fi
	echo "1..1"
	echo "status auto choice 0 $(($(seconds) - started))"
}

# test_run BACKEND NAME
test_run()
{
	export POLLGAP_TEST_BACKEND="$1"
	case ${gaps+told},$1 in
	told,kprobe) export POLLGAP_TEST_GAPS="$gaps" ;;
	told,*) export POLLGAP_TEST_GAPS= ;;
	esac
	mkdir -p "$scratch/$2"
	started=$(seconds)
	echo "test $1 $2"
	folder=$(dirname "$(path_to "$1")")
	if [ -x "$folder/tests/live_test_$2" ]; then
		/usr/bin/timeout 600 "$folder/tests/live_test_$2" 2>&1
	elif [ -e "tests/bench/$2.sh" ]; then
		/usr/bin/timeout 600 /usr/bin/sh "tests/bench/$2.sh" "$(path_to "$1")" "$folder/tests" 2>&1
	else
		/usr/bin/timeout 600 /usr/bin/sh "tests/live/test_$2.sh" "$(path_to "$1")" "$scratch/$2" 2>&1
	fi
	echo "status $1 $2 $? $(($(seconds) - started))"
}

# passes EXPECTED OTHERS: those backends that this kernel is expected to allow, and others, whose refusal is a skip with the kernel's reason.
passes()
{
	"$binary" check >"$scratch/ladder"
	cat "$scratch/ladder"
	auto_passes
	for backend in $1 $2; do
		reason=$(refusal "$backend")
		for name in $tests; do
			case " $2 ,$reason" in
			*" $backend "*,?*) printf 'test %s %s\n1..0 # SKIP %s\nstatus %s %s 77 0\n' "$backend" "$name" "$reason" "$backend" "$name" ;;
			*) test_run "$backend" "$name" ;;
			esac
		done
		backend_ended "$backend"
	done
}
