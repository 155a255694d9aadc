/* SPDX-License-Identifier: ISC */
/*
 * The choice. For each input a ladder of engines is taken from a table, and the
 * pump goes down it: an engine that cannot start falls to the next, and one
 * that fails later falls to the last, which is always copy. read(2) and
 * write(2) then say which side was to blame, or carry on if neither was. No
 * rung leaves with bytes in its hands.
 */
#include "config.h"

#include "base/figures.h"
#include "pump/pump.h"

#define IN(kind) (1u << (INPUT_##kind))
#define OUT(kind) (1u << (OUTPUT_##kind))
#define ANY (~0u)
#define FILES (IN(FILE) | IN(BLOCK))
#define STREAMS (IN(PIPE) | IN(SOCKET))

/*
 * What --engine=auto tries before copy, best first; the first row that fits
 * counts.
 */
static const struct row {
	unsigned in, out;
	enum engine rungs[2]; /* ENGINE_AUTO: none */
	const char *why;
} table[] = {
	{ FILES | IN(CHAR), OUT(PIPE), { ENGINE_RING },
	    "to a pipe, as a snapshot of what was read" },
	{ IN(FILE), OUT(FILE), { ENGINE_RANGE }, "from file to file" },
	{ STREAMS, OUT(PIPE), { ENGINE_SPLICE, ENGINE_RING },
	    "one reader, and nobody looks at the bytes" },
	{ STREAMS, OUT(FILE) | OUT(SOCKET) | OUT(NULL), { ENGINE_SPLICE },
	    "nobody looks at the bytes" },
	{ FILES, OUT(NULL), { ENGINE_SPLICE }, "nobody looks at the bytes" },
	{ ANY, ANY, { ENGINE_AUTO }, "nothing faster fits these two" },
};

/* What each engine can do if the user insists, and what it needs. */
static const struct able {
	unsigned in, out;
	bool several; /* outputs */
	int bypass;
	const char *needs;
} ables[] = {
	[ENGINE_AUTO] = { ANY, ANY, true, FIGURES_SPLICED, "" },
	[ENGINE_RING] = { ANY, ANY, true, 0, "" },
	[ENGINE_MMAP] = { IN(FILE), OUT(PIPE), false, FIGURES_SPLICED,
	    "needs a regular file as input and a pipe as output" },
	[ENGINE_SPLICE] = { ANY & ~IN(TTY), ANY & ~OUT(TTY), true,
	    FIGURES_SPLICED, "needs a file, pipe or socket on both sides" },
	[ENGINE_RANGE] = { IN(FILE), OUT(FILE), false, FIGURES_RANGED,
	    "needs a regular file on both sides" },
	[ENGINE_COPY] = { ANY, ANY, true, 0, "" },
};

int
pump_bypass(enum engine e)
{
	return ables[e].bypass;
}

bool
pump_has_bytes(const struct pump *p)
{
	return p->flow.engine == ENGINE_AUTO ||
	    pump_bypass(p->flow.engine) == 0;
}

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
	return scan_wanted(&p->flow.scan) || p->flow.conf.bytes_only;
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
	const struct able *a = &ables[p->flow.conf.engine];

	/* by kind: a FIFO may have no reader yet */
	if (p->flow.several && p->flow.conf.engine == ENGINE_SPLICE &&
	    out_mask(p) != OUT(PIPE))
		return "needs pipes where there are several outputs";
	if (p->flow.several && !a->several)
		return "needs a single output";
	if (needs_bytes(p) && p->flow.conf.engine != ENGINE_AUTO &&
	    a->bypass != 0)
		return "must pass through user memory: use ring or copy";
	return takes(a->in, a->out, kind, out_mask(p)) ? NULL : a->needs;
}

static bool
all_connected_pipes(const struct flow *f)
{
	FOREACH_OUTPUT(f, o)
		if (o->kind != OUTPUT_PIPE || o->fd == -1)
			return false;
	return true;
}

/*
 * Nobody knows how long a stream is: its first bytes are copied, and only if
 * there are more of them does it get a ring.
 */
static void
add(struct pump *p, const struct input *in, enum engine engine)
{
	if (engine == ENGINE_RING && p->flow.conf.engine == ENGINE_AUTO &&
	    in->left < 0 && !p->flow.apart)
		p->rungs[p->nrungs++] = (struct rung){ ENGINE_COPY, SHORT };
	p->rungs[p->nrungs++] = (struct rung){ engine, 0 };
}

/*
 * With --lag several outputs have one engine for all inputs: a slow one may
 * still be busy with the last when the others want the next. And tee(2) lets
 * nobody be further ahead than its pipe is long.
 */
static const char *
choose_apart(struct pump *p, const struct input *in)
{
	bool wait = p->flow.conf.lag == LAG_WAIT, ring = flow_shares(&p->flow);
	bool small = wait && p->flow.conf.one_input && in->left >= 0 &&
	    in->left < SHORT;
	bool tee = wait && takes(STREAMS, ANY, in->kind, 0) &&
	    all_connected_pipes(&p->flow) && !copies(p, in) &&
	    !p->flow.conf.buffer_asked;

	if (p->engines.many != NULL && !wait)
		ring = p->engines.many == &p->engines.ring;
	if (tee)
		add(p, in, ENGINE_SPLICE);
	if (ring && !small)
		add(p, in, ENGINE_RING);
	if (tee)
		return "several pipes, and nobody looks at the bytes";
	if (ring && small)
		return "under 64 KiB";
	if (ring)
		return p->flow.several ? "several outputs share its buffers" :
					 "its buffers are for what lags";
	return p->flow.several ? "several outputs, and no pipe among them" :
				 "it may lag, and is no pipe";
}

/* The rungs above copy; returns why. */
static const char *
choose(struct pump *p, const struct input *in)
{
	const struct flow_conf *conf = &p->flow.conf;
	const struct row *row = table;

	if (p->flow.apart && conf->engine == ENGINE_AUTO)
		return choose_apart(p, in);
	if (conf->engine != ENGINE_AUTO) {
		if (in->packets && conf->engine != ENGINE_RING)
			return "its records must stay whole";
		if (conf->engine != ENGINE_COPY)
			add(p, in, conf->engine);
		return "it was asked for";
	}
	while (!takes(row->in, row->out, in->kind, out_mask(p)))
		row++;
	if (in->left >= 0 && in->left < SHORT)
		return "under 64 KiB";
	if (conf->buffer_asked && input_pollable(in)) {
		/* much memory between two streams: only the ring has that */
		add(p, in, ENGINE_RING);
		return "--buffer-size";
	}
	for (size_t i = 0; i < 2 && row->rungs[i] != ENGINE_AUTO; i++)
		if (!copies(p, in) || pump_bypass(row->rungs[i]) == 0)
			add(p, in, row->rungs[i]);
	if (in->packets)
		return "its records must stay whole";
	if (!needs_bytes(p) ||
	    (row->rungs[0] == ENGINE_RING && !conf->no_splice))
		return row->why;
	return conf->no_splice ? "--no-splice" :
				 "the bytes must pass through memory";
}

void
pump_choose(struct pump *p, const struct input *in)
{
	p->nrungs = 0;
	p->flow.why = choose(p, in);
	add(p, in, ENGINE_COPY);
}
