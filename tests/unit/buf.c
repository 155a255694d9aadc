/* SPDX-License-Identifier: ISC */
/*
 * The ring's invariant, executed: no byte that has been sent changes before
 * its last holder has seen it. A holder takes pages out of the output pipe
 * without copying them, in each way that the kernel offers; the ring is turned
 * over several times meanwhile, FIONREAD saying 0; then the holder looks. The
 * drain method is put through the same, to see that the test sees it fail.
 *
 * Some system calls are replaced here, to refuse or to act like another kernel.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"
#include "tests/lib/ends.h"
#include "tests/lib/tap.h"

enum {
	PIECE = 64 << 10
};

/* ---- another kernel --------------------------------------------------- */

static int refuse_vmsplice, refuse_madvise = -1;
static bool vmsplice_copies;

ssize_t
vmsplice(int fd, const struct iovec *v, size_t n, unsigned int flags)
{
	if (refuse_vmsplice != 0) {
		errno = refuse_vmsplice;
		return -1;
	}
	if (vmsplice_copies)
		return writev(fd, v, (int)n);
	return syscall(SYS_vmsplice, fd, v, n, flags);
}

int
madvise(void *p, size_t n, int advice)
{
	if (advice == refuse_madvise) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_madvise, p, n, advice);
}

/* How the children of the fences ended. */
static int exited, killed;

pid_t
waitpid(pid_t pid, int *status, int options)
{
	int s = 0;
	pid_t r = wait4(pid, &s, options, NULL);

	if (r > 0 && WIFEXITED(s))
		exited++;
	if (r > 0 && WIFSIGNALED(s))
		killed++;
	if (status != NULL)
		*status = s;
	return r;
}

/* ---- holders ---------------------------------------------------------- */

/* What somebody has taken out of the output pipe, as pages. */
struct holder {
	const char *name;
	int in, out; /* splice(2) goes in; read(2) comes out */
};

static void
hold_pipe(struct holder *h)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		bail("pipe2");
	fcntl(p[1], F_SETPIPE_SZ, 2 * PIECE);
	h->in = p[1];
	h->out = p[0];
}

static void
hold_unix(struct holder *h)
{
	int p[2], size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		bail("socketpair");
	setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	h->in = p[0];
	h->out = p[1];
}

static void
hold_tcp(struct holder *h)
{
	int fd[2];

	if (ends_tcp(fd, 1 << 20) == -1)
		bail("loopback");
	h->in = fd[1];
	h->out = fd[0];
}

static void
read_all(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = read(fd, p, n);

		if (r <= 0)
			bail("a holder lost bytes");
		p += r;
		n -= (size_t)r;
	}
}

/* ---- the ring at work ------------------------------------------------- */

struct rig {
	struct ring r;
	int pipe[2];
	uint64_t sent;
	size_t most; /* bytes in one step */
};

static bool
offsets_hold(const struct ring *r)
{
	return r->drained <= r->sent && r->sent <= r->filled &&
	    r->fill->at + r->fill->len == r->filled;
}

static bool
rig_open(struct rig *g, enum release release, bool huge)
{
	struct ring_conf c = {
		.buf_size = huge ? huge_page_size() : 4 * PIECE,
		.bank_bufs = 2,
		.banks = 2,
		.huge = huge,
		.release = release,
	};

	c.max = 4 * c.buf_size;
	*g = (struct rig){ .most = PIECE };
	if (ring_init(&g->r, &c) == -1 || pipe2(g->pipe, O_CLOEXEC) == -1)
		bail("ring_init");
	fcntl(g->pipe[1], F_SETPIPE_SZ, 2 * PIECE);
	return !huge || g->r.huge;
}

static void
rig_close(struct rig *g)
{
	ring_release(&g->r);
	close(g->pipe[0]);
	close(g->pipe[1]);
}

/* Puts `n` bytes of value c into the ring and the pipe. False: ring full. */
static bool
rig_send(struct rig *g, char c, size_t n)
{
	while (n > 0) {
		size_t room, len;
		char *p = ring_room(&g->r, 1, &room);
		struct iovec v;

		if (p == NULL)
			return false;
		room = room < n ? room : n;
		memset(p, c, room);
		ring_filled(&g->r, room);
		while (g->sent < g->r.filled) {
			const char *b = ring_bytes(&g->r, g->sent, &len);
			ssize_t r;

			if (*b != c)
				return false;
			v = (struct iovec){ (void *)(uintptr_t)b, len };
			r = vmsplice(g->pipe[1], &v, 1, SPLICE_F_NONBLOCK);
			if (r <= 0)
				bail("vmsplice into an empty pipe");
			g->sent += (uint64_t)r;
		}
		ring_sent(&g->r, g->sent);
		n -= room;
	}
	return offsets_hold(&g->r);
}

/* What FIONREAD tells a sender. */
static void
rig_drained(struct rig *g)
{
	int unread;

	if (ioctl(g->pipe[1], FIONREAD, &unread) == -1)
		bail("FIONREAD");
	ring_drained(&g->r, g->sent - (uint64_t)unread);
}

/* Turns the ring over, `turns` times, with a reader that copies. */
static bool
rig_turn(struct rig *g, int turns, char c)
{
	static char sink[PIECE];
	uint64_t stop = g->sent + (uint64_t)turns * ring_size(&g->r);

	while (g->sent < stop) {
		if (!rig_send(g, c, PIECE))
			return false;
		read_all(g->pipe[0], sink, PIECE);
		for (size_t i = 0; i < PIECE; i++)
			if (sink[i] != c)
				return false;
		rig_drained(g);
	}
	return true;
}

/* True if all that the holder has is still what was sent. */
static bool
survives(struct rig *g, struct holder *h, bool by_tee)
{
	static char got[PIECE];
	size_t left = PIECE;
	bool intact = true;

	if (!rig_send(g, 'A', PIECE))
		bail("no room for the first bytes");
	while (left > 0) {
		ssize_t n = by_tee ?
		    tee(g->pipe[0], h->in, left, 0) :
		    splice(g->pipe[0], NULL, h->in, NULL, left, 0);

		if (n <= 0)
			bail("the holder could not take the pages");
		left -= (size_t)n;
	}
	if (by_tee)
		read_all(g->pipe[0], got, PIECE);
	rig_drained(g);
	if (g->r.drained != PIECE)
		bail("FIONREAD does not say that the pipe is empty");
	if (!rig_turn(g, 3, 'B'))
		return false;
	read_all(h->out, got, PIECE);
	for (size_t i = 0; i < PIECE; i++)
		intact = intact && got[i] == 'A';
	return intact;
}

static bool
run_holder(enum release release, bool huge, void (*open)(struct holder *),
    bool by_tee, struct ring *stats)
{
	struct holder h;
	struct rig g;
	bool good = rig_open(&g, release, huge);

	if (!good)
		bail("no huge page was given");
	open(&h);
	good = survives(&g, &h, by_tee);
	if (stats != NULL)
		*stats = g.r;
	close(h.in);
	close(h.out);
	rig_close(&g);
	return good;
}

/* ---- the cases -------------------------------------------------------- */

static bool
can_be_huge(void)
{
	struct rig g;
	bool yes = huge_page_size() != 0 && huge_page_size() <= RING_HUGE_MAX;

	if (yes) {
		yes = rig_open(&g, RELEASE_SENT, true);
		rig_close(&g);
	}
	return yes;
}

static void
test_holders(bool huge)
{
	static const struct {
		const char *name;
		void (*open)(struct holder *);
		bool by_tee;
	} holders[] = {
		{ "spliced into a second pipe", hold_pipe, false },
		{ "teed into a second pipe", hold_pipe, true },
		{ "spliced into an AF_UNIX socket", hold_unix, false },
		{ "spliced into a TCP socket", hold_tcp, false },
	};
	static const enum release safe[] = { RELEASE_FENCE, RELEASE_FRESH,
		RELEASE_AUTO };
	const char *pages = huge ? "huge" : "small";

	for (size_t i = 0; i < sizeof(holders) / sizeof(holders[0]); i++) {
		for (size_t k = 0; k < sizeof(safe) / sizeof(safe[0]); k++)
			ok(run_holder(safe[k], huge, holders[i].open,
			       holders[i].by_tee, NULL),
			    "%s pages %s are not changed by %s", pages,
			    holders[i].name, release_name(safe[k]));
		ok(!run_holder(RELEASE_DRAIN, huge, holders[i].open,
		       holders[i].by_tee, NULL),
		    "%s pages %s are changed by drain", pages, holders[i].name);
	}
}

static void
test_counts(void)
{
	struct ring r;
	struct rig g;
	bool once = false;

	/*
	 * Its buffer comes round once while it is held; then it is fresh. If
	 * the fence's child is still there by then, it gets fresh pages without
	 * a look at who holds the old ones, so luck has some more turns.
	 */
	for (int i = 0; i < 50 && !once; i++) {
		run_holder(RELEASE_FENCE, true, hold_pipe, false, &r);
		once = r.shared == 1;
	}
	ok(once, "a buffer that is held is counted as shared, once");
	ok(r.renewed >= 1, "and given fresh pages");
	ok(r.fences >= 5, "each bank and turn has one fence");

	rig_open(&g, RELEASE_FENCE, true);
	ok(rig_turn(&g, 12, 'C'), "a reader that copies gets what was sent");
	/* DAMON and page migration hold pages for a moment, so: hardly any */
	ok(g.r.shared <= 48 / 8,
	    "and hardly a huge page is split for it (%ju of 48)",
	    (uintmax_t)g.r.shared);
	rig_close(&g);
}

/* What has records needs room for a whole one. */
static void
test_least(void)
{
	struct rig g;
	size_t room, buf;

	rig_open(&g, RELEASE_DRAIN, false);
	fcntl(g.pipe[1], F_SETPIPE_SZ, 1 << 20);
	buf = g.r.conf.buf_size;
	ok(rig_send(&g, 'L', 2 * buf - 100), "two buffers, but 100 bytes");
	ok(ring_room(&g.r, 100, &room) != NULL && room == 100,
	    "there is room for a record of 100");
	ok(ring_room(&g.r, 101, &room) != NULL && room == buf,
	    "one that is longer gets the next buffer");
	ok(rig_send(&g, 'M', 2 * buf - 100), "the bytes go on there");
	errno = 0;
	ok(ring_room(&g.r, 101, &room) == NULL && errno == EAGAIN,
	    "without another buffer the ring is full");
	/* its fence may have begun: bytes behind that would be unguarded */
	errno = 0;
	ok(ring_room(&g.r, 1, &room) == NULL && errno == EAGAIN,
	    "and a bank that was left gets not even a short one");
	rig_close(&g);
}

static void
test_order(void)
{
	struct rig g;
	size_t room;
	static char sink[PIECE];

	rig_open(&g, RELEASE_DRAIN, false);
	fcntl(g.pipe[1], F_SETPIPE_SZ, 1 << 20);
	ok(rig_send(&g, 'D', ring_size(&g.r)), "the ring takes what it holds");
	errno = 0;
	ok(ring_room(&g.r, 1, &room) == NULL && errno == EAGAIN,
	    "a ring whose bytes are in the pipe is full: EAGAIN");
	for (int i = 0; i < 3; i++)
		read_all(g.pipe[0], sink, PIECE);
	rig_drained(&g);
	ok(ring_room(&g.r, 1, &room) == NULL,
	    "it stays full until a whole buffer is drained");
	read_all(g.pipe[0], sink, PIECE);
	rig_drained(&g);
	ok(ring_room(&g.r, 1, &room) != NULL && room == g.r.conf.buf_size,
	    "and then it has room for one");
	rig_close(&g);

	rig_open(&g, RELEASE_SENT, false);
	ok(rig_send(&g, 'E', PIECE / 2), "bytes are sent");
	ring_skip(&g.r, g.r.filled + 1000);
	g.sent = g.r.filled;
	ok(offsets_hold(&g.r) && g.r.sent == g.r.filled,
	    "another engine's bytes are skipped");
	ok(rig_send(&g, 'F', PIECE), "and the ring goes on behind them");
	rig_close(&g);
}

/* Fills the ring, and gives out only its first n bytes. */
static void
rig_fill(struct rig *g, size_t n)
{
	static char sink[PIECE];
	size_t room, len;
	char *p;

	while ((p = ring_room(&g->r, 1, &room)) != NULL &&
	    g->r.filled < 2 * ring_size(&g->r)) {
		memset(p, 'K', room);
		ring_filled(&g->r, room);
	}
	while (g->sent < n) {
		struct iovec v;
		const char *b = ring_bytes(&g->r, g->sent, &len);
		ssize_t r;

		v = (struct iovec){ (void *)(uintptr_t)b, PIECE };
		r = vmsplice(g->pipe[1], &v, 1, SPLICE_F_NONBLOCK);
		if (r != PIECE)
			bail("vmsplice into an empty pipe");
		g->sent += PIECE;
		ring_sent(&g->r, g->sent);
		read_all(g->pipe[0], sink, PIECE);
		rig_drained(g);
	}
}

/* Looks at all that has been filled and not been sent. */
static bool
all_are(struct rig *g, char c)
{
	uint64_t off = g->sent;
	size_t len;

	for (; off < g->r.filled; off += len) {
		const char *b = ring_bytes(&g->r, off, &len);

		if (len == 0 || off + len > g->r.filled)
			return false;
		for (size_t i = 0; i < len; i++)
			if (b[i] != c)
				return false;
	}
	return true;
}

static void
test_full(void)
{
	static const enum release all[] = { RELEASE_FENCE, RELEASE_FRESH,
		RELEASE_DRAIN, RELEASE_SENT, RELEASE_AUTO };
	struct rig g;
	size_t room;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool whole_banks = all[i] == RELEASE_FENCE ||
		    all[i] == RELEASE_AUTO;

		rig_open(&g, all[i], false);
		rig_fill(&g, 0);
		errno = 0;
		ok(ring_room(&g.r, 1, &room) == NULL && errno == EAGAIN &&
			g.r.filled == ring_size(&g.r),
		    "%s: what has not been sent is never overwritten",
		    release_name(all[i]));
		rig_fill(&g, g.r.conf.buf_size);
		ok((ring_room(&g.r, 1, &room) == NULL) == whole_banks, "%s: %s",
		    release_name(all[i]),
		    whole_banks ? "nor a bank of which only a part was sent" :
				  "but a buffer that was is free");
		rig_close(&g);
	}
}

/* Who is not waited for keeps the pages that it has, on every method. */
static void
test_abandoned(void)
{
	static const enum release all[] = { RELEASE_FENCE, RELEASE_FRESH,
		RELEASE_DRAIN };
	static char got[PIECE];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rig g;
		size_t room = 0;
		bool intact = true, full;
		uint64_t size;

		rig_open(&g, all[i], false);
		fcntl(g.pipe[1], F_SETPIPE_SZ, 1 << 20);
		size = ring_size(&g.r);
		if (!rig_send(&g, 'A', PIECE))
			bail("no room for the first bytes");
		/* the rest is sent as well, but to nobody */
		while (g.r.filled < size && ring_room(&g.r, 1, &room) != NULL) {
			ring_filled(&g.r, room);
			ring_sent(&g.r, g.r.filled);
		}
		full = ring_room(&g.r, 1, &room) == NULL && errno == EAGAIN;
		ok(full == (all[i] != RELEASE_FRESH),
		    "%s: what is in a pipe %s", release_name(all[i]),
		    full ? "is waited for" : "is kept by its reader");
		ok(ring_wants(&g.r) == g.r.conf.buf_size || !full,
		    "and that is what the ring says that it wants");
		for (int turn = 0; turn < 2 && full; turn++) {
			char *p;

			ring_abandon(&g.r);
			p = ring_room(&g.r, 1, &room);
			ok(p != NULL, "unless it is abandoned");
			if (p == NULL)
				break;
			memset(p, 'B', room);
			ring_filled(&g.r, room);
			ring_sent(&g.r, g.r.filled);
		}
		read_all(g.pipe[0], got, PIECE);
		for (size_t k = 0; k < PIECE; k++)
			intact = intact && got[k] == 'A';
		ok(intact, "%s: a reader left behind gets what it was sent",
		    release_name(all[i]));
		rig_close(&g);
	}
}

static void
test_growth(void)
{
	struct bank *second;
	struct rig g;
	size_t was, room;

	rig_open(&g, RELEASE_FENCE, false);
	second = TAILQ_LAST(&g.r.banks, bank_list);
	was = ring_size(&g.r);
	g.r.conf.max = was + was / 2 + g.r.conf.buf_size;
	fcntl(g.pipe[1], F_SETPIPE_SZ, 1 << 20);
	if (!rig_send(&g, 'G', PIECE))
		bail("no room");
	ok(ring_grow(&g.r) == -1 && errno == ENOBUFS,
	    "no bank is put into the middle of another");
	rig_send(&g, 'G', g.r.conf.buf_size);
	ok(ring_grow(&g.r) == 0 && ring_size(&g.r) == was + was / 2,
	    "a bank is added when one has been filled to its last buffer");
	ok(rig_send(&g, 'H', was / 2), "and filled after it");
	ok(TAILQ_NEXT(g.r.fill->bank, entry) == second,
	    "in its place, behind the one that was being filled");
	ok(ring_grow(&g.r) == 0 && ring_size(&g.r) == g.r.conf.max,
	    "a smaller bank fills what is left");
	ok(ring_grow(&g.r) == -1 && errno == ENOBUFS,
	    "but not more than the most that it may take");
	while (ring_room(&g.r, 1, &room) != NULL && room > 0)
		ring_filled(&g.r, room);
	ok(g.r.filled == ring_size(&g.r), "each of its buffers is used");
	rig_close(&g);

	for (int lag = 0; lag < 4; lag++) {
		/* grown while so many buffers of a later turn are unsent */
		rig_open(&g, RELEASE_DRAIN, false);
		g.r.conf.max = 3 * ring_size(&g.r);
		rig_turn(&g, 1, 'I');
		for (int i = 0; i <= lag; i++) {
			char *p = ring_room(&g.r, 1, &room);

			memset(p, 'J', room);
			ring_filled(&g.r, room);
		}
		ring_grow(&g.r);
		while (g.r.filled < 3 * ring_size(&g.r)) {
			char *p = ring_room(&g.r, 1, &room);

			if (p == NULL)
				break;
			memset(p, 'J', room);
			ring_filled(&g.r, room);
		}
		ok(all_are(&g, 'J'), "with %d buffers unsent it keeps them",
		    lag + 1);
		rig_close(&g);
	}

	rig_open(&g, RELEASE_FENCE, false);
	g.r.conf.max = 2 * ring_size(&g.r);
	rig_turn(&g, 1, 'I');
	ring_grow(&g.r);
	ok(rig_turn(&g, 5, 'J'), "a grown ring keeps its bytes in order");
	rig_close(&g);
}

static void
test_refusals(bool huge)
{
	const char *pages = huge ? "huge" : "small";
	struct ring r;

	refuse_madvise = MADV_DOFORK;
	ok(run_holder(RELEASE_FENCE, huge, hold_pipe, false, &r) &&
		r.fences == 0 && r.renewed > 0,
	    "%s: a fence that the child would not see is none", pages);
	refuse_madvise = MADV_DONTFORK;
	ok(run_holder(RELEASE_FENCE, huge, hold_pipe, false, NULL),
	    "%s: banks that cannot be hidden are still right", pages);
	refuse_madvise = MADV_DONTNEED;
	ok(run_holder(RELEASE_FRESH, huge, hold_pipe, false, NULL),
	    "%s: fresh pages come by mmap where madvise fails", pages);
	refuse_madvise = -1;

	vmsplice_copies = true;
	ok(run_holder(RELEASE_AUTO, huge, hold_pipe, false, &r) &&
		r.release == RELEASE_SENT && r.fences == 0,
	    "%s: a kernel that copies in vmsplice needs no fence", pages);
	vmsplice_copies = false;
}

static bool
clone_fails(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid == -1;
}

/*
 * The limit on processes does not bind root, so that goes first. And a process
 * that has had a fence cannot fork, so this comes before all other tests.
 */
static bool
without_processes(bool (*test)(bool huge), bool huge)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		if (setrlimit(RLIMIT_NPROC, &none) == -1 ||
		    (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1) ||
		    clone_fails() == false)
			_exit(2);
		_exit(test(huge) ? 0 : 1);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 2)
		bail("processes could not be forbidden");
	return WEXITSTATUS(status) == 0;
}

static bool
forced_fence(bool huge)
{
	struct ring r;

	return run_holder(RELEASE_FENCE, huge, hold_pipe, false, &r) &&
	    r.fences == 0 && r.renewed > 0;
}

static bool
auto_is_fresh(bool huge)
{
	struct ring r;

	return run_holder(RELEASE_AUTO, huge, hold_pipe, false, &r) &&
	    r.release == RELEASE_FRESH;
}

static bool
probe_no_fork(bool huge)
{
	(void)huge;
	return ring_probe() == PROBE_NO_FORK && errno == EAGAIN;
}

static void
test_no_processes(bool huge)
{
	const char *pages = huge ? "huge" : "small";

	ok(without_processes(forced_fence, huge),
	    "%s: where no process can be made, pages are renewed", pages);
	ok(without_processes(auto_is_fresh, huge),
	    "%s: auto takes fresh where no process can be made", pages);
	ok(without_processes(probe_no_fork, huge),
	    "%s: the probe says that no process could be made", pages);
}

static void
test_probe(void)
{
	static const int refusals[] = { ENOSYS, EPERM, EINVAL, EOPNOTSUPP };
	enum probe p = ring_probe();

	ok(p == PROBE_GUARDED || p == PROBE_EXPOSED || p == PROBE_COPIES,
	    "the probe finds out about this kernel (%d)", (int)p);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		refuse_vmsplice = refusals[i];
		errno = 0;
		ok(ring_probe() == PROBE_REFUSED && errno == refusals[i],
		    "the probe says refused: %s", strerror(refusals[i]));
	}
	refuse_vmsplice = 0;
	vmsplice_copies = true;
	ok(ring_probe() == PROBE_COPIES,
	    "the probe knows a kernel that copies");
	vmsplice_copies = false;
}

/*
 * A record that does not fit into the rest of a bank ends it, and the bank may
 * have its fence: a smaller one must not be put there.
 */
static void
test_records(void)
{
	static const enum release all[] = { RELEASE_FENCE, RELEASE_AUTO,
		RELEASE_DRAIN };
	struct rig g;
	size_t room, half;
	char *p;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		rig_open(&g, all[i], false);
		fcntl(g.pipe[1], F_SETPIPE_SZ, 1 << 20);
		half = g.r.conf.buf_size / 2;
		rig_send(&g, 'L', ring_size(&g.r) - half);
		p = ring_room(&g.r, half, &room);
		ok(p != NULL && room == half,
		    "%s: a record that just fits goes into what is left",
		    release_name(all[i]));
		ok(ring_room(&g.r, half + 1, &room) == NULL && errno == EAGAIN,
		    "one that is a byte longer does not");
		ok(ring_room(&g.r, 1, &room) == NULL && errno == EAGAIN,
		    "and what was left behind is closed to all others");
		rig_close(&g);
	}
}

int
main(void)
{
	struct ring none = RING_INITIALIZER;

	ok(!ring_ready(&none), "a ring that was not opened is not ready");
	ring_release(&none);
	test_no_processes(false);
	if (can_be_huge()) {
		test_no_processes(true);
		test_holders(true);
		test_counts();
		test_refusals(true);
	} else
		skip("huge pages", "this system gives none");
	test_holders(false);
	test_refusals(false);
	test_least();
	test_order();
	test_full();
	test_abandoned();
	test_growth();
	test_records();
	test_probe();
	ok(exited > 0 && killed == 0,
	    "the children of the fences end by themselves (%d, %d killed)",
	    exited, killed);
	return tap_done();
}
