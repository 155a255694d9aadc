/* SPDX-License-Identifier: ISC */
/*
 * The ring, and when a buffer may be rewritten.
 *
 *	 bank 0			 bank 1
 *	+--------+--------+	+--------+--------+
 *	| buffer | buffer |	| buffer | buffer |	2 MiB each,
 *	+--------+--------+	+--------+--------+	one huge page
 *	^ drained     ^ sent	     ^ filled
 *	|	      |		     +-- read(2) writes here
 *	|	      +-- vmsplice(2) has put references to these pages into
 *	|		  the output pipes; the bytes are still ours to spoil
 *	+-- FIONREAD says that the pipes have been emptied up to here
 *
 * Drained is not released. A reader that copies (read(2)) is done with the
 * page, but one that splices or tees has moved the reference on: into another
 * pipe, a socket buffer, a TCP send queue. FIONREAD says 0 all the same, and
 * a rewrite would change bytes that are still on their way to somebody.
 * No call tells whether a page is still referenced. But the kernel looks
 * at exactly that, at one moment: when a copy-on-write page is written.
 *
 * So, the fence. When the last byte of a bank has been sent, we clone a child
 * that shares the bank copy-on-write and exits at once. From then on each of
 * the bank's pages is write-protected, and at our next write to it the kernel
 * counts its references (do_wp_page, wp_can_reuse_anon_folio; for huge pages
 * do_huge_pmd_wp_page, since 5.18):
 *
 *	only ours	the page becomes writable again, in place: one minor
 *			fault for 2 MiB, about 1 us;
 *	somebody else's	*we* are given a copy, and the old page travels on
 *	as well		untouched. The huge page is split by that: we see it
 *			(each page we touch faults, where one fault was due),
 *			count the buffer as shared and take fresh pages.
 *
 * Either way no byte that was sent can change. What the fence costs is the
 * clone, once per bank and turn, and what it must not meet is a write to the
 * bank while the child lives: that would copy and split for no reason. Hence
 * several banks, each out of sight of the others' children (MADV_DONTFORK
 * except across its own clone): one is filled while the child of another
 * dies on the other core, and it is reaped when its bank comes round again.
 *
 * Waiting for drained is no part of that guarantee; it only keeps the kernel
 * from copying pages that are about to become ours anyway. The order is:
 *
 *	filled -> sent -> fence begun -> (drained) -> child reaped -> rewritten
 *
 * Measured, in parts of the speed of FIONREAD alone: this 0.8 to 0.9; a thread
 * on the other core that clones 0.67 to 0.78; a child that inherits the whole
 * process 0.77; fresh pages 0.62 to 0.86. Banks of 4 to 8 MiB are much alike.
 *
 * Not protected by any of this, and so never used here: MAP_SHARED memory,
 * hugetlbfs, pinned pages (io_uring fixed buffers, O_DIRECT reads in flight).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "buf.h"

static const char *const release_names[] = {
	[RELEASE_AUTO] = "auto",
	[RELEASE_FENCE] = "fence",
	[RELEASE_FRESH] = "fresh",
	[RELEASE_DRAIN] = "drain",
	[RELEASE_SENT] = "copied",
};

const char *
release_name(enum release r)
{
	return release_names[r];
}

size_t
huge_page_size(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
	    "re");
	size_t size = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%zu", &size) != 1)
		size = 0;
	fclose(f);
	return size;
}

/* ---- the fence -------------------------------------------------------- */

/*
 * Where we know how to write it, the child runs nothing but two instructions
 * of ours: no stack, no library, no data. Nothing else then has to be copied
 * for it, see fence_lighten().
 */
#if defined(__x86_64__)
#define FENCE_BARE true
static __attribute__((noinline)) long
clone_and_exit(unsigned long flags)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long r = SYS_clone;

	__asm__ volatile("	syscall\n"
			 "	test	%%rax, %%rax\n"
			 "	jnz	1f\n"
			 "	mov	%[exit], %%eax\n"
			 "	xor	%%edi, %%edi\n"
			 "	syscall\n"
			 "1:"
			 : "+a"(r), "+D"(flags)
			 : [exit] "i"(SYS_exit_group), "S"(0L), "d"(0L),
			 "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}
#elif defined(__aarch64__)
#define FENCE_BARE true
static __attribute__((noinline)) long
clone_and_exit(unsigned long flags)
{
	register long x0 __asm__("x0") = (long)flags;
	register long x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register long x8 __asm__("x8") = SYS_clone;

	__asm__ volatile("	svc	#0\n"
			 "	cbnz	x0, 1f\n"
			 "	mov	x8, %[exit]\n"
			 "	svc	#0\n"
			 "1:"
			 : "+r"(x0), "+r"(x8)
			 : [exit] "i"(SYS_exit_group), "r"(x1), "r"(x2),
			 "r"(x3), "r"(x4)
			 : "memory", "cc");
	if (x0 >= 0)
		return x0;
	errno = (int)-x0;
	return -1;
}
#else
#define FENCE_BARE false
static long
clone_and_exit(unsigned long flags)
{
	long r = syscall(SYS_clone, flags, 0, 0, 0, 0);

	if (r == 0)
		syscall(SYS_exit_group, 0);
	return r;
}
#endif

/*
 * Hides everything from the children but the text of clone_and_exit() and our
 * thread's own storage: there lies what glibc has registered with rseq(2), and
 * the kernel kills whoever has it registered and not mapped. What is mapped
 * later is merely copied.
 */
static void
fence_lighten(void)
{
	uintptr_t from, to, text = (uintptr_t)clone_and_exit;
	uintptr_t tls = (uintptr_t)&errno;
	FILE *f;
	char line[512];

	if (!FENCE_BARE || RUNNING_ON_VALGRIND)
		return;
	f = fopen("/proc/self/maps", "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 &&
		    (text < from || text >= to) && (tls < from || tls >= to))
			madvise((void *)from, to - from, MADV_DONTFORK);
	fclose(f);
}

/*
 * A child that shares our private memory copy-on-write, until it has exited,
 * which it does at once. It shares the descriptor table, so that it never
 * holds a pipe open, sends no signal, and takes none: it has no stack for a
 * handler. Returns its pid or -1 with errno.
 */
static pid_t
fence_clone(void)
{
	unsigned long flags = CLONE_FILES | CLONE_FS;
	sigset_t all, old;
	pid_t pid;

	/* valgrind 3.19 dies of such a clone; it knows fork's own flags */
	if (RUNNING_ON_VALGRIND)
		flags = SIGCHLD;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = (pid_t)clone_and_exit(flags);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/*
 * By the time waitpid(2) returns, the child has let go of our pages: exit_mm
 * comes before exit_notify. (CLONE_VFORK would wake us too early.) 0, or -1:
 * EAGAIN if it lives and we were not to block.
 */
static int
fence_wait(pid_t pid, bool block)
{
	pid_t r;

	do
		r = waitpid(pid, NULL, __WALL | (block ? 0 : WNOHANG));
	while (r == -1 && errno == EINTR);
	if (r == 0)
		errno = EAGAIN;
	return r > 0 ? 0 : -1;
}

/*
 * On a busy machine the child may not even have run yet when its bank comes
 * round again. To wait for it would cost more (a time slice) than fresh pages
 * do: those are right without any fence.
 */
static void
bank_reap(struct bank *k, bool block)
{
	if (k->child == 0)
		return;
	if (fence_wait(k->child, block) == -1) {
		if (errno == EAGAIN)
			return;
		k->unguarded = true;
	}
	k->child = 0;
}

/*
 * The bank is seen by its own child only. MADV_DOFORK must succeed, or the
 * child would share nothing and the fence protect nothing; MADV_DONTFORK need
 * not: the bank is then merely copied more often than it has to be.
 */
static void
bank_fence(struct ring *r, struct bank *k)
{
	size_t len = k->nbufs * r->conf.buf_size;

	if (!r->lightened)
		fence_lighten();
	r->lightened = true;
	bank_reap(k, true);
	k->fenced = true;
	k->unguarded = false;
	if (madvise(k->base, len, MADV_DOFORK) == 0)
		k->child = fence_clone();
	else
		k->child = -1;
	madvise(k->base, len, MADV_DONTFORK);
	if (k->child == -1) {
		k->child = 0;
		k->unguarded = true;
		return;
	}
	r->fences++;
}

/* Pages of a buffer that are written to find out about it. */
enum {
	TOUCHES = 8
};

/* ---- buffers ---------------------------------------------------------- */

static long
minor_faults(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_SELF, &ru) == 0 ? ru.ru_minflt : -1;
}

/*
 * Writes to a few pages all over a buffer and tells whether they are one huge
 * page: then only the first write faults. It also makes a fenced huge page ours
 * again. A fault more or less proves nothing: a stale TLB entry of one of its
 * pages makes one as well (up to 20 of 48 buffers on a busy virtual machine).
 */
__attribute__((no_sanitize("address"))) /* its shadow would fault as well */
static bool
touch(volatile char *p, size_t size, size_t page)
{
	size_t step = size / TOUCHES & ~(page - 1);
	long before = minor_faults(), after;

	for (size_t i = 0; i < TOUCHES; i++)
		p[i * step] = 0;
	after = minor_faults();
	return before != -1 && after - before <= TOUCHES / 2;
}

static bool
buf_touch(const struct ring *r, struct buf *b)
{
	return touch(b->base, r->conf.buf_size, r->page);
}

/*
 * Fresh pages: always right, on every kernel, and slower (50 us per 2 MiB). The
 * old ones belong to whoever still holds them (MADV_DONTNEED, madvise(2)).
 */
static int
buf_renew(struct ring *r, struct buf *b)
{
	r->renewed++;
	if (madvise(b->base, r->conf.buf_size, MADV_DONTNEED) == -1) {
		/* mapping over it lets go of the old pages as well */
		if (mmap(b->base, r->conf.buf_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0) == MAP_FAILED)
			return -1;
		if (r->conf.huge)
			madvise(b->base, r->conf.buf_size, MADV_HUGEPAGE);
		madvise(b->base, r->conf.buf_size, MADV_DONTFORK);
	}
	if (r->huge)
		buf_touch(r, b);
	return 0;
}

/* The fenced bank's buffer is drained: take it back, or take fresh pages. */
static int
buf_unshare(struct ring *r, struct buf *b)
{
	bank_reap(b->bank, false);
	if (b->bank->unguarded || b->bank->child != 0)
		return buf_renew(r, b);
	/* small pages are compared one by one as they are written */
	if (!r->huge || buf_touch(r, b))
		return 0;
	r->shared++;
	return buf_renew(r, b);
}

/*
 * Before the first rewrite: what does this kernel protect? Asked once, and so
 * late that a short transfer never pays for it.
 */
static void
ring_choose(struct ring *r)
{
	switch (ring_probe()) {
	case PROBE_GUARDED:
		r->release = RELEASE_FENCE;
		break;
	case PROBE_COPIES:
		r->release = RELEASE_SENT;
		break;
	default:
		r->release = RELEASE_FRESH;
		break;
	}
}

/*
 * Makes b writable without anybody being able to see it. -1 with EAGAIN if
 * that is not possible yet.
 */
static int
buf_take(struct ring *r, struct buf *b)
{
	uint64_t end = b->at + b->len;

	if (b->len == 0) {
		if (r->huge)
			buf_touch(r, b);
		return 0;
	}
	errno = EAGAIN;
	if (end > r->sent)
		return -1;
	if (b->held && r->release != RELEASE_SENT)
		return buf_renew(r, b);
	switch (r->release) {
	case RELEASE_SENT:
		return 0;
	case RELEASE_DRAIN:
		return end > r->drained ? -1 : 0;
	case RELEASE_FRESH:
		return buf_renew(r, b);
	case RELEASE_FENCE:
		if (!b->bank->fenced || end > r->drained)
			return -1;
		return buf_unshare(r, b);
	case RELEASE_AUTO:
		break;
	}
	return -1; /* ring_sent() has not seen a whole bank yet */
}

/* ---- banks ------------------------------------------------------------ */

static void
bank_free(struct ring *r, struct bank *k)
{
	if (k == NULL)
		return;
	bank_reap(k, true);
	if (k->bufs != NULL)
		for (size_t i = 0; i < k->nbufs; i++)
			if (k->bufs[i].bank != NULL)
				TAILQ_REMOVE(&r->order, &k->bufs[i], order);
	if (k->map != NULL)
		munmap(k->map, k->map_len);
	free(k->bufs);
	free(k);
}

/* Maps a bank and puts its buffers behind `after`, or at the end of the ring */
static int
bank_add(struct ring *r, struct buf *after, size_t nbufs)
{
	size_t len = nbufs * r->conf.buf_size;
	size_t slack = r->conf.huge ? r->conf.buf_size : 0, head = 0;
	struct bank *k = calloc(1, sizeof(*k));
	char *map;

	if (k == NULL)
		return -1;
	k->nbufs = nbufs;
	k->bufs = calloc(nbufs, sizeof(*k->bufs));
	map = mmap(NULL, len + slack, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map != MAP_FAILED) {
		k->map = map;
		k->map_len = len + slack;
	}
	if (k->bufs == NULL || k->map == NULL) {
		bank_free(r, k);
		errno = ENOMEM;
		return -1;
	}
	if (slack != 0) {
		head = -(uintptr_t)map & (slack - 1);
		/* a mapping of its own: no fence has to split and merge it */
		mprotect(map, head, PROT_NONE);
		mprotect(map + head + len, slack - head, PROT_NONE);
	}
	k->base = map + head;
	if (r->conf.huge)
		madvise(k->base, len, MADV_HUGEPAGE);
	if (r->conf.release != RELEASE_SENT)
		madvise(k->base, len, MADV_DONTFORK);
	for (size_t i = 0; i < nbufs; i++) {
		struct buf *b = &k->bufs[i];

		b->bank = k;
		b->base = k->base + i * r->conf.buf_size;
		if (after == NULL)
			TAILQ_INSERT_TAIL(&r->order, b, order);
		else
			TAILQ_INSERT_AFTER(&r->order, after, b, order);
		after = after == NULL ? NULL : b;
	}
	TAILQ_INSERT_TAIL(&r->banks, k, entry);
	r->nbufs += nbufs;
	return 0;
}

/* ---- the ring --------------------------------------------------------- */

int
ring_init(struct ring *r, const struct ring_conf *conf)
{
	memset(r, 0, sizeof(*r));
	r->conf = *conf;
	r->release = conf->release;
	r->page = (size_t)sysconf(_SC_PAGESIZE);
	TAILQ_INIT(&r->order);
	TAILQ_INIT(&r->banks);
	for (size_t i = 0; i < conf->banks; i++)
		if (bank_add(r, NULL, conf->bank_bufs) == -1) {
			ring_release(r);
			errno = ENOMEM;
			return -1;
		}
	r->fill = TAILQ_FIRST(&r->order);
	r->huge = conf->huge && buf_touch(r, r->fill);
	return 0;
}

bool
ring_ready(const struct ring *r)
{
	return r->fill != NULL;
}

void
ring_release(struct ring *r)
{
	struct bank *k;

	if (r->nbufs == 0)
		return;
	while ((k = TAILQ_FIRST(&r->banks)) != NULL) {
		TAILQ_REMOVE(&r->banks, k, entry);
		bank_free(r, k);
	}
	r->nbufs = 0;
	r->fill = NULL;
}

size_t
ring_size(const struct ring *r)
{
	return r->nbufs * r->conf.buf_size;
}

static struct buf *
buf_next(const struct ring *r, struct buf *b)
{
	b = TAILQ_NEXT(b, order);
	return b != NULL ? b : TAILQ_FIRST(&r->order);
}

static struct buf *
buf_prev(const struct ring *r, struct buf *b)
{
	b = TAILQ_PREV(b, buf_order, order);
	return b != NULL ? b : TAILQ_LAST(&r->order, buf_order);
}

/* The bank is full and sent: its fence may begin. */
static void
bank_done(struct ring *r, struct bank *k)
{
	if (!k->full || k->fenced || k->end > r->sent)
		return;
	if (r->release == RELEASE_AUTO)
		ring_choose(r);
	if (r->release == RELEASE_FENCE)
		bank_fence(r, k);
}

/* b takes no more: if it is the last of its bank, the fill leaves that. */
static void
bank_leave(struct ring *r, struct buf *b)
{
	struct bank *k = b->bank;

	if (k->full || b != &k->bufs[k->nbufs - 1])
		return;
	k->full = true;
	k->fenced = false;
	k->end = b->at + b->len;
	bank_done(r, k);
}

char *
ring_room(struct ring *r, size_t least, size_t *room)
{
	struct buf *b = r->fill, *next;

	/* a bank that was left may have its fence: nothing is added to it */
	if (b->bank->full || r->conf.buf_size - b->len < least) {
		bank_leave(r, b);
		next = buf_next(r, b);
		if (buf_take(r, next) == -1)
			return NULL;
		next->bank->full = false;
		next->held = false;
		next->len = 0;
		next->at = r->filled;
		r->fill = b = next;
	}
	*room = r->conf.buf_size - b->len;
	return b->base + b->len;
}

uint64_t
ring_wants(const struct ring *r)
{
	const struct buf *b = buf_next(r, r->fill);

	return b->at + b->len;
}

void
ring_abandon(struct ring *r)
{
	buf_next(r, r->fill)->held = true;
}

void
ring_filled(struct ring *r, size_t n)
{
	r->fill->len += n;
	r->filled += n;
}

const char *
ring_bytes(const struct ring *r, uint64_t off, size_t *len)
{
	struct buf *b = r->fill;

	while (off < b->at)
		b = buf_prev(r, b);
	if (off - b->at > b->len)
		abort(); /* never send what is not ours to send */
	*len = b->len - (size_t)(off - b->at);
	return b->base + (off - b->at);
}

void
ring_sent(struct ring *r, uint64_t off)
{
	struct bank *k;

	if (off == r->sent)
		return;
	r->sent = off;
	TAILQ_FOREACH(k, &r->banks, entry)
		bank_done(r, k);
}

void
ring_drained(struct ring *r, uint64_t off)
{
	if (off > r->drained)
		r->drained = off;
}

void
ring_skip(struct ring *r, uint64_t off)
{
	uint64_t by = off - r->filled;

	if (by == 0)
		return;
	/* only the fill is open; the others are older, and stay so */
	r->fill->at += by;
	r->filled = off;
	r->sent = off;
}

int
ring_grow(struct ring *r)
{
	struct bank *k = r->fill->bank;
	size_t more = r->conf.max / r->conf.buf_size;

	more = more > r->nbufs ? more - r->nbufs : 0;
	/*
	 * In the middle of a bank new buffers would lie behind the one that
	 * blocks, and, never filled, before bytes that are still to be sent.
	 */
	if (more == 0 || r->fill != &k->bufs[k->nbufs - 1]) {
		errno = ENOBUFS;
		return -1;
	}
	if (more > r->conf.bank_bufs)
		more = r->conf.bank_bufs;
	/* behind the whole bank, so that a bank's buffers stay together */
	return bank_add(r, &k->bufs[k->nbufs - 1], more);
}

/* ---- the probe -------------------------------------------------------- */

/* What a reader gets to see if we send A and then write B into the page. */
static int
probe_once(int pair[2], volatile char *page, size_t len, bool guarded,
    char *seen)
{
	struct iovec v = { (void *)(uintptr_t)page, len };
	char got[len];
	pid_t pid;

	page[0] = 'A';
	if (vmsplice(pair[1], &v, 1, SPLICE_F_NONBLOCK) != (ssize_t)len)
		return PROBE_REFUSED;
	if (guarded) {
		pid = fence_clone();
		if (pid == -1 || fence_wait(pid, true) == -1)
			return PROBE_NO_FORK;
	}
	page[0] = 'B';
	if (read(pair[0], got, len) != (ssize_t)len)
		return PROBE_FAILED;
	*seen = got[0];
	return -1;
}

enum probe
ring_probe(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t huge = huge_page_size();
	size_t len = huge == 0 || huge > RING_HUGE_MAX ? page : huge;
	int pair[2] = { -1, -1 }, step = PROBE_FAILED, saved;
	char *map, *p, seen = 0;

	map = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return PROBE_FAILED;
	p = (char *)(((uintptr_t)map + len - 1) & ~(len - 1));
	madvise(p, len, MADV_HUGEPAGE);
	if (len > page && !touch(p, len, page)) {
		errno = ENOMEM; /* a small page would answer for itself only */
		goto out;
	}
	if (pipe2(pair, O_CLOEXEC) == -1)
		goto out;
	step = probe_once(pair, p, page, false, &seen);
	if (step == -1 && seen == 'A')
		step = PROBE_COPIES;
	if (step == -1)
		step = probe_once(pair, p, page, true, &seen);
	if (step == -1)
		step = seen == 'A' ? PROBE_GUARDED : PROBE_EXPOSED;
out:
	saved = errno;
	if (pair[0] != -1) {
		close(pair[0]);
		close(pair[1]);
	}
	munmap(map, 2 * len);
	errno = saved;
	return (enum probe)step;
}
