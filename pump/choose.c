/* SPDX-License-Identifier: ISC */
/*
 * The choice. For each input a ladder of engines is taken from a table, and the
 * pump goes down it: an engine that cannot start falls to the next, and one
 * that fails later falls to the last, which is always copy. read(2) and
 * write(2) then say which side was to blame, or carry on if neither was. No
 * rung leaves with bytes in its hands.
 */
#include "config.h"

#include "pump/pump.h"

#define IN(kind) (1u << (INPUT_##kind))
#define OUT(kind) (1u << (OUTPUT_##kind))
#define ANY (~0u)
#define FILES (IN(FILE) | IN(BLOCK))
#define STREAMS (IN(PIPE) | IN(SOCKET))
#define LADDER 4

/* What --engine=auto tries, best first; the first row that fits counts. */
static const struct row {
	unsigned in, out;
	enum engine rungs[LADDER]; /* ENGINE_AUTO ends it */
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

static unsigned
out_mask(const struct pump *p)
{
	unsigned m = 0;

	for (size_t i = 0; i < p->flow.nouts; i++)
		m |= 1u << p->flow.outs[i].kind;
	return m;
}

static bool
takes(unsigned ins, unsigned outs, enum input_kind in, unsigned out)
{
	return (ins & (1u << in)) != 0 && (out & ~outs) == 0;
}

/* A scan needs the bytes, or an option needs read(2) and write(2). */
static bool
needs_bytes(const struct pump *p)
{
	FOREACH_OUTPUT(&p->flow, out)
		if (out->packets)
			return true;
	return scan_wanted(&p->flow.scan) || p->conf.bytes_only;
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
	const struct able *a = &ables[p->conf.engine];

	/* by kind: a FIFO may have no reader yet */
	if (p->flow.nouts > 1 && p->conf.engine == ENGINE_SPLICE &&
	    out_mask(p) != OUT(PIPE))
		return "needs pipes where there are several outputs";
	if (p->flow.nouts > 1 && !a->many)
		return "needs a single output";
	if (needs_bytes(p) && p->conf.engine != ENGINE_AUTO &&
	    p->conf.engine != ENGINE_RING && p->conf.engine != ENGINE_COPY)
		return "must pass through user memory: use ring or copy";
	return takes(a->in, a->out, kind, out_mask(p)) ? NULL : a->needs;
}

bool
pump_serves_many(const struct pump *p)
{
	return p->flow.nouts > 1 || p->conf.lag != LAG_WAIT;
}

/*
 * With --lag several outputs have one engine for all inputs: a slow one may
 * still be busy with the last when the others want the next. And tee(2) lets
 * nobody be further ahead than its pipe is long.
 */
static size_t
choose_many(struct pump *p, const struct input *in, enum engine rungs[LADDER])
{
	bool wait = p->conf.lag == LAG_WAIT, ring = flow_shares(&p->flow);
	size_t n = 0;

	if (p->engines.many != NULL && !wait)
		ring = p->engines.many == &p->engines.ring;
	p->flow.why = p->flow.nouts > 1 ?
	    "several outputs, and no pipe among them" :
	    "it may lag, and is no pipe";
	if (ring && wait && p->conf.one_input && in->left >= 0 &&
	    in->left < SHORT) {
		p->flow.why = "under 64 KiB";
		ring = false;
	} else if (ring)
		p->flow.why = p->flow.nouts > 1 ?
		    "several outputs share its buffers" :
		    "its buffers are for what lags";
	if (wait && takes(STREAMS, ANY, in->kind, 0) &&
	    flow_all_pipes(&p->flow) && !copies(p, in) &&
	    !p->conf.buffer_asked) {
		p->flow.why = "several pipes, and nobody looks at the bytes";
		rungs[n++] = ENGINE_SPLICE;
	}
	if (ring)
		rungs[n++] = ENGINE_RING;
	rungs[n++] = ENGINE_COPY;
	return n;
}

/* Writes the ladder for this input, copy always last. Returns its length. */
static size_t
choose(struct pump *p, const struct input *in, enum engine rungs[LADDER])
{
	const struct row *row = table;
	size_t n = 0;

	if (pump_serves_many(p) && p->conf.engine == ENGINE_AUTO)
		return choose_many(p, in, rungs);
	if (p->conf.engine != ENGINE_AUTO && in->packets &&
	    p->conf.engine != ENGINE_RING) {
		p->flow.why = "its records must stay whole";
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	if (p->conf.engine != ENGINE_AUTO) {
		p->flow.why = "it was asked for";
		rungs[n++] = p->conf.engine;
		if (rungs[0] != ENGINE_COPY)
			rungs[n++] = ENGINE_COPY;
		return n;
	}
	while (!takes(row->in, row->out, in->kind, out_mask(p)))
		row++;
	p->flow.why = row->why;
	if (in->left >= 0 && in->left < SHORT) {
		p->flow.why = "under 64 KiB";
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	if (p->conf.buffer_asked && input_pollable(in)) {
		/* much memory between two streams: only the ring has that */
		p->flow.why = "--buffer-size";
		rungs[n++] = ENGINE_RING;
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	for (size_t i = 0; i < LADDER && row->rungs[i] != ENGINE_AUTO; i++) {
		if (copies(p, in) && row->rungs[i] != ENGINE_RING &&
		    row->rungs[i] != ENGINE_COPY)
			continue;
		rungs[n++] = row->rungs[i];
	}
	if (in->packets)
		p->flow.why = "its records must stay whole";
	else if (needs_bytes(p) &&
	    (row->rungs[0] != ENGINE_RING || p->conf.no_splice))
		p->flow.why = p->conf.no_splice ?
		    "--no-splice" :
		    "the bytes must pass through memory";
	return n;
}

/*
 * Nobody knows how long a stream is: its first bytes are copied, and only if
 * there are more of them does it get a ring.
 */
void
pump_choose(struct pump *p, const struct input *in)
{
	bool prelude = p->conf.engine == ENGINE_AUTO && in->left < 0 &&
	    !pump_serves_many(p);
	enum engine rungs[LADDER];
	size_t n = choose(p, in, rungs);

	p->nrungs = 0;
	for (size_t i = 0; i < n; i++) {
		if (prelude && rungs[i] == ENGINE_RING)
			p->rungs[p->nrungs++] = (struct rung){ ENGINE_COPY,
				SHORT };
		p->rungs[p->nrungs++] = (struct rung){ rungs[i], 0 };
	}
}
