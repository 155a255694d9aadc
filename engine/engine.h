/* SPDX-License-Identifier: ISC */
/*
 * engine: what the engines have in common, and the engines themselves; between
 * pump.c, which chooses one, carry.c (ring and copy, through user memory) and
 * direct.c (splice, tee, range and mmap, within the kernel).
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "pump.h"

/*
 * Sizes, all measured with a reader of 128 KiB at the other end.
 *
 * SHORT: below this a transfer is over before a ring or a larger pipe pays.
 * SHARE: a run shorter than this is copied into the pipe: vmsplice(2) takes
 *	a whole slot for each page touched, however few bytes lie in it.
 * GATHER: a piece that needs no company.
 * STREAK, STREAK_MOST, TICK_US: see engine_gather().
 */
enum {
	SHORT = 64 << 10,
	SHARE = 16 << 10,
	GATHER = 64 << 10,
	STREAK = 16,
	STREAK_MOST = 4096,
	TICK_US = 200,
};

enum step {
	STEP_DONE,    /* the end of the input, and all of it sent */
	STEP_LIMIT,   /* as much as was asked for, and all of it sent */
	STEP_FALL,    /* this engine cannot go on: errno, 0 at an end that only
			   read(2) can confirm; all that was taken was sent */
	STEP_REFUSED, /* as STEP_FALL, but the user has forced it: errno */
	STEP_READ,    /* errno */
	STEP_WRITE,   /* on_lost() said so, or no output is left */
	STEP_BROKEN,  /* poll(2) or a pipe of our own failed: errno */
	STEP_STOPPED,
	STEP_MEMORY, /* errno */
};

/* The outputs that are still there. */
#define FOREACH_OUTPUT(p, o)                                                \
	for (struct output *o = (p)->outs; o < (p)->outs + (p)->nouts; o++) \
		if (o->gone) {                                              \
		} else

/*
 * The engines: from where the input stands to its end, or for as many bytes as
 * limit says if it is not 0, which only copy and ring know how to do.
 */
enum step run_ring(struct pump *, struct input *, uint64_t limit);
enum step run_copy(struct pump *, struct input *, uint64_t limit);
enum step run_splice(struct pump *, struct input *, uint64_t limit);
enum step run_range(struct pump *, struct input *, uint64_t limit);
enum step run_mmap(struct pump *, struct input *, uint64_t limit);

/*
 * Several outputs: this ring (NULL: none) serves them from now on. What waits
 * in another one is sent first.
 */
enum step carry_turn(struct pump *, struct ring *);

/*
 * Sends what waits in the ring of several outputs. With --lag those that are
 * behind are left to it; but `last` hands over to on_done() whoever has all,
 * and gives the others a second in which they must take something.
 */
enum step carry_flush(struct pump *, bool last);

/* A signal has come, and on_wake() wants an end. */
bool engine_stopped(struct pump *);

/*
 * The only place where zpipe sleeps: until the input can be read (if it is not
 * NULL), an output that was full has room, a reader leaves, a signal comes,
 * or usec (-1: no limit) have passed. Sets p->in_ready, clears o->full. No
 * event tells that a FIFO has got a reader, so with one to wait for it sleeps
 * less.
 *
 * A reader that leaves with bytes of its output still to be sent is a loss at
 * once. If it has been given all there was, this may be the end, which counts
 * first: then the input has a moment to say so (LEFT_US), and whatever it
 * gives, writing that fails.
 */
enum step engine_wait(struct pump *, const struct input *, long usec);

/*
 * Sleeps until readers have taken something of what is in their pipes, or for
 * another reason as engine_wait() does. The caller has just looked whether they
 * have taken all, and looks again.
 */
enum step engine_wait_taken(struct pump *, long usec);

/*
 * Readers have taken bytes several times, and no fewer were left: somebody else
 * writes to that pipe, and the count may never prove that ours are gone.
 */
bool engine_unseen(const struct pump *);

/*
 * A busy producer of small pieces (stdio's 4 KiB, say) is slowed by every
 * wake-up that they cause. So after a streak of them let the input grow for one
 * tick, with nobody waiting for it. If it does grow, that was a stream, and the
 * next pieces are gathered in the same way; if not, somebody awaits an answer,
 * and the next try is twice as far off. Called before a piece is taken.
 */
enum step engine_gather(struct pump *, const struct input *);

/*
 * For engines that take bytes by the kernel: at most how many of *n may be
 * taken now (--rate-limit, --size). 0 where it has slept for that; STEP_LIMIT
 * when there are to be no more. Whoever takes them calls engine_took().
 */
enum step engine_may(struct pump *, size_t *n);

/* n of them have been taken. */
void engine_took(struct pump *, size_t n);

/* The shorter of two times to sleep; -1 is for ever. */
long engine_sooner(long, long);

/* A piece of n bytes has been taken. */
void engine_count(struct pump *, size_t n);

/* Small pieces, and no stream of them as far as we know. */
bool engine_trickles(const struct pump *);

/* The transfer has proved long enough for large pipes. */
void engine_grow_pipes(struct pump *, const struct input *);

/*
 * Whether the system just will not do what was asked (ENOSYS, EINVAL, ...),
 * which another engine may. Any other errno is an error, and of a kind that may
 * be reported only once.
 */
bool engine_refused(int reason);

/*
 * An output has failed: errno, which on_lost() blames. STEP_DONE if the others
 * go on without it, else STEP_WRITE.
 */
enum step engine_lose(struct pump *, struct output *, enum loss);

/*
 * A FIFO may have got a reader; o->fifo is NULL then. An output that will never
 * get one is lost, as by engine_lose(). Never blocks.
 */
enum step engine_connect(struct pump *, struct output *);

/* n bytes went from the input to the only output. */
void engine_passed(struct pump *, size_t n);

/* How many outputs are left. */
size_t engine_left(const struct pump *);

/* Where the slowest, and the furthest, of them are: cursor, or bound. */
uint64_t engine_slowest(const struct pump *, bool drained);
uint64_t engine_furthest(const struct pump *, bool drained);

/* Some output takes pages, so that there is something to guard. */
bool engine_shares(const struct pump *);

/* Each of them is a pipe, and its reader is there. */
bool engine_all_pipes(const struct pump *);

#endif
