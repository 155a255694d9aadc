/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/engine.h"

/*
 * PIPES_MOST: a user has 64 MiB in all pipes (pipe(7)); then new ones are tiny.
 * FIFO_US: between two looks whether a FIFO has got a reader.
 * LEFT_US: for the end of an input whose reader has left. Of two commands that
 *	end at the same time, at both ends of a pipeline, either may be first.
 * TAKING_US, TAKING_MOST_US: whether readers have taken more, while they do so
 *	or where no signal tells.
 */
enum {
	PIPES_MOST = 32 << 20,
	FIFO_US = 10000,
	LEFT_US = 250000,
	TAKING_US = 1000,
	TAKING_MOST_US = 100000,
	UNSEEN = 16,
};

/* ---- waiting ---------------------------------------------------------- */

bool
engine_stopped(struct pump *p)
{
	bool first = !p->begun && p->moved > 0;
	uint64_t now;

	if (p->tell != NULL)
		atomic_store(p->tell, p->moved);

	if (first || p->tick != 0) {
		now = clock_now();
		p->begun = p->begun || first;
		if (first || now >= p->tick)
			p->tick = p->calls->on_tick(p->calls->ctx, now);
	}
	return *p->calls->woken && p->calls->on_wake(p->calls->ctx);
}

long
engine_sooner(long a, long b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static long
until_tick(const struct pump *p)
{
	uint64_t now;

	if (p->tick == 0)
		return -1;
	now = clock_now();
	return p->tick > now ? (long)(p->tick - now) : 0;
}

size_t
engine_left(const struct pump *p)
{
	size_t n = 0;

	FOREACH_OUTPUT(p, o)
		n++;
	return n;
}

enum step
engine_lose(struct pump *p, struct output *o, enum loss loss)
{
	bool go_on = p->calls->on_lost(p->calls->ctx, o, loss);

	return go_on && engine_left(p) > 0 ? STEP_DONE : STEP_WRITE;
}

bool
engine_refused(int reason)
{
	/* EFAULT: of a file that has been shortened under its mapping */
	static const int refusals[] = { 0, ENOSYS, EPERM, EINVAL, EOPNOTSUPP,
		EXDEV, ENODEV, EBADF, EMFILE, ENFILE, ENOMEM, EFAULT };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (reason == refusals[i])
			return true;
	return false;
}

/* poll(2) says that its reader has gone, or that it has failed. */
static enum step
reader_left(struct pump *p, struct output *o)
{
	/* it was only waited for to be shown */
	if (p->drain && o->sent >= p->moved) {
		o->left = output_unread(o);
		p->calls->on_done(p->calls->ctx, o);
		return STEP_DONE;
	}
	if (o->sent < p->moved) {
		errno = output_lost(o);
		return engine_lose(p, o, LOSS_ERROR);
	}
	o->full = false; /* the next write says why */
	o->left_at = clock_now();
	return STEP_DONE;
}

static enum step
look_at_outputs(struct pump *p)
{
	enum step s;

	for (size_t i = 0; i < p->nouts; i++) {
		struct output *o = &p->outs[i];

		if (p->polls[i].fd == -1)
			continue;
		if (p->polls[i].revents & (POLLERR | POLLHUP)) {
			s = reader_left(p, o);
			if (s != STEP_DONE)
				return s;
		} else if (p->polls[i].revents & POLLOUT)
			o->full = false;
	}
	return STEP_DONE;
}

/* Those whose readers had left, and whose input has not ended since. */
static enum step
lose_left(struct pump *p)
{
	enum step s = STEP_DONE;

	FOREACH_OUTPUT(p, o) {
		if (o->left_at == 0 || clock_now() < o->left_at + LEFT_US)
			continue;
		if (!output_left(o)) {
			o->left_at = 0; /* a FIFO has got another reader */
			continue;
		}
		errno = output_lost(o);
		s = engine_lose(p, o, LOSS_ERROR);
		if (s != STEP_DONE)
			break;
	}
	return s;
}

/* When that is due; -1 if there are none, or the input is not asked. */
static long
until_lost(const struct pump *p, const struct input *in)
{
	uint64_t now;
	long usec = -1;

	FOREACH_OUTPUT(p, o) {
		if (o->left_at == 0 || in == NULL)
			continue;
		now = clock_now();
		usec = engine_sooner(usec,
		    o->left_at + LEFT_US > now ?
			(long)(o->left_at + LEFT_US - now) :
			0);
	}
	return usec;
}

/* What poll(2) is to look at, and how long. */
static long
prepare(struct pump *p, const struct input *in, long usec)
{
	for (size_t i = 0; i < p->nouts; i++) {
		struct output *o = &p->outs[i];
		bool look = o->full ||
		    (output_watchable(o) && (o->left_at == 0 || p->drain));

		p->polls[i] = (struct pollfd){ look ? o->fd : -1,
			o->full ? POLLOUT : 0, 0 };
		if (o->fifo != NULL && (usec < 0 || usec > FIFO_US))
			usec = FIFO_US;
	}
	p->polls[p->nouts] = (struct pollfd){ in == NULL ? -1 : in->fd, POLLIN,
		0 };
	p->polls[p->nouts + 1] = (struct pollfd){ p->calls->wake_fd, POLLIN,
		0 };
	usec = engine_sooner(usec, until_lost(p, in));
	return engine_sooner(usec, until_tick(p));
}

enum step
engine_wait(struct pump *p, const struct input *in, long usec)
{
	const struct pollfd *pin = &p->polls[p->nouts];
	struct timespec t;
	enum step s;
	int n;

	usec = prepare(p, in, usec);
	t = (struct timespec){ usec / 1000000, usec % 1000000 * 1000 };
	n = ppoll(p->polls, p->nouts + 2, usec < 0 ? NULL : &t, NULL);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		return STEP_BROKEN;
	if (n <= 0) /* time is up, or look again */
		return in != NULL ? lose_left(p) : STEP_DONE;
	if (pin->revents != 0) {
		p->in_ready = true;
		p->in_hup = (pin->revents & POLLHUP) != 0;
		p->in_end = in->kind == INPUT_PIPE && pin->revents == POLLHUP;
	}
	s = look_at_outputs(p);
	return s == STEP_DONE && in != NULL && !p->in_ready ? lose_left(p) : s;
}

/* By all who have been sent everything, and what they still have to take. */
static uint64_t
taken_together(const struct pump *p, uint64_t *left)
{
	uint64_t sum = 0, taken;

	*left = 0;
	FOREACH_OUTPUT(p, o) {
		if (o->sent < p->moved)
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

	if (p->paused || p->looked == 0) {
		rest = (double)p->deaf;
		p->deaf = p->deaf < TAKING_MOST_US ? 2 * p->deaf + TAKING_US :
						     TAKING_MOST_US;
	} else {
		rest = (double)left * (double)(now - p->looked) /
		    (double)(taken - p->taken) / 2;
		p->deaf = 0;
	}
	p->paused = false;
	return rest < TAKING_US   ? TAKING_US :
	    rest > TAKING_MOST_US ? TAKING_MOST_US :
				    (long)rest;
}

enum step
engine_wait_taken(struct pump *p, long usec)
{
	uint64_t left, taken = taken_together(p, &left), now = clock_now();
	enum step s = STEP_DONE;
	sig_atomic_t reads;

	if (taken > p->taken) {
		usec = engine_sooner(usec, until_half(p, taken, left, now));
		p->taken = taken;
		p->looked = now;
		p->unseen = 0;
		return engine_wait(p, NULL, usec);
	}
	FOREACH_OUTPUT(p, o)
		if (o->sent >= p->moved && output_tell(o, true) == -1)
			usec = engine_sooner(usec, TAKING_MOST_US);
	reads = *p->calls->reads;
	if (taken_together(p, &left) <= taken) /* nor while we did this */
		s = engine_wait(p, NULL, usec);
	if (*p->calls->reads != reads && taken_together(p, &left) <= p->taken)
		p->unseen++;
	FOREACH_OUTPUT(p, o)
		output_tell(o, false);
	p->paused = true;
	return s;
}

bool
engine_unseen(const struct pump *p)
{
	return p->unseen >= UNSEEN;
}

enum step
engine_gather(struct pump *p, const struct input *in)
{
	size_t held;
	enum step s;

	if (in->kind != INPUT_PIPE || p->in_hup || p->small < p->streak)
		return STEP_DONE;
	held = input_pending(in);
	if (held >= GATHER)
		return STEP_DONE;
	s = engine_wait(p, NULL, TICK_US);
	if (input_pending(in) >= 4 * held) {
		p->streak = STREAK;
	} else {
		p->small = 0;
		if (p->streak < STREAK_MOST)
			p->streak *= 2;
	}
	return s;
}

void
engine_count(struct pump *p, size_t n)
{
	if (n < GATHER && p->small < p->streak)
		p->small++;
}

/* ---- limits ------------------------------------------------------------ */

enum step
engine_may(struct pump *p, size_t *n)
{
	uint64_t left = p->stop - p->moved, may, now;

	if (left == 0)
		return STEP_LIMIT;
	if (*n > left)
		*n = (size_t)left;
	if (p->limit.rate == 0)
		return STEP_DONE;
	now = clock_now();
	may = limit_may(&p->limit, now);
	if (*n > may)
		*n = (size_t)may;
	if (may > 0)
		return STEP_DONE;
	return engine_wait(p, NULL, limit_wait(&p->limit, now));
}

void
engine_took(struct pump *p, size_t n)
{
	if (p->limit.rate != 0)
		limit_took(&p->limit, n);
}

static void
grow_output(const struct pump *p, struct output *o)
{
	size_t size = p->o->pipe_size, holds;

	/* a user has 64 MiB in all pipes (pipe(7)); then new ones are tiny */
	while (size > PIPES_MOST / p->nouts)
		size /= 2;
	holds = pipe_grow(o->fd, size);
	if (holds != 0)
		o->holds = holds;
}

void
engine_grow_pipes(struct pump *p, const struct input *in)
{
	bool small = in->left < SHORT && p->moved - p->start < SHORT;

	if (p->grown || p->o->pipe_size == 0 || (small && !p->o->pipe_asked))
		return;
	p->grown = true;
	if (in->kind == INPUT_PIPE)
		pipe_grow(in->fd, p->o->pipe_size);
	FOREACH_OUTPUT(p, o)
		if (o->kind == OUTPUT_PIPE && o->fd != -1)
			grow_output(p, o);
}

/* ---- outputs ---------------------------------------------------------- */

uint64_t
engine_slowest(const struct pump *p, bool drained)
{
	uint64_t least = UINT64_MAX;

	FOREACH_OUTPUT(p, o) {
		uint64_t at = drained ? o->drained : o->sent;

		if (at < least)
			least = at;
	}
	return least == UINT64_MAX ? p->moved : least;
}

uint64_t
engine_furthest(const struct pump *p, bool drained)
{
	uint64_t most = 0;

	FOREACH_OUTPUT(p, o) {
		uint64_t at = drained ? o->drained : o->sent;

		if (at > most)
			most = at;
	}
	return most;
}

bool
engine_shares(const struct pump *p)
{
	for (size_t i = 0; i < p->nouts; i++)
		if (p->outs[i].vmsplices)
			return true;
	return false;
}

bool
engine_all_pipes(const struct pump *p)
{
	FOREACH_OUTPUT(p, o)
		if (o->kind != OUTPUT_PIPE || o->fd == -1)
			return false;
	return true;
}

enum step
engine_connect(struct pump *p, struct output *o)
{
	if (output_connect(o) == -1 && errno != EAGAIN)
		return engine_lose(p, o, LOSS_ERROR);
	if (o->fd != -1 && p->grown)
		grow_output(p, o); /* the others have been */
	return STEP_DONE;
}

void
engine_passed(struct pump *p, size_t n)
{
	p->moved += n;
	output_gave(&p->outs[0], n);
}

bool
engine_trickles(const struct pump *p)
{
	return p->piece < SHARE && p->small < p->streak;
}
