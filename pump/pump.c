/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pump/pump.h"

int
pump_init(struct pump *p, const struct flow_conf *conf, struct output *outs,
    size_t nouts, const struct pump_wake *wake)
{
	*p = (struct pump){
		.engines = ENGINES_INITIALIZER,
		.wake = wake,
		.rest_fd = -1,
	};
	flow_init(&p->flow, conf, outs, nouts);
	p->polls = calloc(nouts + 2, sizeof(*p->polls));
	return p->polls == NULL ? -1 : 0;
}

void
pump_release(struct pump *p)
{
	engines_release(&p->engines);
	free(p->polls);
	p->polls = NULL;
}

/* ---- an input --------------------------------------------------------- */

/* Takes the rung; or, if there is none, the step that ends the input. */
static enum step
climb(struct pump *p, size_t rung, enum step end)
{
	if (rung >= p->nrungs)
		return end;
	p->rung = rung;
	engine_begin(&p->engines, &p->flow, p->rungs[rung].engine,
	    p->rungs[rung].limit);
	return STEP_MOVED;
}

/* The engine cannot go on, and another may: errno. */
static enum step
fall(struct pump *p)
{
	struct flow *f = &p->flow;
	bool moved = f->moved != f->start, refused = flow_refused(errno);

	if (errno == 0 && p->asks == ENGINE_AUTO) {
		/* at the end, or so it seems: copy asks read(2) */
		p->asks = f->engine;
		p->asked_at = f->moved;
		p->nrungs = p->rung + 1;
		engine_begin(&p->engines, f, ENGINE_COPY, 0);
		return STEP_MOVED;
	}
	p->fell_from = p->rungs[p->rung].engine;
	p->fell_errno = errno;
	/* read and write may not say it again */
	if (!refused)
		p->kept = errno;
	if (p->flow.conf.engine != ENGINE_AUTO && !moved && refused)
		return STEP_REFUSED;
	return climb(p, moved ? p->nrungs - 1 : p->rung + 1, STEP_REFUSED);
}

/*
 * copy_file_range(2) has failed and has not said for which file, and read(2)
 * and write(2) went on in its place. Writing may fail later than write(2):
 * then fdatasync(2) says so, and else it was the input.
 */
static enum step
blame_range(struct pump *p)
{
	int reason = p->kept;

	p->kept = 0;
	FOREACH_OUTPUT(&p->flow, o)
		if (output_finish(o, true) == -1)
			return flow_lose(&p->flow, o, LOSS_ERROR);
	errno = reason;
	return STEP_READ;
}

static enum step
input_step(struct pump *p)
{
	struct flow *f = &p->flow;
	enum step s = STEP_MOVED;

	if (p->nrungs == 0) {
		/* only ring and copy can begin without a descriptor */
		if (!f->apart || p->flow.conf.engine == ENGINE_SPLICE)
			s = pump_await_readers(p);
		if (s != STEP_MOVED)
			return s;
		pump_choose(p, p->in);
		climb(p, 0, STEP_REFUSED);
	}
	s = engine_step(&p->engines, f, p->in);
	if (s == STEP_FALL)
		return fall(p);
	if (s == STEP_LIMIT)
		s = flow_full(f) ? STEP_END : climb(p, p->rung + 1, STEP_END);
	if (s == STEP_END && p->kept != 0)
		return blame_range(p);
	if (s == STEP_END && p->asks != ENGINE_AUTO && p->asked_at == f->moved)
		f->engine = p->asks;
	return s;
}

void
pump_input(struct pump *p, struct input *in)
{
	p->task = input_step;
	p->in = in;
	p->nrungs = 0;
	p->kept = p->fell_errno = 0;
	p->fell_from = p->asks = ENGINE_AUTO;
	flow_begin(&p->flow);
	if (p->flow.conf.skip_block != 0)
		in->block = p->flow.conf.skip_block;
}

/* ---- rest ------------------------------------------------------------- */

static enum step
rest_step(struct pump *p)
{
	struct pollfd fds[] = { { p->rest_fd, POLLIN, 0 },
		{ p->wake->fd, POLLIN, 0 } };
	uint64_t now = clock_now(), left = p->rest_until - now;
	struct timespec t = { (time_t)(left / 1000000),
		(long)(left % 1000000) * 1000 };

	if (now >= p->rest_until)
		return STEP_END;
	if (ppoll(fds, 2, p->rest_until == UINT64_MAX ? NULL : &t, NULL) == -1)
		return errno == EINTR ? STEP_MOVED : STEP_BROKEN;
	return fds[0].revents != 0 ? STEP_END : STEP_MOVED;
}

void
pump_rest(struct pump *p, int fd, long usec)
{
	p->task = rest_step;
	p->rest_fd = fd;
	p->rest_until = usec < 0 ? UINT64_MAX : clock_now() + (uint64_t)usec;
}

/* ---- events ----------------------------------------------------------- */

void
pump_tick_at(struct pump *p, uint64_t when)
{
	p->tick = when;
}

static bool
is_due(struct pump *p)
{
	bool first = !p->begun && p->flow.moved > 0;

	if (p->wake->moved != NULL)
		atomic_store(p->wake->moved, p->flow.moved);
	if (p->task == rest_step || (!first && p->tick == 0))
		return false;
	p->begun = p->begun || first;
	return first || clock_now() >= p->tick;
}

static struct pump_event
event_of(struct pump *p, enum step s)
{
	static const enum pump_end ends[] = {
		[STEP_FALL] = PUMP_REFUSED,
		[STEP_REFUSED] = PUMP_REFUSED,
		[STEP_READ] = PUMP_READ,
		[STEP_BROKEN] = PUMP_BROKEN,
		[STEP_MEMORY] = PUMP_MEMORY,
		[STEP_SKIPPED] = PUMP_DONE,
	};
	const struct flow *f = &p->flow;
	struct pump_event e = { .end = ends[s],
		.reason = errno,
		.output = f->output,
		.loss = f->loss };

	switch (s) {
	case STEP_LOST:
		e.what = PUMP_LOST;
		break;
	case STEP_FINISHED:
		/* the total that readers have taken drops with it */
		p->readers = (struct readers){ .await = p->readers.await };
		e.what = PUMP_FINISHED;
		break;
	case STEP_SKIPPED:
		e.what = PUMP_SKIPPED;
		e.in = p->in;
		e.len = f->skipped;
		e.at = (uint64_t)p->in->at - f->skipped;
		break;
	default:
		e.what = PUMP_END;
		break;
	}
	return e;
}

static bool
any_left(const struct flow *f)
{
	FOREACH_OUTPUT(f, o)
		return true;
	return false;
}

struct pump_event
pump_next(struct pump *p)
{
	enum step s;

	do {
		if (is_due(p)) {
			p->tick = 0;
			return (struct pump_event){ .what = PUMP_TICK };
		}
		if (*p->wake->woken)
			return (struct pump_event){ .what = PUMP_SIGNAL };
		if (p->task == input_step && !any_left(&p->flow))
			return (struct pump_event){ .what = PUMP_END,
				.end = PUMP_WRITE };
		s = p->task(p);
		if (s == STEP_WAIT)
			s = pump_wait(p);
	} while (s == STEP_MOVED);
	return event_of(p, s);
}
