/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/param.h>

#include <errno.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/flow.h"

/*
 * PIPES_MOST: a user has 64 MiB in all pipes (pipe(7)); then new ones are tiny.
 * STREAK, STREAK_MOST: see flow_gather().
 */
enum {
	PIPES_MOST = 32 << 20,
	STREAK = 16,
	STREAK_MOST = 4096,
};

void
flow_init(struct flow *f, const struct flow_conf *conf, struct output *outs,
    size_t nouts)
{
	*f = (struct flow){
		.conf = *conf,
		.outs = outs,
		.nouts = nouts,
		.several = nouts > 1,
		.apart = nouts > 1 || conf->lag != LAG_WAIT,
		.stop = UINT64_MAX,
		.stop_lines = UINT64_MAX,
	};
}

void
flow_begin(struct flow *f)
{
	f->start = f->moved;
	f->grown = false;
	f->refused = 0;
	f->seen = (struct seen){ 0 };
	f->gather = (struct gather){ .streak = STREAK };
}

bool
flow_full(const struct flow *f)
{
	return f->moved >= f->stop || f->scan.ended >= f->stop_lines;
}

/* ---- steps ------------------------------------------------------------ */

enum step
flow_wait(struct flow *f, const struct input *in, long usec)
{
	f->want = (struct want){ .input = in, .usec = usec };
	return STEP_WAIT;
}

enum step
flow_lose(struct flow *f, struct output *o, enum loss loss)
{
	f->output = o;
	f->loss = loss;
	return STEP_LOST;
}

enum step
flow_outrun(struct flow *f, uint64_t at)
{
	FOREACH_OUTPUT(f, o) {
		if (o->sent >= at)
			continue;
		if (f->conf.lag == LAG_DETACH)
			return flow_lose(f, o, LOSS_LAG);
		output_skip(o, at);
	}
	return STEP_MOVED;
}

enum step
flow_gather(struct flow *f, const struct input *in)
{
	struct gather *g = &f->gather;
	size_t held;

	if (g->held > 0) {
		held = g->held;
		g->held = 0;
		if (input_pending(in) >= 4 * held) {
			g->streak = STREAK;
		} else {
			g->small = 0;
			if (g->streak < STREAK_MOST)
				g->streak *= 2;
		}
		return STEP_MOVED;
	}
	if (in->kind != INPUT_PIPE || f->seen.hup || g->small < g->streak)
		return STEP_MOVED;
	held = input_pending(in);
	if (held >= GATHER || held == 0)
		return STEP_MOVED;
	g->held = held;
	return flow_wait(f, NULL, TICK_US);
}

void
flow_count(struct flow *f, size_t n)
{
	f->gather.piece = n;
	if (n < GATHER && f->gather.small < f->gather.streak)
		f->gather.small++;
}

bool
flow_trickles(const struct flow *f)
{
	return f->gather.piece < SHARE && f->gather.small < f->gather.streak;
}

long
flow_sooner(long a, long b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

bool
flow_refused(int reason)
{
	/* EFAULT: of a file that has been shortened under its mapping */
	static const int refusals[] = { 0, ENOSYS, EPERM, EINVAL, EOPNOTSUPP,
		EXDEV, ENODEV, EBADF, EMFILE, ENFILE, ENOMEM, EFAULT };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (reason == refusals[i])
			return true;
	return false;
}

/* ---- limits ----------------------------------------------------------- */

enum step
flow_may(struct flow *f, size_t *n)
{
	uint64_t left = f->stop - f->moved, may, now;

	if (left == 0)
		return STEP_LIMIT;
	*n = MIN(*n, left);
	if (f->limit.rate == 0)
		return STEP_MOVED;
	now = clock_now();
	may = limit_may(&f->limit, now);
	*n = MIN(*n, may);
	if (may > 0)
		return STEP_MOVED;
	return flow_wait(f, NULL, limit_wait(&f->limit, now));
}

void
flow_passed(struct flow *f, size_t n)
{
	f->moved += n;
	output_gave(&f->outs[0], n);
}

/* ---- outputs ---------------------------------------------------------- */

static void
grow_output(const struct flow *f, struct output *o)
{
	size_t size = f->conf.pipe_size;

	while (size > PIPES_MOST / f->nouts)
		size /= 2;
	output_grow(o, size);
}

void
flow_grow_pipes(struct flow *f, const struct input *in)
{
	const struct flow_conf *c = &f->conf;
	bool small = in->left < SHORT && f->moved - f->start < SHORT;

	if (f->grown || c->pipe_size == 0 || (small && !c->pipe_asked))
		return;
	f->grown = true;
	if (in->kind == INPUT_PIPE)
		pipe_grow(in->fd, c->pipe_size);
	FOREACH_OUTPUT(f, o)
		grow_output(f, o);
}

enum step
flow_connect(struct flow *f, struct output *o)
{
	if (output_connect(o) == -1 && errno != EAGAIN)
		return flow_lose(f, o, LOSS_ERROR);
	if (o->fd != -1 && f->grown)
		grow_output(f, o); /* as the other pipes have been */
	return STEP_MOVED;
}

uint64_t
flow_slowest(const struct flow *f, bool drained)
{
	uint64_t least = UINT64_MAX;

	FOREACH_OUTPUT(f, o)
		least = MIN(least, drained ? o->drained : o->sent);
	return least == UINT64_MAX ? f->moved : least;
}

uint64_t
flow_furthest(const struct flow *f, bool drained)
{
	uint64_t most = 0;

	FOREACH_OUTPUT(f, o)
		most = MAX(most, drained ? o->drained : o->sent);
	return most;
}

bool
flow_shares(const struct flow *f)
{
	for (size_t i = 0; i < f->nouts; i++)
		if (f->outs[i].vmsplices)
			return true;
	return false;
}
