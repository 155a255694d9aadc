/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/clock.h"
#include "pump/pump.h"

/* At the end, an output that takes nothing for this long is given up. */
enum {
	LAST_US = 1000000
};

enum step
pump_await_readers(struct pump *p)
{
	bool waiting = false;

	FOREACH_OUTPUT(&p->flow, o) {
		enum step s = STEP_MOVED;

		if (o->fifo != NULL)
			s = flow_connect(&p->flow, o);
		if (s != STEP_MOVED)
			return s;
		waiting = waiting || o->fifo != NULL;
	}
	return waiting ? flow_wait(&p->flow, NULL, -1) : STEP_MOVED;
}

/* It has everything, and its readers have, where that counts. */
static bool
is_done(const struct pump *p, const struct output *o)
{
	return o->sent >= p->flow.moved && o->fifo == NULL &&
	    (!p->readers.await || pump_unseen(p) ||
		output_taken(o) >= o->given);
}

/* Gives up those that lag; STEP_END when none is left. */
static enum step
leave(struct pump *p)
{
	struct flow *f = &p->flow;
	enum step s = flow_outrun(f, f->moved);

	if (s != STEP_MOVED)
		return s;
	FOREACH_OUTPUT(f, o) {
		f->output = o;
		return STEP_FINISHED;
	}
	return STEP_END;
}

static enum step
finish_step(struct pump *p)
{
	struct flow *f = &p->flow;
	bool more = false, hurry;
	uint64_t idle;
	enum step s;

	if (!f->several) {
		s = pump_await_readers(p);
		return s == STEP_MOVED ? STEP_END : s;
	}
	if (p->leaving)
		return leave(p);
	FOREACH_OUTPUT(f, o) {
		more = true;
		if (!is_done(p, o))
			continue;
		p->finished = true;
		f->output = o;
		return STEP_FINISHED;
	}
	if (!more)
		return STEP_END;
	s = engine_send(&p->engines, f);
	idle = clock_now() - p->since;
	if (s == STEP_MOVED)
		p->since += idle;
	if (s != STEP_WAIT)
		return s;
	hurry = p->flow.conf.lag != LAG_WAIT && p->finished;
	if (hurry && idle >= LAST_US) {
		p->leaving = true;
		return STEP_MOVED;
	}
	if (hurry)
		f->want.usec = flow_sooner(f->want.usec,
		    (long)(LAST_US - idle));
	f->want.taken = p->readers.await;
	return s;
}

void
pump_finish(struct pump *p, bool await)
{
	p->readers.await = await;
	p->task = finish_step;
	p->since = clock_now();
	p->finished = p->leaving = false;
}

static enum step
drain_step(struct pump *p)
{
	bool unread = false;
	enum step s;

	FOREACH_OUTPUT(&p->flow, o)
		unread = unread || output_taken(o) < o->given;
	if (!unread || pump_unseen(p))
		return STEP_END;
	s = flow_wait(&p->flow, NULL, -1);
	p->flow.want.taken = true;
	return s;
}

void
pump_drain(struct pump *p)
{
	p->readers.await = true;
	p->task = drain_step;
}
