/* SPDX-License-Identifier: ISC */
/*
 * guarded-ring.c: the guarded ring and nothing else, as a yardstick for speed.
 *
 *   guarded-ring fence < FILE | READER    drained, fenced, then rewritten
 *   guarded-ring drain < FILE | READER    FIONREAD alone: wrong bytes behind
 *                                         a reader that splices
 *
 * BANKS (default 2), BANK_MIB (8) and CHUNK_KIB (1024) come from the
 * environment. It blocks, has one output and sleeps while it waits: zpipe must
 * do all that better, at no less than this speed.
 *
 * A bank is a mapping of its own, so that its fence does not share the pages
 * of the bank that is being filled meanwhile:
 *
 *   bank 0   | fill, send ...       | clone | ... child dies ... | reap, fill
 *   bank 1   | ... child dies | reap, fill, send ...   | clone | ...
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUGE_SIZE (2UL << 20)
#define PIPE_SIZE (1 << 20)

struct bank {
	char *base;
	pid_t child;   /* the fence under way, or 0 */
	uint64_t *end; /* per chunk: the stream offset at which it ends */
};

struct ring {
	struct bank *banks;
	size_t count;
	size_t len; /* of a bank */
	size_t chunk;
	uint64_t sent;
	int guarded;
};

static void
bank_map(struct bank *b, size_t len, size_t chunks)
{
	char *raw = mmap(NULL, len + HUGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (raw == MAP_FAILED)
		err(1, "mmap");
	b->base = raw + (HUGE_SIZE - (uintptr_t)raw % HUGE_SIZE) % HUGE_SIZE;
	b->child = 0;
	b->end = calloc(chunks, sizeof(*b->end));
	if (b->end == NULL)
		err(1, "calloc");
	if (madvise(b->base, len, MADV_HUGEPAGE) == -1)
		err(1, "MADV_HUGEPAGE");
	memset(b->base, 1, len); /* untouched it would send the zero page */
	if (madvise(b->base, len, MADV_DONTFORK) == -1)
		err(1, "MADV_DONTFORK");
}

/*
 * Once the child has been reaped, a write to a page of this bank that somebody
 * still holds goes to a copy. Until then the bank must not be written.
 */
static void
fence_start(struct bank *b, size_t len)
{
	if (madvise(b->base, len, MADV_DOFORK) == -1)
		err(1, "MADV_DOFORK");
	b->child = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_FS, 0, 0, 0,
	    0);
	if (b->child == 0)
		syscall(SYS_exit_group, 0);
	if (b->child == -1)
		err(1, "clone");
	/* or the next bank's child would share this one too */
	if (madvise(b->base, len, MADV_DONTFORK) == -1)
		err(1, "MADV_DONTFORK");
}

static void
fence_reap(struct bank *b)
{
	if (b->child == 0)
		return;
	while (waitpid(b->child, NULL, __WALL) == -1)
		if (errno != EINTR)
			err(1, "waitpid");
	b->child = 0;
}

/* drained: the pipe has been emptied past the end of the chunk */
static void
wait_drained(const struct ring *r, uint64_t end)
{
	const struct timespec nap = { 0, 20000 };
	int unread;

	for (;;) {
		if (ioctl(STDOUT_FILENO, FIONREAD, &unread) == -1)
			err(1, "stdout");
		if (r->sent - (uint64_t)unread >= end)
			return;
		nanosleep(&nap, NULL);
	}
}

static void
send_all(char *p, size_t len)
{
	while (len > 0) {
		struct iovec v = { p, len };
		ssize_t n = vmsplice(STDOUT_FILENO, &v, 1, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "vmsplice");
		p += n;
		len -= (size_t)n;
	}
}

/* 0 at the end of the input */
static int
bank_turn(struct ring *r, struct bank *b)
{
	fence_reap(b);
	for (size_t i = 0; i < r->len / r->chunk; i++) {
		char *p = b->base + i * r->chunk;
		ssize_t n;

		wait_drained(r, b->end[i]);
		do {
			n = read(STDIN_FILENO, p, r->chunk);
		} while (n == -1 && errno == EINTR);
		if (n == -1)
			err(1, "read");
		if (n == 0)
			return 0;
		send_all(p, (size_t)n);
		r->sent += (uint64_t)n;
		b->end[i] = r->sent;
	}
	if (r->guarded)
		fence_start(b, r->len);
	return 1;
}

static size_t
setting(const char *name, size_t otherwise)
{
	const char *value = getenv(name);

	return value == NULL ? otherwise : strtoul(value, NULL, 10);
}

int
main(int argc, char *argv[])
{
	struct ring r = { .sent = 0 };

	if (argc != 2 ||
	    (strcmp(argv[1], "fence") != 0 && strcmp(argv[1], "drain") != 0))
		errx(1, "usage: guarded-ring fence|drain");
	r.guarded = strcmp(argv[1], "fence") == 0;
	r.count = setting("BANKS", 2);
	r.len = setting("BANK_MIB", 8) << 20;
	r.chunk = setting("CHUNK_KIB", 1024) << 10;
	if (r.count == 0 || r.len % HUGE_SIZE != 0 || r.chunk == 0 ||
	    r.chunk > r.len)
		errx(1, "BANKS, BANK_MIB, CHUNK_KIB: do not fit");
	r.banks = calloc(r.count, sizeof(*r.banks));
	if (r.banks == NULL)
		err(1, "calloc");
	for (size_t k = 0; k < r.count; k++)
		bank_map(&r.banks[k], r.len, r.len / r.chunk);
	(void)fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	for (size_t k = 0; bank_turn(&r, &r.banks[k]); k = (k + 1) % r.count)
		continue;
	return 0;
}
