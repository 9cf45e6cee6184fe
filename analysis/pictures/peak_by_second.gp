# SPDX-License-Identifier: BSD-2-Clause
# The steps' rates stand above them.
stats data.'/post' using 2 name 'post' nooutput
stats data.'/measured' using 2 name 'measured' nooutput
top = (post_max > measured_max ? post_max : measured_max) / 1000
set xlabel "s (above: thousands of requests a second; the first step is warm-up)"
set ylabel "highest value of one socket of the server, kB"
set yrange [0:top * 1.12]
plot data.'/rates' using 1:(0):(0):(top * 1.12) with vectors nohead dt 2 lw 1 lc rgb '#aaaaaa' notitle, \
	data.'/rates' using 1:(top * 1.07):(sprintf('%g', $2)) with labels left offset 0.3,0 notitle, \
	data.'/post' using 1:($2/1000) with steps dt 3 lw 2 lc rgb '#000000' title "the post's gauge", \
	data.'/measured' using 1:($2/1000) with steps lw 2.5 lc rgb '#b00000' title 'rx\_queue, measured', \
	data.'/polled_100ms' using ($1+0.5):($2/1000) with points pt 6 ps 0.8 lw 1.5 lc rgb '#0050b0' title 'polled, 100 ms', \
	data.'/polled_1s' using ($1+0.5):($2/1000) with points pt 5 ps 0.7 lc rgb '#444444' title 'polled, 1 s'
