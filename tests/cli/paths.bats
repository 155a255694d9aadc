#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What a path names when it is not simply a file: a descriptor of our own, a
# FIFO that is still to be opened, a pid file, or the file that everything is
# stored in first.

load ../lib/helpers

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	words 500 >few
	words 300000 >many	# more than any pipe holds
	printf 'first\n' >a
	printf 'second\n' >b
	printf 'old\n' >old
	bad=() tried=0
	loop='' mounted=''
}

teardown()
{
	[ -z "$loop" ] || losetup -d "$loop"
	[ -z "$mounted" ] || umount "$mounted"
}

# waits: shell text, until zpipe, process $z, waits for a reader of FIFO f.
# shellcheck disable=SC2016
waits='until ls -l /proc/$z/fd 2>/dev/null | grep -q "/f$"; do
    sleep 0.02; done'

# ---- descriptors ------------------------------------------------------------

@test "a path that names a descriptor means the descriptor itself" {
	ln -s /dev/fd/7 link
	ln -s /dev/fd dir
	ln -s link link2
	for path in /dev/fd/7 /proc/self/fd/7 /proc/thread-self/fd/7 //dev/fd/7 \
	    /dev//fd/7 /dev/./fd/7 ./link link2 dir/7 /dev/../dev/fd/7; do
		for o in --output= "-X --tee=" "-X --append="; do
			one "cp old log; zpipe $o$path few 7>>log &&
			    cat old few | cmp - log"
			# also where it stands, which the shell goes on from
			one "{ echo x >&7; zpipe $o$path few; echo y >&7; } \
			    7>log && { echo x; cat few; echo y; } | cmp - log"
		done
		one "{ head -c 8 <&7 >/dev/null; zpipe $path; } 7<few |
		    cmp - <(tail -c +9 few)"
	done
	one 'cp old log; sh -c "exec zpipe -o /proc/\$\$/fd/7 few" 7>>log &&
	    cat old few | cmp - log'
	all_right
}

@test "/dev/stdin, /dev/stdout and /dev/stderr are what we were given" {
	one 'cp old log; zpipe -X --tee=/dev/stderr few 2>>log &&
	    cat old few | cmp - log'
	one 'cp old log; zpipe -o /dev/stdout few >>log &&
	    cat old few | cmp - log'
	one 'zpipe -o /dev/stdout few | cmp - few'
	one 'zpipe --tee=/dev/stderr few 2>log | cmp - few && cmp log few'
	one 'cat few | zpipe a /dev/stdin b | cmp - <(cat a few b)'
	one '{ head -c 8 >/dev/null; zpipe /dev/stdin; } <few |
	    cmp - <(tail -c +9 few)'
	one 'zpipe /dev/stdin /dev/stdin <few | cmp - few'
	one 'ln -s /dev/stdout log2; zpipe -o log2 few >>out && cmp out few'
	all_right
}

@test "sockets can be named as descriptors" {
	for path in /dev/fd/5 /proc/self/fd/5; do
		one "lend unix:5:u -- zpipe -o $path few && cmp u few"
		one "lend tcp:5:u -- zpipe --tee=$path few | cmp - few &&
		    cmp u few"
	done
	one 'lend unix:1:u -- zpipe -o /dev/stdout few && cmp u few'
	need socat
	one "socat -u OPEN:few EXEC:'zpipe /dev/stdin -o got',nofork &&
	    cmp got few"
	all_right
}

@test "a descriptor that is named beside itself is the same output" {
	same='^zpipe: .*: the same output as .*'
	for o in "--tee=/dev/stdout" "-o - -o /dev/stdout" \
	    "--fd=1 -o /dev/fd/1" "-X --tee=/dev/fd/1 --append=/dev/fd/1"; do
		ends 1 "$same" "cp old f; zpipe few $o >>f; r=\$?; cmp f old &&
		    exit \$r"
		ends 1 "$same" "zpipe few $o | cmp - /dev/null"
	done
	# a terminal and /dev/null may be given twice
	one 'lend pty:1:y -- zpipe --tee=/dev/stdout a && cmp y <(cat a a)'
	one 'lend pty:5:y -- zpipe -X --tee=/dev/fd/5 --fd=5 a &&
	    cmp y <(cat a a)'
	one 'zpipe few --tee=/dev/stdout >/dev/null'
	all_right
}

@test "a named descriptor that cannot serve is one line" {
	for o in -o --tee --append; do
		o=${o/#-o/--output}
		ends 1 '^zpipe: /dev/fd/9: it is not open$' \
		    "zpipe $o=/dev/fd/9 few"
		ends 1 '^zpipe: /dev/fd/9: it is open for reading only$' \
		    "zpipe $o=/dev/fd/9 few 9<old"
	done
	ends 1 '^zpipe: /dev/stdout: it is not open$' \
	    'zpipe -o /dev/stdout few >&-'
	# and what we open ourselves never takes its place
	for n in 3 4 5 6 7 9; do
		ends 2 "^zpipe: /dev/fd/$n: Bad file descriptor$" \
		    "zpipe few /dev/fd/$n a -o f; r=\$?
		    cmp f <(cat few a) && exit \$r"
		ends 2 "^zpipe: /dev/fd/$n: Bad file descriptor$" \
		    "zpipe few /dev/fd/$n -o f $n>g; r=\$?
		    cmp f few && [ ! -s g ] && exit \$r"
	done
	ends 2 '^zpipe: /dev/stdin: Bad file descriptor$' \
	    'zpipe /dev/stdin <&-'
	all_right
}

@test "the reader of a process substitution sees the end before a command" {
	# the command waits for the reader of the other output; bash keeps its
	# own end open until zpipe has ended, if it is not replaced by it
	one '(exec zpipe -X --tee=>(cat >got; : >end) few --exec="cat >/dev/null
	    until [ -e end ]; do sleep 0.02; done") && cmp got few'
	one 'zpipe <(cat few) <(cat many) --tee=>(cat >got; : >end2) |
	    cmp - <(cat few many) &&
	    until [ -e end2 ]; do sleep 0.02; done; cmp got <(cat few many)'
	all_right
}

# ---- FIFOs ------------------------------------------------------------------

@test "the reader of a FIFO sees the end when there is nothing to send" {
	mkfifo f g
	for o in "-o f" "--tee=f >out" "-X --tee=f" "-o f -o out" \
	    "-U - -o f" "-U t --tee=f >out" "-l -o f" "-o out --append=f" \
	    "--engine=ring --tee=f >out" "-L 1M --tee=f -o out"; do
		# it comes late
		one "zpipe /dev/null $o & z=\$!; $waits; cat f && wait \$z"
		one "cat /dev/null | zpipe $o & z=\$!; $waits; cat f &&
		    wait \$z"
		# it is there already, or comes meanwhile
		one "cat f & zpipe $o </dev/null && wait \$!"
		# it leaves at once: an end, or that of a pipe without a reader
		one "true <f & zpipe /dev/null $o; r=\$?; wait \$! &&
		    [ \$r = 0 -o \$r = 141 ]"
	done
	one "zpipe /dev/null --lag=drop --tee=f >out"
	all_right
}

@test "FIFOs may be opened in any order" {
	mkfifo f g in
	for from in "few" "- <few" "/dev/null" "- </dev/null" "in"; do
		n=few
		[[ $from != */dev/null ]] || n=/dev/null
		for order in "cat f >got; cat g >got2" "cat g >got2; cat f >got"
		do
			[ "$from" != in ] || order="cat few >in; $order"
			one "zpipe -o f -o g $from & z=\$!
			    $order; wait \$z && cmp got $n && cmp got2 $n"
			one "zpipe -o out --tee=f --append=g $from & z=\$!
			    $order; wait \$z && cmp got $n && cmp got2 $n"
			rm -f out
		done
	done
	# the writer first, then the reader, and the other way round
	one 'zpipe -o f in & z=$!; cat few >in; cat f >got; wait $z &&
	    cmp got few'
	one 'zpipe -o f in & z=$!; cat f >got & cat few >in; wait && cmp got few'
	one 'zpipe a in --tee=f >out & z=$!
	    until cmp -s a out; do sleep 0.02; done
	    cat few >in; cat f >got; wait $z && cmp got <(cat a few) &&
	    cmp out got'
	all_right
}

@test "a FIFO input without a writer holds up no output" {
	mkfifo f in
	one 'zpipe few in --tee=f >out & z=$!; cat f >got & c=$!
	    until cmp -s out few && cmp -s got few; do sleep 0.02; done
	    cat a >in; wait $z && wait $c && cat few a | cmp - got &&
	    cmp out got'
	# it can be told to end meanwhile
	one 'zpipe -P pid -q in & z=$!; until [ -s pid ]; do sleep 0.02; done
	    kill $z; wait $z; [ $? = 143 ]'
	one 'zpipe many in -o f & z=$!; cat f >got & c=$!
	    until [ $(stat -c %s got) = 2400000 ]; do sleep 0.02; done
	    : >in; wait $z; wait $c && cmp got many'
	all_right
}

@test "a FIFO that is gone before it had a reader is one line" {
	for o in "-o f" "--tee=f" "-X --tee=f" "-o f -o out2" "--append=f"; do
		for from in few /dev/null many; do
			ends 16 '^zpipe: f: removed before it had a reader$' \
			    "mkfifo f; zpipe $o $from >out & z=\$!; $waits
			    rm f; wait \$z"
		done
	done
	# of the others, each gets everything
	ends 16 '^zpipe: f: removed before it had a reader$' \
	    "mkfifo f; zpipe --tee=f many -o got --append=got2 & z=\$!; $waits
	    rm f; wait \$z; r=\$?; cmp got many && cmp got2 many && exit \$r"
	all_right
}

@test "what takes the place of a FIFO is not touched" {
	mkfifo g
	now='replaced by another file before it had a reader$'
	for new in "ln -s old f" "cp old f" "mkfifo f" "ln -s g f" \
	    "ln -s /dev/full f" "mkdir f"; do
		for o in "-o f" "--tee=f" "-X --append=f"; do
			ends 16 "^zpipe: f: $now" \
			    "rm -rf f; echo old >old; mkfifo f
			    zpipe $o few >out & z=\$!; $waits
			    kill -STOP \$z; mv f was; $new; kill -CONT \$z
			    wait \$z; r=\$?
			    [ \$(<old) = old ] && exit \$r"
		done
	done
	# a link to it is fine, and a name that is a link stays one
	one "rm -rf f; mkfifo f; ln -s f l; zpipe -o l few & z=\$!; $waits
	    cat f | cmp - few && wait \$z"
	all_right
}

@test "readers of FIFOs see the end when zpipe gives up" {
	mkfifo f in
	# They come while it still stores, and no byte is ever sent to them.
	for o in "-o f" "--tee=f -o out"; do
		ends 2 '^zpipe: missing: No such file' \
		    "zpipe -U t $o in missing & z=\$!; exec 9>in; $waits
		    cat f 9>&- & c=\$!; n=0; until [ \$((++n)) = 50 ] ||
			grep -q 'fifo\|partner' /proc/\$c/wchan; do
			sleep 0.02
		    done; exec 9>&-; wait \$z; r=\$?; wait \$c && exit \$r"
	done
	for run in "zpipe --tee=f -o a a" "zpipe -P old -o f few" \
	    "zpipe -U /dev/full --tee=f few"; do
		tried=$((tried + 1))
		# status 124 would be the reader that waits for ever
		try 5 "cat f & c=\$!; n=0; until [ \$((++n)) = 50 ] ||
			grep -q 'fifo\|partner' /proc/\$c/wchan; do
			sleep 0.02
		    done; $run >out; wait \$c"
		[ "$status" = 0 ] || note "$run: $(outcome | tr '\n' ' ')"
	done
	all_right
}

# ---- the pid file -----------------------------------------------------------

@test "pidfile takes the place of nothing" {
	echo 1 >one
	ln -s old link
	ln -s missing dangling
	mkfifo f
	mkdir d
	: >empty
	echo 1234 5678 >two
	echo 1.5 >fraction
	echo -5 >minus
	other='not a regular file: use the name of a new file$'
	# Never one of /dev itself: a fault here, and root, would remove it.
	ln -s /dev/null null
	ln -s /dev/fd/5 five-link
	mknod device c 1 3 2>/dev/null || ln -s /dev/null device
	for path in link dangling f d null device five-link /dev/fd/5; do
		ends 2 "^zpipe: --pidfile: $path: $other" \
		    "zpipe -P $path few -o out 5>five; r=\$?; [ ! -s out ] &&
		    [ -p f -a -d d -a -L link -a ! -e missing ] &&
		    [ ! -s five ] && [ \$(<old) = old ] && exit \$r"
	done
	for path in old empty two fraction minus many; do
		ends 2 "^zpipe: --pidfile: $path: not a pid file: " \
		    "cp $path was; zpipe -P $path few -o out; r=\$?
		    cmp $path was && [ ! -s out ] && exit \$r"
	done
	ends 2 '^zpipe: --pidfile: one: process 1 is running: ' \
	    'zpipe -P one few -o out; r=$?; [ $(<one) = 1 ] && exit $r'
	ends 2 '^zpipe: --pidfile: me: process [0-9]+ is running: ' \
	    'echo $$ >me; zpipe -P me few; r=$?; [ $(<me) = $$ ] && exit $r'
	all_right
}

@test "a pid file that is an input, an output or the stored file is refused" {
	gone='sleep 0 & g=$!; wait $g; echo $g'
	ends 1 '^zpipe: --pidfile: pid: it is also an output: ' \
	    'zpipe -P pid -o pid few; r=$?; [ ! -s pid ] && exit $r'
	ends 1 '^zpipe: --pidfile: pid: it is also an output: ' \
	    "$gone >pid; ln pid hard; cp pid was
	    zpipe -P pid --append=hard few; r=\$?; cmp pid was && exit \$r"
	ends 1 '^zpipe: --pidfile: pid: it is also an output: ' \
	    'rm -f pid; zpipe few -P pid >pid; r=$?; [ ! -s pid ] && exit $r'
	ends 1 '^zpipe: --pidfile: pid: it is also an input: ' \
	    "$gone >pid; cp pid was; zpipe -P ./pid few pid -P pid; r=\$?
	    cmp pid was && exit \$r"
	ends 1 '^zpipe: --pidfile: pid: it is also an input: ' \
	    "$gone >pid; cp pid was; zpipe -P pid <pid; r=\$?
	    cmp pid was && exit \$r"
	ends 1 '^zpipe: --pidfile: none: it is also an input: ' \
	    'zpipe -P none none; r=$?; [ ! -e none ] && exit $r'
	ends 1 '^zpipe: --pidfile: pid: it is also the file of --store' \
	    "$gone >pid; cp pid was; zpipe -P pid -U pid few; r=\$?
	    cmp pid was && exit \$r"
	ends 1 '^zpipe: --pidfile: new: it is also the file of --store' \
	    'zpipe -P new -U new few; r=$?; [ ! -e new ] && exit $r'
	all_right
}

@test "a stale pid file is replaced, by one process only" {
	gone='sleep 0 & g=$!; wait $g; echo $g'
	one "$gone >pid; zpipe -P pid few | cmp - few && [ ! -e pid ]"
	one "$gone | tr -d '\\n' >pid; zpipe -P pid few | cmp - few &&
	    [ ! -e pid ]"
	tried=$((tried + 1))
	try 10 "$gone >pid; mkfifo hold; exec 9<>hold
	    for i in 1 2 3 4 5 6 7 8; do zpipe -P pid hold 9>&- & p+=(\$!); done
	    until [ \$(jobs -r | wc -l) = 1 ]; do sleep 0.02; done
	    z=\$(<pid); [ -d /proc/\$z ] && kill \$z; wait \$z; [ ! -e pid ]"
	[ "$status,$(grep -c 'is running\|not a pid file' <<<"$stderr")" = 0,7 ] ||
		note "eight at once: $(outcome)"
	all_right
}

@test "the pid file is there before the first byte, and gone on every way out" {
	mkfifo in
	# a shell has its background jobs ignore INT and QUIT
	hold="ulimit -c 0; exec 9<>in; env --default-signal \
	    zpipe -q -P pid in 9>&- & z=\$!"
	one 'zpipe few --exec="cat >/dev/null; [ -s pid ] && : >had" -P pid |
	    cmp - few && [ -e had ] && [ ! -e pid ]'
	for s in INT TERM HUP QUIT ALRM USR2 XCPU VTALRM PROF ABRT SEGV \
	    BUS FPE ILL SYS TRAP PWR STKFLT RTMIN RTMAX; do
		[[ ${SANITIZED:-no} = no || ! $s =~ ABRT|SEGV|BUS|FPE|ILL ]] ||
			continue
		tried=$((tried + 1))
		try 5 "$hold; until [ -s pid ]; do sleep 0.02; done
		    [ \$(<pid) = \$z ] || exit 7
		    kill -$s \$z; wait \$z; r=\$?; [ ! -e pid ] || exit 8
		    [ \$r = \$((128 + \$(kill -l $s))) ]"
		[ "$status" = 0 ] || note "$s: $(outcome)"
	done
	one 'zpipe -P pid many | true; [ ${PIPESTATUS[0]} = 141 -a ! -e pid ]'
	ends 16 'No space' 'zpipe -P pid few >/dev/full; r=$?
	    [ ! -e pid ] && exit $r'
	ends 2 'missing' 'zpipe -P pid missing; r=$?; [ ! -e pid ] && exit $r'
	ends 1 'the size is not known' 'cat few | zpipe -P pid -S; r=$?
	    [ ! -e pid ] && exit $r'
	all_right
}

@test "a pid file that is not ours any more is left alone" {
	mkfifo in
	run="ulimit -c 0; exec 9<>in; zpipe -q -P pid in 9>&- & z=\$!
	    until [ -s pid ]; do sleep 0.02; done"
	for s in TERM USR2; do
		end="kill -$s \$z; { wait \$z; } 2>/dev/null"
		one "$run; mv pid was; echo 1 >pid; $end; [ \$(<pid) = 1 ]"
		one "rm -f pid was; $run; mv pid was; cp was pid; $end
		    [ -e pid ]"
		one "rm -f pid was; $run; echo 1 >pid; $end; [ \$(<pid) = 1 ]"
		one "rm -f pid was; $run; mv pid was; ln -s was pid; $end
		    [ -e was ]"
		one "rm -f pid was; $run; rm pid; $end; [ ! -e pid ]"
		rm -f pid
	done
	all_right
}

@test "a pid file that cannot be written is one line, and nothing moves" {
	ends 2 '^zpipe: --pidfile: pid: File too large$' \
	    "trap '' XFSZ; (ulimit -f 0; exec zpipe -P pid few) 2>&1 >/dev/null |
	    cat >&2; r=\$?; [ ! -e pid ] && exit \$r"
	mkdir disk
	mount -t tmpfs -o size=64k none disk 2>/dev/null ||
		skip "nothing can be mounted here"
	mounted=$BATS_TEST_TMPDIR/disk
	ends 2 '^zpipe: --pidfile: disk/pid: No space left on device$' \
	    'head -c 80000 /dev/zero >disk/x 2>/dev/null
	    zpipe -P disk/pid few; r=$?; [ ! -e disk/pid ] && exit $r'
	all_right
}

# ---- store and forward ------------------------------------------------------

@test "store-and-forward takes nothing that cannot be read back" {
	mkfifo f
	for path in /dev/null /dev/full /dev/tty f; do
		ends 2 "^zpipe: $path: cannot be read back: use a regular " \
		    "cp old out; zpipe -U $path few -o out; r=\$?
		    cmp out old && exit \$r"
	done
	for path in /dev/stdout /dev/fd/1; do
		ends 2 "^zpipe: $path: cannot be read back: use a regular " \
		    "zpipe -U $path few | cat"
	done
	for r in 5\< '5>>'; do
		ends 2 "^zpipe: /dev/fd/5: not open for reading and writing: " \
		    "zpipe -U /dev/fd/5 few $r old; r=\$?; [ \$(<old) = old ] &&
		    exit \$r"
	done
	ends 2 '^zpipe: \.: Is a directory$' 'zpipe -U . few'
	all_right
}

@test "store-and-forward stores in a descriptor from where it stands" {
	for path in /dev/fd/5 /proc/self/fd/5; do
		for o in "" -C -l "-S -s 1G"; do
			one "{ echo keep; cat many; echo rest; } >t
			    { read -r a; zpipe $o -U $path few | cmp - few; } \
			    <>t 5<&0 && cmp <(head -c \$((5 + \$(wc -c <few))) t) \
			    <(echo keep; cat few) && [ \$(tail -c 5 t) = rest ]"
		done
		one "echo keep >t; perl -e 'open F, \"+>>\", \"t\" or die;
		    \$^F = 9; use Fcntl; fcntl F, F_SETFD, 0;
		    exec qw(zpipe -U), \"/dev/fd/\" . fileno F, \"few\"' |
		    cmp - few && cmp t <(echo keep; cat few)"
	done
	all_right
}

@test "store-and-forward forwards what it stored, whatever has the name now" {
	mkfifo in
	one 'zpipe -U t in -o out & z=$!; { cat few
	    until [ -e t ]; do sleep 0.02; done; mv t was; echo bad >t; } >in
	    wait $z && cmp out few && cmp was few && [ $(<t) = bad ]'
	one 'rm -f t was; zpipe -U t in -o out & z=$!; { cat few
	    until [ -e t ]; do sleep 0.02; done; rm t; mkfifo t; } >in
	    wait $z && cmp out few && [ -p t ]'
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	# nor is /proc needed for it
	one 'rm -f t; strace -qq -o /dev/null -P /proc/self/fd -P /dev/fd \
	    -e inject=openat:error=ENOENT zpipe -U - few 2>/dev/null |
	    cmp - few'
	all_right
}

@test "store-and-forward reads back from a device only what was stored" {
	truncate -s 1M disk
	loop=$(losetup -f --show disk 2>/dev/null) ||
		skip "no loop device can be had here"
	for o in "" -C --engine=splice -l "-nf 2>/dev/null"; do
		one "zpipe $o -U $loop few | cmp - few"
		one "head -c 1M many | zpipe $o -U $loop |
		    cmp - <(head -c 1M many)"
		one "cat /dev/null | zpipe $o -U $loop | cmp - /dev/null"
	done
	ends 16 "^zpipe: $loop: device is full after 1048576 bytes, " \
	    "zpipe -U $loop many | cmp - /dev/null; exit \${PIPESTATUS[0]}"
	ends 4 "^zpipe: $loop: input file is output file$" \
	    "zpipe -o $loop $loop"
	all_right
}

@test "the temporary file is in TMPDIR, with or without O_TMPFILE" {
	ends 2 "temporary file in $PWD/no \(from TMPDIR\): No such file" \
	    "TMPDIR=\$PWD/no zpipe -U - few"
	ends 2 "temporary file in $PWD/old \(from TMPDIR\): Not a dir" \
	    "TMPDIR=\$PWD/old zpipe -U - few"
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	mkdir tmp
	for e in EOPNOTSUPP EISDIR ENOENT EINVAL; do
		one "TMPDIR=\$PWD/tmp strace -qq -o log -P \$PWD/tmp \
		    -e inject=openat:error=$e zpipe -U - few | cmp - few &&
		    grep -q INJECTED log && rmdir tmp && mkdir tmp"
	done
	all_right
}

# ---- how far it got ---------------------------------------------------------

@test "a file that gets full says how many bytes it has" {
	for o in "" -C --engine=ring --engine=copy --engine=splice; do
		ends 16 '^zpipe: f: File too large after 102400 bytes$' \
		    "trap '' XFSZ; ulimit -f 100; rm -f f
		    cat many | zpipe $o -o f; r=\$?
		    cmp -n 102400 f many && [ \$(stat -c %s f) = 102400 ] &&
		    exit \$r"
	done
	ends 16 '^zpipe: t: File too large after 102400 bytes$' \
	    "trap '' XFSZ; ulimit -f 100; rm f; zpipe -U t many -o f; r=\$?
	    [ ! -s f ] && exit \$r"
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	for e in ENOSPC:"No space left on device" EDQUOT:"Disk quota exceeded" \
	    EIO:"Input/output error"; do
		ends 16 "^zpipe: f: ${e#*:} after 4000 bytes$" \
		    "strace -qq -o /dev/null -P \$PWD/f \
		    -e inject=write:error=${e%%:*}:when=2 zpipe -o f few few"
	done
	all_right
}

# ---- an input that is an output ---------------------------------------------

@test "an input may be the output if nothing is read that was written" {
	for o in "" -C --engine=copy --engine=ring --engine=splice; do
		one "cp few f; zpipe $o f a 1<>f && cat few a | cmp - f"
		one "cp few f; zpipe $o - a <f 1<>f && cat few a | cmp - f"
		one "cp many f; ln -f f g; zpipe $o g 1<>f && cmp f many"
		# the input is ahead: everything moves towards the front
		one "cp many f; { head -c 8 >/dev/null; zpipe $o - a; } <f 1<>f &&
		    { tail -c +9 many; cat a; tail -c 2 many; } | cmp - f"
		# the input is at its end
		one "cp few f; { cat >/dev/null; zpipe $o - a; } <f >>f &&
		    cat few a | cmp - f"
	done
	all_right
}

@test "an input that is the output is refused if it would read its output" {
	for o in "" -C --engine=ring "--tee=g"; do
		ends 4 '^zpipe: f: input file is output file$' \
		    "cp few f; zpipe $o a f 1<>f; r=\$?
		    [ \$(head -n 1 f) = first ] &&
		    [ \$(stat -c %s f) = 4000 ] && exit \$r" 2>/dev/null
		ends 4 '^zpipe: f: input file is output file$' \
		    "cp few f; zpipe $o f >>f; r=\$?; cmp f few && exit \$r"
		ends 4 '^zpipe: stdin: input file is output file$' \
		    "cp few f; zpipe $o <f >>f; r=\$?; cmp f few && exit \$r"
		# one description for both
		ends 4 '^zpipe: stdin: input file is output file$' \
		    "cp few f; zpipe $o <>f >&0; r=\$?; cmp f few && exit \$r"
		ends 4 '^zpipe: /dev/fd/5: input file is output file$' \
		    "cp few f; zpipe $o -o /dev/fd/5 /dev/fd/5 5<>f; r=\$?
		    cmp f few && exit \$r"
	done
	all_right
}
