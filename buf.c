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
 * Drained is not released: fence.c says why, and what a fence is. A buffer is
 * rewritten in this order:
 *
 *	filled -> sent -> fence begun -> (drained) -> child reaped -> rewritten
 *
 * Waiting for drained is no part of that guarantee; it only keeps the kernel
 * from copying pages that are about to become ours anyway. A fence serves the
 * bank whose last byte has been sent, once per turn, and must not meet a write
 * to it while its child lives: that would copy and split for no reason. Hence
 * several banks, each out of sight of the others' children (MADV_DONTFORK
 * except across its own clone): one is filled while the child of another
 * dies on the other core, and it is reaped when its bank comes round again.
 * Banks of 4 to 8 MiB are much alike.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"

/* ---- buffers ---------------------------------------------------------- */

static bool
buf_touch(const struct ring *r, struct buf *b)
{
	return fence_touch(b->base, r->conf.buf_size, r->page);
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

/*
 * The fenced bank's buffer is drained: take it back, or take fresh pages. On a
 * busy machine the child may not even have run yet when its bank comes round
 * again. To wait for it would cost more (a time slice) than fresh pages do:
 * those are right without any fence.
 */
static int
buf_unshare(struct ring *r, struct buf *b)
{
	if (!fence_over(&b->bank->fence, false))
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
	enum probe p = ring_probe();

	r->release = p == PROBE_GUARDED ? RELEASE_FENCE :
	    p == PROBE_COPIES           ? RELEASE_SENT :
					  RELEASE_FRESH;
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
	fence_over(&k->fence, true);
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

static void
bank_fence(struct ring *r, struct bank *k)
{
	if (!r->lightened)
		fence_lighten();
	r->lightened = true;
	k->fenced = true;
	if (fence_begin(&k->fence, k->base, k->nbufs * r->conf.buf_size) == 0)
		r->fences++;
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
