/* SPDX-License-Identifier: ISC */
/*
 * buf: the ring of user buffers, and when each of them may be rewritten.
 *
 * The ring is a queue of bytes with a memory that others can see. Bytes are
 * named by their stream offset: how many bytes of the whole transfer came
 * before. Three offsets only ever grow, and everything else follows from them:
 *
 *	drained <= sent <= filled
 *
 * filled	up to here the bytes have been put into buffers;
 * sent		up to here every output has been given them;
 * drained	up to here every output pipe has been emptied (FIONREAD).
 *
 * The ring does no I/O on inputs and outputs and prints nothing. It is used
 * by one thread. Nothing here blocks, but for the reaping of a fence's child,
 * which takes as long as a process takes to exit (100 us).
 */
#ifndef BUF_H
#define BUF_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fence.h"

/* A buffer: the unit of release. Its bytes are base[0..len). */
struct buf {
	struct bank *bank;
	char *base;
	uint64_t at; /* stream offset of base[0] */
	size_t len;  /* bytes filled; 0: nothing in it was ever sent */
	bool held;   /* by a reader that is not waited for */
};

/* A part of the ring with a mapping, and so a fence, of its own. */
struct bank {
	TAILQ_ENTRY(bank) entry; /* the order in which banks are filled */
	char *map;
	size_t map_len;
	bool full;   /* the fill goes on, or waits to go on, elsewhere */
	bool fenced; /* a fence began after its last send, or failed to */
	struct fence fence;
	size_t nbufs;
	struct buf bufs[]; /* the first is huge-page aligned within map */
};
TAILQ_HEAD(bank_list, bank);

struct ring_conf {
	size_t buf_size;  /* a multiple of the page size */
	size_t bank_bufs; /* buffers in a bank, at least 1 */
	size_t banks;     /* banks to begin with, at least 1 */
	size_t max;       /* bytes of all buffers, at most */
	bool huge;        /* ask for huge pages */
	enum release release;
};

struct ring {
	struct ring_conf conf;
	struct bank_list banks;
	struct buf *fill;     /* the buffer being filled */
	size_t nbufs;         /* of all banks */
	bool huge;            /* the first buffer is one huge page */
	enum release release; /* in force; AUTO until probed */
	uint64_t filled;
	uint64_t sent;
	uint64_t drained;
	uint64_t fences;  /* begun */
	uint64_t shared;  /* buffers found still held by somebody */
	uint64_t renewed; /* buffers given fresh pages */
};

/* ring_ready() is false for it, and ring_release() does nothing. */
#define RING_INITIALIZER     \
	{                    \
		.fill = NULL \
	}

/*
 * Maps the first banks and touches the first buffer, so that ring->huge is
 * known. 0, or -1 with errno (ENOMEM) and nothing to release.
 */
int ring_init(struct ring *, const struct ring_conf *);
bool ring_ready(const struct ring *);

/*
 * Unmaps everything. Pages that pipes still hold live on (vmsplice(2) took
 * references of its own), so this is safe at any time.
 */
void ring_release(struct ring *);

/*
 * Memory for the next bytes, the caller's to write until ring_filled(): *room
 * of them, up to the end of a buffer, and no fewer than `least`, which is from
 * 1 to conf.buf_size: a buffer with less room is left as it is. NULL with
 * EAGAIN when the ring is full: try again after ring_sent() or ring_drained()
 * have moved; NULL with ENOMEM if new pages could not be had.
 */
char *ring_room(struct ring *, size_t least, size_t *room);

/* ring_room() waits for everything before this offset. */
uint64_t ring_wants(const struct ring *);

/*
 * Does not wait for readers to drain that: the buffer gets fresh pages, and
 * they keep the old ones. It must still have been sent.
 */
void ring_abandon(struct ring *);

/* The first n bytes of that memory are now the next of the stream. */
void ring_filled(struct ring *, size_t n);

/*
 * The bytes from a stream offset on, as far as they lie in one buffer. The
 * offset must be in [sent, filled). Valid until ring_sent() has passed it.
 */
const char *ring_bytes(const struct ring *, uint64_t off, size_t *len);

/*
 * Every output has been given, or never will be, the bytes before off; the
 * slowest cursor, that is. Starts the fences of the banks that lie before it.
 */
void ring_sent(struct ring *, uint64_t off);

/* FIONREAD proves that every output pipe has been emptied up to off. */
void ring_drained(struct ring *, uint64_t off);

/*
 * Other engines have moved the bytes between filled and off. All bytes must
 * have been sent; what is in buffers is from now on taken for newer than it
 * is, which can only delay its release.
 */
void ring_skip(struct ring *, uint64_t off);

/*
 * Adds a bank behind the one being filled; a smaller one if conf.max leaves no
 * more room. -1 with ENOMEM, or with ENOBUFS at conf.max and in the middle of a
 * bank.
 */
int ring_grow(struct ring *);

/* Bytes of all buffers. */
size_t ring_size(const struct ring *);

#endif
