# SPDX-License-Identifier: BSD-2-Clause
set logscale xy
set xlabel "sockets"
set ylabel 'processor time of a poll, ms'
set key outside right
set xrange [1:60000]
# A dash type can't be computed, a line style can be chosen.
set style line 1 dt 1
set style line 2 dt 2
set style line 3 dt 4
plot for [source in 'proc sock_diag iter'] for [buckets in '1024 16384 262144'] \
	data.'/hash_'.source.'_'.buckets using 1:2 with linespoints ls (buckets eq '1024' ? 1 : buckets eq '16384' ? 2 : 3) lw 2 \
	pt (source eq 'proc' ? 7 : source eq 'iter' ? 6 : 4) \
	lc rgb (source eq 'proc' ? '#b00000' : source eq 'iter' ? '#0050b0' : '#000000') \
	title (source eq 'sock_diag' ? 'sock\_diag' : source).', '.buckets.' buckets'
