/* SPDX-License-Identifier: ISC */
/*
 * pump: moves an input to the outputs. It chooses the engine, polls, fills the
 * ring and sends from it, or lets the kernel move the bytes. One thread; it
 * never blocks but in poll(2), on disks, and for a fence's child.
 */
#ifndef PUMP_H
#define PUMP_H

#include <sys/types.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "io/input.h"
#include "engine/limit.h"
#include "opts.h"
#include "io/output.h"
#include "engine/view.h"

/* How an input ended. */
enum pump_end {
	PUMP_DONE,    /* all of it is on its way */
	PUMP_READ,    /* reading failed: errno; the outputs are fine */
	PUMP_WRITE,   /* on_lost() said so, or no output is left */
	PUMP_BROKEN,  /* poll(2) or a pipe of our own failed: errno */
	PUMP_STOPPED, /* on_wake() said so */
	PUMP_REFUSED, /* the forced engine cannot do it here: errno */
	PUMP_MEMORY,  /* no memory for the ring: errno */
};

/* Why an output has to go. */
enum loss {
	LOSS_ERROR,
	LOSS_LAG,
};

/* What the pump calls; ctx is the caller's. */
struct pump_calls {
	/*
	 * *woken was set by a signal handler, which also made wake_fd readable.
	 * The callee clears both. True ends the transfer with PUMP_STOPPED.
	 */
	bool (*on_wake)(void *ctx);
	/*
	 * Writing to this output failed (errno), or it does not keep up. The
	 * callee closes it. False ends the transfer with PUMP_WRITE.
	 */
	bool (*on_lost)(void *ctx, struct output *, enum loss);
	/* It has got everything. The callee closes it. */
	void (*on_done)(void *ctx, struct output *);
	/*
	 * It is p->tick or later, in clock_now() time, or the first bytes
	 * have been taken from an input. Returns when to come back; 0: never.
	 */
	uint64_t (*on_tick)(void *ctx, uint64_t now);
	/* len bytes of the input at offset off are NULs: errno. */
	void (*on_skip)(void *ctx, struct input *, uint64_t off, size_t len);
	void *ctx;
	volatile sig_atomic_t *woken;
	volatile sig_atomic_t
	    *reads; /* SIGIO with POLL_OUT; see output_tell() */
	int wake_fd;
};

struct pump {
	const struct opts *o;
	const struct pump_calls *calls;
	struct output *outs; /* the caller's */
	size_t nouts;
	struct pollfd *polls; /* one per output, input, wake_fd */
	struct ring ring;     /* shared with the readers' pipes */
	struct ring copy;     /* small; what it sends is copied */
	struct ring *many;    /* the one that serves several outputs */
	int pair[2];          /* the private pipe of splice, or -1 */
	int null;             /* where tee's leftovers go, or -1 */
	uint64_t moved;       /* stream offset: bytes taken from inputs */
	uint64_t start;       /* p->moved when this input began */
	size_t piece;         /* what the last read gave */
	unsigned small;       /* small pieces in a row, at most streak */
	unsigned streak; /* then more input is waited for; engine_gather() */
	bool trickle;    /* copy, but only until a large piece */
	bool stream;     /* the input pipe is not in packet mode */
	uint64_t shared_seen; /* ring.shared when it last grew */
	bool grown;           /* the pipes have been grown */
	bool in_ready;        /* poll(2) says so of the input */
	bool in_hup;          /* its writers have gone */
	bool in_end;          /* and there is nothing left in the pipe */
	bool out_polled;      /* POLLOUT was seen since the last splice */
	uint64_t tick;        /* when on_tick() is due; 0: never */
	bool begun;           /* it has been told of the first bytes */
	_Atomic uint64_t
	    *tell; /* here another process sees p->moved; or NULL */

	/* what may pass; the caller's to set, also while it runs */
	struct limit limit;  /* bytes, or lines with view.lines */
	uint64_t stop;       /* end at this stream offset; UINT64_MAX: none */
	uint64_t stop_lines; /* and after so many lines */
	struct view view;    /* looks at the bytes, if anything is wanted */
	bool drain;          /* an output is done when its readers have all */
	uint64_t taken;      /* by all readers, the most that was seen */
	unsigned unseen;     /* reads in a row that made it no more */
	uint64_t looked;     /* when that was; 0: never */
	long deaf;           /* the next sleep after a first step of theirs */
	bool paused;         /* before it nothing was taken */
	uint64_t horizon;    /* with a limit, what was allowed so far */

	/* of this input, for --explain and the line of counts */
	enum engine engine;    /* that moves, or moved last */
	const char *why;       /* it was chosen; static text */
	enum engine fell_from; /* that could not; AUTO if none */
	int fell_errno;
};

/* 0, or -1 with errno and nothing to release. */
int pump_init(struct pump *, const struct opts *, struct output *, size_t nouts,
    const struct pump_calls *);

/*
 * Moves one input to its end. Whatever was read is then in the pipes or with
 * the kernel; but with several outputs some of it may still wait in the ring.
 */
enum pump_end pump_input(struct pump *, struct input *);

/*
 * Sends what still waits. With `last`, each output is handed to on_done() as
 * soon as it has everything; if there is but one it need not be.
 */
enum pump_end pump_flush(struct pump *, bool last);

/*
 * NULL if the forced engine can take such an input to these outputs, or what
 * it needs instead, as words that follow the name of the input.
 */
const char *pump_misfit(const struct pump *, enum input_kind);

/* The release method in force, or "-" where the engine needs none. */
const char *pump_release_name(const struct pump *);

/* Bytes that every output has been given. */
uint64_t pump_sent(const struct pump *);

/* Bytes that every reader is known to have taken; lags behind, never ahead. */
uint64_t pump_taken(const struct pump *);

/*
 * True when nothing more is to be read of any input: the stop has been reached,
 * or no output is left.
 */
bool pump_full(const struct pump *);

/*
 * Until all readers have taken what is in their pipes, or have gone, or until
 * nobody can tell, since others go on writing to the same pipe. For those who
 * want to see that; the bytes are safe without.
 */
enum pump_end pump_drain(struct pump *);

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
 * still holds there, in percent; -1 without any.
 */
int pump_fill(const struct pump *);

/* The cursor of the output that is furthest. */
uint64_t pump_furthest(const struct pump *);

void pump_release(struct pump *);

#endif
