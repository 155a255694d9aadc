/* SPDX-License-Identifier: ISC */
/*
 * The fence, and the probe that asks whether it holds here.
 *
 * Drained is not released. A reader that copies (read(2)) is done with the
 * page, but one that splices or tees has moved the reference on: into another
 * pipe, a socket buffer, a TCP send queue. FIONREAD still says 0, and
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
 * Either way no byte that was sent can change.
 *
 * Measured, in parts of the speed of FIONREAD alone: this 0.8 to 0.9; a thread
 * on the other core that clones 0.67 to 0.78; a child that inherits the whole
 * process 0.77; fresh pages 0.62 to 0.86.
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
#include <unistd.h>
#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "fence.h"
#include "base/fd.h"

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
	char text[32];

	if (fd_text("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text,
		sizeof(text)) == -1)
		return 0;
	return strtoul(text, NULL, 10);
}

/* ---- the fence -------------------------------------------------------- */

/*
 * Where we know how to write it, the child runs nothing but two instructions
 * of ours: no stack, no library, no data. Nothing else then has to be copied
 * for it, see fence_lighten(). Returns its pid or the negative errno.
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
	return r;
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
	return x0;
}
#else
#define FENCE_BARE false
static long
clone_and_exit(unsigned long flags)
{
	long r = syscall(SYS_clone, flags, 0, 0, 0, 0);

	if (r == 0)
		syscall(SYS_exit_group, 0);
	return r == -1 ? -errno : r;
}
#endif

/*
 * Hides everything from the children but the text of clone_and_exit() and our
 * thread's own storage: there lies what glibc has registered with rseq(2), and
 * the kernel kills whoever has it registered and not mapped. What is mapped
 * later is merely copied.
 */
void
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
	long pid;

	/* valgrind 3.19 dies of such a clone; it knows fork's own flags */
	if (RUNNING_ON_VALGRIND)
		flags = SIGCHLD;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone_and_exit(flags);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid >= 0)
		return (pid_t)pid;
	errno = (int)-pid;
	return -1;
}

/*
 * By the time waitpid(2) returns, the child has let go of our pages: exit_mm
 * comes before exit_notify. (CLONE_VFORK would wake us too early.)
 */
bool
fence_over(struct fence *f, bool block)
{
	pid_t r;

	if (f->child <= 0)
		return f->child == 0;
	do
		r = waitpid(f->child, NULL, __WALL | (block ? 0 : WNOHANG));
	while (r == -1 && errno == EINTR);
	if (r == 0)
		return false;
	f->child = r == -1 ? -1 : 0;
	return r != -1;
}

/*
 * The mapping is seen by its own child only. MADV_DOFORK must succeed, or the
 * child would share nothing and the fence protect nothing; MADV_DONTFORK need
 * not: the mapping is then merely copied more often than it has to be.
 */
int
fence_begin(struct fence *f, char *base, size_t len)
{
	fence_over(f, true);
	f->child = -1;
	if (madvise(base, len, MADV_DOFORK) == 0)
		f->child = fence_clone();
	madvise(base, len, MADV_DONTFORK);
	return f->child == -1 ? -1 : 0;
}

/* Pages that are written to find out about the memory they are in. */
enum {
	TOUCHES = 8
};

static long
minor_faults(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_SELF, &ru) == 0 ? ru.ru_minflt : -1;
}

/*
 * In one huge page only the first write faults. A fault more or less proves
 * nothing: a stale TLB entry of one of its pages makes one as well (up to 20 of
 * 48 buffers on a busy virtual machine).
 */
__attribute__((no_sanitize("address"))) /* its shadow would fault as well */
bool
fence_touch(volatile char *p, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t step = size / TOUCHES & ~(page - 1);
	long before = minor_faults(), after;

	for (size_t i = 0; i < TOUCHES; i++)
		p[i * step] = 0;
	after = minor_faults();
	return before != -1 && after - before <= TOUCHES / 2;
}

/* ---- the probe -------------------------------------------------------- */

/* Sends A, writes B into the page, and looks at what a reader gets. */
static enum probe
probe_once(int pair[2], volatile char *page, size_t len, bool guarded)
{
	struct iovec v = { (void *)(uintptr_t)page, len };
	struct fence f = { 0 };
	char got[len];

	page[0] = 'A';
	if (vmsplice(pair[1], &v, 1, SPLICE_F_NONBLOCK) != (ssize_t)len)
		return PROBE_REFUSED;
	if (guarded) {
		f.child = fence_clone();
		if (!fence_over(&f, true))
			return PROBE_NO_FORK;
	}
	page[0] = 'B';
	if (read(pair[0], got, len) != (ssize_t)len)
		return PROBE_FAILED;
	return got[0] == 'A' ? PROBE_GUARDED : PROBE_EXPOSED;
}

enum probe
ring_probe(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t huge = huge_page_size();
	size_t len = huge == 0 || huge > RING_HUGE_MAX ? page : huge;
	enum probe found = PROBE_FAILED;
	int pair[2] = { -1, -1 };
	char *map, *p;

	map = mmap(NULL, 2 * len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return PROBE_FAILED;
	p = (char *)(((uintptr_t)map + len - 1) & ~(len - 1));
	madvise(p, len, MADV_HUGEPAGE);
	if (len > page && !fence_touch(p, len)) {
		errno = ENOMEM; /* a small page would answer for itself only */
		goto out;
	}
	if (pipe2(pair, O_CLOEXEC) == -1)
		goto out;
	found = probe_once(pair, p, page, false);
	if (found == PROBE_GUARDED)
		found = PROBE_COPIES; /* that needed no fence */
	else if (found == PROBE_EXPOSED)
		found = probe_once(pair, p, page, true);
out:
	fd_close_pair(pair);
	munmap(map, 2 * len);
	return found;
}
