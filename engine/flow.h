/* SPDX-License-Identifier: ISC */
/*
 * flow: one transfer as the engines see it: its outputs, how far it is, what
 * may pass, and what a step has found out. It never sleeps and prints nothing.
 */
#ifndef ENGINE_FLOW_H
#define ENGINE_FLOW_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "engine/limit.h"
#include "engine/scan.h"
#include "io/input.h"
#include "io/output.h"

enum engine {
	ENGINE_AUTO,
	ENGINE_RING,
	ENGINE_MMAP,
	ENGINE_SPLICE,
	ENGINE_RANGE,
	ENGINE_COPY,
	ENGINE_COUNT, /* of the above */
};

/* What happens to an output that does not keep up. */
enum lag {
	LAG_WAIT,
	LAG_DROP,
	LAG_DETACH,
};

/*
 * Sizes, all measured with a reader of 128 KiB at the other end.
 *
 * SHORT: below this a transfer is over before a ring or a larger pipe pays.
 * SHARE: a run shorter than this is copied into the pipe: vmsplice(2) takes
 *	a whole slot for each page touched, however few bytes lie in it.
 * GATHER: a piece that needs no company.
 * TICK_US: how long small input gathers; see flow_gather().
 */
enum {
	SHORT = 64 << 10,
	SHARE = 16 << 10,
	GATHER = 64 << 10,
	TICK_US = 200,
};

/* What the user wants. Sizes are bytes. */
struct flow_conf {
	enum engine engine; /* AUTO: the best one */
	enum release release;
	enum lag lag;
	size_t buffer_size; /* the most memory of the ring */
	bool buffer_asked;  /* that was asked for */
	size_t chunk_size;  /* the most that one read takes; 0: ours */
	size_t pipe_size;   /* 0: leave the pipes alone */
	bool pipe_asked;    /* also for small transfers */
	bool bytes_only;    /* they must pass through user memory */
	bool no_splice;     /* because the user said so */
	size_t skip_block;  /* skip what cannot be read, in such blocks; or 0 */
	bool one_input;
};

/* The result of one step of an engine. */
enum step {
	STEP_MOVED,   /* progress: step again */
	STEP_WAIT,    /* nothing can be done before f->want */
	STEP_END,     /* end of the input; all of it has been sent */
	STEP_LIMIT,   /* the limit; all up to it has been sent */
	STEP_FALL,    /* this engine cannot continue: errno, or 0 at an end that
			 only read(2) can confirm; all it took was sent */
	STEP_REFUSED, /* as STEP_FALL, but the user has forced it: errno */
	STEP_READ,    /* errno */
	STEP_BROKEN,  /* poll(2) or a pipe of our own failed: errno */
	STEP_MEMORY,  /* errno */
	/* for the job, which may go on then */
	STEP_LOST,     /* f->output, for the reason f->loss; errno */
	STEP_FINISHED, /* f->output has everything */
	STEP_SKIPPED,  /* f->skipped bytes, which end at the input's position,
			    are NULs: errno */
};

/* Why an output has to go. */
enum loss {
	LOSS_ERROR,
	LOSS_LAG,
};

/* What STEP_WAIT waits for, besides room in the outputs that are full. */
struct want {
	const struct input *input; /* until it is readable, or NULL */
	bool taken;                /* until readers have taken bytes */
	long usec;                 /* the timeout; -1: none */
};

/* The state of flow_gather(). */
struct gather {
	size_t piece;    /* what the last read gave */
	unsigned small;  /* small pieces in a row, at most streak */
	unsigned streak; /* then more input is waited for */
	size_t held;     /* bytes pending when the wait began; 0: no wait */
};

/* Readiness that poll(2) has reported and no call has consumed. */
struct seen {
	bool input;  /* it can be read */
	bool hup;    /* its writers have gone */
	bool end;    /* and there is nothing left in the pipe */
	bool output; /* the only output has room */
};

struct flow {
	struct flow_conf conf;
	struct output *outs; /* the caller's */
	size_t nouts;
	bool several;   /* outputs, each of which has a cursor of its own */
	bool apart;     /* several, or one that must not hold up the input */
	uint64_t moved; /* stream offset: bytes taken from inputs */
	uint64_t start; /* f->moved when this input began */

	/* limits, set by the caller, also during a transfer */
	struct limit limit;  /* bytes, or lines with scan.lines */
	uint64_t stop;       /* end at this stream offset; UINT64_MAX: none */
	uint64_t stop_lines; /* and after this many lines */
	struct scan scan;    /* looks at the bytes, if anything is wanted */
	uint64_t horizon;    /* with a rate limit, how far sending is allowed */

	/* of this input */
	enum engine engine; /* that moves, or moved last */
	const char *why;    /* it was chosen; static text */
	int refused;        /* errno if vmsplice(2) was refused, or 0 */
	bool grown;         /* the pipes have been grown */
	struct seen seen;
	struct gather gather;

	/* details of the last result */
	struct want want;
	struct output *output;
	enum loss loss;
	size_t skipped;
};

/* The outputs that are still there. */
#define FOREACH_OUTPUT(f, o)                                                \
	for (struct output *o = (f)->outs; o < (f)->outs + (f)->nouts; o++) \
		if (o->gone) {                                              \
		} else

void flow_init(struct flow *, const struct flow_conf *, struct output *,
    size_t nouts);

/* Another input begins. */
void flow_begin(struct flow *);

/* The stop has been reached: no input is read any further. */
bool flow_full(const struct flow *);

/* Return STEP_WAIT and STEP_LOST. usec is the timeout; -1 for none. */
enum step flow_wait(struct flow *, const struct input *, long usec);
enum step flow_lose(struct flow *, struct output *, enum loss);

/*
 * --lag: outputs that are behind that offset lose what is before it, or are to
 * be cut off. STEP_LOST for the first of these, or STEP_MOVED.
 */
enum step flow_outrun(struct flow *, uint64_t at);

/* Opens a FIFO if it has a reader now; STEP_LOST if it will never get one. */
enum step flow_connect(struct flow *, struct output *);

/*
 * Each wake-up takes the processor from a busy producer of small pieces. So
 * after a streak of them the input is left alone for one tick. If it grows, it
 * is a stream, and the next pieces are gathered in the same way; if not,
 * somebody may await an answer, and the next attempt comes after twice as many
 * pieces. Called before a piece is taken: STEP_MOVED, or STEP_WAIT.
 */
enum step flow_gather(struct flow *, const struct input *);

/* A piece of n bytes has been taken. */
void flow_count(struct flow *, size_t n);

/* The input comes in small pieces that are not yet known to be a stream. */
bool flow_trickles(const struct flow *);

/*
 * For engines whose bytes the kernel moves: reduces *n to what --rate-limit and
 * --size allow now. Returns STEP_MOVED, STEP_WAIT, or STEP_LIMIT when no more
 * bytes are to be taken. Call limit_took() for those that are taken.
 */
enum step flow_may(struct flow *, size_t *n);

/* n bytes went from the input to the only output. */
void flow_passed(struct flow *, size_t n);

/* The shorter of two timeouts; -1 is none. */
long flow_sooner(long, long);

/* The transfer has proved long enough for large pipes. */
void flow_grow_pipes(struct flow *, const struct input *);

/*
 * The system does not support what was asked (ENOSYS, EINVAL, ...), but another
 * engine may work. Any other errno is an error, perhaps reported only once.
 */
bool flow_refused(int reason);

/* Where the slowest, and the furthest, output is: its cursor, or bound. */
uint64_t flow_slowest(const struct flow *, bool drained);
uint64_t flow_furthest(const struct flow *, bool drained);

/* Some output takes pages, so that there is something to guard. */
bool flow_shares(const struct flow *);

#endif
