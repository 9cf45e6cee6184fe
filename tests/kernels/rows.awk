# SPDX-License-Identifier: BSD-2-Clause
# What `./run kernels` left, as rows of the README's table: awk -f tests/kernels/rows.awk -v cache=CACHE build/kernels/*.log

BEGIN {
	names["arm64"] = "6.12 arm64"
}

FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.log$/, "", name)
	package = ""
	if ((getline package < (cache "/package-" name)) > 0)
		sub(/^[^ ]* /, "", package)
}

{ sub(/\r$/, ""); gsub(/\033\[K?/, "") }

/^kernel / && package == "" { package = $2; sub(/,$/, "", package) }
/^test / { backend = $2; test = $3; cases = failures = 0; rmem = rx = tx = columns = unseen = "-"; next }
test == "brief" && /^ok / && !/# SKIP/ { cases++ }
test == "brief" && /^not ok / { failures++ }
test == "brief" && /^# servers: rmem / {
	rmem = $4 " of " comma($6)
	rx = $8
	tx = $12
	all = comma($14)
}
test == "brief" && /^# servers: unseen/ { unseen = $9; sub(/;$/, "", unseen); unseen = comma(unseen) }
test == "brief" && / - softnet: [0-9]+ columns/ { columns = $0; sub(/.*softnet: /, "", columns); sub(/ .*/, "", columns) }
/^status / && test == "brief" && cases {
	if (failures)
		cases = cases " (" failures " failed)"
	printf "| %s (%s) | `%s` | %s | %s + %s of %s | %s | %s | %s |\n", name in names ? names[name] : name, package, backend, cases, comma(rx), comma(tx), all, rmem, unseen, columns
}

function comma(number,   left, text)
{
	number = sprintf("%d", number)
	while (length(number) > 3) {
		text = "," substr(number, length(number) - 2) text
		number = substr(number, 1, length(number) - 3)
	}
	return number text
}
