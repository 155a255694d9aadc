/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdint.h>

#include "base/clock.h"
#include "pump/pump.h"

const char *
pump_release_name(const struct pump *p)
{
	if (p->flow.engine != ENGINE_RING)
		return "-";
	return release_name(p->engines.ring.ring.release);
}

uint64_t
pump_sent(const struct pump *p)
{
	return flow_slowest(&p->flow, false);
}

/* Where its readers are, if it has no holes behind them. */
static uint64_t
taken_of(const struct output *o)
{
	return o->sent - (o->given - output_taken(o));
}

uint64_t
pump_taken(const struct pump *p)
{
	uint64_t least = UINT64_MAX, most = 0, at;

	FOREACH_OUTPUT(&p->flow, o) {
		at = taken_of(o);
		least = at < least ? at : least;
	}
	for (size_t i = 0; i < p->flow.nouts; i++)
		if (p->flow.outs[i].sent - p->flow.outs[i].left > most)
			most = p->flow.outs[i].sent - p->flow.outs[i].left;
	return least == UINT64_MAX ? most : least;
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
	p->conf.buffer_size = size;
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
	uint64_t gone;
	size_t size, percent;

	if (p->flow.engine != ENGINE_RING && p->flow.engine != ENGINE_COPY)
		return -1;
	if (c == NULL)
		c = p->flow.engine == ENGINE_RING ? &e->ring : &e->copy;
	/* what a pipe holds is still in our buffers, if they are shared */
	gone = c->shares ? pump_taken(p) : pump_sent(p);
	size = ring_size(&c->ring);
	if (size == 0 || gone >= p->flow.moved)
		return 0;
	percent = (size_t)((double)(p->flow.moved - gone) * 100 / (double)size);
	return percent < 100 ? (int)percent : 100;
}

uint64_t
pump_furthest(const struct pump *p)
{
	return flow_furthest(&p->flow, false);
}
