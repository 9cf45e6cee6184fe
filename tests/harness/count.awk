# SPDX-License-Identifier: BSD-2-Clause
# Reads `ctest --verbose` and counts test cases, not programs: each program prints TAP, whose lines ctest numbers. A program
# that fails without saying which case failed, or ends before its plan is done, counts as failed. The lines of `./run test`
# between: "== TITLE", and "ctest: N", the exit status of each ctest. Prints a line a program; of one that failed also what
# it said, but for the cases that passed; and the sum. Exit status 1 where anything failed, or where no ctest came to its end.

function begin_program()
{
	planned = seen = program_passed = program_failed = skips = 0
	output = skip_all = last_comment = ""
}

function take_skip(reason)
{
	seen++
	skips++
	skip_reason[skips] = reason == "" ? "no reason given" : reason
}

# cmocka 1.1.5 writes "not ok 2 # SKIP name", with the reason, if any, in a comment before; TAP has "ok 2 - name # SKIP reason".
function take_case(line,    at)
{
	at = index(line, "# SKIP")
	if (at && line ~ /^(not )?ok [0-9]+ # SKIP/)
		take_skip(substr(line, at + 7) (last_comment == "" ? "" : ": " last_comment))
	else if (at)
		take_skip(substr(line, at + 7))
	else {
		seen++
		if (line ~ /^ok/)
			program_passed++
		else
			program_failed++
	}
	last_comment = ""
}

function take_output(line)
{
	if (line !~ /^ok /)
		output = output "    " line "\n"
	if (line ~ /^1\.\.0/)
		skip_all = substr(line, index(line, "SKIP") ? index(line, "SKIP") + 5 : 5)
	else if (line ~ /^1\.\.[0-9]+$/)
		planned += substr(line, 4)
	else if (line ~ /^(not )?ok /)
		take_case(line)
	else if (line ~ /^# /)
		last_comment = substr(line, 3)
}

function end_program(name, result,    i)
{
	if (seen == 0 && (result ~ /Skipped/ || skip_all != ""))
		take_skip(skip_all)
	else if (result ~ /Passed/ && seen == 0 && planned == 0)
		program_passed++
	if (planned > seen)
		program_failed += planned - seen
	if (result !~ /Passed|Skipped/ && program_failed == 0)
		program_failed++

	printf "%-32s %5d passed", name, program_passed
	if (program_failed)
		printf ", %d failed (%s)", program_failed, result ~ /Passed/ ? "its output says so" : result
	if (skips)
		printf ", %d skipped", skips
	print ""
	for (i = 1; i <= skips; i++)
		print "    skipped: " skip_reason[i]
	if (program_failed)
		printf "%s", output
	fflush()
	passed += program_passed
	failed += program_failed
	skipped += skips
	begin_program()
}

BEGIN { begin_program() }

/^== / { print; fflush() }

/^ctest: / {
	runs++
	# A ctest that failed for a reason of its own, such as a broken test file.
	if ($2 != 0 && failed == failed_before) {
		print "ctest ended with status " $2
		failed++
	}
	failed_before = failed
}

/^[0-9]+: / {
	line = substr($0, index($0, ": ") + 2)
	if (line !~ /^(Test command|Working Directory|Environment variables|Test timeout computed to be): ?/ && line !~ /^ CMOCKA_/)
		take_output(line)
	next
}

/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
	result = $0
	sub(/^[^:]*: /, "", result)
	name = result
	# A name may hold dots, but no blank: one stands before the row of dots.
	sub(/ .*/, "", name)
	sub(/^[^ ]+ [ .]*(\*\*\*)?/, "", result)
	sub(/ +[0-9.]+ sec.*/, "", result)
	end_program(name, result)
}

END {
	if (!runs) {
		print "the tests did not run to their end"
		failed++
	}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}
