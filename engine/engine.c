/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>

#include "base/fd.h"
#include "engine/engine.h"

void
engine_begin(struct engines *e, struct flow *f, enum engine engine,
    uint64_t limit)
{
	bool forced = f->conf.engine != ENGINE_AUTO;
	int saved = errno;

	window_close(&e->window);
	f->engine = e->now = engine;
	e->cloned = false;
	e->pair.held = 0;
	e->splice = (struct splice){
		.phase = forced || f->several ? SPLICE_RECORDS : SPLICE_COPY,
	};
	carry_begin(&e->ring, f, limit, false);
	carry_begin(&e->copy, f, limit, engine == ENGINE_SPLICE && !f->several);
	errno = saved;
}

enum step
engine_step(struct engines *e, struct flow *f, struct input *in)
{
	static enum step (*const steps[])(struct engines *, struct flow *,
	    struct input *) = {
		[ENGINE_RING] = ring_step,
		[ENGINE_MMAP] = mmap_step,
		[ENGINE_SPLICE] = splice_step,
		[ENGINE_RANGE] = range_step,
		[ENGINE_COPY] = copy_step,
	};

	return steps[e->now](e, f, in);
}

enum step
engine_send(struct engines *e, struct flow *f)
{
	struct carry *c = e->many != NULL ? e->many : &e->copy;
	bool moved = false;
	enum step s = carry_send(c, f, &moved);

	if (s != STEP_MOVED || moved)
		return s;
	return flow_wait(f, NULL, carry_held_back(c, f));
}

enum step
engine_flush(struct engines *e, struct flow *f)
{
	enum step s;

	if (e->many == NULL)
		return STEP_END;
	if (flow_slowest(f, false) >= f->moved) {
		/* the output that was behind may have been lost */
		ring_sent(&e->many->ring, e->many->ring.filled);
		return STEP_END;
	}
	s = engine_send(e, f);
	if (s == STEP_WAIT && f->conf.lag != LAG_WAIT &&
	    flow_furthest(f, false) == f->moved)
		return STEP_END;
	return s;
}

enum step
engine_turn(struct engines *e, struct flow *f, struct carry *c)
{
	enum step s;

	if (!f->several || e->many == c)
		return STEP_END;
	if (e->many != NULL) {
		s = engine_flush(e, f);
		if (s != STEP_END)
			return s;
		/* --lag: what only that ring has is lost to them */
		s = flow_outrun(f, f->moved);
		if (s != STEP_MOVED)
			return s;
		ring_release(&e->many->ring);
	}
	e->many = c;
	return STEP_END;
}

enum step
engine_carry(struct engines *e, struct flow *f, struct input *in,
    struct carry *c)
{
	enum step s = c->ready ? STEP_END : engine_turn(e, f, c);

	if (s != STEP_END)
		return s;
	if (!c->ready)
		ring_skip(&c->ring, f->moved);
	c->ready = true;
	return carry_step(c, f, in);
}

void
engines_release(struct engines *e)
{
	window_close(&e->window);
	ring_release(&e->ring.ring);
	ring_release(&e->copy.ring);
	fd_close_pair(e->pair.fd);
	fd_close(&e->pair.null);
}
