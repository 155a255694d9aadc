#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# How much moves and how fast, over which errors, to where on the disk, and
# what others may ask of a running zpipe.

load ../lib/helpers

N=1050001			# words: 8 MiB and a bit
BYTES=$((N * 8))
export N BYTES

setup_file()
{
	words $N >"$BATS_FILE_TMPDIR/words"
	words 40000 >"$BATS_FILE_TMPDIR/some"
	seq 300000 >"$BATS_FILE_TMPDIR/lines"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words
	L=$BATS_FILE_TMPDIR/lines
	V=$BATS_FILE_TMPDIR/some
	export W L V
	words 500 >few
	printf 'first\n' >a
	printf 'old\n' >old
	bad=() tried=0
	own_sockets
}

teardown()
{
	rm -rf "$XDG_RUNTIME_DIR"
}

# Microseconds, of the shell that runs the scripts.
now='now() { echo $((10#${EPOCHREALTIME/./})); };'

# in_time LEAST: the last try has printed lines of RATE COUNT MICROSECONDS and
# what it was. The count is that of the time, LEAST percent at least, and never
# more than 2 % and a tick (100 ms, or one unit) above.
in_time()
{
	local rate count us what most

	while read -r rate count us what; do
		tried=$((tried + 1))
		most=$((rate * us / 1000 * 102 / 100000 + rate / 10 + 1))
		[ "$count" -le "$most" ] ||
			note "$what: $count in $us us: more than $most"
		[ "$((count * 100))" -ge "$((rate * us / 1000 * $1 / 1000))" ] ||
			note "$what: $count in $us us: less than $1 %"
	done <<<"$output"
}

# Runs each line of $runs at once: RATE, COUNT, and a script to be timed.
at_once='n=0; while read -r rate count run; do
	n=$((n + 1)); mkdir -p d$n
	{ cd d$n; export rate; b=$(now); eval "$run" >&2
	    echo $rate $count $(($(now) - b)) "$run" >../took.$n; } &
    done <<<"$runs"; wait; cat took.*'

# ---- so much a second -------------------------------------------------------

@test "as many bytes pass as the rate allows, with each engine and output" {
	runs=
	words 262144 >two
	export runs
	for r in "1000 2000" "1048576 2097152"; do
		s="zpipe -L ${r% *} -S -s ${r#* }"
		for e in ring copy splice mmap; do
			runs+="$r $s --engine=$e ../two | cat >f"$'\n'
		done
		for e in ring copy splice; do
			runs+="$r cat ../two | $s --engine=$e | cat >f"$'\n'
			runs+="$r cat ../two | $s --engine=$e >f"$'\n'
		done
		runs+="$r $s --engine=range ../two >f
		    $r $s ../two >f
		    $r $s ../two | cat >f
		    $r $s --tee=g ../two | cat >f
		    $r cat ../two | $s --exec='cat >g' | cat >f
		    $r $s --lag=drop --exec='sleep 1; cat >g' ../two >f
		    $r $s --lag=wait -o f -o g ../two
		    $r $s -C ../two | cat >f
		"
	done
	runs=$(sed 's/^\s*//; /^$/d' <<<"$runs")
	try 20 "$now $at_once"
	ended 0
	[ "${#lines[@]}" -eq 36 ] || fail "$(outcome)"
	in_time 50
	for f in d*; do
		cmp -s "$f/f" <(head -c "$(stat -c %s "$f/f")" two) ||
			note "$f: other bytes"
		[[ $(stat -c %s "$f/f") =~ ^(2000|2097152)$ ]] ||
			note "$f: $(stat -c %s "$f/f") bytes"
	done
	quiet
	all_right
}

@test "a gigabyte a second is not exceeded either" {
	for i in {1..12}; do cat "$W" "$W" "$W"; done >big
	many=$(printf 'big %.0s' {1..5})
	for s in "zpipe -L 1G -S -s 1400M $many >/dev/null" \
	    "zpipe -L 1G -S -s 1400M -C $many >/dev/null" \
	    "zpipe -L 1G -S -s 1400M $many | cat >/dev/null"; do
		try 20 "$now b=\$(now); $s; echo 1073741824 1468006400 \
		    \$((\$(now) - b)) '$s'"
		ended 0
		in_time 1
	done
	all_right
}

@test "no burst follows when a reader has stalled" {
	runs=
	export runs
	s="zpipe -L 1M --pipe-size=0 -S -s 1300000"
	stall="{ sleep 1.5; now >b; cat >f; }"
	for e in ring copy splice mmap; do
		runs+="$s --engine=$e $W | $stall"$'\n'
	done
	for e in ring copy splice; do
		runs+="cat $W | $s --engine=$e | $stall"$'\n'
	done
	runs+="cat $W | $s --exec='cat >g' | $stall
	    $s --tee=g $W | $stall
	    $s $W | $stall"
	try 12 "$now n=0; while read -r run; do
		n=\$((n + 1)); mkdir d\$n
		{ cd d\$n; eval \"\$run\"
		    # what the pipe held was let through before, and two pages
		    # on their way; if another output went ahead, a quarter of
		    # a second as well
		    held=73728; [ ! -e g ] || held=335872
		    echo 1048576 \$((\$(stat -c %s f) - held)) \
			\$((\$(now) - \$(<b))) \"\$run\" >../took.\$n; } &
	    done <<<\"\$runs\"; wait; cat took.*"
	ended 0
	[ "${#lines[@]}" -eq 10 ] || fail "$(outcome)"
	in_time 30
	all_right
}

@test "no burst follows a stall while a line is drawn all the time" {
	# the pipe, a tick, and what the rate allows in 0.3 s; 2 MB more without
	try 8 "{ sleep 1.5; timeout 0.3 cat >f; } < <(zpipe -fi 0.1 -L 8M \
	    -s 1 /dev/zero 2>err) || :; stat -c %s f"
	ended 0
	[ "$output" -le $((1048576 + 8388608 * 5 / 10)) ] ||
		fail "$output bytes"
	[ "$output" -ge 1048576 ] || fail "$output bytes"
}

@test "no burst follows when the input was idle" {
	runs=
	export runs
	s="{ cat ../a; sleep 1.5; now >b; head -c 1200000 $W; } |
	    zpipe -L 1M"
	s=${s//$'\n'/}
	for e in "--engine=ring | cat >f" "--engine=copy >f" \
	    "--engine=splice | cat >f" "--engine=splice >f" ">f" "| cat >f" \
	    "--tee=g | cat >f" "--exec='cat >g' | cat >f"; do
		runs+="$s $e"$'\n'
	done
	try 12 "$now n=0; while read -r run; do
		n=\$((n + 1)); mkdir d\$n
		{ cd d\$n; eval \"\$run\"
		    echo 1048576 \$((\$(stat -c %s f) - 6)) \
			\$((\$(now) - \$(<b))) \"\$run\" >../took.\$n; } &
	    done <<<\"\${runs%?}\"; wait; cat took.*"
	ended 0
	[ "${#lines[@]}" -eq 8 ] || fail "$(outcome)"
	in_time 30
	all_right
}

@test "in line mode the rate is in lines" {
	export runs="20 40 zpipe -l -L 20 -S -s 40 $L | cat >f
1000 2000 zpipe -l -L 1000 -S -s 2000 $L | cat >f
1000 2000 zpipe -lL1k -k -S -s 2000 $L >f
100000 200000 zpipe -L 100000 -l -S -s 200000 $L --tee=g >f
1000 2000 cat $L | zpipe -L 1000 -l -S -s 2000 >f
50 100 tr '\\n' '\\0' <$L | zpipe -L 50 -0 -S -s 100 | cat >f"
	try 12 "$now $at_once"
	ended 0
	[ "${#lines[@]}" -eq 6 ] || fail "$(outcome)"
	in_time 50
	for i in "1 40" "2 2000" "3 2000" "4 200000" "5 2000"; do
		cmp "d${i% *}/f" <(head -n "${i#* }" "$L") || note "$i"
	done
	cmp d6/f <(head -n 100 "$L" | tr '\n' '\0') || note NULs
	all_right
}

@test "a producer feels the limit" {
	for o in "" --engine=ring --engine=copy --engine=splice -l; do
		# cat has 128 KiB in its hands, the pipe and zpipe 64 each
		one "cat $W | { exec zpipe -L 100k --pipe-size=0 $o >f; } & z=\$!
		    until [ -s f ] && [ \$(stat -c %s f) -gt 60000 ]; do
			sleep 0.02; done
		    c=\$(pgrep -x cat -g 0 | head -n 1)
		    read -r _ at </proc/\$c/fdinfo/3
		    disown -a; kill -9 \$c \$z; [ \$at -gt 60000 ] &&
		    [ \$at -le \$((\$(stat -c %s f) + 400000)) ] ||
			{ echo \$at; exit 1; }"
		rm -f f
	done
	all_right
}

@test "a rate that is none is refused" {
	for v in -1 x 1e3 "" 0.5 4kk; do
		refused "--rate-limit: '$v'" -L "$v" few
	done
	all_right
}

# ---- so many, and no more ---------------------------------------------------

@test "stop-at-size reads not one byte more than that" {
	for n in 1 4000 65536 3000001; do
		for o in "" --engine=ring --engine=copy --engine=splice; do
			s="zpipe -S -s $n $o"
			for out in "$s >f" "$s | cat >f" \
			    "$s --tee=g >f" "$s --exec='cat >g' | cat >f"; do
				[[ $out$o == *tee=g*splice ]] && continue
				one "cat $W | { $out; cat; } >rest
				    cmp f <(head -c $n $W) &&
				    cmp rest <(tail -c +$((n + 1)) $W)"
				[ $n = 65536 ] || continue
				one "{ $out; cat; } <$W >rest
				    cmp f <(head -c $n $W) &&
				    cmp rest <(tail -c +$((n + 1)) $W)"
			done
		done
		one "{ zpipe -S -s $n --engine=mmap | cat >f; cat; } <$W >rest
		    cmp f <(head -c $n $W) &&
		    cmp rest <(tail -c +$((n + 1)) $W)"
		one "{ zpipe -S -s $n --engine=range >f; cat; } <$W >rest
		    cmp f <(head -c $n $W) &&
		    cmp rest <(tail -c +$((n + 1)) $W)"
	done
	all_right
}

@test "when one input has been enough the next one is not opened" {
	mkfifo p
	for o in "" --engine=ring --engine=copy; do
		for s in 4000 3999 1; do
			one "zpipe $o -S -s $s few missing p | cmp -n $s - few"
			one "zpipe $o -S -s $s --tee=f few p >g &&
			    cmp f <(head -c $s few) && cmp f g"
		done
		one "zpipe $o -S -s 6000 few few missing | cmp -n 6000 - \
		    <(cat few few | head -c 6000)"
		one "cat $W | { zpipe $o -S -s 70000 few - missing; cat; } |
		    cmp - <(cat few $W)"
	done
	one 'zpipe -l -S -s 1 a missing | cmp - a'
	all_right
}

@test "with the size 0 nothing is read at all" {
	for o in "" -l --engine=ring --engine=copy --tee=g; do
		one "{ zpipe $o -S -s 0 | cmp - /dev/null; cmp - $W; } <$W"
		one "cat $W | { zpipe $o -S -s 0 | cmp - /dev/null; cmp - $W; }"
		one "cp old f; zpipe $o -S -s 0 missing >f && [ ! -s f ]"
	done
	all_right
}

@test "the size that is stopped at may be that of the inputs" {
	one 'zpipe -S few a | cmp - <(cat few a)'
	one '{ head -c 0; zpipe -S; } <$W | cmp - $W'
	one "zpipe -S -s @few $W | cmp - few"
	one "zpipe -S -s 1T few | cmp - few"
	ends 1 '^zpipe: --stop-at-size: the size is not known' \
	    'cp old f; cat few | zpipe -S -o f; r=$?; cmp f old && exit $r'
	ends 1 '^zpipe: --stop-at-size: ' 'cp old f; cat few | {
	    zpipe -S a - -o f; r=$?; cmp f old && exit $r; }'
	ends 1 '^zpipe: --stop-at-size: ' 'cat few | zpipe -l -S'
	all_right
}

@test "with lines it stops behind so many, and a file is set back there" {
	for o in "" --engine=ring --engine=copy --tee=g "--exec='cat >g'"; do
		for n in 1 777 12345; do
			one "{ zpipe -l -S -s $n $o >f; cat >rest; } <$L
			    cmp f <(head -n $n $L) &&
			    cmp rest <(tail -n +$((n + 1)) $L)"
			one "{ cat $L; :; } | zpipe -l -S -s $n $o |
			    cmp - <(head -n $n $L)"
			one "zpipe -l -S -s $((n + 1)) $o a $L missing |
			    cmp - <(cat a $L | head -n $((n + 1)))"
		done
		one "tr '\n' '\0' <$L >nul; zpipe -0 -S -s 50 $o nul |
		    cmp - <(head -n 50 $L | tr '\n' '\0')"
	done
	all_right
}

# ---- sizes ------------------------------------------------------------------

@test "the percentage is that of the size, or of the sum of the inputs" {
	head -c 2000 few >half
	for s in "100 zpipe -n few half" "50 zpipe -n -s 4000 half" \
	    "50 zpipe -n -s @few half" "25 zpipe -n -k -s 8k half" \
	    "100 zpipe -n <few" "10 zpipe -n -s 10 -l a" \
	    "20 zpipe -n -s 30 a --size=30"; do
		tried=$((tried + 1))
		try 5 "{ ${s#* } 3>&1 >/dev/null 2>&3; } | tail -n 1"
		[ "$status,$output" = "0,${s%% *}" ] || note "$s: $(outcome)"
	done
	try 5 '{ dd bs=1 count=2000 status=none; zpipe -n; } <few 2>&1 \
	    >/dev/null | tail -n 1'
	[ "$output" = 100 ] || note "half read: $(outcome)"
	all_right
}

@test "a size that is none is refused" {
	for v in -1 x 1e3 "" 0.5 4kk 1..5k 99999999999999999999; do
		refused "--size: '$v'" -s "$v" few
	done
	refused "--size: '@missing'" -s @missing few
	refused "--size: '@/dev/null'" -s @/dev/null few
	refused "--size: '@'" -s @ few
	for v in 0.5 x "" -1; do
		refused "--error-skip-block: '$v'" -E -Z "$v" few
	done
	all_right
}

@test "the size of a block device is known" {
	need losetup
	truncate -s 1M disk
	dev=$(losetup -f --show disk 2>/dev/null) ||
		skip "no loop device can be had here"
	cp "$W" disk
	truncate -s 1M disk
	try 5 "{ zpipe -n $dev 3>&1 >out 2>&3; } | tail -n 1
	    zpipe -S $dev | cmp - out
	    zpipe -n -s @$dev few 2>&1 >/dev/null | tail -n 1"
	losetup -d "$dev"
	ended 0
	[ "$output" = $'100\n0' ] && [ "$(stat -c %s out)" = 1048576 ] ||
		fail "$(outcome)"
}

@test "a block device that is too small is filled, and that is an error" {
	need losetup
	truncate -s 1M disk
	dev=$(losetup -f --show disk 2>/dev/null) ||
		skip "no loop device can be had here"
	full='device is full after 1048576 bytes, and the input has more$'
	one "[ \$({ zpipe -n 3>&1 >$dev 2>&3 || :; } </dev/zero |
	    grep -cx 100) = 1 ]"
	for o in "" --engine=copy --engine=ring -K "-U -" "-X --tee=$dev" -C; do
		ends 16 "$full" "zpipe $o </dev/zero >$dev; r=\$?
		    cmp $dev <(head -c 1M /dev/zero) && exit \$r"
		ends 16 "$full" "zpipe $o <(cat $W) >$dev; r=\$?
		    cmp $dev <(head -c 1M $W) && exit \$r"
		one "head -c 1M $W | zpipe $o >$dev && cmp $dev <(head -c 1M $W)"
	done
	for o in -S "-S -K" "-S -U -"; do
		one "zpipe $o <(cat $W) >$dev && cmp $dev <(head -c 1M $W)"
		one "zpipe $o $W >$dev && cmp $dev <(head -c 1M $W)"
	done
	one "{ head -c 1000k $W; zpipe <(tail -c +1024001 $W | head -c 24k)
	    } >$dev && cmp $dev <(head -c 1M $W)"
	for s in "zpipe $W >$dev" "zpipe -l <(cat $L) $W >$dev" \
	    "zpipe -s 3M <(cat $W) >$dev" "zpipe <(cat $W) >>$dev" \
	    "zpipe -o $dev -o f <(cat $W)"; do
		ends 16 "$full" "$s"
	done
	ends 16 'device is full after 0 bytes, and the input has more$' \
	    "{ head -c 1M $W; zpipe </dev/zero; } >$dev"
	losetup -d "$dev"
	all_right
}

@test "lines are counted exactly, and the bytes are the same" {
	printf 'a\n\n\nb' >odd
	for o in "" --engine=ring --engine=copy -C "-B 64k" --chunk-size=4k \
	    "-B 4M --release=fresh"; do
		for s in "3 odd" "300000 $L" "0 /dev/null" "300003 $L odd"; do
			n=${s%% *} f=${s#* }
			one "zpipe -l $o $f | splicer | splicer | splicer |
			    cmp - <(cat $f)"
			try 8 "cat $f | zpipe -n -s $((n * 2)) -l $o 2>err |
			    cmp - <(cat $f); r=\$?; tail -n 1 err; exit \$r"
			[ "$n" = 0 ] || [ "$status,$output" = 0,50 ] ||
				note "$o $s: $(outcome)"
		done
	done
	# to the last one: a line more would be another percentage
	for n in 99 100 101; do
		try 5 "zpipe -n -s 100 -l <(seq $n) 2>&1 >/dev/null |
		    tail -n 1"
		[ "$output" = $n ] || note "$n: $(outcome)"
		try 5 "seq $n | tr '\n' '\0' | zpipe -n -s 100 -0 2>&1 \
		    >/dev/null | tail -n 1"
		[ "$output" = $n ] || note "$n NULs: $(outcome)"
	done
	all_right
}

@test "in line mode no byte changes behind a chain that splices" {
	for o in "" "-B 4M --release=fence" "-B 4M --release=fresh" \
	    --engine=copy "-0 -B 2M"; do
		one "zpipe -l $o $W | splicer | splicer | splicer | slow 200 |
		    check $N 2>seen"
		one "words $N | zpipe -l $o --exec='splicer | check $N 2>s2' |
		    splicer | check $N 2>seen"
	done
	all_right
}

@test "engines that never see the bytes are refused in line mode" {
	for e in mmap splice; do
		for o in -l -0 -E -K -O; do
			refused "must pass through user memory" --engine=$e \
			    $o few
		done
	done
	for o in -l -0 -E -K -O; do
		ends 1 'must pass through user memory' \
		    "cp old f; zpipe --engine=range $o few -o f; r=\$?
		    cmp f old && exit \$r"
	done
	all_right
}

# ---- over errors ------------------------------------------------------------

# Reads of that file alone; the second in a row is what makes it skip.
eio()
{
	echo "strace -qq -o /dev/null -P $(realpath "$1") \
	    -e inject=read:error=EIO:when=$2"
}

# nuls OFFSET COUNT: the words, with so many NULs there.
nuls()
{
	head -c "$1" "$V"
	head -c "$2" /dev/zero
	tail -c +$(($1 + $2 + 1)) "$V"
}

@test "what cannot be read becomes NULs, a block, and nothing else changes" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	nuls 0 4096 >want
	nuls 0 512 >want1
	nuls 0 65536 >want2
	for o in "" --engine=ring --engine=copy --tee=g; do
		for z in "want 4096" "want1 512 -Z 512" "want2 65536 -Z64k"; do
			read -r f n z <<<"$z"
			ends 16 "^zpipe: $V: Input/output error: $n bytes at \
0 are NULs now\$" "$(eio "$V" 1..2) zpipe -E $z $o $V >f
			    r=\$?; cmp f $f && exit \$r"
			ends 16 ": $n bytes at 0 are NULs now\$" \
			    "$(eio "$V" 1..2) zpipe -E $z $o $V | cat >f
			    r=\$?; cmp f $f && exit \$r"
		done
	done
	# up to a multiple of the block, not for the length of one
	nuls 1000 3096 >want3
	ends 16 '^zpipe: stdin: .*: 3096 bytes at 1000 are NULs now$' \
	    "{ dd bs=1000 count=1 of=/dev/null status=none
	    $(eio "$V" 1..2) zpipe -E; r=\$?; } <$V >f
	    cmp f <(tail -c +1001 want3) && exit \$r"
	# later, wherever that is
	try 8 "$(eio "$V" 3..4) zpipe -E $V >f"
	ended 16
	one_line 'bytes at [0-9]+ are NULs now'
	[[ $stderr =~ ([0-9]+)\ bytes\ at\ ([0-9]+) ]]
	[ "${BASH_REMATCH[2]}" -gt 0 ]
	nuls "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}" >later
	same f later
	# twice -E: a line for the file, whose four blocks are lost; the first
	# error costs a second read
	try 8 "$(eio few 1..5) zpipe -EE -Z 1000 a few a >f"
	ended 16
	one_line "^zpipe: few: Input/output error: 1000 bytes at 0 are NULs now"
	same f <(cat a; head -c 4000 /dev/zero; cat a)
	all_right
}

@test "an error at the end of a file, and one that passes" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	head -c 10001 "$W" >odd
	one "$(eio odd 1) zpipe -E odd | cmp - odd"
	# 10001 bytes, then the end is asked for: that is no block to skip
	ends 16 '^zpipe: odd: Input/output error$' \
	    "$(eio odd 2+) zpipe -E odd | cat >f; r=\$?; cmp f odd && exit \$r"
	ends 16 ': 10001 bytes at 0 are NULs now$' \
	    "$(eio odd 1..2) zpipe -E -Z 1M odd | cat >f
	    r=\$?; cmp f <(head -c 10001 /dev/zero) && exit \$r"
	tried=$((tried + 1))
	try 5 "$(eio odd 1..4) zpipe -E odd | cmp - <(head -c 10001 /dev/zero)
	    exit \${PIPESTATUS[0]}"
	[ "$status,${stderr_lines[*]}" = "16,zpipe: odd: Input/output error: \
4096 bytes at 0 are NULs now zpipe: odd: Input/output error: 4096 bytes at \
4096 are NULs now zpipe: odd: Input/output error: 1809 bytes at 8192 are NULs \
now" ] || note "$(outcome)"
	all_right
}

@test "a pipe is not skipped, nor anything without being asked" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	ends 16 "^zpipe: $W: Input/output error\$" \
	    "$(eio "$W" 2+) zpipe -C $W | cmp -n 65536 - $W
	    exit \${PIPESTATUS[0]}"
	mkfifo p
	for o in -E -EE; do
		ends 16 '^zpipe: p: Input/output error$' \
		    "cat few >p & $(eio p 1+) zpipe $o p | cmp - /dev/null
		    exit \${PIPESTATUS[0]}"
	done
	all_right
}

# ---- the disk ---------------------------------------------------------------

# Skips where O_DIRECT cannot be had.
direct()
{
	dd if=few of=direct bs=4096 oflag=direct status=none 2>/dev/null ||
		dd if=/dev/zero of=direct bs=4096 count=1 oflag=direct \
		    status=none 2>/dev/null ||
		skip "this file system has no O_DIRECT"
}

@test "direct-io moves the same bytes of any length" {
	direct
	for n in 0 1 511 4095 4096 4097 65536 100001 1048577; do
		head -c $n "$W" >in
		tail -c +$((n + 1)) "$W" >rest
		for o in "" --engine=ring --engine=copy -O -l; do
			one "zpipe -K $o in >f && cmp f in"
			one "zpipe -K $o -o f in --tee=g && cmp f in &&
			    cmp g in"
			one "zpipe -K $o <in | cmp - in"
		done
		one "cat in | zpipe -K >f && cmp f in"
		one "cat in | slow 10 3000 | zpipe -K >f && cmp f in"
		one "{ zpipe -K -S -s $n | cmp - in; cmp - rest; } <$W"
		one "cp old f; zpipe -K --append=f in >g && cmp g in &&
		    cmp f <(cat old in)"
		one "{ echo begin; zpipe -K in; echo end; } >f
		    cmp f <(echo begin; cat in; echo end)"
	done
	all_right
}

@test "direct-io is ours alone, not that of who shares a descriptor" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	direct
	try 5 "strace -o trace -e trace=openat,fcntl zpipe -K <$W >f && cmp f $W"
	ended 0
	[ "$(grep -c 'F_SETFL.*O_DIRECT' trace)" -ge 2 ] ||
		fail "$(cat trace)"
	! grep -E '^fcntl\([012], F_SETFL' trace || fail "$(cat trace)"
	try 5 "strace -o trace -e trace=openat,fcntl zpipe -K $W -o f &&
	    cmp f $W"
	ended 0
	[ "$(grep -c 'F_SETFL.*O_DIRECT' trace)" -ge 2 ] ||
		fail "$(cat trace)"
}

@test "sparse leaves holes, and the bytes are the same" {
	{ cat "$W"; head -c 4M /dev/zero; cat few
	    head -c 4000001 /dev/zero; } >in
	cp --sparse=never in full
	for o in "" --engine=ring --engine=copy -K; do
		for s in "<in >f" "in >f" "in -o f" "in --tee=f >g"; do
			one "rm -f f g; zpipe -O $o $s && cmp f in &&
			    set -- \$(stat -c '%b' f full) &&
			    [ \$1 -lt \$((\$2 * 2 / 3)) ]"
		done
		one "rm -f f; cat in | zpipe -O $o >f && cmp f in &&
		    set -- \$(stat -c '%b' f full) &&
		    [ \$1 -lt \$((\$2 * 2 / 3)) ]"
		one "cp full f; zpipe -O $o in 1<>f && cmp f in &&
		    set -- \$(stat -c '%b' f full) &&
		    [ \$1 -lt \$((\$2 * 2 / 3)) ]"
		one "zpipe -O $o in | cmp - in"
	done
	all_right
}

@test "sparse writes over what was there, and appends as it should" {
	head -c 100001 /dev/zero >nul
	head -c 65536 /dev/zero >pages
	for o in "" --engine=ring --engine=copy; do
		one "cp $W f; zpipe -O $o nul 1<>f &&
		    cmp f <(cat nul; tail -c +100002 $W)"
		one "cp $W f; zpipe -O $o pages 1<>f &&
		    cmp f <(cat pages; tail -c +65537 $W)"
		one "cp $W f; zpipe -O $o nul >>f && cmp f <(cat $W nul)"
		one "cp old f; zpipe -O $o nul --append=f few >g &&
		    cmp f <(cat old nul few)"
		one "{ echo begin; zpipe -O $o nul; echo end; } >f
		    cmp f <(echo begin; cat nul; echo end)"
		one "rm -f f; zpipe -O $o nul >f && cmp f nul"
		one "cp few f; zpipe -O $o nul -o f && cmp f nul"
		one "zpipe -O $o -S -s 5000 nul >f &&
		    cmp f <(head -c 5000 nul)"
	done
	all_right
}

@test "sync ends when the data is on the disk, or says so" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	for s in "few >f" "few -o f" "few --tee=f | cat" "<few >f" \
	    "- --append=f <few | cat"; do
		one "strace -qq -o trace -e trace=fdatasync,fsync,exit_group \
		    zpipe -Y $s >out; [ \$(grep -c sync trace) = 1 ] &&
		    tail -n 1 trace | grep -q '^exit_group(0)'"
	done
	one "strace -qq -o trace -e trace=fdatasync,fsync zpipe -Y few |
	    cmp - few && [ ! -s trace ]"
	one "strace -qq -o trace -e trace=fdatasync,fsync zpipe few >f &&
	    [ ! -s trace ]"
	ends 16 '^zpipe: stdout: Input/output error$' \
	    "strace -qq -o /dev/null -e inject=fdatasync:error=EIO \
	    zpipe -Y few >f; r=\$?; cmp f few && exit \$r"
	ends 16 '^zpipe: f: Input/output error$' \
	    "strace -qq -o /dev/null -e inject=fdatasync:error=EIO:when=1 \
	    zpipe -Y few -o f -o g; r=\$?; cmp f few && cmp g few && exit \$r"
	all_right
}

# ---- store and forward ------------------------------------------------------

@test "store-and-forward lets a file be its own output" {
	cp "$W" f
	one "zpipe -U t -o f f && cmp f $W && cmp t $W"
	one "zpipe -U - -o f f && cmp f $W"
	one "zpipe -U t f >g && cmp g $W"
	one "cat $W | zpipe -U t | cmp - $W && cmp t $W"
	one "cat $W | zpipe --store-and-forward=t few - --tee=g |
	    cmp - <(cat few $W) && cmp g <(cat few $W)"
	one "sort -rn <few >s; zpipe -U - few a -o few && [ -s few ]"
	one "mkdir tmp; cat $W | TMPDIR=\$PWD/tmp zpipe -U - >g &&
	    cmp g $W && rmdir tmp"
	one "zpipe -U t /dev/null | cmp - /dev/null"
	one "zpipe -U t -S -s 100 $W | cmp - <(head -c 100 $W)"
	all_right
}

@test "store-and-forward writes nothing when it could not store all" {
	ends 2 '^zpipe: /dev/full: cannot be read back' \
	    "cp old f; zpipe -U /dev/full -o f few; r=\$?
	    cmp f old && exit \$r"
	ends 2 '^zpipe: missing: No such file' \
	    "cp old f; zpipe -U t -o f few missing; r=\$?
	    cmp f old && exit \$r"
	ends 2 '^zpipe: no/t: No such file' \
	    "cp old f; zpipe -U no/t -o f few; r=\$?; cmp f old && exit \$r"
	ends 1 '^zpipe: f: the same output as f$' \
	    "cp old f; zpipe -U f -o f few; r=\$?; cmp f old && exit \$r"
	ends 1 '^zpipe: f: the same output as stdout$' \
	    "cp old f; zpipe -U f few 1<>f; r=\$?; cmp f old && exit \$r"
	ends 4 '^zpipe: t: input file is output file$' \
	    "cp old t; zpipe -U t t -o f; r=\$?; cmp t old && exit \$r"
	ends 1 "^zpipe: --store-and-forward: '' is empty" "zpipe -U '' few"
	all_right
}

# ---- a running one ----------------------------------------------------------

# Starts one that lasts; its number is $z.
lasts="zpipe -L 1k $BATS_FILE_TMPDIR/words >out 2>err & z=\$!;"

@test "remote changes the rate at once" {
	one "zpipe -L 1k $W >out & z=\$!; zpipe -R \$z -L 0 && wait \$z &&
	    cmp out $W"
	one "$now zpipe -L 2M $W >out & z=\$!
	    until [ -s out ]; do sleep 0.01; done
	    zpipe -R \$z -L 1k || exit; s=\$(stat -c %s out); b=\$(now)
	    sleep 0.5; t=\$(stat -c %s out); us=\$((\$(now) - b))
	    kill -9 \$z; [ \$((t - s)) -le \$((us / 900 + 200)) ] ||
		{ echo \$s \$t \$us; exit 1; }"
	one "zpipe -L 1k $W 2>/dev/null | cat >out &
	    wait_until 'z=\$(pgrep -n -g 0 -x zpipe)'
	    zpipe -R \$z -L 100M && wait && cmp out $W"
	all_right
}

@test "remote changes what is shown" {
	one "zpipe -L 2k -f -b -i 0.1 $W >out 2>err & z=\$!
	    zpipe -R \$z -N named -F 'it %b %N' || exit
	    until grep -q 'it .*named' err; do sleep 0.02; done
	    zpipe -R \$z -s 1T -p -i 0.2 || exit
	    until tail -n 1 err | grep -q '0%'; do sleep 0.02; done
	    kill \$z"
	all_right
}

@test "remote refuses what only the start can say" {
	for o in -S -l -E -O -K -Y -X -W -f -c -q --explain "-U t" "-o f" \
	    "-P f" "-B 4M" --engine=ring few ""; do
		ends 1 '^zpipe: ' "$lasts zpipe -R \$z $o; r=\$?; kill \$z
		    exit \$r"
	done
	for o in -R -Q -d; do
		ends 1 '^zpipe: .*process' "zpipe $o 0 -L 1"
		ends 1 '^zpipe: .*process' "zpipe $o x -L 1"
		ends 1 '^zpipe: .*process' "zpipe $o '' -L 1"
		ends 1 'cannot be combined with' "zpipe $o 1 -M in -- cat"
	done
	ends 1 'No such process' 'sleep 0 & wait; zpipe -R $! -L 1'
	ends 1 'No such process' 'sleep 0 & wait; zpipe -Q $!'
	ends 1 'not a zpipe, or it does not listen$' 'sleep 99 & zpipe -R $! -L 1'
	ends 1 'not a zpipe, or it does not listen$' 'sleep 99 & zpipe -Q $!'
	all_right
}

@test "query shows the progress of another until it ends" {
	one "zpipe -L 2000 -S -s 2000 $W >out & z=\$!
	    zpipe -Q \$z -n -i 0.1 2>seen; wait \$z &&
	    [ \$(wc -l <seen) -ge 3 ] && sort -nc seen &&
	    [ \$(stat -c %s out) = 2000 ]"
	one "zpipe -L 1k -N other $W >out & z=\$!
	    { zpipe -Q \$z -f -b -i 0.1 2>seen; echo \$? >st; } &
	    until grep -q 'other: ' seen; do sleep 0.02; done 2>/dev/null
	    disown \$z; kill -9 \$z; until [ -s st ]; do sleep 0.02; done; [ \$(<st) = 0 ]"
	all_right
}

@test "a dozen may look on, and one more may change it" {
	one "$lasts for i in {1..12}; do
		zpipe -Q \$z -n -b -i 0.1 2>seen.\$i & all+=(\$!)
	    done
	    until [ \$(cat seen.* | wc -l) -gt 40 ]; do sleep 0.02; done
	    zpipe -R \$z -L 0 && wait \$z && wait \"\${all[@]}\" &&
	    for i in {1..12}; do [ -s seen.\$i ] || exit; done && cmp out $W"
	all_right
}

@test "it listens while it counts lines" {
	truncate -s 40G big
	one "zpipe -lpf -L 1k big >out 2>err & z=\$!
	    wait_until 'ls -l /proc/\$z/fd | grep -q /big\$'
	    zpipe -R \$z -L 1M; r=\$?; [ ! -s out ] || r=1
	    disown \$z; kill \$z; exit \$r"
	rm -f big
	all_right
}

@test "a size that it is told while it counts lines stays" {
	[ "$SANITIZED" != yes ] || skip "with the sanitizers counting is slow"
	truncate -s 3G big
	one "zpipe -lf -F '<%{progress-amount-only}>' big 2>err | sleep 9 & p=\$!
	    wait_until 'pgrep -g 0 -x zpipe'; z=\$(pgrep -g 0 -x zpipe)
	    wait_until 'ls -l /proc/\$z/fd | grep -q /big\$'
	    zpipe -R \$z -s 1000 || exit; wait_until '[ -s err ]'
	    kill \$z; disown \$p; kill \$p; grep -q '<  0%>' err"
	rm -f big
	all_right
}

@test "the directory of the sockets is ours alone, and is left clean" {
	one "$lasts zpipe -R \$z -L 2k || exit
	    [ \$(stat -c %a \$XDG_RUNTIME_DIR/zpipe) = 700 ] &&
	    [ -S \$XDG_RUNTIME_DIR/zpipe/\$z.sock ] || exit
	    zpipe -R \$z -L 0 && wait \$z &&
	    [ -z \"\$(ls \$XDG_RUNTIME_DIR/zpipe)\" ]"
	one "$lasts zpipe -R \$z -L 2k || exit; kill \$z; wait \$z
	    [ -z \"\$(ls \$XDG_RUNTIME_DIR/zpipe)\" ]"
	chmod 755 "$XDG_RUNTIME_DIR/zpipe"
	ends 1 '^zpipe: --remote: process [0-9]+: Permission denied$' \
	    "zpipe -L 4M $W >out & z=\$!; wait_until '[ -s out ]'
	    zpipe -R \$z -L 0; r=\$?; wait \$z && cmp out $W && exit \$r"
	all_right
}

@test "another user may not change or see it" {
	run=$(as_nobody)
	[ -n "$run" ] || skip "only root can be two users"
	need setpriv
	mkdir "$XDG_RUNTIME_DIR/nobody"
	chmod 755 "$XDG_RUNTIME_DIR"
	chown 65534 "$XDG_RUNTIME_DIR/nobody"
	$run "$ZPIPE" --version >/dev/null || skip "nobody cannot run it"
	for o in "-R \$z -L 0" "-Q \$z -n"; do
		for d in "" /nobody; do
			ends 1 'process [0-9]+: Permission denied$' "$lasts
			    zpipe -R \$z -L 2k
			    XDG_RUNTIME_DIR=\$XDG_RUNTIME_DIR$d $run zpipe $o
			    r=\$?; kill -9 \$z; exit \$r"
		done
	done
	rm -f /tmp/zpipe-65534/*.sock
	rmdir /tmp/zpipe-65534 2>/dev/null || :
	all_right
}

# ---- another process --------------------------------------------------------

@test "watchfd shows where a process is in its files" {
	one ": >seen; slow 20000 4096 <$W >/dev/null & p=\$!
	    until [ /proc/\$p/fd/0 -ef $W ]; do sleep 0.02; done
	    zpipe -f -b -i 0.1 -d \$p:0 2>seen & z=\$!
	    until [ \$(sort -u seen | wc -l) -ge 3 ]; do sleep 0.02; done
	    disown \$p; kill -9 \$p; wait \$z"
	one ": >seen; slow 20000 100000 <$W >/dev/null & p=\$!
	    until [ /proc/\$p/fd/0 -ef $W ]; do sleep 0.02; done
	    zpipe -n -i 0.1 -d \$p:0 2>seen & z=\$!
	    until [ \$(sort -u seen | wc -l) -ge 3 ]; do sleep 0.02; done
	    disown \$p; kill -9 \$p; wait \$z && sort -nc seen"
	one "slow 20000 4096 <$W >/dev/null & p=\$!
	    zpipe -f -i 0.1 -d \$p 2>seen & z=\$!
	    until grep -q '0:words: ' seen; do sleep 0.02; done
	    disown \$p; kill -9 \$p; wait \$z"
	one "exec 7<$W; bash -c 'read -n 1 <&7; until [ -e go ]; do sleep 0.02
		done; exec 7<&-; sleep 99' & p=\$!; exec 7<&-
	    { zpipe -f -b -i 0.1 -d \$p:7 2>seen; echo \$? >st; } &
	    until [ -s seen ]; do sleep 0.02; done; : >go
	    until [ -s st ]; do sleep 0.02; done; [ \$(<st) = 0 ]"
	# the size of a file that is only written is no aim
	one "exec 7>>$V; sleep 99 & p=\$!; exec 7>&-
	    zpipe -f -F '<%{progress-amount-only}>' -i 0.1 -d \$p:7 2>seen & z=\$!
	    until grep -q '<>' seen; do sleep 0.02; done
	    disown \$p; kill -9 \$p; wait \$z"
	all_right
}

@test "watchfd ends when the descriptor has become another file" {
	one 'bash -c "exec 7<$V; until [ -e go ]; do sleep 0.02; done
		exec 7<$W; sleep 99" & p=$!
	    until [ /proc/$p/fd/7 -ef $V ]; do sleep 0.02; done
	    zpipe -f -i 0.1 -d $p:7 2>seen & z=$!
	    until [ -s seen ]; do sleep 0.02; done; : >go
	    wait $z && [ -e /proc/$p/exe ]'
	all_right
}

# Two that read, as $p and $q; what shows them writes to the file seen. Then
# `gone` waits for it ($z) until both are no more.
both='rm -f seen; slow 20000 4096 <$W >/dev/null & p=$!
    slow 20000 4096 <$L >/dev/null & q=$!
    until [ /proc/$p/fd/0 -ef $W ] && [ /proc/$q/fd/0 -ef $L ]; do
	sleep 0.02
    done
    seen() { until grep -Eqs "$1" seen; do sleep 0.02; done; }
    gone() { disown $p $q 2>/dev/null; kill -9 $p $q 2>/dev/null; wait $z; };'

@test "watchfd shows several processes, with their numbers" {
	local o

	for o in '-d $p $q' '-d $p -d $q' '$p -d $q' '-d $p:0 $q:0' \
	    '-d @list' '@list -d $q' '-d $p @second -d $q:0' '-d $p $q $p'; do
		one "$both printf '%s\\n\\n%s:0' \$p \$q >list; echo \$q >second
		    zpipe -f -i 0.1 $o 2>seen & z=\$!
		    seen \"^ *\$p:   0:words: \"; seen \"^ *\$q:   0:lines: \"; gone"
	done
	one "$both zpipe -n -i 0.1 -d \$p:0 \$q:0 2>seen & z=\$!
	    seen \"^ *\$p:   0:words: [0-9]+\$\"
	    seen \"^ *\$q:   0:lines: [0-9]+\$\"; gone"
	one "$both zpipe -f -F '%t %b' -i 0.1 -d \$p:0 \$q:0 2>seen & z=\$!
	    seen \"^ *\$p:   0:words: 0:0\"; seen \"^ *\$q:   0:lines: 0:0\"; gone"
	all_right
}

@test "of one process watchfd shows no number, and nothing twice" {
	one "$both zpipe -f -N me -b -i 9 -d \$p \$p 2>seen & z=\$!
	    seen '^ *0:words: '; sleep 0.1; disown \$z; kill -9 \$z
	    [ \$(grep -c 0:words: seen) = 1 ] || exit; rm seen
	    zpipe -f -b -i 0.1 -d \$p:0 \$p:0 2>seen & z=\$!
	    seen '^[ 0-9.]+[KMG]?i?B *$'; gone"
	all_right
}

@test "watchfd goes on until the last process has gone" {
	one "$both zpipe -f -i 0.1 -d \$p \$q:0 2>seen & z=\$!
	    seen \"\$p:   0:words: \"; disown \$p; kill -9 \$p
	    until ! tail -n 2 seen | grep -q \$p:; do sleep 0.02; done
	    [ -e /proc/\$z/exe ] && : >seen && seen \$q: && gone"
	ends 2 '^zpipe: --watchfd: process [0-9]+: No such process$' \
	    'sleep 0 & g=$!; wait; { sleep 0.5; : >end; } &
	    zpipe -d $g $!; r=$?; [ -e end ] && exit $r'
	ends 2 "^zpipe: --watchfd: '=no-such-one': No such process$" \
	    '{ sleep 0.5; : >end; } & zpipe -d $! =no-such-one; r=$?
	    [ -e end ] && exit $r'
	all_right
}

@test "watchfd finds processes by their name" {
	local o name=z$RANDOM$RANDOM

	ln -s "$(command -v slow)" $name
	ln -s "$(command -v slow)" $name-and-then-some
	ln -s "$ZPIPE" $name.z
	both=${both//slow /./$name }
	for o in "-d =$name" "-d=$name" "-fd=$name" "--watchfd==$name" \
	    "-d @list" "-d \$p =$name"; do
		one "$both echo =$name >list; zpipe -f -i 0.1 $o 2>seen & z=\$!
		    seen \"^ *\$p:   0:words: \"; seen \"^ *\$q:   0:lines: \"; gone"
	done
	both=${both//$name/$name-and-then-some}
	one "$both zpipe -f -i 0.1 -d =$name-and-then-some 2>seen & z=\$!
	    seen \"\$p:   0:words: \"; seen \"\$q:   0:lines: \"; gone"
	# not a part of it, nor ourselves
	ends 2 "'=${name%?}': No such process$" \
	    "$both zpipe -d =${name%?}; r=\$?; gone; exit \$r"
	ends 2 "'=$name.z': No such process$" "./$name.z -d =$name.z"
	all_right
}

@test "watchfd leaves out what is another user's" {
	local run name=z$RANDOM$RANDOM

	run=$(as_nobody)
	[ -n "$run" ] || skip "only root can be two users"
	need setpriv pgrep
	$run "$ZPIPE" --version >/dev/null || skip "nobody cannot run it"
	ln -s "$(command -v slow)" $name
	ends 2 "^zpipe: --watchfd: '=$name': Permission denied$" \
	    "./$name 20000 4096 <$W >/dev/null & p=\$!
	    until [ /proc/\$p/fd/0 -ef $W ]; do sleep 0.02; done
	    $run zpipe -d =$name; r=\$?; disown \$p; kill -9 \$p; exit \$r"
	one "./$name 20000 4096 <$W >/dev/null & p=\$!
	    $run ./$name 20000 4096 <$L >/dev/null & q=\$!
	    ./$name 20000 4096 <$W >/dev/null & r=\$!
	    until [ \$(pgrep -cx $name) = 3 ]; do sleep 0.02; done
	    $run zpipe -f -i 0.1 -d =$name 2>seen & z=\$!
	    until grep -qs '^ *0:lines: ' seen; do sleep 0.02; done
	    disown \$p \$q \$r; kill -9 \$p \$q \$r
	    wait \$z && ! grep words: seen"
	all_right
}

@test "watchfd takes --size for one descriptor" {
	one ": >seen; slow 20000 4096 <$W >/dev/null & p=\$!
	    until [ /proc/\$p/fd/0 -ef $W ]; do sleep 0.02; done
	    zpipe -n -i 0.1 -s 400k -d \$p:0 2>seen & z=\$!
	    until [ \$(tail -n 1 seen)0 -ge 500 ]; do sleep 0.02; done
	    disown \$p; kill -9 \$p; wait \$z"
	all_right
}

@test "a bar that knows no end moves, also that of another zpipe" {
	one "cat $W | zpipe -L 20k >out 2>err & until [ -s out ]; do :; done
	    z=\$(pgrep -g 0 -x zpipe)
	    timeout 1 zpipe -f -p -i 0.1 -Q \$z 2>seen; zpipe -R \$z -L 0
	    wait; [ \$(sort -u seen | wc -l) -ge 3 ]"
	all_right
}

@test "watchfd tells what cannot be watched" {
	ends 2 'No such process$' 'sleep 0 & wait; zpipe -d $!'
	ends 2 'has no descriptor 77$' 'zpipe -d $$:77'
	ends 2 'descriptor 0 of process [0-9]+ is no file$' \
	    'cat | sleep 99 & zpipe -d $!:0'
	ends 1 "'x' is not a descriptor" 'zpipe -d 1:x'
	ends 1 "'' is not a descriptor" 'zpipe -d 1:'
	ends 1 "'few' is no process: " 'zpipe -d $$ few'
	ends 1 "'' is no process: " 'zpipe -d $$ ""'
	ends 1 "'=' has no name" 'zpipe -d ='
	ends 1 "'=' has no name" 'zpipe -d='
	ends 1 "'@none': No such file" 'zpipe -d $$ @none'
	ends 1 "'@': No such file" 'zpipe -d @'
	ends 1 "'@/': Is a directory" 'zpipe -d @/'
	ends 1 'the list names no process$' 'echo >l; zpipe -d @l'
	ends 1 "'x' is no process: " 'echo x >l; zpipe -d $$ @l'
	ends 1 "'y' is not a descriptor" \
	    'printf "%s\n1:y\n" $$ >l; zpipe -d @l'
	ends 1 "'@l': a list file cannot" 'echo @l >l; zpipe -d @l'
	ends 2 'has no descriptor 77$' 'echo $$:77 >l; zpipe -d @l'
	ends 2 "'=no-such-one': No such process$" 'zpipe -d =no-such-one'
	ends 2 "'=no-such-one': No such process$" \
	    'echo =no-such-one >l; zpipe -d @l'
	ends 1 'cannot be combined with' 'zpipe -d $$ -Q $$'
	ends 1 'cannot be combined with --output$' 'zpipe -d $$ -o f'
	all_right
}

@test "monitor passes a command the bytes that it would get" {
	for m in in both; do
		one "zpipe -M $m -- cat <$W | cmp - $W"
		one "cat $W | zpipe -M $m -- check $N 2>seen"
		one "{ cat $W; :; } | zpipe -M $m -- head -c 1000 |
		    cmp - <(head -c 1000 $W)"
		one "zpipe -M $m -- true <$W"
		one "zpipe -M $m -- sh -c 'sleep 0.3; cat' <few | cmp - few"
	done
	for m in out both; do
		one "zpipe -M $m -- cat $W </dev/null | cmp - $W"
		one "zpipe -M $m -- cat $W </dev/null >f && cmp f $W"
		ends 141 '' "zpipe -M $m -- cat $W </dev/null |
		    head -c 10 >/dev/null; exit \${PIPESTATUS[0]}"
	done
	all_right
}

@test "monitor both shows each side, and the ratio" {
	one "cat $W | zpipe -fb -M both -i 0.1 -- gzip 2>seen >f.gz &&
	    gunzip <f.gz | cmp - $W && grep -qx '[0-9. ]*.iB' seen &&
	    tail -n 1 seen | grep -Eqx ' ?[0-9.]+ *.iB [0-9.]+:1'"
	one "zpipe -f -M 2 -F 'to %b' -F '%{ratio} from' -N a -N b -- gunzip \
	    <f.gz 2>seen | cmp - $W && grep -q '^to .*iB' seen &&
	    tail -n 1 seen | grep -Eqx '1:[0-9.]+ from'"
	one "for i in 1 2 3 4; do head -c 50000 $W; sleep 0.3; done |
	    zpipe -M both -f -i 0.5 -F %b -F 'at %{ratio}' -- cat 2>seen >f &&
	    grep -q '^at ' seen && ! grep '^at ' seen | grep -vx 'at 1:1'"
	# -:- if the command has ended before the other side's first count
	one "zpipe -M both -fb -- head -c 10 <$W 2>seen >f &&
	    tail -n 2 seen | grep -Eq '^10.0 +B ([0-9.e+]+:1|-:-)$'"
	one "zpipe -fb -M 2 -N one -N other -- cat <few 2>seen >f &&
	    grep -q '  one: .*B' seen && grep -q '  other: .*B 1:1' seen"
	all_right
}

@test "monitor tells how the command has failed" {
	for m in in out both; do
		ends 16 '^zpipe: sh: exit status 3$' \
		    "zpipe -M $m -- sh -c 'exit 3' <few"
		ends 16 '^zpipe: sh: killed by signal 15' \
		    "zpipe -M $m -- sh -c 'kill \$\$' <few"
		ends 2 'nothere: No such file' "zpipe -M $m -- nothere <few"
		ends 1 'a command is missing' "zpipe -M $m"
		ends 1 'cannot be combined with --output$' "zpipe -M $m -o f -- cat"
	done
	ends 1 "'x' is none of in, out, both" 'zpipe -M x -- cat'
	all_right
}

@test "pidfile has the process number as long as it runs" {
	one "zpipe -L 1k -P pid $W >out & z=\$!
	    until [ -s pid ]; do sleep 0.02; done; [ \$(<pid) = \$z ] &&
	    zpipe -R \$(<pid) -L 0 && wait \$z && cmp out $W && [ ! -e pid ]"
	one 'zpipe -P pid few >out && [ ! -e pid ]'
	one 'zpipe -L 1k -P pid $W 2>/dev/null >out & z=$!
	    until [ -s pid ]; do sleep 0.02; done; kill $z; wait $z
	    [ ! -e pid ]'
	ends 2 '^zpipe: --pidfile: no/pid: No such file' \
	    'cp old f; zpipe -P no/pid few -o f; r=$?; cmp f old && exit $r'
	all_right
}

# ---- faults -----------------------------------------------------------------

@test "signals and refusals lose no byte with -l and -L" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	for o in -l "-L 40M" "-l -L 9M"; do
		for e in read:error=EINTR:when=12+3 read:error=EAGAIN:when=12+3 \
		    vmsplice:error=EINTR:when=1+2 \
		    vmsplice:error=EAGAIN:when=2+3 ppoll:error=EINTR:when=1+2 \
		    ppoll:error=EAGAIN:when=2+2 write:error=EINTR:when=1+2 \
		    splice:error=EINTR:when=1+2; do
			# the sanitizers read for themselves
			[[ $e == read* && ${SANITIZED:-no} != no ]] ||
				one "strace -qq -o /dev/null -e inject=$e \
				    zpipe $o $W | cmp - $W"
			[[ $e == read* ]] ||
				one "words $N | strace -qq -o /dev/null \
				    -e inject=$e zpipe $o | cmp - $W"
		done
	done
	all_right
}

@test "behind an error a stop at a line reads block by block, too" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	seq 20000 >few
	one "strace -qq -o trace -P \$(realpath few) -e trace=pread64 \
	    -e inject=pread64:error=EIO:when=1 zpipe -E -lS -s 9000 few |
	    cmp - <(seq 9000)"
	sed -n 2p trace | grep -q ', 4096, 0) *= 4096$' || note "$(cat trace)"
	all_right
}
