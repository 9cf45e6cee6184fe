# SPDX-License-Identifier: BSD-2-Clause
set logscale x
set xlabel 'per cent of a processor'
set ylabel 'per cent of the spikes of 16 KiB and more that it sees'
set yrange [0:105]
set xrange [0.001:100]
period(ns) = ns >= 1e9 ? sprintf('%g s', ns / 1e9) : ns >= 1e6 ? sprintf('%g ms', ns / 1e6) : sprintf('%g us', ns / 1e3)
plot data.'/cost' using 1:2 with linespoints pt 6 ps 1.3 lw 2 lc rgb '#0050b0' title 'polling /proc/net/tcp', \
	data.'/cost' using 1:2:(period($3)) with labels left offset 1,0.6 notitle, \
	data.'/probe' using 1:2 with points pt 7 ps 1.8 lc rgb '#b00000' title 'the probe'
