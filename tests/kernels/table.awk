# SPDX-License-Identifier: BSD-2-Clause
# A guest's console into rows of a table: kernel, backend, test, cases that passed, failed and were skipped, seconds. What failed is shown below
# its row, each reason of a skip once. Variables: name, package, backends and tests as the guest was asked for, guest: 0 for the machine's own kernel, totals: a file for the sums of cases that passed,
# failed and were skipped; a test without an end or without a case has failed, and so has a kernel that complains.

function begin(b, t)
{
	backend = b
	test = t
	passed = broken = skips = planned = 0
	output = ""
	split("", reasons)
}

# A progress line is written over, to its end.
{ sub(/\r+$/, ""); sub(/.*\r/, ""); gsub(/\033\[K?/, "") }

/^kernel / && !kernel {
	kernel = $2
	print "== " name ": " package
}

/^test / { begin($2, $3); next }

/^status / && $2 == backend && $3 == test {
	status = $4
	seen = passed + broken + skips
	if (planned > seen)
		broken += planned - seen
	if ((status != 0 && status != 77 || !seen) && !broken)
		broken = 1
	ended[backend, test] = 1
	printf "%-5s %-7s %-18s %4d passed %3d failed %3d skipped %5d s\n", name, backend, test, passed, broken, skips, $5
	total_passed += passed
	total_failed += broken
	total_skipped += skips
	for (reason in reasons)
		print "      skipped: " reason
	if (broken) {
		printf "%s", output
		print "      its status was " status
	}
	test = ""
	next
}

test == "" && /^complained / {
	complained = $2 "x"
	if ($2 > 0) {
		total_failed++
		print name ": the kernel complained " $2 " times: see its log"
	} else {
		total_passed++
	}
	next
}

test == "" && /^left / {
	left[$2] = 1
	clean = $3 == 0 && $5 == 0 && $7 == 0 && $9 == 0
	printf "%-5s %-7s %-18s %4d passed %3d failed   0 skipped%s\n", name, $2, "nothing_left", clean, !clean, clean ? "" : ": " $0
	total_passed += clean
	total_failed += !clean
	next
}

test == "" { next }

/^1\.\.0 # SKIP/ {
	skips++
	reasons[substr($0, 13)] = 1
	next
}
/^1\.\.[0-9]+$/ { planned += substr($0, 4); next }
/^ok .*# SKIP/ || /^not ok [0-9]+ # SKIP/ {
	skips++
	reasons[substr($0, index($0, "# SKIP") + 7)] = 1
	next
}
/^ok / { passed++; next }
/^not ok / { broken++ }
{ output = output "      " $0 "\n" }

END {
	n = split(backends, b, ",")
	m = split(tests, t, ",")
	for (i = 1; i <= n; i++) {
		for (j = 1; j <= m; j++)
			if (!((b[i], t[j]) in ended)) {
				print name " " b[i] " " t[j] ": no end was reached"
				total_failed++
			}
		if (guest && !(b[i] in left)) {
			print name " " b[i] ": what was left behind is not known"
			total_failed++
		}
	}
	if (!(("auto", "choice") in ended)) {
		print name ": which backend auto takes is not known"
		total_failed++
	}
	if (!kernel)
		print name ": the guest said nothing"
	if (guest && !complained) {
		print name ": it has not come to its end"
		total_failed++
	}
	printf "%d %d %d\n", total_passed, total_failed, total_skipped >totals
}
