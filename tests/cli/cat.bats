#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What cat does, zpipe does: every kind of input and output, errors, signals,
# readers that leave, and descriptors in all the states that shells make.

load ../lib/helpers
loud=yes limit=20

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	N=1050001
	words $N >words		# 8 MiB and a bit
	words 500 >few
	printf 'first\n' >a
	printf 'second\n' >b
	export N
	bad=() tried=0
	loop=
}

teardown()
{
	[ -z "$loop" ] || losetup -d "$loop"
}

engines=("" --engine=ring --engine=splice --engine=copy)

# ---- inputs -----------------------------------------------------------------

@test "a file system that shares blocks is asked to, and the bytes are right" {
	need mkfs.xfs
	mkdir fs
	truncate -s 400M image && mkfs.xfs -q image
	mount -o loop image fs 2>/dev/null || skip "no loop mount is allowed here"
	for _ in 1 2 3 4 5; do cat words; done >fs/a
	try 10 'zpipe --explain fs/a >fs/b; s=$?; cmp fs/a fs/b || s=9
	    zpipe fs/a few fs/a >fs/c; cat fs/a few fs/a | cmp - fs/c || s=9
	    { zpipe - fs/a; echo end; } <fs/a >fs/d
	    { cat fs/a fs/a; echo end; } | cmp - fs/d || s=9
	    echo begin >fs/e; zpipe fs/a >>fs/e
	    { echo begin; cat fs/a; } | cmp - fs/e || s=9
	    { dd bs=4096 count=1 of=/dev/null status=none; zpipe; } <fs/a >fs/f
	    tail -c +4097 fs/a | cmp - fs/f || s=9; exit $s'
	umount fs
	ended 0
	[[ $stderr == *"engine range"* ]] || fail "it was not asked" "$(outcome)"
}

@test "files and stdin are sent in the order in which they are named" {
	for args in "a b" "b a b" "a - b" "- a" "-" "" "- -" "a - words -" \
	    "words few a" "few - few"; do
		one "zpipe $args <b | cmp - <(cat $args <b)"
		# whoever does not read stdin lets the cat in front die
		one "{ cat b; true; } | zpipe $args |
		    cmp - <(cat b | cat $args)"
		one "zpipe $args <b >out && cat $args <b >want && cmp out want"
	done
	all_right
}

@test "no bytes in are no bytes out" {
	: >empty
	for o in "${engines[@]}"; do
		one "[ \$(zpipe $o empty | wc -c) = 0 ]"
		one "[ \$(zpipe $o empty empty </dev/null | wc -c) = 0 ]"
		one "[ \$(zpipe $o /dev/null | wc -c) = 0 ]"
		one "[ \$(: | zpipe $o | wc -c) = 0 ]"
		one "[ \$(zpipe $o </dev/null | wc -c) = 0 ]"
		one ": | zpipe $o >out && [ ! -s out ]"
	done
	all_right
}

@test "stdin that is a file is read from where it stands, and left at its end" {
	for o in "" --engine=ring --engine=mmap --engine=splice --engine=copy \
	    -C; do
		one "{ dd bs=1 skip=100000 count=0 status=none
		    zpipe $o; cat; } <words | cmp - <(tail -c +100001 words)"
	done
	for o in "" --engine=range --engine=splice --engine=copy -C; do
		one "{ dd bs=1 skip=100001 count=0 status=none
		    zpipe $o >out; cat >>out; } <words
		    cmp out <(tail -c +100002 words)"
	done
	all_right
}

@test "files of /proc and /sys, which say that they are empty, are sent whole" {
	for f in /proc/version /proc/filesystems /proc/self/cmdline \
	    /proc/devices /proc/kallsyms /proc/config.gz \
	    /sys/kernel/mm/transparent_hugepage/enabled; do
		[ -r $f ] || continue
		for o in "" -C --engine=copy; do
			[ $f != /proc/self/cmdline ] ||
				{ one "zpipe $o $f | tr '\0' ' ' |
				    grep -q 'zpipe.*$f'"; continue; }
			one "zpipe $o $f | cmp - <(cat $f)"
			one "zpipe $o <$f >out; cmp out <(cat $f)"
			one "zpipe $o a $f b | cmp - <(cat a $f b)"
		done
		# A forced engine may be unable to, but never silently.
		for o in ring splice mmap; do
			one "zpipe --engine=$o $f >/dev/null ||
			    [ \$? = 1 -o \$? = 16 ]
			    zpipe --engine=$o $f | cat >out
			    [ \${PIPESTATUS[0]} != 0 ] || [ $f = \
				/proc/self/cmdline ] || cmp out <(cat $f)"
		done
	done
	all_right
}

@test "character devices are sent until the reader has enough" {
	for o in "${engines[@]}"; do
		one "zpipe $o /dev/zero | leave 20000000 |
		    cmp - <(head -c 20000000 /dev/zero)
		    [ \"\${PIPESTATUS[*]}\" = '141 0 0' ]"
		one "zpipe $o /dev/urandom | leave 3000001 | wc -c >n
		    [ \$(<n) = 3000001 ]"
	done
	all_right
}

@test "a block device is sent whole" {
	need losetup
	truncate -s 8M image
	dd if=words of=image conv=notrunc status=none
	truncate -s 9M image
	loop=$(losetup -rf --show image 2>/dev/null) ||
		skip "no loop device can be had here"
	for o in "" --engine=ring --engine=copy -C; do
		one "zpipe $o $loop | cmp - image"
		one "zpipe $o <$loop >out; cmp out image"
		one "zpipe $o a $loop | cmp - <(cat a image)"
	done
	all_right
}

@test "FIFOs carry input and output" {
	mkfifo in out
	for o in "${engines[@]}"; do
		one "cat words >in & zpipe $o in | check \$N"
		one "cat words >in & zpipe $o <in >out & check \$N <out"
		one "cat words >in & zpipe $o a in | cmp - <(cat a words)"
	done
	all_right
}

@test "sockets carry input and output" {
	need socat
	# EXEC gives zpipe one socket as its stdin and its stdout: an echo.
	for o in -q "${engines[@]:1}"; do
		one "socat -t 10 'FILE:words!!CREATE:out' EXEC:'zpipe $o' &&
		    cmp out words"
		one "socat -u EXEC:'zpipe $o words' - | check \$N"
		one "socat -u EXEC:'zpipe $o few a' - | cmp - <(cat few a)"
		one "socat -u FILE:words EXEC:'zpipe $o' | check \$N"
		one "socat -t 10 -u FILE:words EXEC:'zpipe $o' >out
		    until cmp -s out words; do sleep 0.05; done"
	done
	all_right
}

@test "TCP sockets carry output to a slow reader" {
	need socat
	# The kernel chooses the port; socat says which.
	cat >tcp <<-'END'
		rm -f log
		socat -b 262144 -d -d -u TCP-LISTEN:0,bind=127.0.0.1 - 2>log |
		    slow 2000 | check $N &
		p=$!
		until port=$(sed -n 's/.*listening on .*://p' log) &&
		    [ -n "$port" ]; do sleep 0.02; done 2>/dev/null
		exec >/dev/tcp/127.0.0.1/$port
		zpipe "$@" || exit
		exec >&-
		wait $p
	END
	for o in "${engines[@]}"; do
		one "bash -o pipefail tcp $o words"
		one "cat words | bash -o pipefail tcp $o"
	done
	all_right
}

@test "a terminal carries input and output" {
	need socat
	od -An -tx1 few >text
	type="{ printf 'one\ntwo\n'; sleep 0.2; printf '\004'; sleep 0.2; }"
	pty=pty,setsid,ctty,raw
	for o in -q --engine=copy -C; do
		one "socat -u EXEC:'zpipe $o text',$pty - | cmp - text"
		one "socat -u SYSTEM:'cat text | zpipe $o',$pty - | cmp - text"
		one "socat -u EXEC:'zpipe $o a b a',$pty - |
		    cmp - <(cat a b a)"
		one "$type | socat -t 5 - \
		    SYSTEM:'zpipe $o >out',$pty,icanon,echo=0 &&
		    cmp out <(printf 'one\ntwo\n')"
		one "$type | socat -t 5 - \
		    SYSTEM:'zpipe $o a - | cat >out',$pty,icanon,echo=0 &&
		    cmp out <(printf 'first\none\ntwo\n')"
	done
	all_right
}

@test "a read error is reported and the next file is read" {
	try 5 'zpipe a /proc/self/mem b'
	ended 16
	[ "$output" = $'first\nsecond' ] || fail "$(outcome)"
	lines_are "zpipe: /proc/self/mem: Input/output error"
}

@test "offsets beyond four gigabytes are no problem" {
	# Sparse, and read from just before that point, so it costs little.
	truncate -s $((4096 - 4))M big
	cat words >>big
	for o in "${engines[@]}" --engine=mmap; do
		one "{ dd bs=1M skip=4092 count=0 status=none
		    zpipe $o; } <big | check \$N"
	done
	one "{ dd bs=1M skip=4092 count=0 status=none; zpipe; } <big >out
	    check \$N <out"
	rm big
	all_right
	one "zpipe /dev/zero | leave 4400000000 | wc -c | grep -q 4400000000 ||
	    [ \"\${PIPESTATUS[*]}\" = '141 0 0 0' ]"
	all_right
}

# ---- outputs ----------------------------------------------------------------

@test "output files are written from where they stand, and appended to" {
	for o in "" --engine=range --engine=splice --engine=copy -C \
	    --engine=ring; do
		one "{ printf abc; zpipe $o words; printf def; zpipe $o b
		    printf ghi; } >out
		    { printf abc; cat words; printf def; cat b; printf ghi; } |
		    cmp - out"
		one "{ printf abc; zpipe $o words b a; printf def; } >out
		    { printf abc; cat words b a; printf def; } | cmp - out"
		one "cp words out; zpipe $o words 1<>out && cmp out words"
	done
	for o in "" --engine=splice --engine=copy -C --engine=ring; do
		one "{ printf abc; cat words | zpipe $o; printf def; } >out
		    { printf abc; cat words; printf def; } | cmp - out"
	done
	for o in "" --engine=copy -C --engine=ring; do
		one "echo old >out; zpipe $o words b >>out
		    zpipe $o a >>out; { echo old; cat words b a; } | cmp - out"
		one "echo old >out; cat words | zpipe $o >>out
		    { echo old; cat words; } | cmp - out"
	done
	all_right
}

@test "output to /dev/null is fine from everything" {
	for o in "${engines[@]}" --engine=mmap -C; do
		case $o in
		--engine=mmap) ;;
		*)
			one "zpipe $o words few >/dev/null"
			one "cat words | zpipe $o >/dev/null"
			one "zpipe $o <words >/dev/null" ;;
		esac
	done
	one "zpipe a /dev/null b >/dev/null"
	all_right
}

@test "non-blocking stdin and stdout are borne with" {
	# dd sets the flag on the description that it shares with zpipe.
	set='dd iflag=nonblock oflag=nonblock count=0 status=none'
	nb='grep -q "flags:.*4[0-9][0-9][0-9]$" /proc/self/fdinfo/'
	for o in "${engines[@]}"; do
		one "slow 5000 <words | { $set; ${nb}0 <&0 || exit 3
		    zpipe $o; } | slow 3000 | check \$N"
		one "{ $set </dev/null; ${nb}1 || exit 3; zpipe $o words; } |
		    slow 3000 | check \$N"
		one "{ sleep 0.1; cat words; } | { $set; zpipe $o a -; } |
		    { sleep 0.2; cmp - <(cat a words); }"
	done
	need socat
	for o in "${engines[@]}"; do
		one "socat -t 10 'FILE:words!!CREATE:out' \
		    EXEC:'bash -c \"$set; exec zpipe $o\"' && cmp out words"
	done
	all_right
}

@test "O_NONBLOCK is never set on a descriptor that others share" {
	need socat
	# Each is looked at in the shell that shares it, while zpipe is stalled.
	look='wait_until "asleep \$(pgrep -P $$ -x zpipe)"; for n in 0 1; do
	    grep -q "flags:.*4[0-9][0-9][0-9]$" /proc/$$/fdinfo/$n &&
		echo "descriptor $n" >>bad; done; : >looked'
	looked='wait_until "[ -e looked ]"'
	for o in "${engines[@]}"; do
		one "rm -f bad looked; $looked |
		    bash -c '{ $look; } & zpipe $o; wait' | cat; [ ! -e bad ]"
		one "rm -f bad looked; cat words |
		    bash -c '{ $look; } & zpipe $o; wait' |
		    { $looked; cat; } >/dev/null; [ ! -e bad ]"
		one "rm -f bad looked; cat <words |
		    bash -c '{ $look; } & zpipe $o words; wait' |
		    { $looked; cat; } >/dev/null; [ ! -e bad ]"
	done
	cat >stall <<-STALL
		{ $look; } <&0 &
		zpipe
		wait
	STALL
	one "rm -f bad looked; { $looked; echo x; } |
	    socat -t 2 - EXEC:'bash stall'; [ ! -e bad ]"
	one "rm -f bad looked; { $looked; printf '\004'; } | socat -t 2 - \
	    EXEC:'bash stall',pty,setsid,ctty,raw,icanon; [ ! -e bad ]"
	all_right
}

@test "other writers on the same pipe lose nothing and disturb nothing" {
	head -c 3000000 words | od -An -v -tx1 >text
	for o in "" --engine=ring "-B 4M --release=fence" --engine=splice; do
		one "{ (for i in {1..100}; do printf 'zzzzzzzz'; sleep 0.001
			done) & zpipe $o text; wait; } | slow 300 | tr -d z |
		    cmp - text"
	done
	# Bytes from before, which nobody has read yet.
	for o in "" --engine=ring "-B 4M --release=fence" --engine=splice; do
		one "{ cat few; zpipe $o words; } | { sleep 0.1; cat; } |
		    cmp - <(cat few words)"
	done
	all_right
}

# ---- things that cannot be read ---------------------------------------------

@test "missing files and directories are one line each, the rest is copied" {
	mkdir dir
	try 5 'zpipe a missing dir b'
	ended 2
	[ "$output" = $'first\nsecond' ] || fail "$(outcome)"
	lines_are "zpipe: missing: No such file or directory" \
	    "zpipe: dir: Is a directory"

	try 5 'zpipe missing dir missing/too a/b'
	ended 2
	[ -z "$output" ]
	lines_are "zpipe: missing: No such file or directory" \
	    "zpipe: dir: Is a directory" \
	    "zpipe: missing/too: No such file or directory" \
	    "zpipe: a/b: Not a directory"

	try 5 'zpipe "" a'
	ended 2
	[ "$output" = first ]
	lines_are "zpipe: '': No such file or directory"
}

@test "a directory as stdin is one line" {
	for o in "" -C --engine=copy --engine=ring; do
		try 5 "zpipe $o <. | cat; exit \${PIPESTATUS[0]}"
		ended 2
		lines_are "zpipe: stdin: Is a directory"
	done
}

@test "an unreadable file is one line, the rest is copied" {
	run=$(as_nobody)
	[ -z "$run" ] || need setpriv
	chmod 755 .
	mkdir bin
	cp "$ZPIPE" bin/zpipe
	echo secret >secret
	chmod 000 secret
	if ! $run bin/zpipe --version >/dev/null; then
		skip "zpipe cannot be run without root's rights here"
	fi
	try 5 "$run bin/zpipe a secret b"
	ended 2
	[ "$output" = $'first\nsecond' ] || fail "$(outcome)"
	lines_are "zpipe: secret: Permission denied"
}

@test "a socket in the file system cannot be opened, and that is one line" {
	need socat
	try 5 'socat UNIX-LISTEN:s - & until [ -S s ]; do sleep 0.02; done
	    zpipe a s b; r=$?; kill %1; exit $r'
	ended 2
	[ "$output" = $'first\nsecond' ] || fail "$(outcome)"
	[[ $stderr == "zpipe: s: No such device or address"* ]] ||
		fail "$(outcome)"
}

@test "status bits of different failures are added up" {
	try 5 'zpipe missing /proc/self/mem a'
	ended 18
	[ "$output" = first ]
	try 5 'cp a out; zpipe missing out b >>out'
	ended 6
	[ "$(cat out)" = $'first\nsecond' ] || fail "$(cat out)"
}

# ---- input is output --------------------------------------------------------

@test "an input that is the output is refused, and the rest is copied" {
	for o in "" --engine=copy -C --engine=ring; do
		cp a out
		try 5 "zpipe $o out >>out"
		ended 4
		one_line '^zpipe: out: '
		same out a

		cp words out
		try 5 "zpipe $o out b >>out"
		ended 4
		one_line '^zpipe: out: '
		cat words b | cmp - out

		cp words out
		try 5 "zpipe $o - b <out >>out"
		ended 4
		one_line '^zpipe: stdin: '
		cat words b | cmp - out

	done
}

@test "an empty file that is also the output is fine, as in cat" {
	try 5 'zpipe out b >out'
	ended 0
	quiet
	same out b
	: >out
	try 5 'zpipe out >>out'
	ended 0
	quiet
	[ ! -s out ]
	try 5 'zpipe <out >>out'
	ended 0
	quiet
}

@test "a pipe that leads to itself is refused" {
	mkfifo fifo
	try 5 'exec 3<>fifo; cat few >&3; zpipe <&3 >&3'
	ended 4
	one_line '^zpipe: stdin: '
	try 5 'exec 3<>fifo; cat few >&3; zpipe a fifo >&3'
	ended 4
	one_line '^zpipe: fifo: '
}

@test "one terminal and one /dev/null may be input and output" {
	need socat
	try 5 'zpipe /dev/null </dev/null >/dev/null; zpipe <>/dev/null >&0'
	ended 0
	quiet
	try 10 '{ printf "one\n"; sleep 0.3; printf "\004"; sleep 0.3; } |
	    socat -t 5 - EXEC:zpipe,pty,setsid,ctty,raw,icanon,echo=0'
	ended 0
	[[ $output == one* ]] || fail "$(outcome)"
}

# ---- descriptors in odd states ----------------------------------------------

@test "closed standard descriptors do no harm" {
	cp a a.was
	# stdout is closed: a failure with one line, as in cat
	try 5 'zpipe a >&-'
	[ "$status" -ne 0 ] && [ "$status" -lt 64 ] || fail "$(outcome)"
	one_line '^zpipe: stdout: Bad file descriptor$'
	try 5 'zpipe words >&-'
	[ "$status" -ne 0 ] && [ "$status" -lt 64 ] || fail "$(outcome)"
	one_line '^zpipe: stdout: Bad file descriptor$'
	try 5 'cat words | zpipe >&-; exit ${PIPESTATUS[1]}'
	[ "$status" -ne 0 ] && [ "$status" -lt 64 ] || fail "$(outcome)"
	one_line '^zpipe: stdout: Bad file descriptor$'

	# stdin is closed: only a failure if it is asked for
	try 5 'zpipe a <&-'
	ended 0
	quiet
	[ "$output" = first ]
	try 5 'zpipe <&-'
	[ "$status" -eq 2 ] || [ "$status" -eq 16 ] || fail "$(outcome)"
	one_line '^zpipe: stdin: Bad file descriptor$'
	try 5 'zpipe a - b <&-'
	[ "$status" -eq 2 ] || [ "$status" -eq 16 ] || fail "$(outcome)"
	one_line '^zpipe: stdin: Bad file descriptor$'
	[ "$output" = $'first\nsecond' ]

	# stderr is closed: messages must not land in a file or in the stream
	try 5 'zpipe a missing b 2>&-'
	ended 2
	[ "$output" = $'first\nsecond' ] || fail "$(outcome)"
	try 5 'zpipe missing a >out 2>&-; r=$?; cmp out a && exit $r'
	ended 2
	try 5 'zpipe words 2>&- | check $N'
	ended 0

	# all of them
	try 5 'zpipe a missing <&- >&- 2>&-'
	[ "$status" -ne 0 ] && [ "$status" -lt 64 ] || fail "$(outcome)"
	try 5 'zpipe words <&- 2>&- | splicer | check $N'
	ended 0
	same a a.was
}

@test "descriptors open in the wrong direction are failures" {
	try 5 'zpipe a >out 1<b'
	[ "$status" -ne 0 ] && [ "$status" -lt 64 ] || fail "$(outcome)"
	one_line '^zpipe: stdout: '
	try 5 'zpipe 0>out | cat; exit ${PIPESTATUS[0]}'
	[ "$status" -eq 16 ] || [ "$status" -eq 2 ] || fail "$(outcome)"
	one_line '^zpipe: stdin: Bad file descriptor$'
	for o in "${engines[@]}"; do
		try 5 "zpipe $o words 1<b"
		[ "$status" -ne 0 ] && [ "$status" -lt 64 ] ||
			fail "$o: $(outcome)"
		one_line '^zpipe: '
	done
}

@test "a full device is one line and status 16" {
	for o in "" -C --engine=copy --engine=ring; do
		for f in a words; do
			try 5 "zpipe $o $f >/dev/full"
			ended 16
			lines_are "zpipe: stdout: No space left on device"
			try 5 "cat $f | zpipe $o >/dev/full
			    exit \${PIPESTATUS[1]}"
			ended 16
			lines_are "zpipe: stdout: No space left on device"
		done
	done
	# With nothing to write nothing fails.
	try 5 "zpipe /dev/null >/dev/full"
	ended 0
}

@test "a file that may not grow further is one line and status 16" {
	for o in "" -C --engine=copy --engine=splice --engine=range; do
		try 5 "trap '' XFSZ; ulimit -f 2000; zpipe $o words >out"
		ended 16
		lines_are \
		    "zpipe: stdout: File too large after 2048000 bytes"
		[ "$(stat -c %s out)" -eq 2048000 ] || fail "$o: $(ls -l out)"
		cmp -n 2048000 out words || fail "$o: wrong bytes"
	done
}

# ---- readers and inputs that come and go ------------------------------------

@test "a reader that has left ends it by SIGPIPE, as it does cat" {
	for o in "${engines[@]}" --engine=mmap -C; do
		one "zpipe $o words | true; [ \${PIPESTATUS[0]} = 141 ]"
	done
	for o in "${engines[@]}" -C; do
		one "cat words | zpipe $o | true; [ \${PIPESTATUS[1]} = 141 ]"
		one "sleep 0.1 | cat - a | { sleep 0.2; zpipe $o; } | true
		    [ \${PIPESTATUS[2]} = 141 ]"
	done
	all_right
}

@test "where SIGPIPE is ignored, a vanished reader is one line and status 16" {
	for o in "${engines[@]}" --engine=mmap -C; do
		try 5 "trap '' PIPE; zpipe $o words | true
		    exit \${PIPESTATUS[0]}"
		ended 16
		lines_are "zpipe: stdout: Broken pipe"
	done
	for o in "${engines[@]}" -C; do
		try 5 "trap '' PIPE; cat words 2>/dev/null | zpipe $o | true
		    exit \${PIPESTATUS[1]}"
		ended 16
		lines_are "zpipe: stdout: Broken pipe"
	done
}

@test "a reader that leaves while the input is idle is noticed" {
	mkfifo fifo
	limit=5
	for o in "${engines[@]}" -C; do
		one "exec 9<>fifo; zpipe $o <fifo | true
		    [ \${PIPESTATUS[0]} = 141 ]"
		one "exec 9<>fifo; zpipe $o fifo | sleep 0.2
		    [ \${PIPESTATUS[0]} = 141 ]"
		one "exec 9<>fifo; printf abc >&9
		    zpipe $o fifo | leave 3 >/dev/null
		    [ \${PIPESTATUS[0]} = 141 ]"
		one "exec 9<>fifo; cat few >&9; zpipe $o a - <fifo |
		    leave 1000 >/dev/null; [ \${PIPESTATUS[0]} = 141 ]"
	done
	try 5 "exec 9<>fifo; trap '' PIPE; zpipe fifo | true
	    exit \${PIPESTATUS[0]}"
	ended 16
	lines_are "zpipe: stdout: Broken pipe"
	all_right
}

@test "at the end of the input it does not wait for the reader" {
	words 60000 >half	# fits into the pipe, if that could be grown
	n=0 script=
	for o in "${engines[@]}" --engine=mmap -C "-B 4M --release=fresh"; do
		for f in few half; do
			n=$((n + 1))
			script+="{ zpipe $o $f; echo '$o $f' >left.$n; } |
			    sleep 99 &"
		done
	done
	for o in "${engines[@]}" -C; do
		n=$((n + 1))
		script+="{ cat half | zpipe $o; echo '$o half' >left.$n; } |
		    sleep 99 &"
	done
	try 10 "$script wait_until '[ \$(cat left.* | wc -l) = $n ]'; cat left.*"
	[ "$(sort <<<"$output" | uniq | wc -l)" -ge 14 ] &&
	    [ "${#lines[@]}" -eq $n ] ||
		fail "only ${#lines[@]} of $n had left before their reader" \
		    "$(outcome)"
}

@test "a byte goes through at once while the input stays open" {
	mkfifo in out
	limit=10
	for o in "${engines[@]}" -C --engine=ring\ --release=fresh; do
		one "zpipe $o <in >out & exec 8>in 9<out
		    for i in {1..20}; do
			printf 'x%s\n' \$i >&8
			read -t 10 -u 9 got || exit 3
			[ \$got = x\$i ] || exit 4
			[ \$((i % 7)) != 0 ] || sleep 0.02
		    done"
		one "zpipe $o a - <in >out & exec 8>in 9<out
		    read -t 10 -u 9 got && [ \$got = first ] || exit 3
		    printf 'abc\n' >&8; read -t 10 -u 9 got && [ \$got = abc ]"
	done
	all_right
}

@test "a file that shrinks while it is sent neither kills nor hangs it" {
	for o in "" --engine=ring --engine=mmap --engine=splice --engine=copy \
	    "-B 4M --release=fresh"; do
		words 6000000 >big
		rm -f shorter
		try 10 "{ zpipe $o big; echo \$? >left; } |
		    { wait_until '[ -e shorter ]'; slow 100; } >got & p=\$!
		    stalls; truncate -s 100000 big; : >shorter; wait \$p
		    exit \$(<left)"
		tried=$((tried + 1))
		[ "$status" -eq 0 ] || [ "$status" -eq 16 ] ||
			note "$o: $(outcome)"
		[ "$(stat -c %s got)" -ge 100000 ] ||
			note "$o: $(stat -c %s got) bytes"
		[ "$(wc -l <<<"$stderr")" -le 1 ] || note "$o: $(outcome)"
		# Those that took a copy must have the words as they were.
		case $o in
		--engine=mmap | --engine=splice) ;;
		*)
			check <got 2>err || grep -q '^0 of' err ||
				note "$o: $(cat err)" ;;
		esac
	done
	all_right
}

@test "what is appended to a file before its end was read is sent too" {
	for o in "" --engine=ring --engine=mmap --engine=splice --engine=copy \
	    "-B 4M --release=fresh"; do
		words 4000000 >big	# more than the ring and the pipe take
		rm -f longer
		one "zpipe $o big |
		    { wait_until '[ -e longer ]'; check 4100000; } & p=\$!
		    stalls
		    words 4100000 | tail -c +32000001 >>big; : >longer
		    wait \$p"
	done
	all_right
}

@test "a later write to a file does not change what was sent by default" {
	words 60000 >big
	try 10 '{ zpipe big; : >done; } |
	    { wait_until "[ -e later ]"; check 60000; } & p=$!
	    wait_until "[ -e done ]"
	    head -c 480000 /dev/zero | dd of=big conv=notrunc bs=64k status=none
	    : >later; wait $p'
	ended 0
}

# ---- signals ----------------------------------------------------------------

counts='[0-9]+ bytes \([0-9.]+ [kKMGT]?i?B\) in [0-9.]+ s, '
counts+='[0-9.]+ [kKMGT]?i?B/s, engine [a-z]+(, release [a-z]+)?$'

@test "SIGUSR1 prints one line of counts and disturbs nothing" {
	need pgrep
	mkfifo fifo
	for o in "" --engine=ring --engine=copy --engine=splice; do
		try 30 "exec 9<>fifo; zpipe $o <fifo 2>err 9>&- | cat >out 9>&- &
		    cat few >&9; wait_until 'cmp -s few out'
		    kill -USR1 \$(pgrep -P \$\$ zpipe)
		    wait_until '[ -s err ]'; cat few >&9; exec 9>&-; wait
		    cat err >&2; cat few few | cmp - out"
		ended 0
		one_line "^zpipe: $counts"
		[[ $stderr == "zpipe: 4000 bytes ("* ]] || fail "$(outcome)"
		case $o in
		*=ring) [[ $stderr == *"engine ring, release "* ]] ;;
		*=copy) [[ $stderr == *"engine copy" ]] ;;
		*=splice) [[ $stderr == *"engine splice" ]] ;;
		esac || fail "$(outcome)"
	done
}

@test "a storm of SIGUSR1 loses no byte" {
	need pgrep
	for o in "${engines[@]}"; do
		try 20 "cat words words words | zpipe $o 2>err |
		    slow 5000 >out &
		    wait_until 'p=\$(pgrep -P \$\$ zpipe) && catches \$p USR1'
		    while kill -USR1 \$p; do sleep 0.002; done 2>/dev/null
		    wait; cat words words words | cmp - out"
		ended 0
		grep -q bytes err || fail "no counts were printed"
	done
}

@test "interrupt, terminated and hangup are a line of counts and end it" {
	mkfifo fifo
	for o in "" --engine=ring; do
		while read -r sig name number; do
			# not timeout(1): the bytes must have come before
			try 30 "exec 9<>fifo; cat few >&9; rm -f out
			    env --default-signal zpipe $o <fifo 9>&- \
				> >(cat >out) & wait_until 'cmp -s out few'
			    kill -$sig \$!; wait \$! 2>/dev/null"
			ended $((128 + number))
			one_line "^zpipe: $name: $counts"
			[[ $stderr == "zpipe: $name: 4000 bytes ("* ]] ||
				fail "$(outcome)"
		done <<-END
			INT interrupt 2
			TERM terminated 15
			HUP hangup 1
		END
	done
}

@test "a signal ends it while its reader stalls" {
	n=0 script=
	for o in "${engines[@]}" --engine=mmap -C; do
		for sig in INT TERM HUP; do
			n=$((n + 1))
			script+="{ signalled $sig 'asleep \$p' \
			    zpipe $o words; echo \"\$? $o\" >left.$n; } |
			    sleep 99 &"
		done
	done
	try 15 "$script wait_until '[ \$(cat left.* | wc -l) = $n ]'; cat left.*"
	[ "${#lines[@]}" -eq $n ] && ! grep -Eqv '^(129|130|143) ' <<<"$output" ||
		fail "only ${#lines[@]} of $n had ended" "$(outcome)"
}

@test "hangups stay ignored under nohup" {
	mkfifo fifo
	try 30 "exec 9<>fifo; (trap '' HUP; exec zpipe <fifo >out 9>&-) & p=\$!
	    cat few >&9; wait_until 'cmp -s out few'; kill -HUP \$p
	    cat few >&9; exec 9>&-; wait \$p && cat few few | cmp - out"
	ended 0
	quiet
}

@test "quiet prints no counts" {
	need pgrep
	mkfifo fifo
	try 30 "exec 9<>fifo; zpipe -q <fifo | cat >out &
	    cat few >&9; wait_until 'cmp -s out few'
	    p=\$(pgrep -P \$\$ zpipe); kill -USR1 \$p; cat few >&9
	    wait_until 'cat few few | cmp -s - out'
	    kill -TERM \$p; wait; cat few few | cmp - out"
	ended 0
	quiet
	# Errors are not counts.
	try 5 "zpipe -q missing"
	ended 2
	one_line missing
	try 5 "exec 9<>fifo; signalled TERM true zpipe --quiet <fifo"
	ended 143
	quiet
}

@test "it can be stopped and continued" {
	need pgrep
	for o in "${engines[@]}"; do
		one "cat words | zpipe $o | slow 2000 | check \$N & w=\$!
		    wait_until 'p=\$(pgrep -P \$\$ zpipe)'
		    for i in 1 2 3; do sleep 0.03
			kill -STOP \$p; sleep 0.02; kill -CONT \$p
		    done 2>/dev/null; wait \$w"
	done
	all_right
}

# ---- descriptors and memory -------------------------------------------------

@test "a thousand files leak no descriptor" {
	mkdir many
	for i in {1..1000}; do
		echo $i >many/$i
	done
	for o in "" --engine=ring --engine=copy --engine=splice; do
		one "ulimit -n 24
		    zpipe $o many/* words | cmp - <(cat many/* words)"
	done
	one "ulimit -n 24; zpipe --engine=mmap many/* | cmp - <(cat many/*)"
	one "ulimit -n 24; zpipe many/* many/* >out
	    cmp out <(cat many/* many/*)"
	all_right
}

@test "at its exit no descriptor is open that it did not get" {
	need strace pgrep
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	for run in "zpipe words | cat" "cat words | zpipe | cat" \
	    "zpipe words >out" "zpipe a b few missing | cat" \
	    "zpipe --engine=splice words | cat" "zpipe -B 4M words | splicer" \
	    "zpipe --engine=mmap words | cat" "zpipe words >/dev/null"; do
		tried=$((tried + 1))
		# exit_group is held up, so that there is something to look at.
		slowly="strace -qq -o log -e trace=exit_group"
		slowly+=" -e inject=exit_group:delay_enter=700000 zpipe"
		try 10 "rm -f log
		    { ${run/zpipe/$slowly}; } >/dev/null 2>&1 &
		    wait_until 'grep -q exit_group log'; p=\$(pgrep -g 0 -x zpipe) || echo no zpipe
		    for f in /proc/\$p/fd/*; do
			n=\${f##*/}
			[ \$n -le 2 ] || [ \$f -ef /proc/\$\$/fd/\$n ] ||
			    echo \$n \$(readlink \$f)
		    done; wait"
		[ "$output" = "" ] || note "$run: left open: $output"
	done
	all_right
}

@test "readers inherit nothing, and no process is left behind" {
	try 10 'zpipe -B 4M words | splicer | check $N; r=$?
	    ps -o pid=,stat=,args= --ppid $$ | grep -v "ps -o\|grep" && exit 9
	    exit $r'
	ended 0
}

@test "it needs no more memory than it may" {
	[ "${SANITIZED:-no}" = no ] || skip "the sanitizers need more"
	# ulimit -v is what a small container would enforce: no crash, no hang.
	try 10 'ulimit -v 60000; zpipe words | check $N'
	[ "$status" -eq 0 ] || [ "$status" -eq 64 ] || fail "$(outcome)"
	try 10 'ulimit -v 12000; zpipe words | cat >out
	    r=${PIPESTATUS[0]}; [ $r != 0 ] || cmp out words; exit $r'
	[ "$status" -eq 0 ] || [ "$status" -eq 64 ] || [ "$status" -eq 127 ] ||
		fail "$(outcome)"
}
