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

#include "buf.h"

/* ---- buffers ---------------------------------------------------------- */

/* Gets a huge page, or takes it back; false if somebody else held it. */
static bool
buf_touch(const struct ring *r, struct buf *b)
{
	/* small pages are compared one by one as they are written */
	return !r->huge || fence_touch(b->base, r->conf.buf_size);
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
	if (buf_touch(r, b))
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

/* Maps a bank and puts it behind `after`, or at the end of the ring. */
static int
bank_add(struct ring *r, struct bank *after, size_t nbufs)
{
	size_t len = nbufs * r->conf.buf_size;
	size_t slack = r->conf.huge ? r->conf.buf_size : 0, head = 0;
	struct bank *k = calloc(1, sizeof(*k) + nbufs * sizeof(*k->bufs));

	if (k == NULL)
		return -1;
	k->nbufs = nbufs;
	k->map_len = len + slack;
	k->map = mmap(NULL, k->map_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (k->map == MAP_FAILED) {
		free(k);
		errno = ENOMEM;
		return -1;
	}
	if (slack != 0) {
		head = -(uintptr_t)k->map & (slack - 1);
		/* a mapping of its own: no fence has to split and merge it */
		mprotect(k->map, head, PROT_NONE);
		mprotect(k->map + head + len, slack - head, PROT_NONE);
	}
	for (size_t i = 0; i < nbufs; i++)
		k->bufs[i] = (struct buf){ .bank = k,
			.base = k->map + head + i * r->conf.buf_size };
	if (r->conf.huge)
		madvise(k->bufs[0].base, len, MADV_HUGEPAGE);
	if (r->conf.release != RELEASE_SENT)
		madvise(k->bufs[0].base, len, MADV_DONTFORK);
	if (after == NULL)
		TAILQ_INSERT_TAIL(&r->banks, k, entry);
	else
		TAILQ_INSERT_AFTER(&r->banks, after, k, entry);
	r->nbufs += nbufs;
	return 0;
}

static struct buf *
bank_last(struct bank *k)
{
	return &k->bufs[k->nbufs - 1];
}

static struct buf *
buf_next(const struct ring *r, const struct buf *b)
{
	struct bank *k = b->bank;

	if (b != bank_last(k))
		return &k->bufs[b - k->bufs + 1];
	k = TAILQ_NEXT(k, entry);
	return k != NULL ? k->bufs : TAILQ_FIRST(&r->banks)->bufs;
}

static struct buf *
buf_prev(const struct ring *r, struct buf *b)
{
	struct bank *k = b->bank;

	if (b != k->bufs)
		return b - 1;
	k = TAILQ_PREV(k, bank_list, entry);
	return bank_last(k != NULL ? k : TAILQ_LAST(&r->banks, bank_list));
}

/* Once the bank is full and sent, its fence may begin. */
static void
bank_done(struct ring *r, struct bank *k)
{
	const struct buf *last = bank_last(k);

	if (!k->full || k->fenced || last->at + last->len > r->sent)
		return;
	if (r->release == RELEASE_AUTO)
		ring_choose(r);
	if (r->release != RELEASE_FENCE)
		return;
	if (r->fences == 0)
		fence_lighten();
	k->fenced = true;
	if (fence_begin(&k->fence, k->bufs[0].base,
		k->nbufs * r->conf.buf_size) == 0)
		r->fences++;
}

/* ---- the ring --------------------------------------------------------- */

int
ring_init(struct ring *r, const struct ring_conf *conf)
{
	*r = (struct ring){ .conf = *conf, .release = conf->release };
	TAILQ_INIT(&r->banks);
	for (size_t i = 0; i < conf->banks; i++)
		if (bank_add(r, NULL, conf->bank_bufs) == -1) {
			ring_release(r);
			errno = ENOMEM;
			return -1;
		}
	r->fill = TAILQ_FIRST(&r->banks)->bufs;
	r->huge = conf->huge && fence_touch(r->fill->base, conf->buf_size);
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
		fence_over(&k->fence, true);
		munmap(k->map, k->map_len);
		free(k);
	}
	r->nbufs = 0;
	r->fill = NULL;
}

size_t
ring_size(const struct ring *r)
{
	return r->nbufs * r->conf.buf_size;
}

char *
ring_room(struct ring *r, size_t least, size_t *room)
{
	struct buf *b = r->fill, *next;

	/* a bank that was left may have its fence: nothing is added to it */
	if (b->bank->full || r->conf.buf_size - b->len < least) {
		/* if it is the last of its bank, the fill leaves that */
		if (!b->bank->full && b == bank_last(b->bank)) {
			b->bank->full = true;
			b->bank->fenced = false;
			bank_done(r, b->bank);
		}
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
	size_t most = r->conf.max / r->conf.buf_size, more;

	/*
	 * In the middle of a bank new buffers would lie behind the one that
	 * blocks, and, never filled, before bytes that are still to be sent.
	 */
	if (most <= r->nbufs || r->fill != bank_last(k)) {
		errno = ENOBUFS;
		return -1;
	}
	more = most - r->nbufs;
	return bank_add(r, k,
	    more < r->conf.bank_bufs ? more : r->conf.bank_bufs);
}
