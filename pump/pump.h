/* SPDX-License-Identifier: ISC */
/*
 * pump: moves an input to the outputs. It chooses the engine, steps it, and is
 * the only part of zpipe that sleeps. What it has to say comes as events, one
 * for each call of pump_next(), and whoever calls that decides what they mean.
 * One thread; it never blocks but in poll(2), on disks, and for a fence's
 * child.
 *
 *	pump.c		tasks and events
 *	choose.c	which engines may serve an input
 *	wait.c		poll(2), and what it says
 *	finish.c	the end, and those who read what is in the pipes
 *	counts.c	how far it is, and what may be changed meanwhile
 */
#ifndef PUMP_PUMP_H
#define PUMP_PUMP_H

#include <sys/types.h>

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

/* How a task ended. */
enum pump_end {
	PUMP_DONE,    /* all of it is on its way */
	PUMP_READ,    /* reading failed: errno; the outputs are fine */
	PUMP_WRITE,   /* no output is left */
	PUMP_BROKEN,  /* poll(2) or a pipe of our own failed: errno */
	PUMP_REFUSED, /* the forced engine cannot do it here: errno */
	PUMP_MEMORY,  /* no memory for the ring: errno */
};

enum pump_what {
	PUMP_TICK,     /* it is time: pump_tick_at(), or the first bytes */
	PUMP_SIGNAL,   /* *woken is set: clear it and empty wake_fd */
	PUMP_LOST,     /* writing to this output failed, or it lags: close
			  it before the next call */
	PUMP_FINISHED, /* this output has everything: close it as well */
	PUMP_SKIPPED,  /* len bytes of the input at offset `at` are NULs */
	PUMP_END,      /* of the task */
};

struct pump_event {
	enum pump_what what;
	struct output *output;
	enum loss loss;
	enum pump_end end;
	int reason; /* errno, where one of the above has it */
	const struct input *in;
	uint64_t at;
	size_t len;
};

/* The caller's, and its signal handlers'. */
struct pump_wake {
	volatile sig_atomic_t *woken; /* set when fd was made readable */
	volatile sig_atomic_t *reads; /* SIGIO with POLL_OUT: output_tell() */
	int fd;
	_Atomic uint64_t *moved; /* pump_moved() for another process, or NULL */
};

/* One engine of the ladder, and how much it may take; 0: all. */
struct rung {
	enum engine engine;
	uint64_t limit;
};
enum {
	RUNGS = 5
};

/* What is known of the readers: wait.c. */
struct readers {
	bool await;      /* an output is done when they have everything */
	uint64_t taken;  /* by all of them together, the most seen */
	unsigned unseen; /* reads in a row that did not raise it */
	uint64_t looked; /* when it was last raised; 0: never */
	long deaf;       /* delay after the first read that follows a pause */
	bool paused;     /* nothing was taken before the last look */
};

struct pump {
	struct flow flow;
	struct engines engines;
	const struct pump_wake *wake;
	struct pollfd *polls; /* one per output, one more, wake->fd */
	uint64_t tick;        /* 0: never */
	bool begun;           /* the tick of the first bytes has been sent */
	struct readers readers;

	enum step (*task)(struct pump *); /* a step of it */

	struct input *in;         /* the caller's */
	struct rung rungs[RUNGS]; /* none: not chosen yet */
	size_t nrungs, rung;
	int kept;              /* errno that read and write may not repeat */
	enum engine fell_from; /* the engine that could not; AUTO if none */
	int fell_errno;
	enum engine asks;  /* whose end of input copy confirms; or AUTO */
	uint64_t asked_at; /* and where that was */

	uint64_t since; /* finishing: when an output last took bytes */
	bool finished;  /* an output has everything */
	bool leaving;   /* those that lag are given up */

	int rest_fd; /* resting: it is awaited, or -1 */
	uint64_t rest_until;
};

/*
 * outs are the caller's. 0, or -1 with errno and nothing to release.
 * pump_release() may be called twice.
 */
int pump_init(struct pump *, const struct flow_conf *, struct output *outs,
    size_t nouts, const struct pump_wake *);
void pump_release(struct pump *);

/*
 * Tasks. A new one takes the place of the last, wherever that was.
 *
 * pump_input(): this input to its end. Whatever was read is then in the pipes
 * or with the kernel; but with several outputs some of it may wait in a ring.
 *
 * pump_finish(): what still waits is sent. With several outputs each is
 * PUMP_FINISHED as soon as it has everything or, with await, its readers have.
 *
 * pump_drain(): until all readers have taken what is in their pipes, or have
 * gone, or until nobody can tell, since others go on writing to the same pipe.
 * For those who want to see that; the bytes are safe without.
 *
 * pump_rest(): until fd (-1: none) is readable, or usec (-1: for ever) are
 * over.
 */
void pump_input(struct pump *, struct input *);
void pump_finish(struct pump *, bool await);
void pump_drain(struct pump *);
void pump_rest(struct pump *, int fd, long usec);

/* Goes on with the task until there is something to say. */
struct pump_event pump_next(struct pump *);

/* The next PUMP_TICK, in clock_now() time; 0: none. */
void pump_tick_at(struct pump *, uint64_t when);

/*
 * NULL if the forced engine can take such an input to these outputs, or what
 * it needs instead, as words that follow the name of the input.
 */
const char *pump_misfit(const struct pump *, enum input_kind);

/* The engine that moves, or moved last; AUTO before the first. */
enum engine pump_engine(const struct pump *);

/* False where the bytes do not pass through our memory. */
bool pump_has_bytes(const struct pump *);

/* What --explain tells of an input. */
struct pump_explained {
	const char *why;     /* it got this engine; static text */
	const char *release; /* the method in force, or NULL without a ring */
	size_t size;         /* of the ring, and what it counts */
	uint64_t fences, shared, renewed;
	int reason;       /* errno: what could not be used; 0: all could */
	enum engine fell; /* that engine; AUTO: only vmsplice(2) */
};
struct pump_explained pump_explain(const struct pump *);

/* Looks at the bytes; its first fields say what for, and are the caller's. */
struct scan *pump_scan(struct pump *);

/* Bytes taken from inputs. */
uint64_t pump_moved(const struct pump *);

/* Bytes that every output has been given. */
uint64_t pump_sent(const struct pump *);

/* Bytes that every reader is known to have taken; lags behind, never ahead. */
uint64_t pump_taken(const struct pump *);

/*
 * Ends the inputs after these bytes, or lines with scan->lines; UINT64_MAX:
 * none. pump_full(): they have been taken.
 */
void pump_stop_at(struct pump *, uint64_t bytes, uint64_t lines);
bool pump_full(const struct pump *);

/* --rate-limit: bytes or lines per second from now on; 0: no limit. */
void pump_limit(struct pump *, uint64_t rate);

/*
 * --buffer-size: the ring may grow to that size from now on, and keeps the
 * memory that it has. pump_grows() is false where there is no ring that grows.
 */
bool pump_grows(const struct pump *);
void pump_buffer(struct pump *, size_t size);

/*
 * How full the memory is with bytes that are still to be sent, or that a pipe
 * still holds there, in percent; or FIGURES_SPLICED and the like (figures.h).
 */
int pump_fill(const struct pump *);

/* How many bytes the output is behind the one that is furthest. */
uint64_t pump_behind(const struct pump *, const struct output *);

/* ---- between the files of the pump ------------------------------------ */

/* What the engine has in place of memory (pump_fill()), or 0. */
int pump_bypass(enum engine);

/* Writes the ladder for this input, copy always last. */
void pump_choose(struct pump *, const struct input *);

/* Waits for what flow.want says: STEP_MOVED, _LOST, _FINISHED, _BROKEN. */
enum step pump_wait(struct pump *);

/*
 * Readers have taken bytes several times, and no fewer were left: somebody else
 * writes to that pipe, and the count may never prove that ours are gone.
 */
bool pump_unseen(const struct pump *);

/* FIFOs get their readers: STEP_MOVED when all have them. */
enum step pump_await_readers(struct pump *);

#endif
