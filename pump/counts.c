/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/param.h>

#include <stdint.h>

#include "base/clock.h"
#include "base/figures.h"
#include "pump/pump.h"

enum engine
pump_engine(const struct pump *p)
{
	return p->flow.engine;
}

struct pump_explained
pump_explain(const struct pump *p)
{
	const struct ring *r = &p->engines.ring.ring;
	bool fell = p->fell_errno != 0;
	struct pump_explained e = {
		.why = p->flow.why,
		.reason = fell ? p->fell_errno : p->flow.refused,
		.fell = fell ? p->fell_from : ENGINE_AUTO,
	};

	if (p->flow.engine != ENGINE_RING)
		return e;
	e.release = release_name(r->release);
	e.size = ring_size(r);
	e.fences = r->fences;
	e.shared = r->shared;
	e.renewed = r->renewed;
	return e;
}

struct scan *
pump_scan(struct pump *p)
{
	return &p->flow.scan;
}

uint64_t
pump_moved(const struct pump *p)
{
	return p->flow.moved;
}

uint64_t
pump_sent(const struct pump *p)
{
	return flow_slowest(&p->flow, false);
}

uint64_t
pump_taken(const struct pump *p)
{
	uint64_t least = UINT64_MAX, most = 0;

	/* where its readers are, if it has no holes behind them */
	FOREACH_OUTPUT(&p->flow, o) {
		uint64_t at = o->sent - (o->given - output_taken(o));

		least = MIN(least, at);
	}
	for (size_t i = 0; i < p->flow.nouts; i++)
		most = MAX(most, p->flow.outs[i].sent - p->flow.outs[i].left);
	return least == UINT64_MAX ? most : least;
}

void
pump_stop_at(struct pump *p, uint64_t bytes, uint64_t lines)
{
	p->flow.stop = bytes;
	p->flow.stop_lines = lines;
}

bool
pump_full(const struct pump *p)
{
	return flow_full(&p->flow);
}

void
pump_limit(struct pump *p, uint64_t rate)
{
	limit_set(&p->flow.limit, rate, clock_now());
	p->flow.horizon = 0; /* what was let pass before is no longer */
}

bool
pump_grows(const struct pump *p)
{
	return ring_ready(&p->engines.ring.ring) ||
	    (ring_ready(&p->engines.copy.ring) && p->flow.apart);
}

void
pump_buffer(struct pump *p, size_t size)
{
	p->flow.conf.buffer_size = size;
	if (ring_ready(&p->engines.ring.ring))
		p->engines.ring.ring.conf.max = size;
	if (ring_ready(&p->engines.copy.ring) && p->flow.apart)
		p->engines.copy.ring.conf.max = size;
}

int
pump_fill(const struct pump *p)
{
	const struct engines *e = &p->engines;
	const struct carry *c = e->many;
	int bypass = pump_bypass(p->flow.engine);
	uint64_t gone;
	size_t size, percent;

	if (bypass == FIGURES_SPLICED && e->pair.fd[0] != -1 &&
	    p->flow.engine == ENGINE_SPLICE)
		return FIGURES_BY_PIPE;
	if (bypass != 0)
		return bypass;
	if (c == NULL)
		c = p->flow.engine == ENGINE_RING ? &e->ring : &e->copy;
	/* what a pipe holds is still in our buffers, if they are shared */
	gone = c->shares ? pump_taken(p) : pump_sent(p);
	size = ring_size(&c->ring);
	if (size == 0 || gone >= p->flow.moved)
		return 0;
	percent = (size_t)((double)(p->flow.moved - gone) * 100 / (double)size);
	return (int)MIN(percent, 100);
}

uint64_t
pump_behind(const struct pump *p, const struct output *o)
{
	uint64_t most = flow_furthest(&p->flow, false);

	return most > o->sent ? most - o->sent : 0;
}
