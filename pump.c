/* SPDX-License-Identifier: ISC */
/*
 * The pump. For each input it takes a ladder of engines from a table and goes
 * down it: an engine that cannot start falls to the next, and one that fails
 * later falls to the last, which is always copy. read(2) and write(2) then
 * say which side was to blame (splice(2) has one errno for two descriptors),
 * or carry on if neither was. No rung leaves with bytes in its hands.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"

/* ---- the choice ------------------------------------------------------- */

#define IN(kind) (1u << (INPUT_##kind))
#define OUT(kind) (1u << (OUTPUT_##kind))
#define ANY (~0u)
#define FILES (IN(FILE) | IN(BLOCK))
#define STREAMS (IN(PIPE) | IN(SOCKET))
#define RUNGS 4

/* What --engine=auto tries, best first; the first row that fits counts. */
static const struct row {
	unsigned in, out;
	enum engine rungs[RUNGS]; /* ENGINE_AUTO ends it */
	const char *why;
} table[] = {
	{ FILES | IN(CHAR), OUT(PIPE), { ENGINE_RING, ENGINE_COPY },
	    "to a pipe, as a snapshot of what was read" },
	{ IN(FILE), OUT(FILE), { ENGINE_RANGE, ENGINE_COPY },
	    "from file to file" },
	{ STREAMS, OUT(PIPE), { ENGINE_SPLICE, ENGINE_RING, ENGINE_COPY },
	    "one reader, and nobody looks at the bytes" },
	{ STREAMS, OUT(FILE) | OUT(SOCKET) | OUT(NULL),
	    { ENGINE_SPLICE, ENGINE_COPY }, "nobody looks at the bytes" },
	{ FILES, OUT(NULL), { ENGINE_SPLICE, ENGINE_COPY },
	    "nobody looks at the bytes" },
	{ ANY, ANY, { ENGINE_COPY }, "nothing faster fits these two" },
};

/* What each engine can do if the user insists, and what it needs. */
static const struct able {
	unsigned in, out;
	bool many; /* outputs */
	const char *needs;
} ables[] = {
	[ENGINE_AUTO] = { ANY, ANY, true, "" },
	[ENGINE_RING] = { ANY, ANY, true, "" },
	[ENGINE_MMAP] = { IN(FILE), OUT(PIPE), false,
	    "needs a regular file as input and a pipe as output" },
	[ENGINE_SPLICE] = { ANY & ~IN(TTY), ANY & ~OUT(TTY), true,
	    "needs a file, pipe or socket on both sides" },
	[ENGINE_RANGE] = { IN(FILE), OUT(FILE), false,
	    "needs a regular file on both sides" },
	[ENGINE_COPY] = { ANY, ANY, true, "" },
};

static const struct {
	enum step (*run)(struct pump *, struct input *, uint64_t limit);
} engines[] = {
	[ENGINE_RING] = { run_ring },
	[ENGINE_MMAP] = { run_mmap },
	[ENGINE_SPLICE] = { run_splice },
	[ENGINE_RANGE] = { run_range },
	[ENGINE_COPY] = { run_copy },
};

static unsigned
out_mask(const struct pump *p)
{
	unsigned m = 0;

	for (size_t i = 0; i < p->nouts; i++)
		m |= 1u << p->outs[i].kind;
	return m;
}

static bool
takes(unsigned ins, unsigned outs, enum input_kind in, unsigned out)
{
	return (ins & (1u << in)) != 0 && (out & ~outs) == 0;
}

/* Somebody looks at the bytes, or does what only read and write can. */
static bool
needs_bytes(const struct pump *p)
{
	const struct opts *o = p->o;

	FOREACH_OUTPUT(p, out)
		if (out->packets)
			return true;
	return view_wanted(&p->view) || o->no_splice || o->skip_errors > 0 ||
	    o->sparse || o->direct_io ||
	    (o->show.buffer && o->engine == ENGINE_AUTO);
}

/* Or this input has records, which only a read keeps whole. */
static bool
copies(const struct pump *p, const struct input *in)
{
	return needs_bytes(p) || in->packets;
}

const char *
pump_misfit(const struct pump *p, enum input_kind kind)
{
	const struct able *a = &ables[p->o->engine];

	/* by kind: a FIFO may have no reader yet */
	if (p->nouts > 1 && p->o->engine == ENGINE_SPLICE &&
	    out_mask(p) != OUT(PIPE))
		return "needs pipes where there are several outputs";
	if (p->nouts > 1 && !a->many)
		return "needs a single output";
	if (needs_bytes(p) && p->o->engine != ENGINE_AUTO &&
	    p->o->engine != ENGINE_RING && p->o->engine != ENGINE_COPY)
		return "must pass through user memory: use ring or copy";
	return takes(a->in, a->out, kind, out_mask(p)) ? NULL : a->needs;
}

/* One output that must not hold up the input is as much work as several. */
static bool
serves_many(const struct pump *p)
{
	return p->nouts > 1 || p->o->lag != LAG_WAIT;
}

/*
 * With --lag several outputs have one engine for all inputs: a slow one may
 * still be busy with the last when the others want the next. And tee(2) lets
 * nobody be further ahead than its pipe is long.
 */
static size_t
choose_many(struct pump *p, const struct input *in, enum engine rungs[RUNGS])
{
	bool wait = p->o->lag == LAG_WAIT, ring = engine_shares(p);
	size_t n = 0;

	if (p->many != NULL && !wait)
		ring = p->many == &p->ring;
	p->why = p->nouts > 1 ? "several outputs, and no pipe among them" :
				"it may lag, and is no pipe";
	if (ring && wait && p->o->nfiles == 1 && in->left >= 0 &&
	    in->left < SHORT) {
		p->why = "under 64 KiB";
		ring = false;
	} else if (ring)
		p->why = p->nouts > 1 ? "several outputs share its buffers" :
					"its buffers are for what lags";
	if (wait && takes(STREAMS, ANY, in->kind, 0) && engine_all_pipes(p) &&
	    !copies(p, in) && !p->o->buffer_asked) {
		p->why = "several pipes, and nobody looks at the bytes";
		rungs[n++] = ENGINE_SPLICE;
	}
	if (ring)
		rungs[n++] = ENGINE_RING;
	rungs[n++] = ENGINE_COPY;
	return n;
}

/* Writes the ladder for this input, copy always last. Returns its length. */
static size_t
choose(struct pump *p, const struct input *in, enum engine rungs[RUNGS])
{
	const struct row *row = table;
	size_t n = 0;

	if (serves_many(p) && p->o->engine == ENGINE_AUTO)
		return choose_many(p, in, rungs);
	if (p->o->engine != ENGINE_AUTO && in->packets &&
	    p->o->engine != ENGINE_RING) {
		p->why = "its records must stay whole";
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	if (p->o->engine != ENGINE_AUTO) {
		p->why = "it was asked for";
		rungs[n++] = p->o->engine;
		if (rungs[0] != ENGINE_COPY)
			rungs[n++] = ENGINE_COPY;
		return n;
	}
	while (!takes(row->in, row->out, in->kind, out_mask(p)))
		row++;
	p->why = row->why;
	if (in->left >= 0 && in->left < SHORT) {
		p->why = "under 64 KiB";
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	if (p->o->buffer_asked && input_pollable(in)) {
		/* much memory between two streams: only the ring has that */
		p->why = "--buffer-size";
		rungs[n++] = ENGINE_RING;
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	for (size_t i = 0; i < RUNGS && row->rungs[i] != ENGINE_AUTO; i++) {
		if (copies(p, in) && row->rungs[i] != ENGINE_RING &&
		    row->rungs[i] != ENGINE_COPY)
			continue;
		rungs[n++] = row->rungs[i];
	}
	if (in->packets)
		p->why = "its records must stay whole";
	else if (needs_bytes(p) &&
	    (row->rungs[0] != ENGINE_RING || p->o->no_splice))
		p->why = p->o->no_splice ? "--no-splice" :
					   "the bytes must pass through memory";
	return n;
}

/* ---- an input --------------------------------------------------------- */

static enum pump_end
end_of(enum step s)
{
	switch (s) {
	case STEP_DONE:
		return PUMP_DONE;
	case STEP_LIMIT:
		abort(); /* nobody sets one here: the input would be cut off */
	case STEP_FALL:
	case STEP_REFUSED:
		return PUMP_REFUSED;
	case STEP_READ:
		return PUMP_READ;
	case STEP_WRITE:
		return PUMP_WRITE;
	case STEP_BROKEN:
		return PUMP_BROKEN;
	case STEP_STOPPED:
		return PUMP_STOPPED;
	case STEP_MEMORY:
		break;
	}
	return PUMP_MEMORY;
}

/*
 * Nobody knows how long a stream is: its first bytes are copied, and only if
 * there are more of them does it get a ring.
 */
static enum step
run_prelude(struct pump *p, struct input *in)
{
	if (in->left >= 0)
		return STEP_LIMIT;
	p->engine = ENGINE_COPY;
	return run_copy(p, in, SHORT);
}

/* Only ring and copy can begin without an output's descriptor. */
static enum step
await_readers(struct pump *p)
{
	bool waiting = true;
	enum step s = STEP_DONE;

	while (waiting && s == STEP_DONE) {
		if (engine_stopped(p))
			return STEP_STOPPED;
		waiting = false;
		FOREACH_OUTPUT(p, o) {
			if (s == STEP_DONE && o->fifo != NULL)
				s = engine_connect(p, o);
			waiting = waiting || o->fifo != NULL;
		}
		if (waiting && s == STEP_DONE)
			s = engine_wait(p, NULL, -1);
	}
	return s;
}

/*
 * copy_file_range(2) has failed and has not said for which file, and read(2)
 * and write(2) went on in its place. Writing may fail later than write(2):
 * then fdatasync(2) says so, and else it was the input.
 */
static enum step
blame_range(struct pump *p, int reason)
{
	enum step s = STEP_READ;

	FOREACH_OUTPUT(p, o)
		if (output_finish(o, true) == -1)
			s = engine_lose(p, o, LOSS_ERROR);
	if (s == STEP_READ)
		errno = reason;
	return s;
}

enum pump_end
pump_input(struct pump *p, struct input *in)
{
	enum engine rungs[RUNGS];
	enum step s = STEP_DONE;
	int kept = 0;
	size_t n;

	if (!serves_many(p) || p->o->engine == ENGINE_SPLICE)
		s = await_readers(p);
	if (s != STEP_DONE)
		return end_of(s);
	if (p->o->skip_errors > 0)
		in->block = p->o->error_skip_block;
	n = choose(p, in, rungs);
	p->start = p->moved;
	p->grown = p->in_ready = p->in_hup = p->in_end = p->stream = false;
	p->small = 0;
	p->piece = 0;
	p->streak = STREAK;
	p->fell_from = ENGINE_AUTO;
	p->fell_errno = 0;
	for (size_t i = 0; i < n; i++) {
		if (rungs[i] == ENGINE_RING && p->o->engine == ENGINE_AUTO &&
		    !serves_many(p)) {
			s = run_prelude(p, in);
			if (s != STEP_LIMIT || pump_full(p))
				break;
		}
		p->engine = rungs[i];
		s = engines[rungs[i]].run(p, in, 0);
		if (s != STEP_FALL)
			break;
		if (errno == 0) {
			/* at the end, or so it seems: copy asks read(2) */
			enum engine was = p->engine;
			uint64_t moved = p->moved;

			p->engine = ENGINE_COPY;
			s = run_copy(p, in, 0);
			p->engine = p->moved == moved ? was : ENGINE_COPY;
			break;
		}
		p->fell_from = rungs[i];
		p->fell_errno = errno;
		/* read and write may not say it again */
		if (!engine_refused(errno))
			kept = errno;
		if (p->o->engine != ENGINE_AUTO && p->moved == p->start &&
		    engine_refused(errno))
			break;
		if (p->moved != p->start)
			i = n - 2; /* straight to copy */
	}
	if (s == STEP_LIMIT && pump_full(p))
		s = STEP_DONE;
	if (s == STEP_DONE && kept != 0)
		s = blame_range(p, kept);
	return end_of(s);
}

const char *
pump_release_name(const struct pump *p)
{
	if (p->engine != ENGINE_RING)
		return "-";
	return release_name(p->ring.release);
}

/* ---- the end ---------------------------------------------------------- */

enum pump_end
pump_flush(struct pump *p, bool last)
{
	if (p->tell != NULL)
		atomic_store(p->tell, p->moved);
	if (p->nouts == 1)
		return end_of(await_readers(p));
	return end_of(carry_flush(p, last));
}

uint64_t
pump_sent(const struct pump *p)
{
	return engine_slowest(p, false);
}

/* Where this output's readers are, if it has no holes behind them. */
static uint64_t
taken_of(const struct output *o)
{
	return o->sent - (o->given - output_taken(o));
}

uint64_t
pump_taken(const struct pump *p)
{
	uint64_t least = UINT64_MAX, most = 0, at;

	FOREACH_OUTPUT(p, o) {
		at = taken_of(o);
		least = at < least ? at : least;
	}
	for (size_t i = 0; i < p->nouts; i++)
		if (p->outs[i].sent - p->outs[i].left > most)
			most = p->outs[i].sent - p->outs[i].left;
	return least == UINT64_MAX ? most : least;
}

bool
pump_full(const struct pump *p)
{
	return p->moved >= p->stop || p->view.ended >= p->stop_lines;
}

void
pump_limit(struct pump *p, uint64_t rate)
{
	limit_set(&p->limit, rate, clock_now());
	p->horizon = 0; /* what was let pass before is no longer */
}

bool
pump_grows(const struct pump *p)
{
	return ring_ready(&p->ring) || (ring_ready(&p->copy) && serves_many(p));
}

void
pump_buffer(struct pump *p, size_t size)
{
	if (ring_ready(&p->ring))
		p->ring.conf.max = size;
	if (ring_ready(&p->copy) && serves_many(p))
		p->copy.conf.max = size;
}

int
pump_fill(const struct pump *p)
{
	const struct ring *r = p->many;
	uint64_t gone;
	size_t size, percent;

	if (r == NULL)
		r = p->engine == ENGINE_RING ? &p->ring : &p->copy;
	if (p->engine != ENGINE_RING && p->engine != ENGINE_COPY)
		return -1;
	/* what a pipe holds is still in our buffers, if they are shared */
	gone = r == &p->ring ? pump_taken(p) : pump_sent(p);
	size = ring_size(r);
	if (size == 0 || gone >= p->moved)
		return 0;
	percent = (size_t)((double)(p->moved - gone) * 100 / (double)size);
	return percent < 100 ? (int)percent : 100;
}

enum pump_end
pump_drain(struct pump *p)
{
	enum step s = STEP_DONE;

	while (s == STEP_DONE) {
		bool unread = false;

		if (engine_stopped(p))
			return PUMP_STOPPED;
		FOREACH_OUTPUT(p, o)
			unread = unread || output_taken(o) < o->given;
		if (!unread || engine_unseen(p))
			break;
		s = engine_wait_taken(p, -1);
	}
	return end_of(s);
}

uint64_t
pump_furthest(const struct pump *p)
{
	return engine_furthest(p, false);
}

int
pump_init(struct pump *p, const struct opts *o, struct output *outs,
    size_t nouts, const struct pump_calls *calls)
{
	*p = (struct pump){
		.o = o,
		.calls = calls,
		.outs = outs,
		.nouts = nouts,
		.pair = { -1, -1 },
		.null = -1,
		.stop = UINT64_MAX,
		.stop_lines = UINT64_MAX,
	};
	p->polls = calloc(nouts + 2, sizeof(*p->polls));
	return p->polls == NULL ? -1 : 0;
}

void
pump_release(struct pump *p)
{
	ring_release(&p->ring);
	ring_release(&p->copy);
	free(p->polls);
	p->polls = NULL;
	if (p->null != -1)
		close(p->null);
	p->null = -1;
	if (p->pair[0] != -1) {
		close(p->pair[0]);
		close(p->pair[1]);
		p->pair[0] = p->pair[1] = -1;
	}
}
