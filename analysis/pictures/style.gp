# SPDX-License-Identifier: BSD-2-Clause
# What all pictures share. Lines differ by their dashes and points by their shape, not by colour alone.
load data.'/words'
if (kind eq 'svg') set terminal svg size 800,480 font 'sans,14' background 'white'; else set terminal pngcairo size 1200,720 font 'sans,16'
set output out
set border 3
set tics nomirror
set grid ytics lc rgb '#dddddd'
set key outside top center horizontal
