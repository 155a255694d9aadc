#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# What read(2) and write(2) guarantee, and every engine has to keep: errors
# that are reported once, records, file positions that are shared, the end.

load ../lib/helpers

setup_file()
{
	W=$BATS_FILE_TMPDIR/words
	words 1050001 >"$W" # 8 MiB and a word
	export W
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	bad=() tried=0
	engines=("" --engine=ring --engine=copy --engine=splice -C)
}

# ---- errors that are reported once

@test "a peer that resets the connection is an error on every path" {
	for kind in reset unixreset; do
		for o in "${engines[@]}" -l "-B 64k" "-B 4M" "-U -" -E \
		    "-L 1G" --lag=drop; do
			for to in "| cat >out" ">out" ">/dev/null" \
			    "--tee=f | cat >out" "--exec='cat >f' | cat >out"
			do
				[[ $o$to == *splice*--tee* ]] && continue
				ends 16 '^zpipe: stdin: Connection reset by peer$' \
				    "feed $kind 50000 4 zpipe $o $to
				    exit \${PIPESTATUS[0]}"
			done
		done
	done
	all_right
}

@test "what was sent before the reset arrives" {
	for kind in reset unixreset; do
		for o in "${engines[@]}" "-B 4M" "--exec='cat >f'"; do
			ends 16 'Connection reset by peer$' \
			    "feed $kind 50000 4 zpipe $o | cmp - <(head -c 200000 $W)
			    r=(\${PIPESTATUS[@]}); [ \${r[1]} = 0 ] && exit \$r"
		done
	done
	all_right
}

@test "monitor tells of the reset too" {
	for m in in both; do
		try 5 "feed reset 50000 4 zpipe -M $m -q -- cat | cat >out
		    exit \${PIPESTATUS[0]}"
		ended 16
		[[ $stderr == *"stdin: Connection reset by peer"* ]] ||
			fail "$(outcome)"
	done
}

@test "a peer that resets is an output's error as well" {
	need strace
	for o in "" --engine=copy; do
		for call in splice sendto; do
			tried=$((tried + 1))
			try 8 "lend tcp:5:got -- bash -c 'cat $W | strace -qq \
			    -o /dev/null \
			    -e inject=$call:error=ECONNRESET:when=6 \
			    zpipe $o -X --fd=5'"
			case $status,$stderr in
			16,*"--fd=5: Connection reset by peer") ;;
			0,) ;; # it does not come to that call
			*) note "$o $call: $(outcome)" ;;
			esac
		done
	done
	all_right
}

@test "an error of one side is not blamed on the other" {
	need strace
	# into a file that others may have the calls alternate: in, out
	for e in EIO ENOSPC EDQUOT EFBIG; do
		ends 16 "^zpipe: stdout: " "cat $W | strace -qq -o /dev/null \
		    -e inject=splice:error=$e:when=4 zpipe --engine=splice >f"
		ends 16 "^zpipe: f: " "cat $W | strace -qq -o /dev/null \
		    -e inject=splice:error=$e:when=3 zpipe --engine=splice -o f"
	done
	ends 16 "^zpipe: $W: Input/output error$" "strace -qq -o /dev/null \
	    -e inject=splice:error=EIO:when=3 zpipe --engine=splice $W |
	    cat >f; exit \${PIPESTATUS[0]}"
	for e in ENOSPC EDQUOT EFBIG; do
		ends 16 "^zpipe: stdout: " "strace -qq -o /dev/null \
		    -e inject=copy_file_range:error=$e:when=1 \
		    zpipe --engine=range $W >f"
	done
	all_right
}

@test "a position that cannot be had is blamed on its side" {
	need strace
	for o in -o ">"; do
		name=$([ "$o" = -o ] && echo f || echo stdout)
		ends 16 "^zpipe: $name: Input/output error" "rm -f f
		    strace -qq -o /dev/null -P \$PWD/f \
		    -e inject=lseek:error=EIO:when=2+ \
		    zpipe --engine=range $W $o f"
	done
	all_right
}

@test "an error that read and write do not repeat is still reported" {
	need strace
	ends 16 "^zpipe: $W: Input/output error$" "strace -qq -o /dev/null \
	    -e inject=copy_file_range:error=EIO:when=1 \
	    zpipe --engine=range $W >f; r=\$?; cmp $W f && exit \$r"
	# write(2) went well, and the disk did not
	for o in "-o f" ">f"; do
		name=$([ "$o" = ">f" ] && echo stdout || echo f)
		ends 16 "^zpipe: $name: Input/output error after 8" \
		    "strace -qq -o /dev/null \
		    -e inject=copy_file_range:error=EIO:when=1 \
		    -e inject=fdatasync:error=EIO \
		    zpipe --engine=range $W $o"
	done
	all_right
}

# ---- records

@test "records arrive whole on every engine, with every buffer size" {
	for o in "${engines[@]}" "-B 64k" "-B 64k --engine=ring" -l "-L 1G" \
	    "-B 4M" --chunk-size=4k --release=fresh "--exec='cat >f'" -T; do
		for kind in "seqpacket 60000 140" "dgram 60000 140" \
		    "seqpacket 200000 42" "dgram 200000 42" \
		    "seqpacket 1000 8400" "packets 4096 2000" \
		    "packets 1000 8400" "late 4096 2000" "late 1000 8400"; do
			set -- $kind
			one "feed $kind zpipe $o | cmp - <(head -c $(($2 * $3)) $W)"
		done
	done
	all_right
}

@test "records of a pipe in packet mode are a stream behind us" {
	for o in "" --engine=splice "--exec='cat >/dev/null'"; do
		for kind in "packets 4096 1000" "late 4096 1000" "late 800 5000"; do
			set -- $kind
			one "feed $kind zpipe $o | dd bs=100 status=none |
			    cmp - <(head -c $(($2 * $3)) $W)"
		done
	done
	all_right
}

@test "an empty datagram is the end" {
	for o in "${engines[@]}" -l "--exec='cat >f'" "-B 4M"; do
		one "feed dgram 1 0 zpipe $o | cmp - /dev/null"
		one "feed dgram 800 10 zpipe $o | cmp - <(head -c 8000 $W)"
	done
	all_right
}

@test "a record that is larger than any buffer is refused, not cut" {
	[ "$(cat /proc/sys/net/core/wmem_max)" -ge 212992 ] ||
		skip "small socket buffers"
	one "feed seqpacket 212000 8 zpipe | cmp - <(head -c 1696000 $W)"
	all_right
}

@test "stop-at-size takes as much of the last record as was asked for" {
	for o in "${engines[@]}"; do
		for kind in "seqpacket 60000 10" "dgram 60000 10" \
		    "packets 4000 100"; do
			one "feed $kind zpipe $o -S -s 123457 |
			    cmp - <(head -c 123457 $W)"
		done
	done
	all_right
}

# ---- positions that are shared

@test "writers that share a position lose no byte" {
	for o in "${engines[@]}" -K -O "-K -O" -l -T -Y; do
		for from in "head -c 2M $W | zpipe $o" "zpipe $o <(head -c 2M $W)" \
		    "zpipe $o <part"; do
			tried=$((tried + 1))
			head -c 2M "$W" >part
			try 20 "{ for i in 1 2 3 4; do ($from) & done; wait; } >x
			    stat -c %s x; sort <(od -An -v -tx8 -w8 x) |
			    uniq -c | awk '\$1 != 4' | wc -l"
			[ "$status,$stderr,$output" = "0,,8388608
0" ] || note "$from: $(outcome | tr '\n' ' ')"
		done
	done
	all_right
}

@test "ranges from files into a shared position lose no byte" {
	head -c 2M "$W" >part
	for o in --engine=range --engine=auto; do
		try 20 "{ for i in 1 2 3 4; do zpipe $o part & done; wait; } >x
		    stat -c %s x; sort <(od -An -v -tx8 -w8 x) |
		    uniq -c | awk '\$1 != 4' | wc -l"
		[ "$status,$stderr,$output" = "0,,8388608
0" ] || fail "$(outcome)"
	done
}

@test "readers that share a position get each byte once" {
	for o in "" --engine=ring --engine=copy --engine=splice --engine=mmap -K; do
		tried=$((tried + 1))
		try 20 "{ for i in 1 2 3; do zpipe $o | cat >part.\$i & done
		    wait; } <$W; cat part.* | od -An -v -tx8 -w8 | sort |
		    cmp - <(od -An -v -tx8 -w8 $W | sort)"
		# a read at any offset may cut a word in two
		[ "$status" = 0 ] ||
			[ "$(cat part.* | wc -c)" = "$(stat -c %s "$W")" ] ||
			note "$o: $(cat part.* | wc -c) $(outcome | tr '\n' ' ')"
	done
	all_right
}

@test "lines that are given back are there for the next reader" {
	seq 100000 >lines
	for o in "" --engine=ring --engine=copy -K; do
		one "{ zpipe $o -l -S -s 3 >a; zpipe $o -l -S -s 40000 >b
		    zpipe $o >c; } <lines; cat a b c | cmp - lines &&
		    [ \$(wc -l <a) = 3 ] && [ \$(wc -l <b) = 40000 ]"
	done
	all_right
}

@test "the position is behind what was moved, on every engine" {
	for o in "" --engine=copy --engine=splice -K -O; do
		one "{ head -c 3M $W | zpipe $o; echo behind; } >x
		    cmp x <(head -c 3M $W; echo behind)"
		one "{ zpipe $o -S -s 3M >x; cat >y; } <$W; cat x y | cmp - $W"
		one "{ zpipe $o -S -s 3M | cat >x; cat >y; } <$W
		    cat x y | cmp - $W"
	done
	one "{ zpipe --engine=mmap -S -s 3M | cat >x; cat >y; } <$W
	    cat x y | cmp - $W"
	one "{ zpipe --engine=range -S -s 3M >x; cat >y; } <$W
	    cat x y | cmp - $W"
	all_right
}

@test "direct I/O and a display in the same file do not overwrite each other" {
	for o in "" -O --engine=copy; do
		# all that is no NUL is the display's
		one "zpipe -K $o -f -b -i 0.1 -L 20M -S -s 8M /dev/zero >x 2>&1
		    [ \$(tr -cd '\\0' <x | wc -c) = 8388608 ] &&
		    [ \$(tr -d '\\0' <x | grep -c MiB) -gt 1 ]"
	done
	all_right
}

@test "holes at the end of a shared file cut nothing off" {
	head -c 1M /dev/zero >zeros
	one "{ zpipe -O zeros & (head -c 1M $W | tail -c 1M); wait; } >x
	    [ \$(stat -c %s x) = 2097152 ]"
	one "{ zpipe -O zeros; echo behind; } >x; cmp x <(cat zeros; echo behind)"
	one "zpipe -O zeros >x; cmp x zeros && [ \$(stat -c %b x) -le 8 ]"
	all_right
}

# ---- the end

@test "a reader that has got everything is no error when it leaves" {
	for o in "${engines[@]}" --output-error=warn --output-error=exit \
	    "--exec='cat >/dev/null'" -l "-B 4M" --lag=drop; do
		one "for i in {1..20}; do echo x | zpipe $o | head -1 >/dev/null
		    done"
		one "for i in {1..20}; do : | zpipe $o | :; done"
	done
	one "for i in {1..20}; do zpipe <(echo x) | head -1 >/dev/null; done"
	all_right
}

@test "a reader that leaves too early is still told of" {
	for o in "${engines[@]}" "-B 4M"; do
		ends 141 '' "cat $W | zpipe $o | head -c 1 >/dev/null
		    exit \${PIPESTATUS[1]}"
		ends 141 '' "{ sleep 0.8; } | zpipe $o | :; exit \${PIPESTATUS[1]}"
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "cat $W | zpipe $o --output-error=exit | :
		    exit \${PIPESTATUS[1]}"
	done
	all_right
}

@test "SIGPIPE that cannot kill is a line and status 16" {
	for o in "${engines[@]}"; do
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "env --block-signal=PIPE zpipe $o $W | :
		    exit \${PIPESTATUS[0]}"
		ends 16 '^zpipe: stdout: Broken pipe$' \
		    "env --ignore-signal=PIPE zpipe $o $W | :
		    exit \${PIPESTATUS[0]}"
	done
	unshare -pf true 2>/dev/null || skip "no namespace for processes here"
	ends 16 '^zpipe: stdout: Broken pipe$' \
	    "unshare -pf zpipe $W | :; exit \${PIPESTATUS[0]}"
	all_right
}

@test "INT, TERM and HUP end it by that signal, and scripts stop" {
	for s in INT TERM HUP; do
		n=$((128 + $(kill -l $s)))
		for o in "" -f -q --engine=copy; do
			ends $n '' "timeout --foreground --preserve-status -s $s \
			    0.2 zpipe $o </dev/zero >/dev/null 2>/dev/null"
		done
	done
	# bash goes on unless the command was killed by the signal
	try 5 "timeout --foreground -s INT 0.3 bash -c \
	    'for i in 1 2; do zpipe -q </dev/zero >/dev/null; done; echo on'"
	[ -z "$output" ] || fail "$(outcome)"
	all_right
	unshare -pf true 2>/dev/null || skip "no namespace for processes here"
	try 5 "unshare -pf --kill-child zpipe -q /dev/zero >/dev/null & p=\$!
	    until z=\$(pgrep -P \$p zpipe); do sleep 0.01; done
	    wait_until 'catches \$z TERM'; kill -TERM \$z; wait \$p"
	ended 32
}

@test "a file that may not grow is an error of that output alone" {
	for o in "" --engine=copy --engine=splice --output-error=warn; do
		ends 16 '^zpipe: small: File too large' \
		    "(ulimit -f 100; cat $W | zpipe $o -o small |
		    cat >/dev/null; exit \${PIPESTATUS[1]})"
	done
	ends 16 '^zpipe: small: File too large' \
	    "(ulimit -f 100; zpipe --tee=small $W) | cmp - $W
	    exit \${PIPESTATUS[0]}"
	all_right
}

@test "a co-writer that never ends does not keep us from ending" {
	echo some bytes >a
	limit=10 one "{ yes & zpipe -f -b -i 0.1 a 2>/dev/null; kill \$!; } |
	    (while read -r -N 500 x; do sleep 0.01; done) || [ \$? = 1 ]"
	limit=10 one "{ yes & zpipe -f -b -i 0.1 --tee=f a 2>/dev/null; kill \$!; } |
	    (while read -r -N 500 x; do sleep 0.01; done) || [ \$? = 1 ]"
	all_right
}

@test "but readers that are slow are waited for" {
	head -c 30000 "$W" >few
	try 10 "zpipe -f -b -i 0.1 few 2>err |
	    (while read -r -d '' -N 1000 x; do sleep 0.01; done); tail -n 1 err"
	[[ $output == *29.3KiB* ]] || fail "$(outcome)"
}

# ---- limits

@test "a limit of our own is no lag of the reader's" {
	for o in --lag=drop --lag=detach; do
		one "head -c 3M $W | zpipe $o -L 4M -q | cmp - <(head -c 3M $W)"
		one "head -c 1M $W | zpipe $o -L 2M -q --tee=f |
		    cmp - <(head -c 1M $W) && cmp f <(head -c 1M $W)"
		one "zpipe $o -S -s 40M /dev/zero | (sleep 0.3; cat) |
		    cmp - <(head -c 40M /dev/zero)"
	done
	all_right
}

@test "an explicit buffer size between pipes is the ring's" {
	for to in "| cat >f" ">f"; do
		tried=$((tried + 1))
		try 5 "cat $W | zpipe -B 4M --explain $to"
		[[ $stderr == *"engine ring"*"--buffer-size"* ]] ||
			note "$to: $(outcome)"
	done
	# it holds what a stalled reader does not take
	one "{ head -c 6M $W; touch done; } | zpipe -B 16M |
	    (until [ -e done ]; do sleep 0.05; done; cmp - <(head -c 6M $W))"
	all_right
}

@test "an explicit pipe size holds for small transfers too" {
	command -v perl >/dev/null || skip "perl is not installed"
	try 5 "echo x | zpipe --pipe-size=256k | (read -r x; \
	    perl -e 'print fcntl(STDIN, 1032, 0)')" 
	[ "$output" = 262144 ] || fail "$(outcome)"
}

@test "a character device gets writes of the chunk size" {
	need strace
	[ -w /dev/full ] || skip "no /dev/full"
	for n in 128k 64k 1M; do
		try 5 "strace -qq -o trace -e trace=write \
		    -e inject=write:retval=$((${n%[kM]} * (${#n} > 2 ? 1024 : 1048576))) \
		    zpipe --chunk-size=$n $W >/dev/full 2>err"
		grep -q "^write(1, .*, $(numfmt --from=iec "${n^^}"))" trace ||
			fail "$n: $(head -5 trace)"
	done
}

@test "a mapped file that shrinks adds no NULs" {
	for i in 1 2 3 4 5; do
		cp "$W" f
		tried=$((tried + 1))
		try 10 "zpipe --engine=mmap f | (stalls; truncate -s 5000001 f
		    cat) >got; cmp -n 4000000 got $W &&
		    [ \$(stat -c %s got) -le 5000001 ]"
		[ "$status" = 0 ] || note "$(outcome)"
	done
	all_right
}

@test "an empty datagram is the end, also when there was no room for it" {
	# it can be peeked at only once
	for o in "" --engine=copy "-B 64k" "--engine=copy -B 5M" -l; do
		one "feed dgram 1000 2000 zpipe $o | (sleep 0.3; cat) |
		    cmp - <(head -c 2000000 $W)"
	done
	all_right
}

@test "a reader that leaves with bytes unread does not keep us waiting" {
	head -c 29345 "$W" >few
	limit=3
	for i in {1..16}; do
		# a display waits for readers, a full ring for room
		one "cat few | zpipe -f -t -i 100 2>/dev/null |
		    leave 26612 >/dev/null || :"
		one "trap '' PIPE; head -c 98645 $W 2>/dev/null | zpipe --engine=ring \
		    -B 100k 2>/dev/null | leave 12704 >/dev/null || :"
	done
	all_right
}

@test "a FIFO whose reader leaves may get another one" {
	# the second must come within the quarter of a second that zpipe waits
	for i in 1 2 3 4 5; do
		rm -f f second
		mkfifo f
		try 8 "{ echo one; wait_until '[ -e second ]'; sleep 0.4
		    echo two; } | zpipe >f &
		    exec 3<f; read -r a <&3; exec 3<&-; sleep 0.05
		    exec 3<f; : >second; read -r b <&3; echo \$a \$b; wait \$!"
		[ "$status,$output,$stderr" != "0,one two," ] || return 0
	done
	fail "$(outcome)"
}

@test "an explicit buffer size is the ring's, however small" {
	for n in 1024 64k 1M 2M 4M; do
		tried=$((tried + 1))
		try 8 "cat $W | zpipe -B $n --explain | splicer | splicer |
		    cmp - $W"
		[ "$status" = 0 ] && [[ $stderr == *"engine ring"* ]] ||
			note "$n: $(outcome)"
	done
	all_right
}

@test "an input that is the output is refused with direct I/O too" {
	limit=3
	for o in "" -K "-O -K" "-K -C"; do
		ends 4 'a: input file is output file$' \
		    "echo aaa >a; echo bbb >b; zpipe $o b a 1<>a; r=\$?
		    [ \"\$(cat a)\" = bbb ] && exit \$r"
	done
	all_right
}

@test "records that the buffers of --lag are too small for end their turn" {
	for lag in drop detach; do
		try 10 "feed seqpacket 200000 3 zpipe --output-error=warn \
		    --lag=$lag -B 128k -X --exec='cat >f' \
		    --exec='sleep 1; cat >g' $W - 2>err
		    cmp f <(cat $W; head -c 600000 $W)"
		ended 0
		grep -q 'did not keep up' err || fail "$(cat err)"
	done
}

@test "an output that is lost between two engines takes nothing with it" {
	printf '%s\n' "$(seq 100)" >few
	for i in 1 2 3; do
		try 10 "{ head -c 65536 /dev/zero
		    echo a | zpipe --output-error=warn --exec='cat >o' - few \
			<(echo b) 2>err; echo \$? >st; } | sleep 0.3
		    [ \$(<st) = 16 ] && cmp o <(echo a; cat few; echo b)"
		ended 0
	done
}
