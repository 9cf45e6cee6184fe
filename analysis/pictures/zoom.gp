# SPDX-License-Identifier: BSD-2-Clause
set xlabel 'ms from the peak'
set ylabel 'rx\_queue of one socket, kB'
set xrange [-130:130]
set yrange [0:*]
plot data.'/zoom' using 1:($2/1000) with steps lw 1.5 lc rgb '#b00000' title 'measured', \
	data.'/zoom_100ms' using 1:($2/1000) with points pt 6 ps 1.6 lw 2 lc rgb '#0050b0' title 'read each 100 ms', \
	data.'/zoom_1s' using 1:($2/1000) with points pt 5 ps 1.4 lc rgb '#000000' title 'read each second'
