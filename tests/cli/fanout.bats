#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The readers of the zoo on one of several outputs, while the others are of
# other kinds: files, sockets, commands and pipes share the buffers of one
# ring. Each is fed numbered words: not one may be wrong on any output.

load ../lib/helpers
loud=yes limit=20

# 16 MiB and an odd piece: a ring of 4 MiB turns over four times.
WORDS=$((16 * 131072 + 12345))
FEW=$((6 * 131072 + 123))
TINY=$((32768 + 123))

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	words $WORDS >words
	words $FEW >few
	words $TINY >tiny
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words F=$BATS_FILE_TMPDIR/few
	T=$BATS_FILE_TMPDIR/tiny
	export W F WORDS FEW
	mkfifo p q
	bad=() tried=0 turn=$BATS_TEST_NUMBER
}

ways=(
	""
	"-B 4M --release=fence"
	"-B 4M --release=fresh"
	"-B 4M"
	"-B 4M --engine=ring --chunk-size=100k"
	"--engine=copy"
	"-B 4M --release=fence --pipe-size=0"
	"-B 4M --lag=wait --output-error=exit"
	"-C -B 4M"
)

# Where all outputs are pipes, and the input is one, the pages may come from
# whoever wrote them.
pipes=("" "--engine=splice" "--pipe-size=0" "--pipe-size=4096")

# A few of them, for what takes its time.
some=("-B 4M" "-B 4M --release=fence" "-B 4M --release=fresh")

# gets_all READER [FILE N]: that reader behind stdout, as a command and behind
# a FIFO, each time with others beside it; from a file and from a stream. The
# ways go round, and begin elsewhere in each test, so that all meet.
gets_all()
{
	local r=$1 file=${2:-$W} n=${3:-$WORDS} in i o w

	for in in "$file" ""; do
		for i in 1 2; do
			w="words $n |"
			[ -z "$in" ] || w=
			o="${ways[turn++ % ${#ways[@]}]}"
			one "$w lend unix:5:s -- zpipe $o --tee=f --fd=5 $in |
			    $r | check $n && cmp f $file && cmp s $file"
			o="${ways[turn++ % ${#ways[@]}]}"
			one "cat p | check $n 2>seen2 & c=\$!
			    $w zpipe $o --tee=p --exec='$r |
			    check $n 2>seen' $in >f && wait \$c &&
			    cmp f $file"
			o="${ways[turn++ % ${#ways[@]}]}"
			one "{ $r; } <p | check $n 2>seen & c=\$!
			    $w lend tcp:5:s -- zpipe $o -X --fd=5 --tee=p \\
			    --exec='check $n 2>seen2' --append=f$turn $in &&
			    wait \$c && cmp s $file && cmp f$turn $file &&
			    rm f$turn"
		done
	done
	for i in 1 2; do
		o="${pipes[turn++ % ${#pipes[@]}]}"
		one "{ $r; } <p | check $n 2>seen & c=\$!
		    words $n | zpipe $o --fd=9 \
			--exec='$r | check $n 2>seen2' \
			--exec='splicer | check $n 2>seen3' 9>p |
		    check $n && wait \$c"
		one "zpipe -B 4M --engine=ring $file | zpipe $o --exec='$r |
		    check $n 2>seen' --exec='check $n 2>seen2' |
		    $r | check $n"
	done
	all_right
}

@test "a reader that copies gets every word on any output" {
	gets_all cat
}

@test "a slow reader gets every word on any output" {
	gets_all "slow 300"
}

@test "a very slow reader gets every word on any output" {
	gets_all "slow 3000 500001" "$F" $FEW
}

@test "a reader that takes byte by byte gets every word on any output" {
	gets_all bytewise "$T" $TINY
}

@test "a reader that leaves its pages half read gets every word" {
	gets_all "bytewise 4095"
}

@test "a reader that splices gets every word on any output" {
	gets_all splicer
}

@test "six readers that splice, before a slow one, get every word" {
	gets_all "splicer|splicer|splicer|splicer|splicer|splicer|slow 100"
}

@test "a reader that tees and holds sees no byte change on any output" {
	gets_all teehold
}

@test "a reader that splices to a TCP socket gets every word" {
	gets_all tcp
}

@test "a reader that splices to a UNIX socket gets every word" {
	gets_all unixsock
}

@test "a reader that takes pages by vmsplice gets every word" {
	gets_all vmspliceuser
}

@test "a reader that resizes the pipe gets every word on any output" {
	gets_all resize
}

@test "pv and uutils cat, which splice, get every word on any output" {
	need pv
	need_uutils
	gets_all "pv -q | $uu | splicer"
}

@test "gzip and GNU tee get every word on any output" {
	need gzip tee
	gets_all "tee out | gzip -1 | gzip -d" "$F" $FEW
}

@test "zpipe behind zpipe gets every word on any output" {
	gets_all "zpipe --tee=two | splicer | zpipe -B 4M --engine=ring"
}

# ---- all of them in one run -------------------------------------------------

@test "readers of every kind on outputs of one run get every word" {
	readers=(cat splicer teehold tcp unixsock vmspliceuser resize \
	    "bytewise 4095" "splicer | splicer | slow 100" slow \
	    "splicer | teehold | unixsock | splicer")
	args=""
	for i in "${!readers[@]}"; do
		args+=" --exec='${readers[i]} | check $WORDS 2>seen.$i'"
	done
	for o in "${ways[@]}"; do
		turn=$((turn + 1)) w="" in="\$W"
		[ $((turn % 2)) = 0 ] || w="words $WORDS |" in=""
		one "{ splicer | check $WORDS 2>seen.p; } <p & c=\$!
		    $w lend unix:5:s tcp:6:t -- zpipe $o $args \
			--tee=f --tee=p --fd=5 --fd=6 $in |
		    splicer | splicer | check $WORDS &&
		    wait \$c && cmp f \$W && cmp s \$W && cmp t \$W &&
		    [ \$(cat seen.* | grep -c '^0 of .* wrong$') = 12 ]"
	done
	# Within the kernel, where it can, and behind another ring.
	one "zpipe -B 4M --engine=ring \$W | zpipe $args | splicer |
	    check $WORDS &&
	    [ \$(cat seen.* | grep -c '^0 of .* wrong$') = 11 ]"
	all_right
}

@test "readers at process substitutions get every word" {
	for o in "${some[@]}"; do
		one "zpipe $o --tee=>(splicer | splicer | check $WORDS 2>seen.1
			: >seen.end1) \
		    --tee=>(teehold | check $WORDS 2>seen.2; : >seen.end2) \
		    -o f \$W; r=\$?
		    until [ -e seen.end1 -a -e seen.end2 ]; do sleep 0.02; done
		    [ \$(cat seen.1 seen.2 | grep -c '^0 of .* wrong$') = 2 ] &&
		    cmp f \$W && exit \$r"
	done
	all_right
}

@test "one killed, one gone, one slow, one splicing and two full disks" {
	limit=30
	for o in "${some[@]}" --engine=copy; do
		for w in "" "words $WORDS |"; do
			in="\$W"
			[ -z "$w" ] || in=
			tried=$((tried + 1))
			rm -f seen* f killed
			# The third file may not grow beyond 2 MB.
			try 20 "{ dd bs=64k count=20 iflag=fullblock \
				of=killed status=none; kill -9 \$BASHPID; } <p &
			    { splicer | splicer | check $WORDS 2>seen; } <q &
			    c=\$!
			    $w bash -c \"trap '' XFSZ; ulimit -f 2000
				exec zpipe --output-error=warn $o --tee=p \
				    --tee=q --tee=/dev/full --tee=f \
				    --exec='leave 100000 >/dev/null' \
				    $in\" | slow 300 | check $WORDS 2>seen2
			    r=\${PIPESTATUS[*]}
			    wait \$c && cmp -n 2048000 f \$W &&
			    cmp -n 1310720 killed \$W &&
			    [ \$(stat -c %s f) = 2048000 ] && echo \$r"
			[ "$status" -eq 0 ] &&
			    [[ " $output" =~ ^(\ 0)?\ 16\ 0\ 0$ ]] &&
			    [ "$(grep -v Killed <<<"$stderr" | sort)" = \
				"zpipe: --exec=leave 100000 >/dev/null: \
Broken pipe
zpipe: /dev/full: No space left on device
zpipe: f: File too large after 2048000 bytes
zpipe: p: Broken pipe" ] || note "$o $w: $(outcome) $(cat seen*)"
		done
	done
	all_right
}

@test "a reader that leaves has had the right words, and the others all" {
	m=--output-error=warn-nopipe
	for o in "${some[@]}" --engine=copy; do
		one "zpipe $m $o --tee=f --exec='splicer | check $WORDS 2>seen' \
		    \$W | splicer | leave 5000000 | check 625000
		    case \${PIPESTATUS[*]} in
		    '0 141 0 0' | '0 1 0 0') cmp f \$W ;;
		    *) false ;;
		    esac"
		one "splicer <p 2>/dev/null | leave 5000000 |
			check 625000 2>seen2 &
		    words $WORDS | zpipe $m $o --tee=p \
			--exec='never 0.1' --exec='leave 1000001 >g' |
		    splicer | check $WORDS && wait \$! ||
			[ \$? -ge 100 -o \$? = 1 ] &&
		    grep -q '^0 of 625000 words wrong$' seen2 &&
		    cmp -n 1000001 g \$W"
		one "never 0.1 <p & zpipe $m $o --tee=p --tee=f \$W |
		    splicer | check $WORDS && cmp f \$W"
		one "words $WORDS | zpipe $m $o --exec='never 0.1' \
		    --tee=f --exec='splicer | check $WORDS 2>seen' |
		    never 0.1 && cmp f \$W &&
		    grep -q '^0 of $WORDS words wrong$' seen"
	done
	all_right
}

@test "bytes that were dropped for one never show on another" {
	for o in "${some[@]}" "-B 4M --engine=copy"; do
		for w in "" "words $WORDS |"; do
			in="\$W"
			[ -z "$w" ] || in=
			one "rm -f got; $w zpipe --lag=drop $o -o f $in \
			    --exec='splicer 65536 | splicer 65536 |
				slow 2000 65536 >got' &&
			    cmp f \$W && pieces $WORDS <got"
		done
	done
	all_right
}

@test "small pieces and pauses are right on every output" {
	for o in "${some[@]}" ""; do
		one "{ splicer | splicer | check $FEW 2>seen; } <p & c=\$!
		    dd if=\$F bs=1001 status=none |
		    lend unix:5:s -- zpipe $o --tee=p --fd=5 --tee=f \
			--exec='teehold | check $FEW 2>seen2' |
		    splicer | check $FEW && wait \$c && cmp f \$F && cmp s \$F"
		one "{ splicer | splicer | check $FEW 2>seen; } <p & c=\$!
		    slow 10000 300001 <\$F | zpipe $o --tee=p --tee=f \
			--exec='slow 10000 | check $FEW 2>seen2' |
		    splicer | check $FEW && wait \$c && cmp f \$F"
	done
	all_right
}

@test "several inputs of odd sizes make one stream on every output" {
	split -b 3000017 "$W" part.
	split -b 50021 "$F" small.
	for o in "${some[@]}" "" --engine=copy; do
		one "{ splicer | splicer | check $WORDS 2>seen; } <p & c=\$!
		    zpipe $o --tee=p part.* --tee=f \
			--exec='teehold | check $WORDS 2>seen2' |
		    splicer | check $WORDS && wait \$c && cmp f \$W"
		one "zpipe $o small.* --tee=f \
			--exec='splicer | check $FEW 2>seen2' |
		    splicer | check $FEW && cmp f \$F"
	done
	all_right
}

@test "short counts of every call change no byte on any output" {
	shortio true || skip "shortio knows x86-64 only, and needs ptrace"
	n=$((2 * 131072 + 123))
	words $n >some
	for o in "${some[@]}" --engine=copy; do
		for w in "" "words $n |"; do
			in=some
			[ -z "$w" ] || in=
			one "{ splicer | splicer | check $n 2>seen; } <p & c=\$!
			    $w lend unix:5:s -- shortio zpipe $o --tee=p \
				--fd=5 --append=f --exec='teehold |
				check $n 2>seen2' $in | splicer |
			    check $n && wait \$c && cmp f some &&
			    cmp s some && rm f"
		done
	done
	all_right
}

@test "the pages outlive it on every output" {
	for o in "${some[@]}"; do
		one "words 60000 >w
		    { until [ -e left ]; do sleep 0.02; done
			splicer | check 60000 2>seen; } <p & c=\$!
		    { zpipe $o --tee=p --tee=f w; : >left; } |
		    { until [ -e left ]; do sleep 0.02; done
			splicer | check 60000; } && wait \$c; r=\$?
		    rm left; cmp w f && exit \$r"
	done
	all_right
}

# What follows shows that the above would see it.

@test "drain is right behind readers that copy, be they slow or fast" {
	# A ring that is smaller than the pipes has no other protection.
	for o in "" "-B 4M" "-B 512k --engine=ring"; do
		one "zpipe --release=drain $o --exec='slow 1000 |
		    check $WORDS 2>seen' --tee=f \$W | vmspliceuser |
		    check $WORDS && cmp f \$W"
		one "words $WORDS | zpipe --release=drain $o --tee=p -o f & c=\$!
		    slow 1000 <p | check $WORDS && wait \$c && cmp f \$W"
	done
	all_right
}

@test "drain is wrong behind readers that splice on one of several outputs" {
	chain="splicer|splicer|splicer|splicer|splicer|splicer|slow 100"
	try 10 'zpipe --engine=ring --release=drain "$F" | cat >/dev/null'
	[ "$status" -ne 16 ] || skip "no vmsplice here: $stderr"
	for _ in 1 2 3 4 5; do
		try 20 "zpipe -B 4M --release=drain --tee=f \
		    --exec='$chain | check $WORDS 2>seen; :' \$W |
		    cat >/dev/null && cmp f \$W && cat seen"
		ended 0
		[[ $output =~ ^0\ of ]] || break
	done
	[[ $output =~ ^[1-9][0-9]*\ of\ $WORDS\ words\ wrong$ ]] ||
		fail "the hazard was never seen, so nothing shows that the" \
		    "other tests could see it" "$(outcome)"
	echo "# drain: $output" >&3
}
