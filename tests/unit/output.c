/* SPDX-License-Identifier: ISC */
/*
 * Outputs: what they are, that they never block nor change a description
 * that others share, and that the drained bound never says too much.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/output.h"
#include "tests/lib/file.h"
#include "tests/lib/tap.h"

static int refuse_vmsplice;

ssize_t
vmsplice(int fd, const struct iovec *v, size_t n, unsigned int flags)
{
	(void)flags;
	if (refuse_vmsplice != 0) {
		errno = refuse_vmsplice;
		return -1;
	}
	return writev(fd, v, (int)n);
}

static unsigned truncated;

int
ftruncate(int fd, off_t size)
{
	truncated++;
	return (int)syscall(SYS_ftruncate, fd, size);
}

static int refuse_close = -1; /* the descriptor whose close(2) fails */

int
close(int fd)
{
	int r = (int)syscall(SYS_close, fd);

	if (fd != refuse_close || r == -1)
		return r;
	errno = EIO;
	return -1;
}

static char page[65536] __attribute__((aligned(4096)));

static void
make_pipe(int p[2])
{
	if (pipe2(p, O_CLOEXEC) == -1)
		bail("pipe2");
}

static void
test_kinds(void)
{
	static const struct {
		const char *path;
		enum output_kind kind;
		const char *name;
	} kinds[] = {
		{ "/dev/null", OUTPUT_NULL, "/dev/null is known" },
		{ "/dev/zero", OUTPUT_CHAR, "so is another device" },
	};
	struct output o;
	int p[2], fd;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fd = open(kinds[i].path, O_WRONLY | O_CLOEXEC);
		ok(output_init(&o, fd, "x") == 0 && o.kind == kinds[i].kind &&
			!o.vmsplices,
		    "%s", kinds[i].name);
		output_close(&o);
	}
	fd = file_make();
	ok(output_init(&o, fd, "x") == 0 && o.kind == OUTPUT_FILE && !o.append,
	    "a regular file is known");
	fcntl(fd, F_SETFL, O_APPEND);
	ok(output_init(&o, fd, "x") == 0 && o.append, "and that it appends");
	output_close(&o);
	make_pipe(p);
	ok(output_init(&o, p[1], "x") == 0 && o.kind == OUTPUT_PIPE &&
		o.vmsplices,
	    "a pipe takes vmsplice");
	errno = 0;
	ok(output_init(&o, p[0], "x") == -1 && errno == EBADF,
	    "an end that is not open for writing is EBADF");
	errno = 0;
	ok(output_init(&o, 1000, "x") == -1 && errno == EBADF,
	    "so is a descriptor that is not open");
	close(p[0]);
	close(p[1]);
}

static void
test_blocking(void)
{
	struct output o;
	size_t taken = 0;
	ssize_t n;
	int p[2];

	make_pipe(p);
	output_init(&o, p[1], "x");
	alarm(10); /* it would block for ever */
	while ((n = output_write(&o, page, sizeof(page))) > 0)
		taken += (size_t)n;
	ok(n == -1 && errno == EAGAIN && taken == sizeof(page),
	    "a full pipe is EAGAIN, not a wait");
	ok((fcntl(p[1], F_GETFL) & O_NONBLOCK) == 0,
	    "and its description is still blocking for the others");
	ok(!output_ready(&o), "it is not ready");
	ok(read(p[0], page, 4096) == 4096 && output_ready(&o),
	    "until a page was read");
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	ok(output_write(&o, page, 1) == -1 && errno == EPIPE,
	    "a vanished reader is EPIPE");
	output_close(&o);

	/* no /proc, or nobody's permission: one page after POLLOUT */
	make_pipe(p);
	output_init(&o, p[1], "x");
	o.writer.tried = true;
	taken = 0;
	while ((n = output_write(&o, page, sizeof(page))) > 0)
		taken += (size_t)n;
	ok(n == -1 && errno == EAGAIN && taken == sizeof(page),
	    "without a description of its own it does not block either");
	ok(read(p[0], page, 4096) == 4096 &&
		output_write(&o, page, 8192) == 4096,
	    "nor where there is room for a part");
	output_close(&o);
	close(p[0]);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		bail("socketpair");
	output_init(&o, p[1], "x");
	while ((n = output_write(&o, page, sizeof(page))) > 0)
		continue;
	ok(n == -1 && errno == EAGAIN, "a full socket is EAGAIN");
	ok((fcntl(p[1], F_GETFL) & O_NONBLOCK) == 0,
	    "and stays blocking for the others");
	output_close(&o);
	close(p[0]);
	alarm(0);
}

static void
test_bound(void)
{
	struct output o;
	int p[2];

	make_pipe(p);
	fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	if (write(p[1], page, 1000) != 1000) /* somebody was here before */
		bail("write");
	output_init(&o, p[1], "x");
	output_drain(&o);
	ok(o.drained == 0, "bytes from before do not count as ours");
	output_gave(&o, (size_t)output_write(&o, page, 5000));
	output_drain(&o);
	ok(o.drained == 0, "nothing is drained while all is in the pipe");
	if (read(p[0], page, 3000) != 3000)
		bail("read");
	output_drain(&o);
	ok(o.drained == 2000, "what left the pipe is, less what was there");
	if (write(p[1], page, 4000) != 4000)
		bail("write");
	output_drain(&o);
	ok(o.drained == 2000, "another writer never moves the bound back");
	if (read(p[0], page, 7000) != 7000)
		bail("read");
	output_drain(&o);
	ok(o.drained == o.sent, "an empty pipe has drained all of it");
	output_close(&o);
	close(p[0]);
}

/*
 * An output that skips bytes: its pipe has a stream with holes in it. Whatever
 * is given, skipped and read, in any order, the bound is never beyond the first
 * byte that is still in the pipe, and right again once the pipe is empty.
 */
static void
test_holes(void)
{
	static uint64_t at[1 << 16]; /* of each byte in the pipe */
	struct output o;
	size_t head = 0, tail = 0, skips = 0;
	bool safe = true, exact = true, counted = true;
	int p[2];

	make_pipe(p);
	fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	output_init(&o, p[1], "x");
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)random() % 50 + 1;
		uint64_t first;

		switch (random() % 4) {
		case 0:
			if (tail + n - head > 4000)
				break;
			if (output_write(&o, page, n) != (ssize_t)n)
				bail("write");
			for (size_t k = 0; k < n; k++)
				at[tail++ & 0xffff] = o.sent + k;
			output_gave(&o, n);
			break;
		case 1:
			if (random() % 3 != 0)
				break;
			output_skip(&o, o.sent + n);
			skips += n;
			break;
		case 2:
			n = n < tail - head ? n : tail - head;
			if (n > 0 && read(p[0], page, n) != (ssize_t)n)
				bail("read");
			head += n;
			break;
		default:
			output_drain(&o);
			first = head == tail ? o.sent : at[head & 0xffff];
			safe = safe && o.drained <= first;
			exact = exact && (head != tail || o.drained == o.sent);
		}
		counted = counted && o.given + skips == o.sent;
	}
	ok(safe, "with holes the bound never says too much");
	ok(exact, "and says all when the pipe is empty");
	ok(counted, "what was skipped is counted");
	output_close(&o);
	close(p[0]);
}

/* A FIFO without a reader, a file that is not truncated too early. */
static void
test_open(void)
{
	char dir[] = "unit-output.XXXXXX";
	struct output o, twin;
	struct stat st;
	int fd, r;

	if (mkdtemp(dir) == NULL || chdir(dir) == -1 || mkfifo("p", 0600) == -1)
		bail("a directory with a FIFO");
	alarm(10);
	ok(output_open(&o, "p", false) == 0 && o.fifo != NULL && o.fd == -1,
	    "a FIFO without a reader is opened later");
	ok(output_connect(&o) == -1 && errno == EAGAIN,
	    "and as long as it has none, that is EAGAIN");
	fd = open("p", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ok(output_connect(&o) == 0 && o.fifo == NULL && o.fd != -1 &&
		o.vmsplices,
	    "with one it is a pipe as any other");
	ok(output_open(&twin, "p", false) == 0 && output_same(&o, &twin),
	    "a second description of it is the same output");
	output_close(&twin);
	output_close(&o);
	ok(o.gone, "what is closed is gone");
	close(fd);

	fd = open("f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	r = (int)write(fd, "12345", 5);
	close(fd);
	ok(output_open(&o, "f", false) == 0 && stat("f", &st) == 0 && r == 5 &&
		st.st_size == 5,
	    "to open a file does not truncate it");
	ok(output_truncate(&o) == 0 && stat("f", &st) == 0 && st.st_size == 0,
	    "output_truncate() does");
	output_close(&o);
	errno = 0;
	ok(output_open(&o, ".", false) == -1 && errno == EISDIR && o.fd == -1,
	    "a directory is EISDIR");
	alarm(0);
	unlink("p");
	unlink("f");
	if (chdir("..") == -1 || rmdir(dir) == -1)
		bail("the directory cannot be removed");
}

/* The command has our pipe as stdin, and none of our other descriptors. */
static void
test_command(void)
{
	struct output o, other;
	char command[256];
	int status = 0;

	alarm(10); /* what holds its own pipe never sees the end */
	ok(output_pipe(&other, "", "other") == 0 &&
		output_pipe(&o, command, "o") == 0,
	    "commands get a pipe first");
	snprintf(command, sizeof(command),
	    "test \"$(cat)\" = hello && "
	    "! ls -l /proc/$$/fd | grep -q 'pipe:.%ju'",
	    (uintmax_t)other.st.st_ino);
	ok(output_spawn(&o) == 0 && o.child > 0 && o.child_end == -1,
	    "and then start");
	ok(output_write(&o, "hello", 5) == 5, "they are written to");
	output_close(&o);
	if (waitpid(o.child, &status, 0) == -1)
		bail("waitpid");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "see the end of it, and hold nobody else's pipe (%d)", status);
	alarm(0);
	output_close(&other);
}

static void
test_refusal(void)
{
	static const int refusals[] = { ENOSYS, EPERM, EINVAL, EOPNOTSUPP,
		ENOMEM, EFAULT };
	struct output o;
	int p[2];

	make_pipe(p);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		output_init(&o, p[1], "x");
		refuse_vmsplice = refusals[i];
		errno = 0;
		ok(output_share(&o, page, 4096) == -1 && errno == refusals[i] &&
			!o.vmsplices,
		    "vmsplice refused with %s is remembered",
		    strerror(refusals[i]));
	}
	refuse_vmsplice = EAGAIN;
	output_init(&o, p[1], "x");
	ok(output_share(&o, page, 4096) == -1 && errno == EAGAIN && o.vmsplices,
	    "a full pipe is no refusal");
	refuse_vmsplice = 0;
	output_close(&o);
	close(p[0]);
}

static void
test_growth(void)
{
	int p[2];

	make_pipe(p);
	pipe_grow(p[1], 256 << 10);
	ok(fcntl(p[0], F_GETPIPE_SZ) == 256 << 10, "a pipe grows");
	pipe_grow(p[1], 4096);
	ok(fcntl(p[0], F_GETPIPE_SZ) == 256 << 10, "and never shrinks");
	pipe_grow(p[1], (size_t)1 << 40);
	ok(fcntl(p[0], F_GETPIPE_SZ) >= 256 << 10,
	    "a size beyond all limits does no harm");
	close(p[0]);
	close(p[1]);
}

/* ---- files ------------------------------------------------------------ */

static off_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? -1 : st.st_size;
}

/* n bytes of the file from `at` on are all c. */
static bool
all_are(int fd, off_t at, size_t n, char c)
{
	for (size_t i = 0; i < n; i++) {
		char b;

		if (pread(fd, &b, 1, at + (off_t)i) != 1 || b != c)
			return false;
	}
	return true;
}

static void
test_regions(void)
{
	int fd = file_make();
	struct output o;

	memset(page, 'r', sizeof(page));
	output_init(&o, fd, "x");
	ok(output_reserves(&o) && output_reserve(&o, 5000) == 0 && o.at == 0 &&
		o.reserved == 5000 && position(fd) == 5000,
	    "a region begins at the position, which is then behind it");
	ok(output_write(&o, page, 3000) == 3000 && size_of(fd) == 3000 &&
		o.reserved == 2000,
	    "it is written first");
	ok(output_reserve(&o, 9999) == 0 && o.at == 3000 && o.reserved == 2000,
	    "and there is no other before it is full");
	ok(output_write(&o, page, 2001) == 2000 && size_of(fd) == 5000 &&
		o.reserved == 0 && position(fd) == 5000,
	    "up to its end, and not a byte beyond");
	output_reserve(&o, 1000);
	output_write(&o, page, 1);
	output_give_back(&o);
	ok(o.reserved == 0 && position(fd) == 5001,
	    "what was not written is given back");
	output_reserve(&o, 1000);
	if (lseek(fd, 77, SEEK_CUR) == -1)
		bail("lseek");
	output_give_back(&o);
	ok(o.reserved == 0 && position(fd) == 6078,
	    "unless another process has moved the position since");
	output_close(&o);
}

static void
test_hole_ends(void)
{
	enum {
		HOLE = 8192
	};
	char path[] = "unit-output.XXXXXX";
	int fd = file_make(), own;
	struct output o;

	/* the descriptor is shared, and another process writes behind us */
	memset(page, 0, sizeof(page));
	output_init(&o, fd, "x");
	output_sparse(&o);
	ok(output_write(&o, page, HOLE) == HOLE && size_of(fd) == 0 &&
		position(fd) == HOLE,
	    "a hole at the end has no length yet");
	ok(write(fd, "b", 1) == 1 && output_finish(&o, false) == 0 &&
		size_of(fd) == HOLE + 1 && all_are(fd, 0, HOLE, 0) &&
		all_are(fd, HOLE, 1, 'b'),
	    "what another process has written behind it stays");
	output_close(&o);

	fd = file_make();
	output_init(&o, fd, "x");
	output_sparse(&o);
	output_write(&o, page, HOLE);
	truncated = 0;
	ok(output_finish(&o, false) == 0 && size_of(fd) == HOLE &&
		truncated == 0 && position(fd) == HOLE &&
		all_are(fd, 0, HOLE, 0),
	    "at the end of a shared file it gets its length, and no byte more");
	output_close(&o);

	/* it ends a page of what another process has written before */
	fd = file_make();
	if (ftruncate(fd, 6000) == -1 || pwrite(fd, "bbb", 3, 5997) != 3)
		bail("pwrite");
	output_init(&o, fd, "x");
	output_sparse(&o);
	ok(output_write(&o, page, HOLE) == HOLE &&
		output_finish(&o, false) == 0 && size_of(fd) == HOLE &&
		all_are(fd, 0, HOLE, 0),
	    "a hole over the end of what was there leaves none of that");
	output_close(&o);

	/* a region that is shorter than the hole */
	fd = file_make();
	output_init(&o, fd, "x");
	output_sparse(&o);
	output_reserve(&o, 4096);
	if (write(fd, "b", 1) != 1)
		bail("write");
	ok(output_write(&o, page, HOLE) == 4096 && o.reserved == 0 &&
		output_write(&o, page, 4096) == 4096 &&
		position(fd) == HOLE + 1,
	    "a hole ends where a region does");
	ok(output_finish(&o, false) == 0 && size_of(fd) == HOLE + 1 &&
		all_are(fd, 4096, 1, 'b'),
	    "and what another process has behind that is left alone");
	output_close(&o);

	own = mkostemp(path, O_CLOEXEC);
	if (own == -1 || close(own) == -1)
		bail("a file");
	ok(output_open(&o, path, false) == 0, "a file that we open");
	output_sparse(&o);
	output_write(&o, page, HOLE);
	ok(output_finish(&o, false) == 0 && size_of(o.fd) == HOLE,
	    "gets the length of its hole too");
	output_write(&o, page, HOLE);
	if (pwrite(o.fd, "b", 1, 2 * HOLE + 9) != 1)
		bail("pwrite");
	ok(output_finish(&o, false) == 0 && size_of(o.fd) == 2 * HOLE + 10,
	    "and is never made shorter");
	output_close(&o);
	unlink(path);
}

/* A description of our own is one more place for an error to come from. */
static void
test_direct(void)
{
	struct output o;
	int fd = file_make();
	bool direct;

	output_init(&o, fd, "x");
	output_direct(&o);
	if (o.writer.to == fd)
		bail("/proc is needed");
	direct = o.direct;
	ok(output_write(&o, page, 8292) == (direct ? 8192 : 8292) &&
		o.direct == direct && position(fd) == size_of(fd),
	    "direct-io gives the whole blocks first");
	ok(!direct || (output_write(&o, page, 100) == 100 && !o.direct),
	    "and is off for what ends it");
	refuse_close = o.writer.to;
	errno = 0;
	ok(output_close(&o) == -1 && errno == EIO && o.fd == -1,
	    "its error at closing is told");
	fd = file_make();
	output_init(&o, fd, "x");
	output_direct(&o);
	refuse_close = fd;
	errno = 0;
	ok(output_close(&o) == -1 && errno == EIO,
	    "as is that of the descriptor that we were given");
	refuse_close = -1;
}

/* Where poll(2) says that a pipe has no room, it is as full as it can be. */
static void
test_taken(void)
{
	struct output o;
	int p[2];

	make_pipe(p);
	output_init(&o, p[1], "x");
	ok(output_taken(&o) == 0, "of nothing nothing is taken");
	output_gave(&o, (size_t)output_write(&o, page, 65536));
	ok(!output_ready(&o) && output_taken(&o) == 0,
	    "nor of what just fills the pipe");
	if (read(p[0], page, 4095) != 4095)
		bail("read");
	ok(!output_ready(&o) && output_taken(&o) == 0,
	    "a byte less than a page makes no room, and is not counted yet");
	if (read(p[0], page, 1) != 1)
		bail("read");
	ok(output_ready(&o) && output_taken(&o) == 4096,
	    "with that byte it is");
	output_gave(&o, (size_t)output_write(&o, page, 4096));
	ok(!output_ready(&o) && output_taken(&o) == 4096,
	    "and stays when the pipe is full again");
	if (read(p[0], page, 65536) != 65536)
		bail("read");
	ok(output_taken(&o) == 69632, "an empty pipe: all is taken");
	if (write(p[1], page, 1000) != 1000)
		bail("write");
	ok(output_taken(&o) == 68632, "another writer makes it less");
	o.given = 999;
	ok(output_taken(&o) == 0, "but never less than none");
	output_close(&o);
	close(p[0]);
}

int
main(void)
{
	test_kinds();
	test_blocking();
	test_bound();
	test_holes();
	test_open();
	test_command();
	test_refusal();
	test_growth();
	test_regions();
	test_hole_ends();
	test_direct();
	test_taken();
	return tap_done();
}
