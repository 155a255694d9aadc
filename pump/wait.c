/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/param.h>

#include <errno.h>
#include <poll.h>
#include <stdint.h>

#include "base/clock.h"
#include "pump/pump.h"

/*
 * FIFO_US: between two looks whether a FIFO has got a reader.
 * LEFT_US: for the end of an input whose reader has left. Of two commands that
 *	end at the same time, at both ends of a pipeline, either may be first.
 * TAKING_US, TAKING_MOST_US: whether readers have taken more, while they do so
 *	or where no signal tells.
 * UNSEEN: see pump_unseen().
 */
enum {
	FIFO_US = 10000,
	LEFT_US = 250000,
	TAKING_US = 1000,
	TAKING_MOST_US = 100000,
	UNSEEN = 16,
};

/* Microseconds until then. */
static long
until(uint64_t when)
{
	uint64_t now = clock_now();

	return when > now ? (long)(when - now) : 0;
}

/* poll(2) says that its reader has gone, or that it has failed. */
static enum step
reader_left(struct pump *p, struct output *o)
{
	/* it was only waited for to be shown */
	if (p->readers.await && o->sent >= p->flow.moved) {
		o->left = output_unread(o);
		p->flow.output = o;
		return STEP_FINISHED;
	}
	if (o->sent < p->flow.moved) {
		errno = output_lost(o);
		return flow_lose(&p->flow, o, LOSS_ERROR);
	}
	output_full(o, false); /* the next write says why */
	output_left_at(o, clock_now());
	return STEP_MOVED;
}

static enum step
look_at_outputs(struct pump *p)
{
	enum step s;

	for (size_t i = 0; i < p->flow.nouts; i++) {
		struct output *o = &p->flow.outs[i];

		if (p->polls[i].fd == -1)
			continue;
		if (p->polls[i].revents & (POLLERR | POLLHUP)) {
			s = reader_left(p, o);
			if (s != STEP_MOVED)
				return s;
		} else if (p->polls[i].revents & POLLOUT) {
			output_full(o, false);
			p->flow.seen.output = true;
		}
	}
	return STEP_MOVED;
}

/* Those whose readers had left, and whose input has not ended since. */
static enum step
lose_left(struct pump *p)
{
	FOREACH_OUTPUT(&p->flow, o) {
		if (o->left_at == 0 || clock_now() < o->left_at + LEFT_US)
			continue;
		if (!output_left(o)) {
			output_left_at(o, 0); /* a FIFO has got another */
			continue;
		}
		errno = output_lost(o);
		return flow_lose(&p->flow, o, LOSS_ERROR);
	}
	return STEP_MOVED;
}

/* What poll(2) is to look at, and how long. */
static long
prepare(struct pump *p, const struct input *in, long usec)
{
	for (size_t i = 0; i < p->flow.nouts; i++) {
		struct output *o = &p->flow.outs[i];
		bool look = o->full ||
		    (output_watchable(o) &&
			(o->left_at == 0 || p->readers.await));

		p->polls[i] = (struct pollfd){ look ? o->fd : -1,
			o->full ? POLLOUT : 0, 0 };
		if (o->fifo != NULL)
			usec = flow_sooner(usec, FIFO_US);
		/* see lose_left() */
		if (in != NULL && !o->gone && o->left_at != 0)
			usec = flow_sooner(usec, until(o->left_at + LEFT_US));
	}
	p->polls[p->flow.nouts] = (struct pollfd){ in == NULL ? -1 : in->fd,
		POLLIN, 0 };
	p->polls[p->flow.nouts + 1] = (struct pollfd){ p->wake->fd, POLLIN, 0 };
	return p->tick == 0 ? usec : flow_sooner(usec, until(p->tick));
}

/* Sleeps until that, a signal, or the next tick. */
static enum step
sleep_for(struct pump *p, const struct input *in, long usec)
{
	const struct pollfd *pin = &p->polls[p->flow.nouts];
	struct timespec t;
	enum step s;
	int n;

	usec = prepare(p, in, usec);
	t = (struct timespec){ usec / 1000000, usec % 1000000 * 1000 };
	n = ppoll(p->polls, p->flow.nouts + 2, usec < 0 ? NULL : &t, NULL);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		return STEP_BROKEN;
	if (n <= 0) /* time is up, or look again */
		return in != NULL ? lose_left(p) : STEP_MOVED;
	if (pin->revents != 0) {
		p->flow.seen.input = true;
		p->flow.seen.hup = (pin->revents & POLLHUP) != 0;
		p->flow.seen.end = in->kind == INPUT_PIPE &&
		    pin->revents == POLLHUP;
	}
	s = look_at_outputs(p);
	return s == STEP_MOVED && in != NULL && !p->flow.seen.input ?
	    lose_left(p) :
	    s;
}

static uint64_t
taken_together(const struct pump *p, uint64_t *left)
{
	uint64_t sum = 0, taken;

	*left = 0;
	FOREACH_OUTPUT(&p->flow, o) {
		if (o->sent < p->flow.moved)
			continue;
		taken = output_taken(o);
		sum += taken;
		*left += o->given - taken;
	}
	return sum;
}

/*
 * Half of the time that they will need if they go on as since the last look: so
 * the looks come closer as the end does. Of a first step after a pause nobody
 * knows; with one such step after another the looks are further apart.
 */
static long
until_half(struct pump *p, uint64_t taken, uint64_t left, uint64_t now)
{
	double rest;

	if (p->readers.paused || p->readers.looked == 0) {
		rest = (double)p->readers.deaf;
		p->readers.deaf = MIN(2 * p->readers.deaf + TAKING_US,
		    TAKING_MOST_US);
	} else {
		rest = (double)left * (double)(now - p->readers.looked) /
		    (double)(taken - p->readers.taken) / 2;
		p->readers.deaf = 0;
	}
	p->readers.paused = false;
	return (long)MAX(TAKING_US, MIN(rest, TAKING_MOST_US));
}

/*
 * Until readers have taken something of what is in their pipes. The caller has
 * just looked whether they have taken all, and looks again.
 */
static enum step
wait_taken(struct pump *p, long usec)
{
	uint64_t left, taken = taken_together(p, &left), now = clock_now();
	enum step s = STEP_MOVED;
	sig_atomic_t reads;

	if (taken > p->readers.taken) {
		usec = flow_sooner(usec, until_half(p, taken, left, now));
		p->readers.taken = taken;
		p->readers.looked = now;
		p->readers.unseen = 0;
		return sleep_for(p, NULL, usec);
	}
	FOREACH_OUTPUT(&p->flow, o)
		if (o->sent >= p->flow.moved && output_tell(o, true) == -1)
			usec = flow_sooner(usec, TAKING_MOST_US);
	reads = *p->wake->reads;
	if (taken_together(p, &left) <= taken) /* nor while we did this */
		s = sleep_for(p, NULL, usec);
	if (*p->wake->reads != reads &&
	    taken_together(p, &left) <= p->readers.taken)
		p->readers.unseen++;
	FOREACH_OUTPUT(&p->flow, o)
		output_tell(o, false);
	p->readers.paused = true;
	return s;
}

bool
pump_unseen(const struct pump *p)
{
	return p->readers.unseen >= UNSEEN;
}

enum step
pump_wait(struct pump *p)
{
	const struct want *w = &p->flow.want;

	return w->taken ? wait_taken(p, w->usec) :
			  sleep_for(p, w->input, w->usec);
}
