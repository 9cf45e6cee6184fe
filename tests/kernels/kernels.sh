#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kernels.sh BUILD CACHE [NAME]...: Debian's kernels and the running one, all or those named, each of Debian's booted, with the tests of BUILD; what came of them as a table: kernel,
# backend, test, and how many cases passed, failed or were skipped, with the reasons; last the sum. Exit status 1 where anything failed. The packages are kept in CACHE; what
# each guest said is in BUILD/kernels/NAME.log, what its kernel did in NAME.kernel.log. From the project's root.
set -euo pipefail
build=$1
cache=$2
shift 2
[ $# -gt 0 ] || set -- 7.3 arm64 6.12 6.1 5.10 running
tests=${POLLGAP_KERNEL_TESTS:-brief}
guest_s=${POLLGAP_KERNEL_TIMEOUT:-1500}
here=$(dirname "$0")

# backends_of NAME: those that can be expected to work there
backends_of()
{
	case ${POLLGAP_KERNEL_BACKENDS:+asked},$1 in
	asked,*) echo "$POLLGAP_KERNEL_BACKENDS" ;;
	*,7.3) echo tp_btf,fentry,kprobe ;;
	*,running) ;; # whatever it allows
	*) echo fentry,kprobe ;;
	esac
}

# others_of NAME: those that it may allow
others_of()
{
	case ${POLLGAP_KERNEL_BACKENDS:+asked},$1 in
	asked,* | *,7.3) ;;
	*,running) echo tp_btf,fentry,kprobe ;;
	*) echo tp_btf ;;
	esac
}

# gaps_of NAME: what a capture by kprobe is known to lack there
gaps_of()
{
	case $1 in
	5.10 | 6.1) echo kprobe_misses_unknown ;;
	esac
}

boot()
{
	# Archives may follow each other; modules first, for only the last one may be compressed.
	if [ "$1" = arm64 ]; then
		image=$build/kernels/arm64.root
		# Authenticated pointers as the architecture has them take an emulator most of its time.
		machine="qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on -serial file:$build/kernels/$1.log"
		console=ttyAMA0
	else
		image=$build/kernels/image
		machine="qemu-system-x86_64 -cpu max -serial file:$build/kernels/$1.log -serial file:$build/kernels/$1.kernel.log"
		# The kernel takes the counters of two emulated processors for unreliable, and each reading of the clock becomes one of a device.
		console="ttyS1 tsc=reliable"
	fi
	cat "$cache/modules-$1" "$image" >"$build/kernels/$1.image"
	: >"$build/kernels/$1.log"
	# One processor: with two, an emulator that loses one of this machine's parts a change from its hook for as long, and pollers
	# on the other one read values in between. One thread: README.md.
	timeout "$guest_s" $machine -accel tcg,thread=single -smp "${POLLGAP_KERNEL_CPUS:-1}" -m 3072 -nodefaults -display none -no-reboot \
		-kernel "$cache/vmlinuz-$1" -initrd "$build/kernels/$1.image" \
		-append "console=$console panic=-1 quiet mitigations=off rcupdate.rcu_expedited=1 pollgap.tests=$tests pollgap.backends=$(backends_of "$1") pollgap.others=$(others_of "$1") pollgap.gaps=$(gaps_of "$1")" \
		</dev/null
}

# The kernel that runs here, with the same tests; what they leave behind other tests look at (live/test_endings.sh).
run_here()
{
	binary=$build/pollgap
	scratch=$PWD/$build/kernels/running
	rm -rf "$scratch"
	mkdir -p "$scratch"
	path_to() { echo "$binary"; }
	backend_ended() { :; }
	. "$here/pass.sh"
	echo "kernel $(uname -r), $(nproc) processors"
	passes "$(backends_of running | tr , ' ')" "$(others_of running | tr , ' ')"
}

mkdir -p "$build/kernels"
for log in "$build"/kernels/*.log; do
	[ ! -e "$log" ] || mv "$log" "$log.before"
done
rm -f "$build"/kernels/*.totals
"$here/image.sh" "$build" "$build/kernels/image"
# All that needs a processor comes before the guests, which are to have one each.
guests=
for name; do
	[ "$name" != running ] || continue
	guests="$guests $name"
	status=0
	said=$("$here/fetch.sh" "$name" "$cache" 2>&1) || status=$?
	if [ $status -eq 0 ] && [ "$name" = arm64 ]; then
		said=$("$here/arm64.sh" "$build" "$cache" 2>&1) || status=$?
	fi
	if [ $status -eq 77 ]; then
		# Debian's archive is out of reach, or has another kernel: that says nothing of this build.
		echo "$name: skipped: $(echo "$said" | grep . | tail -n 1)"
		echo "0 0 1" >"$build/kernels/$name.totals"
	elif [ $status -ne 0 ]; then
		echo "$name: $said"
		echo "0 1 0" >"$build/kernels/$name.totals"
	fi
done
# As many at once as there are processors: a guest is busy on one of them most of the time.
running=0
for name in $guests; do
	[ ! -s "$build/kernels/$name.totals" ] || continue
	[ $running -lt "$(nproc)" ] || { wait -n || true; running=$((running - 1)); }
	boot "$name" &
	running=$((running + 1))
done
wait
for name; do
	[ ! -s "$build/kernels/$name.totals" ] || continue
	if [ "$name" = running ]; then
		(set +eu; tests=${tests//,/ }; run_here) >"$build/kernels/running.log" 2>&1
		package="the kernel of this machine"
	else
		package=$(cat "$cache/package-$name")
	fi
	backends=$(backends_of "$name") others=$(others_of "$name")
	awk -v name="$name" -v package="$package" -v backends="$backends${backends:+${others:+,}}$others" -v tests="$tests" -v guest="$([ "$name" = running ]; echo $?)" \
		-v totals="$build/kernels/$name.totals" -f "$here/table.awk" "$build/kernels/$name.log"
done
awk -v seconds=$SECONDS '{ passed += $1; failed += $2; skipped += $3 } END { printf "%d passed, %d failed, %d skipped, in %d min\n", passed, failed, skipped, seconds / 60; exit failed > 0 }' \
	"$build"/kernels/*.totals
