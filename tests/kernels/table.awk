# SPDX-License-Identifier: BSD-2-Clause
# A guest's console into rows of a table: kernel, backend, test, cases that passed, failed and were skipped, seconds. What failed is shown below
# its row, each reason of a skip once. Variables: name, package, backends and tests as the guest was asked for. Exit status 1 where anything
# failed, or a test has no end.

function begin(b, t)
{
	backend = b
	test = t
	passed = broken = skips = planned = 0
	output = ""
	split("", reasons)
}

{ sub(/\r$/, "") }

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
	if (status != 0 && status != 77 && !broken)
		broken = 1
	ended[backend, test] = 1
	printf "%-5s %-7s %-18s %4d passed %3d failed %3d skipped %5d s\n", name, backend, test, passed, broken, skips, $5
	for (reason in reasons)
		print "      skipped: " reason
	if (broken) {
		failed = 1
		printf "%s", output
		print "      its status was " status
	}
	test = ""
	next
}

test == "" && /^left / {
	printf "%-5s %-7s %-18s %s left behind\n", name, $2, "detach", $3 " programs"
	if ($3 != 0)
		failed = 1
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
	for (i = 1; i <= n; i++)
		for (j = 1; j <= m; j++)
			if (!((b[i], t[j]) in ended)) {
				print name " " b[i] " " t[j] ": no end was reached"
				failed = 1
			}
	if (!kernel)
		print name ": the guest said nothing"
	exit failed
}
