/* SPDX-License-Identifier: ISC */
/*
 * engine: how bytes travel. An engine is begun for an input and then stepped.
 * Each step does one bounded piece of work and returns; it never sleeps. enum
 * step in flow.h lists the results.
 *
 *	ring, copy	through user memory (carry.c)
 *	splice		within the kernel, also from one pipe to several (tee)
 *	range		from file to file
 *	mmap		the page cache itself into a pipe
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/carry.h"
#include "engine/flow.h"

/* The private pipe of splice and tee. */
struct pair {
	int fd[2];   /* its ends, or -1 */
	int null;    /* where tee's leftovers go, or -1 */
	size_t held; /* bytes that are in it */
};

/* The phases of splice and tee. */
enum splice_phase {
	SPLICE_COPY,    /* copying what trickles or may have records */
	SPLICE_RECORDS, /* deciding whether the input has records */
	SPLICE_TURN,    /* sending what waits in a ring */
	SPLICE_MOVE,    /* from the input */
	SPLICE_HELD,    /* from the private pipe */
	SPLICE_SPILL,   /* copying what the private pipe holds */
};

struct splice {
	enum splice_phase phase;
	bool stream;       /* the input pipe is not in packet mode */
	struct input rest; /* SPLICE_SPILL: the private pipe */
	int refusal;       /* errno: why it is copied */
};

/* A window of the file; the bytes from `at` to `len` are still to be sent. */
struct window {
	char *map; /* or NULL */
	size_t at, len;
};

struct engines {
	struct carry ring;  /* shared with the readers' pipes */
	struct carry copy;  /* small; what it sends is copied */
	struct carry *many; /* the one that serves several outputs, or NULL */
	struct pair pair;
	struct splice splice;
	struct window window;
	bool cloned; /* range: cloning has been tried */
	enum engine now;
};
#define ENGINES_INITIALIZER                                           \
	{                                                             \
		.ring = { .ring = RING_INITIALIZER, .shares = true }, \
		.copy = { .ring = RING_INITIALIZER },                 \
		.pair = { .fd = { -1, -1 }, .null = -1 },             \
	}

/*
 * Begins with an input, for at most limit bytes if that is not 0 (copy and ring
 * only); then it is stepped until it has ended. A read is never cut below the
 * largest record of the input, whatever limit is. errno is kept.
 */
void engine_begin(struct engines *, struct flow *, enum engine, uint64_t limit);
enum step engine_step(struct engines *, struct flow *, struct input *);

void engines_release(struct engines *);

/* The engines; engine_step() calls the one that was begun. */
enum step ring_step(struct engines *, struct flow *, struct input *);
enum step copy_step(struct engines *, struct flow *, struct input *);
enum step splice_step(struct engines *, struct flow *, struct input *);
enum step range_step(struct engines *, struct flow *, struct input *);
enum step mmap_step(struct engines *, struct flow *, struct input *);

/*
 * Several outputs: this one (NULL: none) serves them, at STEP_END, when what
 * waits in another one has been sent.
 */
enum step engine_turn(struct engines *, struct flow *, struct carry *);

/*
 * Sends what waits in the ring of several outputs: STEP_END when all have
 * everything; with --lag, when the furthest has. engine_send() sends the same
 * and never returns STEP_END, but STEP_WAIT if nothing moved.
 */
enum step engine_flush(struct engines *, struct flow *);
enum step engine_send(struct engines *, struct flow *);

/* A step of ring or copy, when its buffers are there. */
enum step engine_carry(struct engines *, struct flow *, struct input *,
    struct carry *);

/* mmap.c: unmaps it, if it is mapped. */
void window_close(struct window *);

/*
 * tee.c: what splice does with several outputs. tee_open(): it can begin at
 * STEP_END. tee_give(): they get what the private pipe holds.
 */
enum step tee_open(struct engines *, struct flow *);
enum step tee_give(struct engines *, struct flow *);

/* The outputs refuse what the private pipe holds (errno): copies it. */
void splice_spill(struct engines *, struct flow *);

#endif
