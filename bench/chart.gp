# SPDX-License-Identifier: ISC
#
# chart.gp: draws what bench/run has measured.
#
#   gnuplot -c chart.gp SPEEDS FOURS ROWS OUTPUT.svg MACHINE
#
# SPEEDS: label, GB/s, kind (0 another program, 1 zpipe, 2 the limit)
# FOURS:  the same, to four pipes
# ROWS:   label, ">=" or "<=", target, measured, how far beyond the target
# All are separated by tabs. Bars lie on their sides, so that their labels
# can be read; the first line of a file is the top bar.

speeds = ARG1
fours = ARG2
rows = ARG3
machine = ARG5

set datafile separator "\t"
set encoding utf8

stats speeds using 2 nooutput
most = STATS_max
bars = STATS_records
stats fours using 2 nooutput
most = STATS_max > most ? STATS_max : most
four_bars = STATS_records
stats rows using 5 nooutput
pairs = STATS_records

# Three charts below each other, in pixels from the top: a title, then bars,
# then the axis.
head = 53
foot = 50
bar = 29
thin_bar = 21
bars_at = head
fours_at = bars_at + bars * bar + foot + head
rows_at = fours_at + four_bars * bar + foot + head
height = rows_at + pairs * thin_bar + 40
at(pixels) = 1 - pixels / real(height)

set terminal svg size 900,height font "Helvetica,Arial,sans-serif,14" \
    background rgb "#ffffff"
set output ARG4

array colour[3] = [0x9aa5b1, 0x1f6fb5, 0xd5dbe1]
ours(far) = far >= 1 ? 0x2e8b57 : 0xd9822b
sign(op) = op eq ">=" ? "≥" : "≤"
# 1.25 and not 1.25000, 24.3 and not 24.3203; the unit stays
short(figure) = sprintf("%.3g", real(word(figure, 1))) . \
    (words(figure) > 1 ? " " . word(figure, 2) : "")

set tics nomirror scale 0.5 textcolor rgb "#333333"
set border 1 linecolor rgb "#999999"
set grid xtics linecolor rgb "#e4e8ec" linetype 1
set style fill solid noborder
unset key
set lmargin at screen 0.40
set rmargin at screen 0.95

set multiplot

set xrange [0:most * 1.12]
set label 1 "{/=18 file to pipe, GB/s}" at screen 0.02, \
    screen at(bars_at - 24) left textcolor rgb "#222222"
set label 2 machine at screen 0.98, screen at(bars_at - 24) right \
    textcolor rgb "#666666"
set tmargin at screen at(bars_at)
set bmargin at screen at(bars_at + bars * bar)
set yrange [bars - 0.4:-0.6]
plot speeds using (0):0:(0):2:($0 - 0.36):($0 + 0.36): \
    (colour[int($3) + 1]):ytic(1) with boxxyerror linecolor rgb variable, \
    speeds using 2:0:(sprintf("%.1f", $2)) with labels left offset 0.5 \
    textcolor rgb "#333333"

unset label 2
set label 1 "{/=18 file to four pipes, GB/s to each}" at screen 0.02, \
    screen at(fours_at - 24) left
set tmargin at screen at(fours_at)
set bmargin at screen at(fours_at + four_bars * bar)
set yrange [four_bars - 0.4:-0.6]
plot fours using (0):0:(0):2:($0 - 0.36):($0 + 0.36): \
    (colour[int($3) + 1]):ytic(1) with boxxyerror linecolor rgb variable, \
    fours using 2:0:(sprintf("%.1f", $2)) with labels left offset 0.5 \
    textcolor rgb "#333333"

set label 1 "{/=18 promised and measured}" at screen 0.02, \
    screen at(rows_at - 24) left
set label 3 "times better than promised (zpipe / yardstick)" \
    at screen 0.98, screen at(rows_at - 24) right textcolor rgb "#666666"
set tmargin at screen at(rows_at)
set bmargin at screen at(rows_at + pairs * thin_bar)
set yrange [pairs - 0.4:-0.6]
set logscale x 2
set xrange [0.25:8]
set xtics ("¼" 0.25, "½" 0.5, "as promised" 1, "2" 2, "4" 4, "8" 8)
set ytics font ",12" scale 0
set arrow 1 from 1, graph 0 to 1, graph 1 nohead front \
    linecolor rgb "#666666"
clip(far) = far > 6 ? 6 : far < 0.26 ? 0.26 : far
plot rows using (1):0:(clip($5) < 1 ? clip($5) : 1): \
    (clip($5) < 1 ? 1 : clip($5)):($0 - 0.34):($0 + 0.34):(ours($5)): \
    ytic(1) with boxxyerror linecolor rgb variable, \
    rows using (clip($5) < 1 ? 1 : clip($5)):0: \
    (sprintf("%s (%s %s)", short(stringcolumn(4)), \
    sign(stringcolumn(2)), stringcolumn(3))) with labels left \
    offset 0.5 font ",12" textcolor rgb "#333333"

unset multiplot
