#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# One input to many outputs: which there are, what each of them gets, what
# happens when one cannot be opened, fails, leaves or does not keep up, and
# what is said about it.

load ../lib/helpers
with=(--tee=keep few)	# refused

N=1050001			# words: 8 MiB and a bit
BYTES=$((N * 8))
BIG=$((6 * 1048576 + 12345))	# 48 MiB
export N BYTES BIG

setup_file()
{
	words $N >"$BATS_FILE_TMPDIR/words"
	words $BIG >"$BATS_FILE_TMPDIR/big"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words
	B=$BATS_FILE_TMPDIR/big
	export W B
	words 500 >few
	printf 'first\n' >a
	printf 'second\n' >b
	printf 'old\n' >old
	bad=() tried=0
}

modes=("" --output-error=warn --output-error=warn-nopipe \
    --output-error=exit --output-error=exit-nopipe)

# ---- which outputs there are ------------------------------------------------

@test "the help names every option of the outputs" {
	try 5 'zpipe --help'
	ended 0
	for o in "-o, --output=FILE" --tee=FILE --append=FILE --exec=COMMAND \
	    --fd=N "-X, --discard" --output-error= --lag= \
	    --ignore-interrupts; do
		[[ $output == *"$o"* ]] || fail "no $o in the help" "$output"
	done
}

@test "output writes to a file in place of stdout" {
	for o in "-o f" "-of" "--output=f" "--output f"; do
		one "zpipe $o a b >stdout && [ ! -s stdout ] &&
		    cmp f <(cat a b)"
		one "cat \$W | zpipe $o | cmp - /dev/null && cmp f \$W"
		one "zpipe $o \$W | cmp - /dev/null && cmp f \$W"
	done
	one 'zpipe -o f -o g --output=h $W | cmp - /dev/null &&
	    cmp f $W && cmp g $W && cmp h $W'
	one 'zpipe a -o f && cmp f a'
	one 'zpipe -o f a >&- && cmp f a'
	all_right
}

@test "output to - is stdout, and to ./- a file" {
	one 'zpipe -o - a | cmp - a'
	one 'zpipe -o - -o f $W | cmp - $W && cmp f $W'
	one 'zpipe -o f -o - $W | cmp - $W && cmp f $W'
	one 'zpipe --output=- a >f && cmp f a && [ ! -e - ]'
	one 'zpipe -o ./- a | cmp - /dev/null && cmp ./- a'
	all_right
}

@test "tee and append write to files as well" {
	one 'zpipe --tee=f $W | cmp - $W && cmp f $W'
	one 'zpipe --tee f --tee=g $W | cmp - $W && cmp f $W && cmp g $W'
	one 'cat $W | zpipe --tee=f --tee=g >h && cmp f $W && cmp g $W &&
	    cmp h $W'
	one 'rm -f f; zpipe --append=f $W | cmp - $W && cmp f $W'
	one 'cp old f; cp old g; cp old h
	    zpipe --append=f --append g --tee=h $W >out && cmp out $W &&
	    cat old $W | cmp - f && cmp f g && cmp h $W'
	one 'cp old f; cp old g; cat $W | zpipe --append=f -o g &&
	    cat old $W | cmp - f && cmp g $W'
	one 'cp $W f; zpipe --tee=f a -o g && cmp f a && cmp g a'
	all_right
}

@test "a line appended meanwhile by another is not lost" {
	mkfifo in
	try 5 'cp old f; exec 9<>in; zpipe --append=f --tee=g <in >out 9>&- &
	    p=$!; cat a >&9; until cmp -s out a && cmp -s g a &&
		cmp -s f <(cat old a); do sleep 0.02; done
	    echo other >>f; cat b >&9; exec 9>&-; wait $p &&
	    { cat old a; echo other; cat b; } | cmp - f'
	ended 0
	quiet
}

@test "a descriptor is an output as well" {
	one 'zpipe --fd=5 $W 5>f | cmp - $W && cmp f $W'
	one 'zpipe --fd 5 --fd=6 a 5>f 6>g | cmp - a && cmp f a && cmp g a'
	one 'cp old f; zpipe --fd=5 $W 5>>f >g && cat old $W | cmp - f &&
	    cmp g $W'
	one '{ echo begin >&5; zpipe --fd=5 $W >g; echo end >&5; } 5>f
	    { echo begin; cat $W; echo end; } | cmp - f && cmp g $W'
	one 'zpipe --fd=5 $W 5> >(check $N 2>/dev/null; echo $? >st) |
	    cmp - $W && until [ -s st ]; do sleep 0.02; done && [ $(<st) = 0 ]'
	one 'mkfifo p; check $N <p 2>seen & p=$!
	    zpipe -o f --fd=9 $W 9>p && wait $p && cmp f $W'
	one 'zpipe --fd=2 a 2>f | cmp - a && cmp f a'
	one 'cat $W | zpipe -o /dev/null --fd=12 12>f && cmp f $W'
	all_right
}

@test "discard leaves stdout alone" {
	for o in -X --discard; do
		one "zpipe $o \$W >f && [ ! -s f ]"
		one "zpipe $o \$W | cmp - /dev/null"
		one "words \$N | zpipe $o | cmp - /dev/null"
		one "zpipe $o <\$W >/dev/full"
		one "zpipe $o a >&-"
		one "zpipe $o a | sleep 0.1"
		one "cp old f; zpipe $o --tee=f --append=g \$W | cmp - /dev/null
		    cmp f \$W && cmp g \$W; rm g"
		one "zpipe $o --exec='check \$N 2>seen' --fd=5 \$W 5>f &&
		    cmp f \$W"
		one "words \$N | zpipe $o --tee=f >&- && cmp f \$W"
	done
	all_right
	refused "-" -X -o f
	refused "-" --output=f --discard
	all_right
}

@test "options and inputs may be mixed, and several inputs make one stream" {
	for o in "" --engine=ring --engine=copy -C "-B 4M --release=fresh"; do
		one "zpipe a --tee=f $o - --exec='cat >g' \$W --append=h few a \
		    <b >out && cat a b \$W few a | cmp - out &&
		    cmp f out && cmp g out && cmp h out; rm h"
		one "cat \$W | zpipe $o few - a --tee=f --exec='cat >g' | cat \
		    >out; cat few \$W a | cmp - out && cmp f out && cmp g out"
		# Into pipes only, one input may have another engine.
		one "cat \$W | zpipe $o \$W - few \$W \
			--exec='sleep 0.1; cat >g' | cat >out
		    cat \$W \$W few \$W | cmp - out && cmp g out"
	done
	all_right
}

@test "no bytes in are no bytes out" {
	for o in "" --engine=ring --engine=copy -C; do
		one "cp old f; cp old g
		    : | zpipe $o --tee=f --append=g --exec='cat >h' --fd=5 5>i |
		    cmp - /dev/null && [ ! -s f ] && cmp g old && [ ! -s h ]"
		one "cp old f; zpipe $o --tee=f --tee=/dev/full </dev/null"
	done
	all_right
}

@test "a new file has the rights that the umask leaves" {
	try 5 'umask 027; zpipe -o f --tee=g --append=h --exec="umask >i" a
	    stat -c %a f g h'
	ended 0
	[ "$output" = $'640\n640\n640' ] || fail "$(outcome)"
	grep -q '^0*27$' i || fail "$(cat i)"
}

@test "thirteen files get the same as stdout does" {
	files=
	for n in {1..13}; do
		files+=" --tee=f$n"
		[[ $n =~ ^(2|5|9|13)$ ]] || continue
		one "rm -f f*; zpipe \$W $files | cmp - \$W || exit
		    for f in f*; do cmp \$f \$W || exit; done"
	done
	one "cat \$W | zpipe $files >out; for f in f* out; do
		cmp \$f \$W || exit; done"
	all_right
}

@test "sixty-four outputs of all kinds are fine" {
	try 20 'args=() pids=() want=$(md5sum <$W)
	    for n in {1..21}; do
		mkfifo p$n; check $N <p$n 2>p$n.seen & pids+=($!)
		args+=(--tee=f$n --tee=p$n --exec="check $N 2>e$n.seen")
	    done
	    cat $W | zpipe "${args[@]}" | md5sum | grep -q "$want" || exit
	    wait "${pids[@]}" || exit
	    for n in {1..21}; do cmp f$n $W || exit; done
	    cat *.seen | grep -c "^0 of $N words wrong$"'
	ended 0
	quiet
	[ "$output" = 42 ] || fail "$(outcome)"
}

@test "files, pipes, sockets, terminals and commands get the same in one run" {
	words 20000 >some
	for o in "" --engine=ring --engine=copy -C "-B 4M --release=fresh" \
	    "-B 4M --release=fence" --output-error=warn --lag=wait; do
		for in in some "<some" "-"; do
			one "rm -f f g; mkfifo -m 600 p 2>/dev/null
			    cat p >got & p=\$!
			    { cat some; true; } | lend unix:5:u tcp:6:t pty:7:y -- bash \
				-c \"zpipe $o --tee=f --append=g --tee=p \
				--fd=5 --fd=6 --fd=7 --fd=8 --tee=/dev/null \
				--exec='cat >h' $in 8>i | cmp - some\" &&
			    wait \$p || exit
			    for f in f g h i got u t y; do
				cmp \$f some || exit
			    done"
		done
	done
	all_right
}

@test "stdout may be a socket or a terminal among the others" {
	words 20000 >some
	for k in unix tcp pty; do
		one "lend $k:1:u -- zpipe some --tee=f --exec='cat >g' &&
		    cmp u some && cmp f some && cmp g some"
		one "words \$N | lend $k:1:u -- zpipe --tee=f && cmp u \$W &&
		    cmp f \$W"
	done
	all_right
}

@test "every engine and release method that can sends the same to all" {
	for o in "" "-B 4M --release=auto" "-B 4M --release=fence" \
	    "-B 4M --release=fresh" "--engine=ring" \
	    "--engine=ring --chunk-size=4097" "--engine=copy" \
	    "--engine=copy --pipe-size=0" "-C"; do
		run="--tee=f --exec='splicer | check \$N 2>seen' --tee=p --fd=5"
		for in in '\$W' '<\$W' ''; do
			one "mkfifo p 2>/dev/null
			    splicer <p | check \$N 2>/dev/null & p=\$!
			    { cat \$W; true; } | eval \"zpipe $o $run $in\" 5>g |
			    cmp - \$W && wait \$p && cmp f \$W && cmp g \$W"
		done
	done
	all_right
}

@test "mmap and range, which serve one output, are refused for several" {
	for e in mmap range; do
		for in in few '<few'; do
			ends 1 "^zpipe: --engine=$e: .*:" \
			    "cp old f; zpipe --engine=$e --tee=f $in >g
			    r=\$?; cmp f old && [ ! -s g ] && exit \$r"
			ends 1 "^zpipe: --engine=$e: .*:" \
			    "cp old f; zpipe --engine=$e --tee=f $in |
			    cmp - /dev/null; r=\${PIPESTATUS[*]}
			    cmp f old && [ \"\$r\" = '1 0' ] && exit 1"
		done
	done
	all_right
}

@test "splice, which serves several outputs if they are pipes, is refused" {
	for in in few '<few' ''; do
		ends 1 "^zpipe: --engine=splice: .*:" \
		    "cp old f; cat few | {
		    zpipe --engine=splice --tee=f $in >g; r=\$?
		    cat >/dev/null; cmp f old && [ ! -s g ] && exit \$r; }"
	done
	all_right
}

@test "what a file stood at goes on from there" {
	for o in "" --engine=ring --engine=copy -C; do
		one "{ printf abc; zpipe $o --tee=f \$W; printf def; } >out
		    { printf abc; cat \$W; printf def; } | cmp - out &&
		    cmp f \$W"
		one "{ dd bs=1 skip=100001 count=0 status=none
		    zpipe $o --tee=f; cat; } <\$W | cat >out
		    tail -c +100002 \$W >rest; cmp out rest && cmp f rest"
	done
	all_right
}

# ---- FIFOs ------------------------------------------------------------------

@test "a FIFO that has no reader yet does not stop the others" {
	mkfifo in p
	limit=6
	for o in "" --engine=ring --engine=copy; do
		# From a stream, and the reader comes in the midst of it.
		one "exec 9<>in; zpipe $o --tee=p --tee=f <in >out 9>&- & p=\$!
		    cat few >&9
		    until cmp -s out few && cmp -s f few; do sleep 0.02; done
		    cat p >got 9>&- & q=\$!
		    until cmp -s got few; do sleep 0.02; done
		    cat a >&9; exec 9>&-; wait \$p && wait \$q &&
		    cat few a | cmp - got && cmp got out && cmp f out"
		# The input has ended before.
		one "{ zpipe $o --tee=p few; echo \$? >left; } >out & p=\$!
		    until cmp -s out few; do sleep 0.02; done
		    cmp p few && wait \$p && [ \$(<left) = 0 ]"
		# More than anything can hold.
		one "zpipe $o --tee=p \$B | check \$BIG 2>seen & p=\$!
		    stalls; check \$BIG <p 2>seen2 && wait \$p"
		# One input after the other, and no two need the same engine.
		one "{ stalls; cat p >got; } & q=\$!
		    cat \$W | zpipe $o few - \$W a --tee=p -o f && wait \$q &&
		    cat few \$W \$W a | cmp - f && cmp got f"
	done
	all_right
}

@test "a FIFO that one opened for both directions is an output" {
	mkfifo p
	one 'exec 9<>p; zpipe --tee=p few >out && cmp out few &&
	    head -c 4000 <&9 | cmp - few'
	one 'exec 9<>p; zpipe --fd=9 few >out && cmp out few &&
	    head -c 4000 <&9 | cmp - few'
	all_right
}

@test "a process substitution is an output" {
	one 'zpipe --tee=>(check $N 2>/dev/null; echo $? >st) \
	    --tee=>(splicer | check $N 2>/dev/null; echo $? >st2) $W |
	    cmp - $W; until [ -s st -a -s st2 ]; do sleep 0.02; done
	    [ "$(<st) $(<st2)" = "0 0" ]'
	one 'words $N | zpipe -o >(check $N 2>/dev/null; echo $? >st3)
	    until [ -s st3 ]; do sleep 0.02; done; [ $(<st3) = 0 ]'
	all_right
}

@test "a byte goes through to all at once while the input stays open" {
	mkfifo in p
	limit=10
	for o in "" --engine=ring --engine=copy -C; do
		one "zpipe $o --tee=p --exec='cat >g' --tee=f <in | cat >out &
		    exec 8>in; for i in {1..10}; do
			printf 'x%s\n' \$i >&8
			[ \$i != 1 ] || exec 9<p
			read -t 10 -u 9 got || exit 3
			[ \$got = x\$i ] || exit 4
			for f in f g out; do
			    wait_until \"[ \\\$(wc -l <\$f) = \$i ]\" || exit 5
			done
		    done"
	done
	all_right
}

# ---- commands ---------------------------------------------------------------

@test "a command gets all bytes on its stdin, as a shell runs it" {
	one 'zpipe --exec="cat >f" --exec="tr -d 0-9 | wc -c >\"a file\"" $W |
	    cmp - $W && cmp f $W && [ $(<"a file") -gt 0 ]'
	one 'export V="x  y"; zpipe -X --exec='\''cat >/dev/null
	    printf "%s" "$V" >f; pwd >g'\'' a; [ "$(<f)" = "x  y" ] &&
	    cmp g <(pwd)'
	one 'zpipe -X --exec=cat a | cmp - a'
	one 'zpipe -X --exec="cat >f" --exec="cat >g" --exec="cat >f2" - <$W &&
	    cmp f $W && cmp g $W && cmp f2 $W'
	one 'zpipe --exec=":" a | cmp - a'
	one 'zpipe --exec="true" --exec="true" a | cmp - a'
	all_right
}

@test "sixty megabytes go through a command unharmed" {
	n=$((60 * 131072))
	one "words $n | zpipe -X --exec='splicer | check $n 2>seen'"
	one "words $n >big; zpipe --exec='check $n 2>seen' big | check $n 2>s2"
	all_right
}

@test "zpipe waits for all commands" {
	one 'zpipe --exec="cat >/dev/null; sleep 0.3; : >f" \
	    --exec="cat >/dev/null; sleep 0.2; : >g" a | cmp - a &&
	    [ -e f -a -e g ]'
	one 'zpipe -X --exec="exec <&-; sleep 0.3; : >h" a && [ -e h ]'
	all_right
}

@test "a command that fails is one line with its status, and status 16" {
	for in in few '$W'; do
		ends 16 '^zpipe: --exec=cat >f; exit 3: exit status 3$' \
		    "zpipe --exec='cat >f; exit 3' $in | cmp - $in &&
		    cmp f $in; exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: --exec=exit 77: exit status 77$' \
		    "zpipe --exec='exit 77' $in | cmp - $in
		    exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: --exec=false: exit status 1$' \
		    "zpipe --tee=f --exec=false --exec='cat >g' $in >out
		    r=\$?; cmp f $in && cmp g $in && cmp out $in; exit \$r"
		ends 16 '^zpipe: --exec=false: exit status 1$' \
		    "zpipe -X --exec=false $in"
	done
	try 5 'zpipe -X --exec="exit 1" --exec="cat >/dev/null; exit 2" $W'
	ended 16
	[ "$(sort <<<"$stderr")" = "zpipe: --exec=cat >/dev/null; exit 2: exit\
 status 2"$'\n'"zpipe: --exec=exit 1: exit status 1" ] || fail "$(outcome)"
	try 5 'zpipe --exec=no-such-command few | cmp - few
	    exit ${PIPESTATUS[0]}'
	ended 16
	[[ $stderr == *"zpipe: --exec=no-such-command: exit status 127" ]] ||
		fail "$(outcome)"
	all_right
}

@test "a command that a signal kills is one line with its name" {
	for in in few '$W'; do
		ends 16 '^zpipe: --exec=kill -9 .*: killed by signal 9 \(Killed\)$' \
		    "zpipe --tee=f --exec='kill -9 \$\$' $in >out; r=\$?
		    cmp f $in && cmp out $in; exit \$r"
		ends 16 ': killed by signal 15 \(Terminated\)$' \
		    "zpipe --exec='cat >/dev/null; kill -15 \$\$' $in >out
		    r=\$?; cmp out $in; exit \$r"
	done
	all_right
}

@test "a command that stops reading early is no error, and the rest goes on" {
	for c in "head -c 1000 >head" "leave 100000 >head" true \
	    "exec <&-; sleep 0.1"; do
		one "zpipe --exec='$c' --tee=f \$W | cmp - \$W && cmp f \$W"
		one "words \$N | zpipe --exec='$c' -o f && cmp f \$W"
		one "zpipe --exec='cat >g' -X --exec='$c' \$W && cmp g \$W"
		one "trap '' PIPE; zpipe --exec='$c' \$W | cmp - \$W"
	done
	one 'zpipe -X --exec="leave 1000000 >head" $W &&
	    cmp head <(head -c 1000000 $W)'
	all_right
}

@test "a command inherits none of the other outputs, and no input" {
	mkfifo p in
	# A pipe ends for its reader although a command still runs.
	one 'check $N <p 2>seen && : >eof & exec 9<>in
	    zpipe --tee=p --exec="cat >/dev/null
		until [ -e eof ]; do sleep 0.02; done" $W >/dev/null'
	one 'rm -f eof; { cat >/dev/null; : >eof; } <p &
	    zpipe -X --fd=5 --exec="cat >/dev/null; : >taken
		until [ -e closed ]; do sleep 0.02; done" $W 5>p & p=$!
	    wait_until "[ -e taken ]"; : >closed; wait $p && until [ -e eof ]; do
		sleep 0.02; done'
	# One command ends after the other, in both orders.
	one "zpipe -X --exec='cat >/dev/null; : >x1' --exec='cat >/dev/null
	    until [ -e x1 ]; do sleep 0.02; done' few"
	one "zpipe -X --exec='cat >/dev/null
	    until [ -e x2 ]; do sleep 0.02; done
	    ' --exec='cat >/dev/null; : >x2' few"
	# What is open in it is what is open in any command here.
	look='cat >/dev/null; ls /proc/self/fd'
	one "sh -c '$look >fds' <few; cat p >/dev/null & cat \$W >in &
	    zpipe --tee=p --fd=5 --tee=f -X --exec='$look >fds2' --append=g \
		--exec='$look >fds3' in a 5>h
	    diff fds fds2 >&2 && diff fds fds3 >&2"
	all_right
}

@test "a command's signals are as they were for zpipe" {
	# The C library has two signals of its own, 32 and 33.
	look='cat >/dev/null
	    sed -n "s/^Sig\(Blk\|Ign\):.*\(.......\)$/\1 \2/p" \
	    /proc/self/status'
	limited 5 "sh -c '$look' <few" >want
	[ -s want ]
	for o in "" --output-error=warn --output-error=exit-nopipe \
	    "--lag=drop"; do
		tried=$((tried + 1))
		try 5 "zpipe $o -X --exec='$look' few"
		[ "$status,$output" = "0,$(cat want)" ] ||
			note "$o: $(outcome), not $(cat want)"
	done
	one 'zpipe --output-error=warn -X --exec="cat >/dev/null; yes | head \
	    -n 1" a | grep -qx y'
	all_right
}

@test "no command is left behind, and none is a zombie" {
	need ps
	try 5 'zpipe --tee=f --exec="cat >g" --exec="head -c 1 >h" $W | cmp - $W
	    ps -o pid=,stat=,args= --ppid $$ | grep -v "ps -o\|grep" && exit 9
	    exit 0'
	ended 0
	quiet
}

# ---- opening ----------------------------------------------------------------

@test "an output that cannot be opened is one line, and the others go on" {
	mkdir dir
	for m in "" --output-error=warn --output-error=warn-nopipe; do
		for in in few '$W'; do
			ends 2 '^zpipe: dir: Is a directory$' \
			    "zpipe $m --tee=dir --tee=f $in | cmp - $in
			    r=\${PIPESTATUS[*]}; cmp f $in && [ \"\$r\" = \
			    '2 0' ] && exit 2"
			ends 2 '^zpipe: no/f: No such file or directory$' \
			    "zpipe $m --append=no/f -o f $in; r=\$?
			    cmp f $in && exit \$r"
			ends 2 '^zpipe: a/f: Not a directory$' \
			    "cat $in | zpipe $m -o a/f --exec='cat >f'; r=\$?
			    cmp f $in && exit \$r"
		done
	done
	try 5 'rm f; zpipe -o dir --tee=no/f --append=f few a; r=$?
	    cat few a | cmp - f && exit $r'
	ended 2
	lines_are "zpipe: dir: Is a directory" \
	    "zpipe: no/f: No such file or directory"
	all_right
}

@test "an output that cannot be opened stops exit and exit-nopipe" {
	mkdir dir
	for m in --output-error=exit --output-error=exit-nopipe; do
		ends 2 '^zpipe: dir: Is a directory$' \
		    "cp old f; zpipe $m --tee=f --tee=dir --append=g few |
		    cmp - /dev/null; r=\${PIPESTATUS[*]}
		    cmp f old && [ ! -s g ] && [ \"\$r\" = '2 0' ] && exit 2"
		ends 2 '^zpipe: no/f: No such file or directory$' \
		    "cat few | { zpipe $m --tee=no/f >g; r=\$?
		    cmp - few && [ ! -s g ] && exit \$r; }"
	done
	all_right
}

@test "where no output can be opened it ends at once" {
	mkdir dir
	mkfifo in
	for m in "${modes[@]}"; do
		ends 2 '^zpipe: dir: Is a directory$' "zpipe $m -o dir few"
		ends 2 '^zpipe: dir: Is a directory$' \
		    "exec 9<>in; zpipe $m -X --tee=dir <in"
		ends 2 '^zpipe: no/f: No such file or directory$' \
		    "exec 9<>in; zpipe $m --output=no/f in"
	done
	all_right
}

@test "a socket in the file system is no FIFO without a reader" {
	need socat
	try 5 'socat UNIX-LISTEN:s - & until [ -S s ]; do sleep 0.02; done
	    zpipe --tee=s -o f few; r=$?; kill %1; cmp f few && exit $r'
	ended 2
	one_line '^zpipe: s: No such device or address$'
}

@test "an unwritable file is one line, and the others go on" {
	run=$(as_nobody)
	[ -z "$run" ] || need setpriv
	chmod 777 .
	mkdir bin
	cp "$ZPIPE" bin/zpipe
	echo secret >secret
	chmod 444 secret
	if ! $run bin/zpipe --version >/dev/null; then
		skip "zpipe cannot be run without root's rights here"
	fi
	try 5 "$run bin/zpipe --tee=secret --append=secret -o f few; r=\$?
	    cmp f few && exit \$r"
	ended 2
	lines_are "zpipe: secret: Permission denied" \
	    "zpipe: secret: Permission denied"
	[ "$(cat secret)" = secret ]
}

@test "a limit of descriptors is one clear line before the first byte" {
	many="" commands=""
	for i in {1..30}; do
		cp old f$i
		many+=" --tee=f$i"
		commands+=" --exec='cat >e$i'"
	done
	for m in "${modes[@]}"; do
		ends 2 '^zpipe: f[0-9]+: Too many open files$' \
		    "ulimit -n 16; cat few | { zpipe $m $many | cmp - /dev/null
		    r=\${PIPESTATUS[*]}; cmp - few && [ \"\$r\" = '2 0' ] &&
		    exit 2; }"
		for i in {1..30}; do
			cmp -s f$i old || note "$m: f$i was written"
		done
		ends 2 '^zpipe: .*: Too many open files$' \
		    "ulimit -n 16; zpipe $m --tee=f1 $commands few |
		    cmp - /dev/null; r=\${PIPESTATUS[*]}; cmp f1 old &&
		    [ \"\$r\" = '2 0' ] && ! cat e* 2>&1 | grep -q first &&
		    exit 2"
	done
	all_right
}

# ---- the same thing twice ---------------------------------------------------

@test "two outputs that are one file are refused, and it is not touched" {
	cp old f
	ln f hard
	ln -s f soft
	same='^zpipe: .*: the same output as .*'
	for o in "--tee=f --tee=f" "-o f -o f" "-o f --tee=f" \
	    "--append=f --append=f" "--tee=f --append=f" \
	    "--tee=f --tee=./f" "-X --tee=f --append=hard" \
	    "--tee=hard --tee=f" "--append=f --tee=soft" "-o soft -o hard" \
	    "--fd=5 --tee=f 5>>f" "--fd=5 --fd=6 5>>f 6>>f" \
	    "--fd=5 --fd=5 5>>f" "--exec='cat >g' --append=f --tee=f"; do
		ends 1 "$same" "cp old other; zpipe few --tee=other $o |
		    cmp - /dev/null; r=\${PIPESTATUS[*]}
		    cmp f old && cmp other old && [ \"\$r\" = '1 0' ] && exit 1"
	done
	for o in "--tee=f" "--append=f" "--append=hard" "--tee=soft" \
	    "--fd=1" "--fd=5 5>>f" "-o - -o f" "--tee=/dev/stdout" \
	    "--append=/dev/fd/1"; do
		ends 1 "$same" "zpipe few $o >>f; r=\$?; cmp f old && exit \$r"
	done
	ends 1 '^zpipe: .*f.*: the same output as .*' \
	    'zpipe --tee=f few >f; r=$?; [ ! -s f ] && exit $r'
	ends 1 '^zpipe: .*new: the same output as .*new$' \
	    'zpipe --tee=new --tee=./new few; r=$?; [ ! -s new ] && exit $r'
	all_right
}

@test "two outputs that are one pipe or socket are refused" {
	mkfifo p
	same='^zpipe: .*: the same output as .*'
	for o in --tee=/dev/stdout --tee=/dev/fd/1 --append=/proc/self/fd/1 \
	    --fd=1 "--fd=5 5>&1" "-o - -o -" "-o - -o /dev/stdout" \
	    "--fd=5 --fd=6 5>&1 6>&1"; do
		ends 1 "$same" "zpipe few $o | cmp - /dev/null
		    [ \"\${PIPESTATUS[*]}\" = '1 0' ] && exit 1"
	done
	for o in "--tee=p --tee=p" "-o p --append=./p" \
	    "--fd=9 --tee=p" "--fd=9 --fd=8 8>&9"; do
		ends 1 "$same" "exec 9<>p; zpipe few $o >out; r=\$?
		    [ ! -s out ] && exit \$r"
	done
	# Nor without a reader, of which nothing is open yet.
	ends 1 "$same" "zpipe few --tee=p --tee=p >out; r=\$?
	    [ ! -s out ] && exit \$r"
	ends 1 "$same" "lend unix:5:u -- bash -c \
	    'exec zpipe few --fd=5 --fd=6 6>&5' >out; r=\$?
	    [ ! -s out ] && [ ! -s u ] && exit \$r"
	ends 1 "$same" "lend tcp:1:u -- zpipe few --fd=1; r=\$?
	    [ ! -s u ] && exit \$r"
	all_right
}

@test "two commands of the same words are two outputs" {
	one 'zpipe -X --exec="cat >>f" --exec="cat >>f" a &&
	    cmp f <(cat a a)'
	all_right
}

@test "one /dev/null and one terminal may be given twice" {
	one 'zpipe --tee=/dev/null --tee=/dev/null -o f $W && cmp f $W'
	one 'zpipe --tee=/dev/null --append=/dev/null $W >/dev/null'
	one 'words $N | zpipe -o /dev/null -o /dev/null --fd=5 5>/dev/null'
	one 'lend pty:5:y -- bash -c "zpipe --fd=5 --fd=6 a 6>&5 | cmp - a" &&
	    cmp y <(cat a a)'
	one 'lend pty:1:y -- zpipe --tee=/dev/stdout a && cmp y <(cat a a)'
	all_right
}

# ---- input is output --------------------------------------------------------

@test "an input that is an output is refused before anything moves" {
	for o in "-o f" --tee=f --append=f --tee=hard --append=soft \
	    "-X --tee=other --tee=./f" "--exec='cat >g' --append=f"; do
		for in in f hard "b f b" soft "- f"; do
			rm -f hard soft
			cp a f
			ln f hard
			ln -s f soft
			cp old other
			ends 4 "^zpipe: ${in//[b -]/}: input file is output" \
			    "zpipe $o $in | cat >out
			    r=\${PIPESTATUS[*]}; cmp f a && cmp other old &&
			    [ ! -s out ] &&
			    [ \"\$r\" = '4 0' ] && exit 4"
		done
		cp old other
		ends 4 '^zpipe: stdin: input file is output file$' \
		    "zpipe $o <f >out; r=\$?; cmp f a && cmp other old &&
		    [ ! -s out ] && exit \$r"
	done
	ends 4 '^zpipe: f: input file is output file$' \
	    "cp a f; zpipe f -o f; r=\$?; cmp f a && exit \$r"
	mkfifo p
	ends 4 '^zpipe: p: input file is output file$' \
	    "exec 9<>p; zpipe p --tee=p >out; r=\$?; [ ! -s out ] && exit \$r"
	all_right
}

@test "an input that is where stdout was sent is left out, as by cat" {
	ends 4 '^zpipe: f: input file is output file$' \
	    'cp a f; zpipe f b --tee=g >>f; r=$?; cat a b | cmp - f &&
	    cmp g b && exit $r'
	all_right
}

@test "/dev/null may be input and output" {
	one 'zpipe /dev/null --tee=/dev/null -o f </dev/null && [ ! -s f ]'
	one 'zpipe - a --tee=/dev/null </dev/null | cmp - a'
	all_right
}

# ---- errors of outputs ------------------------------------------------------

full="No space left on device"

@test "a full device among three is one line, and the mode decides the rest" {
	for in in few '$W'; do
		for m in "" --output-error=warn --output-error=warn-nopipe; do
			ends 16 "^zpipe: /dev/full: $full\$" \
			    "zpipe $m --tee=f --tee=/dev/full --exec='cat >g' \
			    $in >out; r=\$?; cmp f $in && cmp g $in &&
			    cmp out $in && exit \$r"
			ends 16 "^zpipe: stdout: $full\$" \
			    "rm -f g; cat $in |
			    zpipe $m --tee=f --append=g >/dev/full
			    r=\$?; cmp f $in && cmp g $in && exit \$r"
			ends 16 "^zpipe: --fd=5: $full\$" \
			    "zpipe $m --fd=5 $in 5>/dev/full | cmp - $in
			    exit \${PIPESTATUS[0]}"
		done
		for m in --output-error=exit --output-error=exit-nopipe; do
			ends 16 "^zpipe: /dev/full: $full\$" \
			    "zpipe $m --tee=f --tee=/dev/full --exec='cat >g' \
			    $in | cat >/dev/null; exit \${PIPESTATUS[0]}"
			ends 16 "^zpipe: stdout: $full\$" \
			    "cat $in | zpipe $m --tee=f --append=g >/dev/full"
		done
	done
	for m in --output-error=exit --output-error=exit-nopipe; do
		# It ends although the input goes on for ever.
		ends 16 "^zpipe: /dev/full: $full\$" \
		    "zpipe $m --tee=/dev/full /dev/zero >/dev/null"
	done
	all_right
}

@test "several outputs that fail are a line each" {
	for m in "" --output-error=warn --output-error=warn-nopipe; do
		try 5 "zpipe $m --tee=/dev/full --fd=5 --exec='exit 3' \
		    -o f --tee=/dev/null few few 5>/dev/full; r=\$?
		    cat few few | cmp - f && exit \$r"
		ended 16
		[ "$(sort <<<"$stderr" | grep -v 'Broken pipe')" = \
		    "$(printf '%s\n' "zpipe: --exec=exit 3: exit status 3" \
		    "zpipe: --fd=5: $full" "zpipe: /dev/full: $full" |
			if [[ $stderr == *Broken* ]]; then
			    grep -v exec; else cat; fi)" ] &&
		    [ "$(wc -l <<<"$stderr")" -eq 3 ] ||
			fail "$m: $(outcome)"
	done
}

@test "when all outputs have failed it ends at once" {
	limit=3
	for m in "${modes[@]}"; do
		ends 16 "^zpipe: /dev/full: $full\$" \
		    "zpipe $m -o /dev/full /dev/zero"
		ends 16 "^zpipe: stdout: $full\$" \
		    "yes | zpipe $m >/dev/full; exit \${PIPESTATUS[1]}"
	done
	for m in "" --output-error=warn --output-error=warn-nopipe; do
		try 5 "yes | zpipe $m -o /dev/full --fd=5 5>/dev/full
		    exit \${PIPESTATUS[1]}"
		ended 16
		[ "$(sort <<<"$stderr")" = "zpipe: --fd=5: $full
zpipe: /dev/full: $full" ] || fail "$m: $(outcome)"
	done
	all_right
}

@test "a file that may not grow further is one line, and the others go on" {
	for o in "" --engine=ring --engine=copy -C; do
		ends 16 '^zpipe: f: File too large after 2048000 bytes$' \
		    "trap '' XFSZ; ulimit -f 2000
		    zpipe $o --tee=f \$W | cmp - \$W; r=\${PIPESTATUS[*]}
		    cmp -n 2048000 f \$W && [ \$(stat -c %s f) = 2048000 ] &&
		    [ \"\$r\" = '16 0' ] && exit 16"
	done
	all_right
}

@test "a disk that gets full is one line, and the others go on" {
	mkdir disk
	mount -t tmpfs -o size=2M none disk 2>/dev/null ||
		skip "nothing can be mounted here"
	for o in "" --engine=copy; do
		ends 16 "^zpipe: disk/f: $full after [0-9]+ bytes\$" \
		    "rm -f disk/f; zpipe $o --tee=disk/f --exec='cat >g' \$W |
		    cmp - \$W; r=\${PIPESTATUS[*]}; cmp g \$W &&
		    cmp -n \$(stat -c %s disk/f) disk/f \$W &&
		    [ \$(stat -c %s disk/f) -ge 1000000 ] &&
		    [ \"\$r\" = '16 0' ] && exit 16"
	done
	umount disk
	all_right
}

@test "a reader that leaves kills it by SIGPIPE unless told otherwise" {
	mkfifo p
	for in in '$W' '<$W' '<(words $N)'; do
		ends 141 '' "zpipe --tee=f $in | true; exit \${PIPESTATUS[0]}"
		ends 141 '' "zpipe --tee=f $in | leave 1000 >/dev/null
		    exit \${PIPESTATUS[0]}"
		ends 141 '' "leave 100000 <p >/dev/null & zpipe --tee=p $in >f"
		ends 141 '' "zpipe -o f --fd=5 $in 5> >(leave 1000 >/dev/null)"
	done
	all_right
}

@test "where SIGPIPE is ignored, a reader that leaves is one line" {
	mkfifo p
	for in in '$W' '<$W'; do
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "trap '' PIPE; zpipe --tee=f $in | true; r=\${PIPESTATUS[0]}
		    cmp f \$W && exit \$r"
		ends 16 '^zpipe: p: Broken pipe$' \
		    "trap '' PIPE; leave 100000 <p >/dev/null &
		    zpipe --tee=p $in | cmp - \$W; exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: --fd=5: Broken pipe$' \
		    "trap '' PIPE; zpipe --fd=5 -o f $in 5> >(true); r=\$?
		    cmp f \$W && exit \$r"
	done
	all_right
}

@test "warn says that a reader has left, and the others go on" {
	mkfifo p
	m=--output-error=warn
	for o in "" --engine=ring --engine=copy; do
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "zpipe $m $o --tee=f \$W | leave 100000 >head
		    r=\${PIPESTATUS[0]}; cmp f \$W &&
		    cmp head <(head -c 100000 \$W) && exit \$r"
		ends 16 '^zpipe: p: Broken pipe$' \
		    "leave 100000 <p >head & zpipe $m $o --tee=p \$W |
		    cmp - \$W; exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: --fd=5: Broken pipe$' \
		    "zpipe $m $o --fd=5 -o f \$W 5> >(true); r=\$?
		    cmp f \$W && exit \$r"
		ends 16 '^zpipe: --exec=leave 1000 >head: Broken pipe$' \
		    "zpipe $m $o --exec='leave 1000 >head' -o f \$W; r=\$?
		    cmp f \$W && exit \$r"
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "zpipe $m $o \$W | true; exit \${PIPESTATUS[0]}"
	done
	all_right
}

@test "warn-nopipe is silent about readers that have left" {
	mkfifo p
	m=--output-error=warn-nopipe
	for o in "" --engine=ring --engine=copy; do
		one "zpipe $m $o --tee=f \$W | leave 100000 >head
		    [ \"\${PIPESTATUS[*]}\" = '0 0' ] && cmp f \$W"
		one "leave 100000 <p >head & zpipe $m $o --tee=p \$W |
		    cmp - \$W && wait \$! && cmp head <(head -c 100000 \$W)"
		one "zpipe $m $o --fd=5 --exec=true -o f \$W 5> >(true) &&
		    cmp f \$W"
		one "zpipe $m $o /dev/zero | leave 100000 >/dev/null"
		one "zpipe $m $o --exec='head -c 1000 >/dev/null' /dev/zero |
		    leave 100000 >/dev/null"
	done
	all_right
}

@test "exit ends at the first reader that leaves" {
	mkfifo p
	m=--output-error=exit
	for o in "" --engine=ring --engine=copy; do
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "zpipe $m $o --tee=/dev/null /dev/zero |
		    leave 100000 >/dev/null; exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: p: Broken pipe$' \
		    "leave 100000 <p >head &
		    zpipe $m $o --tee=p /dev/zero >/dev/null"
		ends 16 '^zpipe: --exec=head -c 9 >f: Broken pipe$' \
		    "zpipe $m $o --exec='head -c 9 >f' /dev/zero >/dev/null"
	done
	all_right
}

@test "exit-nopipe goes on when readers leave" {
	mkfifo p
	m=--output-error=exit-nopipe
	for o in "" --engine=ring --engine=copy; do
		one "zpipe $m $o --tee=f \$W | leave 100000 >head
		    [ \"\${PIPESTATUS[*]}\" = '0 0' ] && cmp f \$W"
		one "leave 100000 <p >head & zpipe $m $o --tee=p \$W |
		    cmp - \$W && wait \$!"
		one "zpipe $m $o --exec='head -c 9 >f' \$W | cmp - \$W"
		one "zpipe $m $o /dev/zero | leave 100000 >/dev/null"
	done
	all_right
}

@test "readers of a stream's pipes leave one by one, and hold up nobody" {
	mkfifo p
	gone="never 0.1"
	for o in "" --engine=ring "--engine=splice --pipe-size=0"; do
		for m in warn-nopipe exit-nopipe; do
			[ "$o$m" != --engine=ringexit-nopipe ] || continue
			one "words \$N | zpipe --output-error=$m $o \
			    --exec='$gone' --exec='leave 3000000 >head' |
			    check \$N 2>seen && cmp head <(head -c 3000000 \$W)"
			one "leave 5000000 <p >head &
			    words \$N | zpipe --output-error=$m $o --fd=9 \
				--exec='$gone' --exec='slow 500 |
				check \$N 2>seen' 9>p | leave 1000000 >/dev/null
			    [ \"\${PIPESTATUS[*]}\" = '0 0 0' ] && wait \$! &&
			    grep -q '^0 of .* wrong$' seen &&
			    cmp head <(head -c 5000000 \$W)"
			one "yes | zpipe --output-error=$m $o --exec='$gone' \
			    --exec='never 0.05' | leave 3000000 >/dev/null
			    [ \"\${PIPESTATUS[*]}\" = '141 0 0' ]"
		done
		one "words \$N | zpipe $o --exec='$gone' | check \$N 2>seen"
		ends 16 '^zpipe: --exec=never 0.1: Broken pipe$' \
		    "words \$N | zpipe --output-error=warn $o --exec='$gone' |
		    check \$N 2>seen"
		ends 141 '' "yes | zpipe $o --exec='cat >/dev/null' |
		    leave 3000000 >/dev/null; exit \${PIPESTATUS[1]}"
	done
	all_right
}

# An input that stays open and gives nothing: descriptor 9 holds it open.
idle='exec 9<>in;'

@test "the last reader to leave ends it, also while the input is idle" {
	mkfifo in p
	limit=4
	pipe='^zpipe: stdout: Broken pipe$'
	for first in "" "cat few >&9;"; do
		pre="$idle $first"
		leave="leave 0"
		[ -z "$first" ] || leave="leave 100 >/dev/null"
		ends 141 '' "$pre zpipe --tee=f <in | $leave
		    exit \${PIPESTATUS[0]}"
		ends 16 "$pipe" "$pre zpipe --output-error=exit --tee=f <in |
		    $leave; exit \${PIPESTATUS[0]}"
		for m in warn exit; do
			ends 16 "$pipe" "$pre zpipe --output-error=$m <in |
			    $leave; exit \${PIPESTATUS[0]}"
		done
		for m in warn-nopipe exit-nopipe; do
			ends 0 '' "$pre zpipe --output-error=$m <in | $leave"
			ends 0 '' "$pre leave 0 <p &
			    zpipe --output-error=$m --tee=p <in | $leave"
			ends 0 '' "$pre zpipe --output-error=$m --exec=true \
			    --exec='sleep 0.1' in | $leave"
		done
		# Commands that have gone are no error.
		ends 0 '' "$pre zpipe -X --exec=true in"
		ends 0 '' "$pre zpipe -X --exec=true --exec='sleep 0.1' <in"
		ends 16 '^zpipe: --exec=exit 3: exit status 3$' \
		    "$pre zpipe -X --exec='exit 3' --exec=true in"
		ends 141 '' "$pre zpipe --exec=true <in | $leave
		    exit \${PIPESTATUS[0]}"
	done
	try 5 "$idle leave 0 <p & zpipe --output-error=warn --tee=p <in |
	    leave 0; exit \${PIPESTATUS[0]}"
	ended 16
	[ "$(sort <<<"$stderr")" = "zpipe: p: Broken pipe
zpipe: stdout: Broken pipe" ] || fail "$(outcome)"
	try 5 "trap '' PIPE; $idle leave 0 <p & zpipe --tee=p <in | leave 0
	    exit \${PIPESTATUS[0]}"
	ended 16
	[ "$(sort <<<"$stderr")" = "zpipe: p: Broken pipe
zpipe: stdout: Broken pipe" ] || fail "$(outcome)"
	all_right
}

@test "a reader that leaves while the input is idle is told of at once" {
	mkfifo in
	for m in warn warn-nopipe exit-nopipe; do
		tried=$((tried + 1))
		rm -f left head
		try 5 "$idle { zpipe --output-error=$m --tee=f <in 2>err
		    echo \$? >left; } 9>&- | leave 4000 >head 9>&- &
		    cat few >&9
		    until cmp -s head few && [ $m != warn -o -s err ]; do
			sleep 0.02; done
		    [ ! -e left ] || exit 7; cat a >&9; exec 9>&-
		    until [ -e left ]; do sleep 0.02; done
		    cat err; cat few a | cmp - f && exit \$(<left)"
		case $m,$status,$output in
		warn,16,"zpipe: stdout: Broken pipe" | *-nopipe,0,) ;;
		*) note "$m: $(outcome)" ;;
		esac
	done
	all_right
}

@test "a peer that hangs up a socket is one line, and the others go on" {
	for k in unix tcp; do
		ends 16 '^zpipe: --fd=5: (Broken pipe|Connection reset by peer)$' \
		    "lend $k:5:u:100000 -- zpipe --output-error=warn --fd=5 \
		    --exec='cat >g' -o f \$W; r=\$?; cmp f \$W && cmp g \$W &&
		    cmp u <(head -c 100000 \$W) && exit \$r"
	done
	all_right
}

@test "a closed stdout is one line, and the others go on" {
	for in in few '$W'; do
		tried=$((tried + 1))
		try 5 "zpipe --tee=f --exec='cat >g' $in >&-; r=\$?
		    cmp f $in && cmp g $in || exit 99; exit \$r"
		[ "$status" -ne 0 ] && [ "$status" -lt 64 ] &&
		    [ "$stderr" = "zpipe: stdout: Bad file descriptor" ] ||
			note "$in: $(outcome)"
	done
	one 'zpipe --tee=f -X $W >&- <&- 2>&- && cmp f $W'
	one 'zpipe -o f -o g --exec="cat >h" $W >&- <&- && cmp f $W &&
	    cmp g $W && cmp h $W'
	ends 1 '^zpipe: --fd=1: it is not open$' 'zpipe -X --fd=1 few >&-'
	all_right
}

@test "a close that fails is one line and status 8" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	for e in EIO ENOSPC EDQUOT; do
		ends 8 '^zpipe: f: ' "cp old f; strace -qq -o /dev/null \
		    -P \$PWD/f -e trace=close -e inject=close:error=$e \
		    zpipe --tee=f --tee=g few >out; r=\$?
		    cmp g few && cmp out few && exit \$r"
	done
	all_right
}

@test "status bits of different failures are added up" {
	mkdir dir
	for run in "2 -o f --tee=dir few missing" \
	    "16 -o f --tee=/dev/full few" "18 -o f --tee=/dev/full few missing" \
	    "18 -o f --tee=dir --exec=false few" \
	    "18 -o f --tee=dir --fd=5 few missing" \
	    "16 -o f --exec=false --tee=/dev/full /proc/self/mem few"; do
		tried=$((tried + 1))
		try 5 "zpipe ${run#* } 5>/dev/full; r=\$?; cmp f few && exit \$r"
		[ "$status" -eq "${run%% *}" ] || note "$run: $(outcome)"
	done
	all_right
}

# ---- outputs that do not keep up --------------------------------------------

slept="it did not keep up"

# is_dropped NAME: the last try has told of bytes that were dropped, and these
# and those that it has printed are all.
is_dropped()
{
	local line="^zpipe: $1: ([0-9]+) bytes dropped: $slept\$"

	[[ $stderr =~ $line ]] && dropped=${BASH_REMATCH[1]} &&
	    [ $((dropped + lines[0])) -eq $((8 * BIG)) ]
}

# Two outputs: p is read only when the other, which goes to a file by way of
# cat, has everything.
late='until [ "$(stat -c %s fast 2>/dev/null)" = $((8 * BIG)) ]; do
    sleep 0.02; done;'

@test "lag=wait lets the slowest output pace all, and all get everything" {
	mkfifo p
	for o in "" "--lag=wait -B 4M"; do
		one "slow 5000 <p | check \$N 2>seen & p=\$!
		    zpipe $o --tee=p --tee=f \$W | check \$N 2>seen2 &&
		    wait \$p && cmp f \$W"
		one "words \$N | zpipe $o -o f --exec='slow 5000 |
		    check \$N 2>seen' && cmp f \$W"
		one "words \$N | zpipe $o | slow 5000 | check \$N 2>seen"
	done
	all_right
}

@test "lag=drop skips bytes for the one that does not read, and counts them" {
	mkfifo p
	head -c 20000003 "$B" >1 && tail -c +20000004 "$B" >2
	for run in "-B 4M \\\$B" "-B 4M --release=fresh" \
	    "--engine=ring <\\\$B" "--engine=copy" "-B 4M 1 2" \
	    "--engine=copy 1 2" "-B 4M --release=drain" \
	    "-B 512k --engine=ring --release=drain \\\$B"; do
		tried=$((tried + 1))
		rm -f fast got
		try 12 "{ $late cat; } <p >got & p=\$!
		    cat \$B | eval \"zpipe --lag=drop --tee=p $run\" |
		    cat >fast; r=\${PIPESTATUS[1]}
		    sha256sum <\$B | cmp - <(sha256sum <fast) && wait \$p &&
		    stat -c %s got && pieces \$BIG <got && exit \$r"
		[ "$status" -eq 0 ] && is_dropped "p" &&
		    [ "$dropped" -ge 20000000 ] || note "$run: $(outcome)"
	done
	all_right
}

@test "lag=drop gives a slow reader whole pieces, and a fast one all" {
	for run in "-B 4M \\\$B" "-B 4M --release=fresh" \
	    "-B 4M --engine=copy \\\$B" "-B 4M --release=drain" \
	    "-B 512k --engine=ring --release=drain \\\$B"; do
		tried=$((tried + 1))
		rm -f digest got
		try 12 "cat \$B | eval \"zpipe --lag=drop \
		    --exec='slow 5000 65536 >got' $run\" |
		    sha256sum >digest; r=\${PIPESTATUS[1]}
		    sha256sum <\$B | cmp - digest &&
		    stat -c %s got && pieces \$BIG <got && exit \$r"
		[ "$status" -eq 0 ] &&
		    is_dropped "--exec=slow 5000 65536 >got" ||
			note "$run: $(outcome)"
	done
	all_right
}

@test "lag=drop cuts what goes to a terminal or a socket nowhere wrong" {
	for k in "pty y" "unix y" "tcp y"; do
		for o in "-B 4M" "-B 4M --engine=copy"; do
			tried=$((tried + 1))
			try 12 "cat \$B | lend ${k% y}:7:y -- zpipe --lag=drop \
			    $o --fd=7 -o /dev/null && stat -c %s y &&
			    pieces \$BIG <y"
			# It may keep up; what it got must be right.
			[ "$status" -eq 0 ] && { is_dropped --fd=7 ||
			    [ "${lines[0]},$stderr" = "$((8 * BIG))," ]; } ||
				note "$k $o: $(outcome)"
		done
	done
	all_right
}

@test "lag=drop and detach do not slow the input of a single output" {
	for o in "" "-B 4M" --engine=copy; do
		tried=$((tried + 1))
		rm -f fed
		try 10 "{ cat \$B; : >fed; } | zpipe --lag=drop $o |
		    { until [ -e fed ]; do sleep 0.02; done; cat; } >got
		    r=\${PIPESTATUS[1]}
		    stat -c %s got && pieces \$BIG <got && exit \$r"
		[ "$status" -eq 0 ] && is_dropped stdout ||
			note "drop $o: $(outcome)"
		tried=$((tried + 1))
		rm -f gone
		try 10 "{ cat \$B 2>/dev/null; } |
		    { zpipe --lag=detach $o; r=\$?; : >gone; exit \$r; } |
		    { until [ -e gone ]; do sleep 0.02; done; cat; } >got
		    r=\${PIPESTATUS[1]}; s=\$(stat -c %s got); echo \$s
		    cmp -n \$s got \$B && exit \$r"
		[ "$status" -eq 16 ] && [ "${lines[0]}" -gt 0 ] &&
		    [ "$stderr" = "zpipe: stdout: detached after ${lines[0]}\
 bytes: $slept" ] || note "detach $o: $(outcome)"
	done
	all_right
}

@test "outputs of any kind that stall stop no other while there is room" {
	mkfifo p
	for o in "" --engine=ring --engine=copy -C; do
		tried=$((tried + 1))
		rm -f f
		try 8 "sleep 99 <p & cat \$W | lend pty:7:- unix:5:- tcp:6:- -- \
			bash -c 'zpipe $o --fd=7 --tee=p --fd=5 --fd=6 -o f \
			    --exec=\"sleep 99\" <&0 & p=\$!
			    until cmp -s f \$W; do sleep 0.02; done
			    kill \$p; wait \$p'"
		[ "$status" -eq 143 ] && [[ $stderr == "zpipe: terminated: "* ]] ||
			note "$o: $(outcome)"
	done
	all_right
}

@test "O_NONBLOCK is never set on a descriptor that others share" {
	mkfifo p
	look='for n in 0 5 6 7 9; do
	    grep -q "flags:.*4[0-9][0-9][0-9]$" /proc/$$/fdinfo/$n &&
		echo "descriptor $n"; done'
	for o in "" --engine=ring --engine=copy -C --lag=drop; do
		tried=$((tried + 1))
		rm -f f
		try 8 "sleep 99 <p & cat \$W | lend pty:7:- unix:5:- tcp:6:- -- \
			bash -c 'zpipe $o --fd=7 --fd=5 --fd=6 --fd=9 -o f <&0 &
			    p=\$!; until cmp -s f \$W; do sleep 0.02; done
			    $look; kill \$p; wait \$p' 9>p"
		[ "$status,$output" = 143, ] || note "$o: $(outcome)"
	done
	all_right
}

@test "lag=drop and detach wait for a single output of a file" {
	for o in --lag=drop --lag=detach; do
		one "zpipe $o -B 4M \$B | { sleep 0.2; slow 100; } |
		    check \$BIG 2>seen"
		one "zpipe $o -B 4M <\$B | slow 200 | check \$BIG 2>seen"
		one "zpipe $o -B 4M \$B -o f && cmp f \$B"
	done
	all_right
}

@test "lag=drop and detach do nothing to outputs that keep up" {
	for o in --lag=drop --lag=detach; do
		one "zpipe $o --tee=f --tee=/dev/null --exec='cat >g' few a >h
		    cat few a | cmp - f && cmp f g && cmp f h"
		one "words 20000 | zpipe $o --tee=f | check 20000 2>seen"
	done
	all_right
}

@test "lag=detach cuts off the one that does not read" {
	mkfifo p
	for run in "-B 4M \\\$B" "-B 4M --release=fresh" \
	    "--engine=ring <\\\$B" "--engine=copy"; do
		tried=$((tried + 1))
		rm -f fast got
		try 12 "{ $late cat; } <p >got & p=\$!
		    cat \$B | eval \"zpipe --lag=detach --tee=p $run\" |
		    cat >fast; r=\${PIPESTATUS[1]}
		    sha256sum <\$B | cmp - <(sha256sum <fast) && wait \$p &&
		    s=\$(stat -c %s got) && echo \$s &&
		    cmp -n \$s got \$B && exit \$r"
		[ "$status" -eq 16 ] && [ "${lines[0]}" -gt 0 ] &&
		    [ "$stderr" = "zpipe: p: detached after ${lines[0]}\
 bytes: $slept" ] || note "$run: $(outcome)"
	done
	all_right
}

@test "a FIFO that nobody ever reads holds nothing up in drop and detach" {
	mkfifo p1 p2 p3 p4
	# All at once: each must take its second.
	try 8 'zpipe --lag=drop --tee=p1 $B -o f1 2>err1 & a=$!
	    cat $B | zpipe --lag=detach --tee=p2 --engine=copy -o f2 2>err2 &
	    b=$!
	    # There was room for all of it, but no time.
	    zpipe --lag=drop --tee=p3 few -o f3 2>err3 & c=$!
	    cat few | zpipe --lag=detach --tee=p4 -o f4 2>err4 & d=$!
	    wait $a; s=$?; wait $b; s+=" $?"; wait $c; s+=" $?"; wait $d
	    echo "$s $?"; cmp f1 $B && cmp f2 $B && cmp f3 few && cmp f4 few &&
	    cat err*'
	ended 0
	quiet
	[ "$output" = "0 16 0 16
zpipe: p1: $((8 * BIG)) bytes dropped: $slept
zpipe: p2: detached after 0 bytes: $slept
zpipe: p3: 4000 bytes dropped: $slept
zpipe: p4: detached after 0 bytes: $slept" ] || fail "$(outcome)"
}

# ---- what is refused --------------------------------------------------------

@test "a value that is not one is refused with its option" {
	for v in x -1 "" 1.5 3x 0x3 " 3" "3 " +3 99999999999999999999; do
		refused "--fd: '$v' is not a descriptor: a number from 0 on" \
		    "--fd=$v"
	done
	refused "--fd=99: it is not open" --fd=99
	refused "--fd=0: it is open for reading only" --fd=0
	for v in x "" Wait waits wai 1; do
		refused "--lag: '$v' is none of wait, drop, detach" "--lag=$v"
	done
	for v in x "" Warn warn-pipe exi nopipe 1; do
		refused "--output-error: '$v' is none of " "--output-error=$v"
	done
	for o in --tee --append --output; do
		refused "'' is not a file name" "$o="
	done
	refused "--tee: '' is not a file name" --tee=
	refused "--append: '' is not a file name" --append=
	refused "'' is not a file name" -o ""
	refused "--exec: '' is not a command" --exec=
	refused "is not a command" "--exec=  "
	refused "is not a command" --exec=$'\t '
	all_right
	try 5 'zpipe --output-error=x few'
	one_line 'warn.*warn-nopipe.*exit.*exit-nopipe'
}

@test "nothing is begun where anything is refused" {
	for o in --fd=99 --lag=x --engine=foo "-X -o f"; do
		tried=$((tried + 1))
		cp old keep
		try 5 "zpipe --tee=keep --exec='cat; : >ran' $o few --tee=keep2"
		[ "$status,$output" = 1, ] && cmp -s keep old &&
		    [ ! -s keep2 ] && [ ! -e ran ] || note "$o: $(outcome)"
	done
	all_right
}

# ---- what is shown ----------------------------------------------------------

counts='[0-9]+ bytes \([0-9.]+ [kKMGT]?i?B\) in [0-9.]+ s, '
counts+='[0-9.]+ [kKMGT]?i?B/s, engine [a-z]+(, release [a-z]+)?$'

@test "SIGUSR1 prints the counts and a line for each output" {
	mkfifo in p q
	try 10 "$idle sleep 99 <p 9>&- & lend unix:5:u tcp:6:t pty:7:y -- \
	    zpipe --tee=p --tee=q --tee=f --append=g --tee=/dev/null \
	    --exec='cat >h' --fd=5 --fd=6 --fd=7 <in >out 2>err 9>&- &
	    l=\$!; cat few >&9
	    until cmp -s out few && cmp -s u few && cmp -s t few &&
		cmp -s y few && cmp -s h few && cmp -s f few; do
		sleep 0.02; done
	    p=\$(pgrep -x zpipe -P \$l); kill -USR1 \$p
	    until [ \$(wc -l <err) = 11 ]; do sleep 0.02; done
	    cat a >&9; head -c 4006 q >got & exec 9>&-; wait \$!
	    cmp got <(cat few a); cat err"
	ended 0
	quiet
	[[ ${lines[0]} =~ ^zpipe:\ $counts ]] || fail "$(outcome)"
	for line in "stdout: file" "p: pipe" "f: file" "g: file" \
	    "/dev/null: null" "--exec=cat >h: pipe" "--fd=5: socket" \
	    "--fd=6: socket" "--fd=7: terminal"; do
		form="^zpipe: $line, 4000 bytes,( [0-9]+ unread,)? 0 behind\$"
		grep -Eq -e "$form" <<<"$output" ||
			note "$line: $(outcome)"
		tried=$((tried + 1))
	done
	grep -q '^zpipe: p: pipe, 4000 bytes, 4000 unread, 0 behind$' \
	    <<<"$output" || note "p: $(outcome)"
	grep -q '^zpipe: q: .*not open yet' <<<"$output" ||
		note "q: $(outcome)"
	all_right
}

@test "SIGUSR1 says how far an output is behind" {
	mkfifo p
	for o in "" --engine=copy; do
		rm -f err "done"
		# at least 65536 bytes, and more than none behind
		form='^zpipe: p: pipe, (6553[6-9]|[0-9]{6,}) bytes, '
		form+='(full|[0-9]+ unread), [1-9][0-9]* behind$'
		try 30 "{ wait_until '[ -e done ]'; cat; } <p | check \$BIG & c=\$!
		    zpipe $o -B 4M --tee=p -o f \$B 2>err & p=\$!
		    wait_until 'catches \$p USR1'
		    wait_until 'kill -USR1 \$p; grep -Eq -e \"$form\" err'
		    : >done; wait \$p && wait \$c && cmp f \$B"
		ended 0
	done
}

@test "explain prints a line for each output, with what was dropped" {
	try 5 'zpipe --explain --tee=f --append=g --exec="cat >h" $W | cmp - $W
	    exit ${PIPESTATUS[0]}'
	ended 0
	[[ ${stderr_lines[0]} == "zpipe: "*"words: engine "* ]] ||
		fail "$(outcome)"
	grep -q "^zpipe: f: file, $BYTES bytes, .*0 behind$" <<<"$stderr" ||
		fail "$(outcome)"
	for line in "stdout: pipe" "f: file" "g: file" "--exec=cat >h: pipe"; do
		form="^zpipe: $line, [0-9]+ bytes,( [0-9]+ unread,| full,)? \
[0-9]+ behind\$"
		grep -Eq -e "$form" <<<"$stderr" ||
			fail "no line for $line" "$(outcome)"
	done
	mkfifo p
	try 5 'sleep 99 <p & zpipe --explain --lag=drop --tee=p $B | cmp - $B'
	ended 0
	form='^zpipe: p: pipe, [0-9]+ bytes, .*behind, [1-9][0-9]* dropped$'
	grep -Eq "$form" <<<"$stderr" &&
	    grep -q "^zpipe: p: .* dropped: $slept" <<<"$stderr" ||
		fail "$(outcome)"
}

# ---- descriptors ------------------------------------------------------------

@test "at its exit no descriptor is open that it did not get" {
	need strace pgrep
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	mkfifo p
	all="--tee=f --append=g --exec='cat >h' --exec='leave 9 >i' --fd=5 \
	    --tee=p --tee=/dev/null"
	for run in "zpipe $all \$W | cat" "cat \$W | zpipe $all >j" \
	    "zpipe -X --exec=true --exec=false --tee=f few b missing" \
	    "zpipe --tee=/dev/full --tee=no/f --append=f few few" \
	    "cat \$W | zpipe --exec='cat >f' | cat" \
	    "zpipe --lag=detach --tee=p few -o f"; do
		tried=$((tried + 1))
		# exit_group is held up, so that there is something to look at.
		slowly="strace -qq -o log -e trace=exit_group"
		slowly+=" -e inject=exit_group:delay_enter=500000 zpipe"
		rm -f log
		try 10 "sleep 99 <p & cat <p >/dev/null &
		    { ${run/zpipe/$slowly}; } >/dev/null 2>&1 5>k &
		    until grep -qs exit_group log; do sleep 0.01; done
		    p=\$(pgrep -o -g 0 -x zpipe); for f in /proc/\$p/fd/*; do
			n=\${f##*/}
			[ \$n -le 2 -o \$n = 5 ] ||
			    [ \$f -ef /proc/\$\$/fd/\$n ] ||
			    echo \$n \$(readlink \$f)
		    done"
		[ "$output" = "" ] || note "$run: left open: $output"
	done
	all_right
}

# ---- signals ----------------------------------------------------------------

@test "a signal ends it while several outputs stall" {
	need pgrep
	mkfifo p q r
	n=0 script="sleep 99 <p & sleep 99 <q & "
	for o in "" --engine=ring --engine=copy --lag=wait; do
		for sig in INT TERM HUP; do
			n=$((n + 1))
			script+="{ signalled $sig 'asleep \$p' \
			    zpipe $o --tee=p --tee=q --tee=r --tee=f$n \$W \
			    2>err.$n; echo \"\$? $o\" >left.$n; } | sleep 99 &"
			n=$((n + 1))
			script+="cat \$W | { signalled $sig 'asleep \$p' \
			    zpipe $o --tee=p --tee=q \
			    2>err.$n; echo \"\$? $o\" >left.$n; } | sleep 99 &"
		done
	done
	try 15 "$script wait_until '[ \$(cat left.* | wc -l) = $n ]'; cat left.*"
	[ "${#lines[@]}" -eq $n ] && ! grep -Eqv '^(129|130|143) ' <<<"$output" ||
		fail "$(outcome)"
	for e in err.*; do
		grep -Eq '^zpipe: (interrupt|terminated|hangup): ' "$e" ||
			fail "$(cat "$e")"
	done
}

@test "ignore-interrupts lets no SIGINT stop it, but SIGTERM" {
	mkfifo in
	for o in "" "--tee=f --exec='cat >g'"; do
		one "$idle env --default-signal=INT zpipe --ignore-interrupts \
		    $o <in >out 9>&- & p=\$!; cat few >&9
		    until cmp -s out few; do sleep 0.02; done
		    kill -INT \$p; cat a >&9; cat few a >both
		    wait_until 'cmp -s out both'; kill -INT \$p; cat a >&9
		    exec 9>&-; wait \$p && cat few a a | cmp - out"
		ends 143 '^zpipe: terminated: ' \
		    "$idle signalled TERM true \
		    zpipe --ignore-interrupts --tee=f <in >out"
	done
	ends 130 '^zpipe: interrupt: ' \
	    "$idle signalled INT true zpipe --tee=f <in >out"
	all_right
}

@test "it can be stopped and continued" {
	mkfifo p
	one 'slow 2000 <p | check $N 2>seen & w=$!
	    zpipe --tee=p --exec="check $N 2>seen2" $W >f & p=$!
	    for i in 1 2 3; do sleep 0.02
		kill -STOP $p; sleep 0.02; kill -CONT $p
	    done 2>/dev/null; wait $p && wait $w && cmp f $W'
	all_right
}

# Whoever is behind and leaves moves the front of what tee(2) holds.
@test "a slow reader of a stream may leave when others have got more" {
	for i in 1 2 3 4 5; do
		one "cat $W | zpipe -X --exec='check $N 2>seen' \
		    --exec='sleep 0.05; head -c 1000 >/dev/null'"
		one "cat $W | zpipe --exec='sleep 0.0$i' | slow 2000 |
		    check $N 2>seen"
	done
	all_right
}

@test "no signal and no refusal makes tee lose or repeat a byte" {
	need strace
	limit=20
	for e in splice:error=EINTR:when=3 splice:error=EINTR:when=5+4 \
	    splice:error=EINVAL:when=2+ splice:error=ENOSYS:when=4 \
	    tee:error=EINTR:when=3+3 tee:error=EINVAL:when=2 \
	    tee:error=ENOSYS:when=5+ tee:error=EAGAIN:when=2+3 \
	    tee:retval=0:when=4; do
		one "cat $W | strace -o /dev/null -e inject=$e zpipe \
		    --exec='check $N 2>seen' --exec='slow 100 | check $N 2>seen2' |
		    check $N 2>seen3"
	done
	one "{ wait_until '[ -e go ]'; words $BIG; } | {
	    zpipe -q --exec='check $BIG 2>seen' <&0 & p=\$!
	    wait_until 'catches \$p USR1'; : >go
	    while kill -USR1 \$p; do :; done 2>/dev/null; wait \$p; } |
	    check $BIG 2>seen2"
	all_right
}

@test "a FIFO that is the only pipe and late gets guarded pages" {
	mkfifo p
	for o in -B\ 4M "-B 4M --release=fence" "-B 64k"; do
		one "{ stalls; splicer <p | splicer | splicer | splicer |
		    slow 300 | check $BIG 2>seen; } & q=\$!
		    zpipe --engine=ring $o -o f --tee=p $B
		    wait \$q && cmp f $B"
	done
	all_right
}

@test "one that was cut off keeps what it was given" {
	for o in auto fence fresh drain; do
		rm -f got
		try 8 "exec 5> >(until [ -e sent ]; do sleep 0.02; done
		    cat >got; : >done)
		    zpipe --release=$o --lag=detach --fd=5 $B >f; r=\$?
		    exec 5>&-; : >sent
		    until [ -e done ]; do sleep 0.02; done; rm sent done
		    cmp f $B && exit \$r"
		ended 16
		one_line '^zpipe: --fd=5: detached after [0-9]+ bytes: '
		cmp -n "$(stat -c %s got)" got "$B" || fail "$o: other bytes"
		[ -s got ] || fail "$o: nothing"
	done
}

@test "the last of all is waited for, although another one has left" {
	words 262144 >some
	one "exec 5> >(sleep 1.6; cat >got; : >done)
	    zpipe --lag=drop --fd=5 -X --exec='sleep 0.2' some; r=\$?
	    exec 5>&-; until [ -e done ]; do sleep 0.02; done
	    cmp got some && exit \$r"
	all_right
}

@test "commands are waited for, even if SIGCHLD is ignored or blocked" {
	for o in --ignore-signal=CHLD --block-signal=CHLD; do
		one "env $o zpipe -X --exec='sleep 0.2; cat >f' $W && cmp f $W"
		ends 16 'exit status 3$' \
		    "env $o zpipe -X --exec='cat >f; sleep 0.2; exit 3' $W"
	done
	all_right
}

@test "a signal while commands are waited for is told" {
	for s in INT TERM HUP; do
		ends $((128 + $(kill -l "$s"))) '^zpipe: (interrupt|terminated|hangup): ' \
		    "signalled $s 'cmp -s f few && asleep \$p' zpipe \
		    -X --exec='trap \"\" INT HUP; cat >f; sleep 9' few"
	done
	all_right
}

@test "as an output stderr still serves us and the commands" {
	try 5 "zpipe --fd=2 --exec='cat >f; echo heard >&2; exit 3' a"
	ended 16
	[ "$(sort <<<"$stderr")" = "$(sort <<-END
	first
	heard
	zpipe: --exec=cat >f; echo heard >&2; exit 3: exit status 3
	END
	)" ] || fail "$(outcome)"
}

@test "vmsplice refused for a late FIFO is an error, or write serves it" {
	need strace
	mkfifo p
	one "{ stalls; cat p >got; } & q=\$!
	    strace -o /dev/null -e inject=vmsplice:error=EPERM \
	    zpipe -o f --tee=p $W && wait \$q && cmp got $W && cmp f $W"
	ends 16 '^zpipe: --engine=ring: .*: this system refuses it: ' \
	    "strace -o /dev/null -e inject=vmsplice:error=EPERM \
	    zpipe --engine=ring -o f --tee=p $W"
	all_right
}

@test "a command that cannot start leaves files as they were in exit modes" {
	need strace
	for m in exit exit-nopipe; do
		cp old f
		ends 2 '^zpipe: --exec=.*: Resource temporarily' \
		    "strace -o /dev/null \
		    -e inject=vfork,clone,clone3:error=EAGAIN \
		    zpipe --output-error=$m --tee=f --exec='cat >g' few >h"
		cmp f old && [ ! -s h ] || fail "$m: something was written"
	done
	all_right
}

@test "it holds no more than 24 MiB with eight outputs" {
	[ "${SANITIZED:-no}" = no ] || skip "the sanitizers need more"
	peak="cat >/dev/null; grep VmHWM /proc/\$PPID/status >peak"
	for s in "zpipe \$(printf -- '--exec=slow>/dev/null %.0s' {1..7}) $B" \
	    "words $BIG | zpipe \$(printf -- '--exec=slow>/dev/null %.0s' \
	    {1..7})"; do
		one "$s --exec='$peak' >out; wait
		    set -- \$(cat peak); [ \$2 -gt 4000 ] && [ \$2 -lt 24576 ] ||
		    { cat peak; exit 1; }"
	done
	all_right
}

@test "whatever the descriptor limit, files are whole or as they were" {
	refused=0
	for n in 4 5 6 7 8 9 10 12 16; do
		for o in "" --exec=:; do
			cp old f
			cp old g
			tried=$((tried + 1))
			try 5 "exec >out; ulimit -n $n
			    exec zpipe --tee=f --append=g $o $W"
			if cmp -s f old; then
				refused=$((refused + 1))
				[ "$status" -ne 0 ] && cmp -s g old &&
				    [ ! -s out ] && [[ $stderr =~ \
				    ^zpipe:\ .*:\ Too\ many\ open\ files$ ]]
			else
				cmp f "$W" && cmp out "$W" &&
				    cmp g <(cat old "$W")
			fi || note "$n $o: $(outcome)"
		done
	done
	[ $refused -ge 4 ] && [ $refused -lt 14 ] || note "$refused refused"
	all_right
}

@test "splice can be asked for before the FIFOs have their readers" {
	mkfifo p q
	one "{ stalls; cat p >f & cat q >g; wait; } & c=\$!
	    cat $W | zpipe --engine=splice -X --tee=p --tee=q && wait \$c &&
	    cmp f $W && cmp g $W"
	all_right
}

@test "when our own pipe fails no other input is read" {
	need strace
	# the loader and the sanitizers read as well, before the first splice
	try 10 "cat $W | strace -o trace -e trace=read,splice zpipe \
	    --exec='cat >f' | cat >g"
	ended 0
	reads=$(awk '/^splice/ { exit } /^read/ { n++ } END { print n + 1 }' \
	    trace)
	ends 16 '^zpipe: cannot go on: Input/output error$' \
	    "cat $W | strace -o /dev/null -e inject=splice:error=EINVAL:when=2+ \
	    -e inject=read:error=EIO:when=$reads+ zpipe --exec='cat >f' - few |
	    cat >g
	    r=\${PIPESTATUS[1]}; cmp -n \$(stat -c %s f) f $W &&
	    cmp -n \$(stat -c %s g) g $W && exit \$r"
	all_right
}
