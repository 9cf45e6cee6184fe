# SPDX-License-Identifier: BSD-2-Clause
# Checks the direction of includes. Input: lines "FILE:#include ..." as grep -H prints them, with FILE below src/. Prints one
# line for each include that is not allowed, and exits with 1 if there is any.
#
#   cmd -> capture, report, load -> source, store, trace -> base
#
# Beside them load and trace include base alone, and trace the events of the kernel side.
#
# A source knows neither the store nor another source: source/NAME.c may include headers of its own family, which are those
# whose name begins with the same word (proc_tcp_parse.c: proc_tcp.h), and what all sources share.

BEGIN {
	FS = ":"
	split("base store source capture report experiment load trace extension cmd", folders, " ")
	for (i in folders)
		known[folders[i]] = 1
	may["base"] = " base "
	may["store"] = " base store "
	may["source"] = " base source bpf "
	may["capture"] = " base source store trace capture bpf "
	may["report"] = " base store report "
	may["experiment"] = " base store experiment "
	may["load"] = " base load "
	may["trace"] = " base trace bpf "
	may["extension"] = " base trace extension bpf "
	may["cmd"] = " base source store capture report experiment load trace cmd bpf "
	shared = " source schedule cpu_list read_batch port_filter cgroup_root netns "
}

function complain(why)
{
	print file ": " why ": " include
	bad = 1
}

function stem(path)
{
	sub(/.*\//, "", path)
	sub(/\.[ch]$/, "", path)
	return path
}

function family(path)
{
	path = stem(path)
	sub(/_.*/, "", path)
	return path
}

# backend.h describes the probe's hooks: it belongs to the probe.
function is_sibling(of, path,    a, b)
{
	a = family(of)
	b = family(path)
	if (a == "backend")
		a = "probe"
	if (b == "backend")
		b = "probe"
	return a == b
}

{
	file = $1
	include = $0
	sub(/^[^:]*:/, "", include)
	here = file
	sub(/^src\//, "", here)
	sub(/\/.*/, "", here)
	if (!(here in known)) {
		complain("not in a folder that the layers know")
		next
	}
	if (!match(include, /[<"][^>"]*[>"]/)) {
		complain("not an include that can be followed")
		next
	}
	path = substr(include, RSTART + 1, RLENGTH - 2)
	if (path ~ /^sqlite3/ && here != "store" && here != "extension") {
		complain("only the store knows SQLite")
		next
	}
	if (path ~ /^zstd/ && here != "trace") {
		complain("only the trace knows zstd")
		next
	}
	if (include !~ /"/ || path ~ /^(pollgap|portable|poll|poll_portable)\.skel\.h$/)
		next
	if (path !~ /^[a-z]+\//) {
		complain("write it from src/ or from the root")
		next
	}
	folder = path
	sub(/\/.*/, "", folder)
	if (index(may[here], " " folder " ") == 0)
		complain(here " must not know " folder)
	else if (here == "source" && folder == "source" && !is_sibling(file, path) && index(shared, " " stem(path) " ") == 0)
		complain("sources must not know each other")
}

END { exit bad }
