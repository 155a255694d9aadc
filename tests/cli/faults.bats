#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# One system call at a time fails, in one way at a time, at the first call or
# at a later one. Either the bytes are right all the same, or there is one line
# that says what failed and a status that is not 0. What did arrive is right in
# both cases. A case that takes longer than its limit has failed too.
#
# The readers hold on to the pages as long as they can, so that a buffer which
# is rewritten too early shows.

load ../lib/helpers

WORDS=$((24 * 131072 + 12345))
FEW=$((9 * 131072 + 12345))
chain="splicer | splicer | splicer"

# Errors that a program may meet again and again, and those that come alone.
lasting="ENOSYS EPERM EINVAL EOPNOTSUPP EIO ENOMEM EMFILE"
passing="EAGAIN EINTR"

# The calls that matter, where a transfer makes them. close(2), exit and the
# C library's own bookkeeping are no part of it.
calls=" vmsplice splice tee read readv pread64 write writev pwrite64 clone \
clone3 fork vfork wait4 waitid madvise mmap munmap poll ppoll select pselect6 \
epoll_wait epoll_pwait epoll_ctl epoll_create1 eventfd2 signalfd4 \
timerfd_create timerfd_settime fcntl ioctl copy_file_range sendfile sendto \
sendmsg recvfrom recvmsg pipe pipe2 open openat fstat newfstatat stat lseek fadvise64 dup dup2 \
dup3 rt_sigaction rt_sigprocmask nanosleep clock_nanosleep "

setup_file()
{
	words $WORDS >"$BATS_FILE_TMPDIR/words"
	words $FEW >"$BATS_FILE_TMPDIR/few"
}

setup()
{
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	cd "$BATS_TEST_TMPDIR" || return
	W=$BATS_FILE_TMPDIR/words F=$BATS_FILE_TMPDIR/few
	export W F
	only=
	# The sanitizers cannot do their own work where these calls fail.
	theirs=
	[ "${SANITIZED:-no}" = no ] || theirs=" mmap munmap madvise read write \
	    open openat clone rt_sigaction rt_sigprocmask fstat newfstatat \
	    lseek dup2 pread64 "
}

# transfer TRACE: the transfer of this test, in the current directory, with
# strace's options before zpipe. Leaves status, err (zpipe's stderr) and seen
# (what check says).
transfer()
{
	local end=0

	timeout -k 1 "${FAULT_SECONDS:-10}" env --default-signal=PIPE \
	    T="strace -qq $1" \
	    bash -c "$script" >/dev/null 2>&1 3>&- || end=$?
	case $end in
	124 | 137) echo hang >status ;;
	esac
}

# plan: traces the transfer as it is, and prints per call: its name, how often
# it was made before main() began, and how often in all.
plan()
{
	mkdir -p plan && cd plan || return
	transfer "-o trace"
	[ "$(cat status)" = 0 ] && [ ! -s err ] &&
	    grep -q '^0 of .* wrong$' seen ||
		fail "it fails even without a fault: status $(cat status)," \
		    "$(cat err)" "$(cat seen)" || return
	awk -v calls="$calls" '
	# The loader is done when it has unmapped its cache; what a sanitizer
	# does after that is not our concern either.
	/^openat\(.*ld\.so\.cache/ { cache = 1 }
	{ name = $0; sub(/\(.*/, "", name); n[name]++ }
	cache == 1 && name == "munmap" {
		for (i in n)
			before[i] = n[i]
		cache = 2
	}
	END {
		for (i in n)
			if (index(calls, " " i " ") && n[i] > before[i])
				print i, before[i] + 0, n[i]
	}' trace | sort
	cd ..
}

# cell CALL ERROR WHEN: one case; prints a line if it went wrong.
cell()
{
	local dir=$1-$2-$3 st

	mkdir "$dir" && cd "$dir" || return
	: >err
	: >seen
	transfer "-o /dev/null -e trace=$1 -e inject=$1:error=$2:when=$3"
	st=$(cat status 2>/dev/null)
	case $st,$(wc -l <err),$(cat seen) in
	0,0,"0 of "*" words wrong") ;;
	[1-9]*,1,"0 of "*)
		case $st,$(cat err) in
		1[2-9][0-9],*)
			echo "killed by signal $((st - 128))" ;;
		*,"zpipe: "*) ;;
		127,*"error while loading shared libraries"*) ;;
		*)
			echo "no message of ours" ;;
		esac >why ;;
	[1-9]*,0,"0 of "*)
		# Nobody can print a message where every write fails.
		[ "${1:0:5},${3: -1}" = write,+ ] || echo "no message" >why ;;
	hang,*) echo "a hang" >why ;;
	0,0,*) echo "wrong bytes, and status 0" >why ;;
	*) echo "wrong" >why ;;
	esac
	[ ! -s why ] || echo "$1 $2 when=$3: $(cat why): status $st;" \
	    "$(cat seen); $(wc -l <err) lines: $(head -3 err | tr '\n' '|')"
	cd .. && rm -r "$dir"
}

# matrix: every cell of this test's transfer, two at a time; fails with all
# that went wrong.
matrix()
{
	local call before all error when cells=0 running=0

	plan >made || return
	: >failed
	while read -r call before all; do
		[ -z "$only" ] || [[ " ${only//[[:space:]]/ } " == \
		    *" $call "* ]] || continue
		[[ ${theirs//[[:space:]]/ } != *" $call "* ]] || continue
		echo "$call" >>calls
		for error in $lasting $passing; do
			set -- $((before + 1))
			[ $((all - before)) -lt 3 ] ||
				set -- "$@" $(((before + all + 1) / 2 + 1))
			# Either all calls fail from some call on, or just one.
			case " $passing " in
			*" $error "*) ;;
			*) set -- "${@/%/+}" $((before + 1)) ;;
			esac
			for when; do
				cell "$call" "$error" "$when" >>failed 3>&- &
				cells=$((cells + 1)) running=$((running + 1))
				[ $running -ge 2 ] || continue
				wait -n || true
				running=$((running - 1))
			done
		done
	done <made
	wait || true
	[ $cells -gt 0 ] || [ -z "$theirs" ] ||
		skip "the sanitizers make all of these calls themselves"
	[ $cells -gt 0 ] || fail "no call could be made to fail" "$(cat made)"
	echo "# $cells cells: $(tr '\n' ' ' <calls)" >&3
	[ ! -s failed ] ||
		fail "$(wc -l <failed) of $cells cells failed:" "$(sort failed)"
}

# to_pipe OPTIONS FILE: the script of a transfer from that file into the chain.
to_pipe()
{
	script="{ \$T zpipe $1 $2 2>err; echo \$? >status; } | $chain |
	    check ${3:-$WORDS} 2>seen"
}

from_pipe()
{
	script="words ${2:-$WORDS} | { \$T zpipe $1 2>err; echo \$? >status; } |
	    $chain | check ${2:-$WORDS} 2>seen"
}

@test "a file into a pipe, with any one system call failing" {
	to_pipe "-B 4M" '$W'
	matrix
}

@test "a file into a pipe by fresh pages, with memory failing" {
	to_pipe "-B 4M --release=fresh" '$W'
	only="madvise mmap munmap vmsplice ioctl"
	matrix
}

@test "a file into a pipe by a guarded ring, with the fence failing" {
	to_pipe "-B 4M --engine=ring --release=fence" '$W'
	only="clone clone3 fork vfork wait4 waitid madvise ioctl vmsplice poll"
	matrix
}

@test "a mapped file into a pipe, with any one system call failing" {
	to_pipe "--engine=mmap" '$F' $FEW
	only="mmap munmap madvise vmsplice fstat newfstatat lseek poll fcntl"
	matrix
}

@test "a pipe into a pipe, with any one system call failing" {
	from_pipe ""
	matrix
}

@test "a pipe into a pipe by the ring, with any one system call failing" {
	from_pipe "-B 4M --engine=ring"
	only="read vmsplice clone clone3 fork wait4 waitid madvise ioctl poll \
	    fcntl mmap"
	matrix
}

@test "a splice that moves nothing is no end while there is more" {
	for when in 1 3 9; do
		tried=$((tried + 1))
		timeout 20 bash -c 'cat "$W" | strace -o calls -e trace=splice \
		    -e inject=splice:retval=0:when='$when' zpipe | cat >out' \
		    3>&-
		grep -q INJECTED calls || note "$when: nothing was injected"
		cmp -s out "$W" || note "$when: other bytes"
	done
	all_right
}

@test "a file into a file, with any one system call failing" {
	script='$T zpipe $F >out 2>err; echo $? >status
	    check '$FEW' <out 2>seen'
	matrix
}

@test "a file into a file by ranges, with any one system call failing" {
	script='$T zpipe --engine=range $F >out 2>err; echo $? >status
	    check '$FEW' <out 2>seen'
	only="copy_file_range ioctl lseek fstat newfstatat"
	matrix
}

@test "a pipe into a file, with any one system call failing" {
	script='words '$FEW' | { $T zpipe >out 2>err; echo $? >status; }
	    check '$FEW' <out 2>seen'
	only="splice write read pipe2 fcntl poll fstat newfstatat"
	matrix
}

@test "a file by copying, with any one system call failing" {
	to_pipe "--engine=copy" '$F' $FEW
	only="read write writev poll ppoll openat open fcntl mmap"
	matrix
}

@test "three files, with each opening failing once, send the other two" {
	printf 'one\n' >1; printf 'two\n' >2; printf 'three\n' >3
	strace -o trace -e trace=open,openat "$ZPIPE" 1 2 3 | cat >/dev/null
	# Which call opens the second file.
	n=$(grep ^openat trace | grep -n '"2"' | cut -d: -f1)
	for e in EACCES EMFILE EIO ENOMEM; do
		try 10 "strace -qq -o /dev/null -e trace=openat,open \
		    -e inject=openat:error=$e:when=$n zpipe 1 2 3"
		ended 2
		[ "$output" = $'one\nthree' ] || fail "$(outcome)"
		one_line '^zpipe: 2: '
	done
}

@test "a close of the output that fails is one line and status 8" {
	strace -o trace -e trace=close,dup2,dup3 "$ZPIPE" "$F" >out
	n=$(grep '^close' trace | grep -n '^close(1)' | cut -d: -f1 | tail -1)
	[ -n "$n" ] || fail "stdout is never closed, so no error can be seen" \
	    "$(cat trace)"
	for e in EIO ENOSPC EDQUOT; do
		try 10 "strace -qq -o /dev/null -e trace=close \
		    -e inject=close:error=$e:when=$n zpipe \$F >out"
		ended 8
		one_line '^zpipe: stdout: '
	done
}

# ---- signals ----------------------------------------------------------------

# again SCRIPT: with each of these calls cut short by a signal the first time,
# and the second, the script, in which $T stands before zpipe, ends well. A call
# that it does not make at all is no case.
again()
{
	local call

	limit=20
	for call in openat ftruncate fallocate fdatasync close flock \
	    copy_file_range splice tee vmsplice write; do
		rm -rf d && mkdir d
		one "cd d; T='strace -qq -o /dev/null'
		    T=\"\$T -e inject=$call:error=EINTR:when=1+2\"
		    # the loader would not make its calls again
		    case $call in openat | close)
			for f in f g t i; do T=\"\$T -P \$PWD/\$f\"; done
		    esac
		    $1"
	done
}

@test "a call that a signal has cut short is made again" {
	bad=() tried=0
	[ "${SANITIZED:-no}" = no ] || skip "the sanitizers make such calls themselves"
	{ words 20000; head -c 300000 /dev/zero; } >full
	head -c 200000 full >short
	again 'head -c 400000 /dev/urandom >f; cp f g
	    $T zpipe -O -Y -o f --tee=g ../full && cmp f ../full &&
	    cmp g ../full'
	again 'printf kept >f; $T zpipe -K --append=f ../full >g &&
	    cmp g ../full && cmp <(printf kept; cat ../full) f'
	again '$T zpipe -U t ../full ../short >g && cat ../full ../short |
	    cmp - g'
	again 'cp ../full i; $T zpipe i --exec="cat >h" -o f && cmp h i &&
	    cmp f i'
	again 'cat ../full | $T zpipe --tee=f | cmp - ../full && cmp f ../full'
	all_right
}

@test "a signal that ends it ends the wait for the disk too" {
	[ "${SANITIZED:-no}" = no ] || skip "strace and the sanitizers disagree"
	try 10 'seq 9 | strace -qq -o /dev/null \
	    -e inject=fdatasync:error=EINTR:signal=TERM zpipe -Y -o f 2>err
	    exit ${PIPESTATUS[1]}'
	ended 143
	grep -q '^zpipe: terminated: ' err && [ "$(wc -l <err)" = 1 ] ||
		fail "$(cat err)"
	same f <(seq 9)
}
