/* SPDX-License-Identifier: ISC */
/*
 * Inputs: regions of a position that other processes share and move at the
 * worst moment, records, what is passed over behind an error, and the end.
 *
 * lseek(2) is replaced here: before a chosen call another process moves the
 * position. read(2) is watched.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/input.h"
#include "tests/lib/file.h"
#include "tests/lib/tap.h"

enum {
	SIZE = 10000,
	BLOCK = 512,
	CALLS = 8,
};

/* ---- another process -------------------------------------------------- */

static off_t move_by[CALLS]; /* before that call of lseek(2); 0: not */
static unsigned calls;

off_t
lseek(int fd, off_t off, int whence)
{
	off_t by = calls < CALLS ? move_by[calls] : 0;

	calls++;
	if (by != 0 && syscall(SYS_lseek, fd, by, SEEK_CUR) == -1)
		bail("lseek");
	return (off_t)syscall(SYS_lseek, fd, off, whence);
}

static int last_read = -1; /* the descriptor of the last read(2) */

ssize_t
read(int fd, void *p, size_t n)
{
	last_read = fd;
	return (ssize_t)syscall(SYS_read, fd, p, n);
}

static void
nobody_moves(void)
{
	memset(move_by, 0, sizeof(move_by));
	calls = 0;
}

/* Before the n-th call of lseek(2) from now on, the first being 0. */
static void
other_moves(unsigned n, off_t by)
{
	calls = 0;
	move_by[n] = by;
}

/* ---- files ------------------------------------------------------------ */

static void
place(int fd, off_t at)
{
	if (syscall(SYS_lseek, fd, at, SEEK_SET) == -1)
		bail("lseek");
}

/* The byte at an offset of the files here: lines of 100 bytes. */
static char
byte_at(off_t at)
{
	return at % 100 == 99 ? '\n' : (char)('A' + at / 100 % 26);
}

static bool
bytes_are(const char *p, size_t n, off_t at)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte_at(at + (off_t)i))
			return false;
	return true;
}

static int
make_file(off_t size)
{
	int fd = file_make();
	char c;

	for (off_t i = 0; i < size; i++) {
		c = byte_at(i);
		if (pwrite(fd, &c, 1, i) != 1)
			bail("pwrite");
	}
	return fd;
}

/* As an operand that names the descriptor, which is only borrowed. */
static void
borrow(struct input *in, int fd)
{
	static char name[32];

	*in = (struct input)INPUT_INITIALIZER;
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	if (input_open(in, name) == -1)
		bail("input_open");
	if (in->fd != fd || in->owned)
		bail("the descriptor was not borrowed");
}

static bool
region_is(const struct input *in, off_t at, size_t n, off_t pos)
{
	return in->reserved == n && (n == 0 || in->at == at) &&
	    position(in->fd) == pos;
}

/* ---- regions ---------------------------------------------------------- */

static void
test_reserve(void)
{
	static const struct {
		off_t from;
		size_t n, got;
	} ends[] = {
		{ 9990, 9, 9 },
		{ 9990, 10, 10 },
		{ 9990, 11, 10 },
		{ 9999, 4096, 1 },
		{ 10000, 1, 0 },
		{ 10001, 1, 0 },
		{ 0, SIZE, SIZE },
		{ 0, SIZE + 1, SIZE },
	};
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	ok(in.kind == INPUT_FILE && in.left == SIZE, "a file has a length");
	ok(input_reserve(&in, 4096) == 0 && region_is(&in, 0, 4096, 4096),
	    "a region begins at the position, which is then behind it");
	input_took(&in, 100);
	ok(input_reserve(&in, 4096) == 0 && region_is(&in, 100, 3996, 4096),
	    "what is left of it is taken before there is another");
	ok(input_give_back(&in) && region_is(&in, 0, 0, 100),
	    "and can be given back");
	ok(input_give_back(&in) && position(fd) == 100,
	    "nothing can be given back at any time");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		place(fd, ends[i].from);
		ok(input_reserve(&in, ends[i].n) == 0 &&
			region_is(&in, ends[i].from, ends[i].got,
			    ends[i].from + (off_t)ends[i].got),
		    "%zu bytes from %jd on are %zu", ends[i].n,
		    (intmax_t)ends[i].from, ends[i].got);
		input_took(&in, in.reserved);
	}
	place(fd, 0);
	input_reserve(&in, 5000);
	input_took(&in, 1234);
	ok(input_close(&in) == 0 && position(fd) == 1234,
	    "closing an input gives back what was not taken");
	close(fd);
}

static void
test_races(void)
{
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	/* 0 asks where it is, 1 reserves */
	other_moves(1, 3000);
	ok(input_reserve(&in, 5000) == 0 && region_is(&in, 3000, 5000, 8000),
	    "the region begins where another process has left the position");
	input_took(&in, 5000);
	place(fd, 0);
	other_moves(1, 6000);
	ok(input_reserve(&in, 5000) == 0 && region_is(&in, 6000, 4000, SIZE),
	    "of which the part behind the end is given back");
	input_took(&in, 4000);
	place(fd, 0);
	other_moves(1, 9999);
	ok(input_reserve(&in, 5000) == 0 && region_is(&in, 9999, 1, SIZE),
	    "also if that is all but one byte");
	input_took(&in, 1);
	place(fd, 0);
	other_moves(1, SIZE);
	ok(input_reserve(&in, 5000) == 0 && region_is(&in, 0, 0, SIZE),
	    "or all of it");
	place(fd, 0);
	other_moves(1, 12000);
	ok(input_reserve(&in, 5000) == 0 && region_is(&in, 0, 0, 12000),
	    "and never more than that: others may be behind the end");
	nobody_moves();

	place(fd, 1000);
	input_reserve(&in, 500);
	place(fd, 2000);
	ok(!input_give_back(&in) && region_is(&in, 1000, 500, 2000),
	    "nothing is given back when the position was moved meanwhile");
	place(fd, 1500);
	ok(input_give_back(&in) && position(fd) == 1000,
	    "but where it stands as it was left");
	close(fd);
}

static void
test_read(void)
{
	static char got[SIZE];
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	input_reserve(&in, 300);
	place(fd, 7000); /* another process goes on there */
	ok(input_read(&in, got, sizeof(got)) == 300 && bytes_are(got, 300, 0) &&
		in.reserved == 0 && position(fd) == 7000,
	    "reading takes what is reserved first, and no more at once");
	ok(input_read(&in, got, 100) == 100 && bytes_are(got, 100, 7000) &&
		position(fd) == 7100,
	    "and then what is at the position");
	input_reserve(&in, 2000);
	if (ftruncate(fd, 5000) == -1)
		bail("ftruncate");
	ok(input_read(&in, got, 100) == 0 && in.reserved == 0,
	    "a region that the file has lost is the end");
	input_close(&in);
	ok(position(fd) == 9100, "and nothing is left to be given back");
	close(fd);
}

/* Up to the end of a line, and no more is taken. */
static ssize_t
read_line(struct input *in, char *p, size_t n)
{
	const char *end;
	ssize_t r;

	do {
		r = input_look(in, p, n);
		if (r <= 0)
			return r;
		end = memchr(p, '\n', (size_t)r);
		r = input_take(in,
		    end == NULL ? (size_t)r : (size_t)(end + 1 - p), (size_t)r);
	} while (r == -1 && errno == EINTR);
	return r;
}

static void
test_cut(void)
{
	static char got[1000];
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	ok(read_line(&in, got, 1000) == 100 && bytes_are(got, 100, 0) &&
		region_is(&in, 0, 0, 100),
	    "what is cut off was never taken");
	ok(read_line(&in, got, 50) == 50 && bytes_are(got, 50, 100) &&
		region_is(&in, 0, 0, 150),
	    "all of a short piece is taken");
	place(fd, 0);
	/* 0 asks, pread(2), 1 and 2 reserve */
	other_moves(1, 250);
	ok(read_line(&in, got, 1000) == 50 && bytes_are(got, 50, 250) &&
		region_is(&in, 0, 0, 300),
	    "moved in between: the bytes are those of the new position");
	nobody_moves();
	place(fd, 0);
	/* the region has 100 bytes, of which a line takes 20; 3 gives back */
	other_moves(1, 280);
	other_moves(3, 1000);
	errno = 0;
	ok(read_line(&in, got, 1000) == -1 && errno == EBUSY,
	    "moved again when the rest is given back: EBUSY");
	nobody_moves();
	in.reserved = 0;
	place(fd, 0);
	other_moves(1, 9950);
	ok(read_line(&in, got, 1000) == 50 && bytes_are(got, 50, 9950) &&
		region_is(&in, 0, 0, SIZE),
	    "moved to just before the end: what is there");
	nobody_moves();
	place(fd, 0);
	other_moves(1, SIZE);
	ok(read_line(&in, got, 1000) == 0 && position(fd) == SIZE,
	    "moved to the end: the end");
	nobody_moves();
	close(fd);
}

/* With O_DIRECT a borrowed descriptor is read by a description of our own. */
static void
test_direct(void)
{
	static char got[SIZE] __attribute__((aligned(4096)));
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	place(fd, 1000);
	input_direct(&in);
	if (in.given == -1)
		bail("/proc is needed");
	ok(in.given == fd && in.fd != fd &&
		(fcntl(fd, F_GETFL) & O_DIRECT) == 0,
	    "direct-io of a borrowed file leaves its flags alone");
	last_read = -1;
	ok(input_read(&in, got, 3000) == 3000 && bytes_are(got, 3000, 1000) &&
		position(fd) == 4000 && last_read != fd,
	    "moves its position, and reads by the other");
	place(fd, 9000); /* another process has taken some */
	ok(input_read(&in, got, 3000) == 1000 && bytes_are(got, 1000, 9000) &&
		position(fd) == SIZE,
	    "which is where the next bytes come from");
	ok(input_read(&in, got, 3000) == 0, "up to the end");
	place(fd, 0);
	input_reserve(&in, 5000);
	input_took(&in, 10);
	ok(input_close(&in) == 0 && position(fd) == 10,
	    "and where the rest is given back");
	close(fd);
}

/* ---- errors that are passed over -------------------------------------- */

static void
test_skip(void)
{
	static char got[SIZE];
	int fd = make_file(SIZE), p[2];
	struct input in;
	size_t n = 0;

	borrow(&in, fd);
	in.block = BLOCK;
	place(fd, 1000);
	errno = EIO;
	ok(input_skip(&in, SIZE) == 0 && errno == EIO && position(fd) == 1000,
	    "behind an error the block is tried by itself first");
	ok(input_read(&in, got, SIZE) == BLOCK && bytes_are(got, BLOCK, 1000),
	    "the same number of bytes is read");
	place(fd, 1000);
	ok(input_skip(&in, SIZE) == 24 && region_is(&in, 0, 0, 1024) &&
		in.at == 1024,
	    "what is passed over ends where a block does");
	ok(input_skip(&in, SIZE) == BLOCK && position(fd) == 1536,
	    "from there on it is a whole block");
	ok(input_skip(&in, 100) == 100 && position(fd) == 1636,
	    "but no more than may be");
	place(fd, 9999);
	ok(input_skip(&in, SIZE) == 1 && position(fd) == SIZE,
	    "and nothing behind the end");
	errno = EIO;
	ok(input_skip(&in, SIZE) == -1 && errno == EIO && position(fd) == SIZE,
	    "where there is nothing to pass over");
	place(fd, 0);
	other_moves(1, 2000);
	errno = EIO;
	ok(input_skip(&in, SIZE) == 0 && errno == EIO && in.at == 2000,
	    "where another process was faster the new place is tried");
	nobody_moves();
	input_give_back(&in);
	place(fd, 0);
	input_reserve(&in, 100);
	ok(input_skip(&in, SIZE) == 100 && region_is(&in, 0, 0, 100),
	    "nor more than is reserved");
	while (in.careful > 0) {
		place(fd, 0);
		n += (size_t)input_read(&in, got, SIZE);
	}
	place(fd, 0);
	ok(n == 1 << 20 && input_read(&in, got, SIZE) == SIZE,
	    "after a MiB without errors as much as before is read at once");
	close(fd);

	if (pipe2(p, O_CLOEXEC) == -1)
		bail("pipe2");
	borrow(&in, p[0]);
	in.block = BLOCK;
	errno = EIO;
	ok(input_skip(&in, SIZE) == -1 && errno == EIO,
	    "a pipe has nothing to pass over");
	close(p[0]);
	close(p[1]);
}

/* ---- records ---------------------------------------------------------- */

static void
test_sockets(void)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_DGRAM };
	struct input in;
	char got[200];
	int p[2];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (socketpair(AF_UNIX, types[i], 0, p) == -1)
			bail("socketpair");
		borrow(&in, p[0]);
		ok(in.packets && in.left == -1, "a socket of records is known");
		errno = 0;
		ok(input_next_record(&in) == -1 && errno == EAGAIN,
		    "no record is EAGAIN, not a wait");
		if (send(p[1], got, 100, 0) != 100 ||
		    send(p[1], got, 100, 0) != 100 ||
		    send(p[1], got, 7, 0) != 7)
			bail("send");
		ok(input_next_record(&in) == 100 &&
			input_next_record(&in) == 100,
		    "the size of a record is known before it is read");
		ok(input_read(&in, got, 100) == 100,
		    "one that just fits is read");
		errno = 0;
		ok(input_read(&in, got, 99) == -1 && errno == EMSGSIZE,
		    "one that is a byte too long is EMSGSIZE, not cut off");
		ok(input_next_record(&in) == 7 &&
			input_read(&in, got, 200) == 7,
		    "and the next one is whole");
		/* that of datagrams is not told when its peer shuts down */
		if (types[i] == SOCK_DGRAM)
			shutdown(p[0], SHUT_RD);
		else
			shutdown(p[1], SHUT_WR);
		ok(input_next_record(&in) == 0 &&
			input_read(&in, got, 200) == 0,
		    "what has been shut down is at its end");
		close(p[0]);
		close(p[1]);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		bail("socketpair");
	borrow(&in, p[0]);
	ok(!in.packets && in.record == 0, "a stream has no records");
	ok(!input_ended(&in), "while the peer is there it may go on");
	if (send(p[1], got, 1, 0) != 1)
		bail("send");
	close(p[1]);
	ok(!input_ended(&in), "with a byte left it has not ended");
	ok(input_read(&in, got, 200) == 1 && input_ended(&in),
	    "without one it has");
	close(p[0]);
}

static void
fill_pipe(int fd, size_t n)
{
	static char bytes[PIPE_BUF + 1];

	if (write(fd, bytes, n) != (ssize_t)n)
		bail("write");
}

/* Of a pipe whose writer turns packet mode on when it is open already. */
static void
test_pipe_mode(void)
{
	static const struct {
		size_t first, second;
		bool packets;
		enum {
			UNKNOWN,
			STREAM,
			PACKETS
		} mode;
	} modes[] = {
		{ 0, 0, false, UNKNOWN },
		{ 100, 0, false, UNKNOWN },
		{ 100, 100, false, UNKNOWN },
		{ PIPE_BUF, 0, false, UNKNOWN },
		{ PIPE_BUF + 1, 0, false, STREAM },
		{ PIPE_BUF, 1, false, STREAM },
		{ 100, 0, true, UNKNOWN },
		{ PIPE_BUF, 0, true, UNKNOWN },
		{ 1, 1, true, PACKETS },
		{ PIPE_BUF, 1, true, PACKETS },
		{ PIPE_BUF, PIPE_BUF, true, PACKETS },
	};
	struct input in;
	int p[2];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		size_t held = modes[i].first + modes[i].second;

		if (pipe2(p, O_CLOEXEC) == -1)
			bail("pipe2");
		borrow(&in, p[0]);
		if (modes[i].packets && fcntl(p[1], F_SETFL, O_DIRECT) == -1)
			bail("packet mode");
		if (modes[i].first > 0)
			fill_pipe(p[1], modes[i].first);
		if (modes[i].second > 0)
			fill_pipe(p[1], modes[i].second);
		ok(!in.packets &&
			input_is_stream(&in) == (modes[i].mode == STREAM) &&
			in.packets == (modes[i].mode == PACKETS) &&
			input_pending(&in) == held,
		    "%zu and %zu bytes%s in a pipe tell what they can",
		    modes[i].first, modes[i].second,
		    modes[i].packets ? " of packets" : "");
		ok(!input_ended(&in), "a pipe that has a writer may go on");
		close(p[1]);
		ok(input_ended(&in) == (held == 0), "without one it %s",
		    held == 0 ? "has ended" :
				"has not, as long as it holds some");
		close(p[0]);
	}
	if (pipe2(p, O_CLOEXEC) == -1 || fcntl(p[0], F_SETFL, O_DIRECT) == -1)
		bail("pipe2");
	borrow(&in, p[0]);
	ok(in.packets && in.record == PIPE_BUF && !input_is_stream(&in),
	    "a pipe that is in packet mode is known at once");
	close(p[0]);
	close(p[1]);
}

/* ---- the end, and what is no input ------------------------------------ */

static void
test_ended(void)
{
	int fd = make_file(SIZE);
	struct input in;

	borrow(&in, fd);
	place(fd, SIZE - 1);
	ok(!input_ended(&in), "a byte before its end a file has not ended");
	input_reserve(&in, 1);
	ok(position(fd) == SIZE && !input_ended(&in),
	    "nor while that byte is reserved");
	input_took(&in, 1);
	ok(input_ended(&in), "when it was taken it has");
	place(fd, SIZE + 1);
	ok(input_ended(&in), "and behind its end as well");
	close(fd);
}

static void
test_refused(void)
{
	struct input in = INPUT_INITIALIZER;
	char name[32];
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		bail("pipe2");
	snprintf(name, sizeof(name), "/dev/fd/%d", p[1]);
	errno = 0;
	ok(input_open(&in, name) == -1 && errno == EBADF && in.fd == -1,
	    "an end that is not open for reading is EBADF");
	ok(fcntl(p[1], F_GETFD) != -1, "and is not closed");
	errno = 0;
	ok(input_readable(name) == -1 && errno == EBADF,
	    "which can be told beforehand");
	errno = 0;
	ok(input_open(&in, ".") == -1 && errno == EISDIR && in.fd == -1,
	    "a directory is EISDIR");
	close(p[0]);
	close(p[1]);
}

int
main(void)
{
	alarm(30); /* nothing here waits */
	test_reserve();
	test_races();
	test_read();
	test_cut();
	test_direct();
	test_skip();
	test_sockets();
	test_pipe_mode();
	test_ended();
	test_refused();
	return tap_done();
}
