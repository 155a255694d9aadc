# SPDX-License-Identifier: ISC
#
# What the .bats files share. ZPIPE is the program, ZOO the directory of the
# readers; both come from `make check`, or are where an in-tree build has them.

bats_require_minimum_version 1.5.0

ZPIPE=${ZPIPE:-$BATS_TEST_DIRNAME/../../zpipe}
ZOO=${ZOO:-$BATS_TEST_DIRNAME/../zoo}
PATH=$(dirname "$ZPIPE"):$ZOO:$PATH
export ZPIPE ZOO PATH
export LC_ALL=C

# A user's own popt aliases must not change what is tested.
HOME=${BATS_RUN_TMPDIR:-/nonexistent}
export HOME

# The sanitizers' leak check stops the program by ptrace, which fails under
# strace and hangs now and then; valgrind and the unit tests look for leaks.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
export ASAN_OPTIONS

# What a file may set: see one and refused.
loud='' with=()

# fail LINE...: the test fails, and shows why.
fail()
{
	printf '%s\n' "$@" >&2
	return 1
}

# need TOOL...: skips where a tool is not installed.
need()
{
	local tool

	for tool; do
		command -v "$tool" >/dev/null 2>&1 ||
			skip "$tool is not installed"
	done
}

# need_uutils: sets uu to the cat of the uutils, which splices.
need_uutils()
{
	local p

	uu=
	for p in /usr/lib/cargo/bin/coreutils/cat uu-cat uucat; do
		command -v $p >/dev/null && uu=$p
	done
	[ -n "$uu" ] || skip "uutils cat is not installed"
}

# limited SECONDS SCRIPT: runs a bash script with pipefail, in the directory
# of the test, and ends all of it after so many seconds (status 124, or 137), or
# three times as many where the machine has other work: a deadline is for what
# hangs. So whoever is to outlast the script must sleep for longer than that.
# Nothing that it started is left when it returns: timeout(1) makes a process
# group of its own. A background job has SIGINT ignored, which must not count.
limited()
{
	local seconds=$(($1 * 3)) script=$2 end=0

	shift 2
	cd "$BATS_TEST_TMPDIR" || return
	timeout -k 1 "$seconds" env --default-signal=PIPE,INT,QUIT,TERM,HUP \
	    bash -c "set -o pipefail; $script" bash "$@" </dev/null 3>&- &
	wait $! || end=$?
	kill -KILL -- -$! 2>/dev/null || :
	return $end
}

# try SECONDS SCRIPT: as limited; sets status, output and stderr (as bats run).
try()
{
	run --separate-stderr limited "$@"
}

# wait_until CONDITION [SECONDS]: looks again and again until the condition, a
# bit of bash, holds; after so many seconds (20) it says what has not come, and
# fails. Scripts of try have it too.
wait_until()
{
	local end=$((SECONDS + ${2:-20}))

	until eval "$1" 2>/dev/null; do
		[ "$SECONDS" -lt "$end" ] || {
			printf 'waited in vain until: %s\n' "$1" >&2
			return 1
		}
		sleep 0.02
	done
}

# catches PID SIGNAL: the process has a handler for it, and will not die of it.
catches()
{
	local caught

	caught=$(sed -n 's/^SigCgt:[[:space:]]*/0x/p' "/proc/$1/status") &&
	    [ -n "$caught" ] &&
	    [ $((caught >> ($(kill -l "$2") - 1) & 1)) -eq 1 ]
}

# asleep PID: the process waits for something.
asleep()
{
	grep -q '^State:[[:space:]]*S' "/proc/$1/status"
}

# stalls: waits until the only zpipe of this script waits for something.
stalls()
{
	wait_until 'asleep "$(pgrep -g 0 -x zpipe)"'
}

# signalled SIGNAL CONDITION COMMAND...: runs the command, sends it the signal
# once it has a handler for it and the condition holds (in which p is its
# number), and returns its status.
signalled()
{
	local sig=$1 cond=$2 p

	shift 2
	# in the background SIGINT would be ignored
	env --default-signal=INT,QUIT "$@" <&0 &
	p=$!
	wait_until "catches $p $sig && $cond"
	kill "-$sig" $p
	# the shell would say how it has ended
	wait $p 2>/dev/null
}
export -f wait_until catches asleep stalls signalled

# What try left, for a message.
outcome()
{
	printf 'status %s\nstdout: %s\nstderr: %s' "$status" "${output:0:400}" \
	    "$stderr"
}

# ended STATUS: the last try had this status.
ended()
{
	[ "$status" -eq "$1" ] || fail "wanted status $1" "$(outcome)"
}

# one_line PATTERN: stderr of the last try is one line that fits the pattern.
one_line()
{
	[ "$(wc -l <<<"$stderr")" -eq 1 ] && [[ $stderr =~ $1 ]] ||
		fail "wanted one line on stderr like $1" "$(outcome)"
}

# lines_are LINE...: stderr of the last try is exactly that.
lines_are()
{
	[ "$stderr" = "$(printf '%s\n' "$@")" ] ||
		fail "wanted on stderr:" "$@" "$(outcome)"
}

# quiet: nothing was on stderr.
quiet()
{
	[ -z "$stderr" ] || fail "wanted nothing on stderr" "$(outcome)"
}

# same FILE FILE: the bytes are equal.
same()
{
	cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# all_right: fails with every line that note has gathered.
all_right()
{
	[ ${#bad[@]} -eq 0 ] ||
		fail "${#bad[@]} of $tried cases failed:" "${bad[@]}"
	[ "${tried:-0}" -gt 0 ] || fail "nothing was tried"
}

# note LINE: one case of many has failed.
note()
{
	bad+=("$1")
}

# one SCRIPT: one case of many; status 0 is right, and silence unless the file
# sets loud. What those who check outputs have seen is in files named seen*.
one()
{
	tried=$((tried + 1))
	rm -f seen*
	: >seen
	try "${limit:-8}" "$1"
	[ "$status" -eq 0 ] && [[ -n $loud || -z $stderr ]] ||
		note "$1: $({ outcome; cat seen*; } 2>/dev/null | tr '\n' ' ')"
}

# refused TEXT ARGUMENT...: one case of many; one line that has the text, status
# 1, not a byte on stdout, and the file keep is as it was. What the file sets
# as `with` comes behind the arguments.
refused()
{
	local want=$1

	shift
	tried=$((tried + 1))
	echo old >keep
	try 5 'zpipe "$@" | cat; exit "${PIPESTATUS[0]}"' "$@" "${with[@]}"
	[ "$status,$output,$(wc -l <<<"$stderr")" = 1,,1 ] &&
	    [[ $stderr == "zpipe: "*"$want"* ]] && [ "$(<keep)" = old ] ||
		note "$*: wanted one line with '$want': $(outcome |
		    tr '\n' ' ')"
}

# ends STATUS PATTERN SCRIPT: one case of many with that status, and one line
# on stderr that fits the pattern ('' for none).
ends()
{
	local end=$1 want=$2

	tried=$((tried + 1))
	try "${limit:-5}" "$3"
	if [ -z "$want" ]; then
		[ "$status,$stderr" = "$end," ]
	else
		[ "$status,$(wc -l <<<"$stderr")" = "$end,1" ] &&
		    [[ $stderr =~ $want ]]
	fi || note "$3: wanted status $end and '$want':
	    $(outcome | tr '\n' ' ')"
}

# as_nobody: prints the words that run a command without root's rights.
as_nobody()
{
	[ "$(id -u)" -ne 0 ] || echo "setpriv --reuid=65534 --regid=65534 \
	    --clear-groups"
}

# own_sockets: a directory for the sockets of the zpipes of a test, with a name
# short enough for their address; teardown has to remove $XDG_RUNTIME_DIR.
own_sockets()
{
	XDG_RUNTIME_DIR=$(mktemp -d /tmp/zpipe-test.XXXXXX)
	export XDG_RUNTIME_DIR
}
