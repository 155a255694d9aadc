/* SPDX-License-Identifier: ISC */
/* splice: the kernel moves the pages, and none passes through our memory. */
#include "config.h"

#include <sys/param.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "engine/engine.h"

/*
 * SOCKET_MOST: SPLICE_F_NONBLOCK means nothing to a socket. After POLLOUT a
 *	third of its buffer is free, so this much does not block.
 */
enum {
	SPLICE_MOST = 1 << 20,
	SOCKET_MOST = 32 << 10,
	PAIR_SIZE = 1 << 20,
};

static int
pair_open(struct pair *p)
{
	if (p->fd[0] != -1)
		return 0;
	if (pipe2(p->fd, O_CLOEXEC) == -1)
		return -1;
	pipe_grow(p->fd[1], PAIR_SIZE);
	return 0;
}

/* ---- one splice ------------------------------------------------------- */

/*
 * splice(2) has one errno for two descriptors, and may have taken an error that
 * is reported only once, as that of a socket. But one side is a pipe, and a
 * pipe fails with EPIPE only: all else is the other side's. What the system
 * refuses to do is not an error yet: another engine may manage.
 */
static enum step
failed(struct flow *f, const struct input *in, bool taking, bool private)
{
	struct output *o = &f->outs[0];
	int reason = errno;

	if (flow_refused(reason))
		return STEP_FALL;
	if (!taking || !(private || o->kind == OUTPUT_PIPE))
		return flow_lose(f, o, LOSS_ERROR);
	if (reason != EPIPE || private || !output_left(o)) {
		errno = reason;
		return STEP_READ;
	}
	/* it asks for a reader before it looks for the end of the input */
	if (input_ended(in))
		return STEP_LIMIT;
	errno = reason;
	return flow_lose(f, o, LOSS_ERROR);
}

/*
 * splice(2) says that this is the end. It says so of files of /proc as well, so
 * read(2) has the last word; but a device may say it only once.
 */
static enum step
ended(const struct input *in)
{
	if (in->kind == INPUT_CHAR || input_ended(in))
		return STEP_END;
	errno = 0;
	return STEP_FALL;
}

/* From the input: 0 is its end. */
static ssize_t
splice_in(struct input *in, int to, size_t most, unsigned flags)
{
	loff_t at;
	ssize_t r;

	/* nobody else has the position of a file that we have opened */
	if (input_pollable(in) || (in->owned && in->reserved == 0))
		return splice(in->fd, NULL, to, NULL, most, flags);
	if (input_reserve(in, most) == -1)
		return -1;
	if (in->reserved == 0)
		return 0;
	at = in->at;
	r = splice(in->fd, &at, to, NULL, MIN(most, in->reserved), flags);
	if (r > 0)
		input_took(in, (size_t)r);
	return r;
}

/* From the private pipe, which holds as many bytes. */
static ssize_t
splice_out(struct output *o, int from, size_t held, unsigned flags)
{
	loff_t at;
	ssize_t r;

	if (!output_reserves(o) || (o->opened && o->reserved == 0))
		return splice(from, NULL, o->fd, NULL, held, flags);
	if (output_reserve(o, held) == -1)
		return -1;
	at = o->at;
	r = splice(from, NULL, o->fd, &at, MIN(held, o->reserved), flags);
	if (r > 0)
		output_put(o, (size_t)r);
	return r;
}

/*
 * One splice of at most `most` bytes when both sides are said to be ready, from
 * the private pipe if `from` is that, else from the input. *n is what it moved;
 * 0 with STEP_MOVED if it has to be asked again, and with STEP_LIMIT at the
 * end. Other steps are for the engine to return.
 */
static enum step
splice_once(struct flow *f, struct input *in, int from, int to, size_t most,
    size_t *n)
{
	struct output *o = &f->outs[0];
	bool taking = from == in->fd, private = to != o->fd;
	/*
	 * Before 6.5 a file may answer EAGAIN for what is not in the page
	 * cache. With room in the pipe a blocking call waits for the disk only.
	 */
	bool room = taking && (private || f->seen.output);
	unsigned flags = room && !input_pollable(in) ? 0 : SPLICE_F_NONBLOCK;
	bool socket = !private && o->kind == OUTPUT_SOCKET;
	ssize_t r;

	if (socket)
		most = MIN(most, SOCKET_MOST);
	r = taking ? splice_in(in, to, most, flags) :
		     splice_out(o, from, most, flags);
	if (socket)
		output_full(o, true); /* that is, poll before the next */
	*n = 0;
	f->seen.input = f->seen.output = false;
	if (r > 0) {
		*n = (size_t)r;
		if (taking)
			limit_took(&f->limit, *n);
		return STEP_MOVED;
	}
	if (r == 0)
		return STEP_LIMIT;
	if (errno == EAGAIN)
		output_full(o, true);
	if (errno == EAGAIN || errno == EINTR)
		return STEP_MOVED;
	return failed(f, in, taking, private);
}

/* From the input, as much as may be taken now. */
static enum step
take(struct flow *f, struct input *in, int to, size_t *n)
{
	size_t most = f->conf.chunk_size;
	enum step s;

	if (most == 0)
		most = SPLICE_MOST;
	*n = 0;
	s = flow_may(f, &most);
	if (s != STEP_MOVED)
		return s;
	s = splice_once(f, in, in->fd, to, most, n);
	return s == STEP_LIMIT ? ended(in) : s;
}

/* ---- records ---------------------------------------------------------- */

/*
 * splice(2) and tee(2) hand records on as they are, and a reader behind us that
 * has no room for a whole one would lose the rest; write(2) makes a stream of
 * them. Whether a pipe has records can be seen when there are two of them in
 * it. True while that is not known, or if it has.
 */
static bool
may_have_records(struct engines *e, struct flow *f, struct input *in)
{
	bool *stream = &e->splice.stream;

	if (in->kind != INPUT_PIPE || *stream)
		return false;
	/* one read has given more than any record has */
	*stream = !in->packets &&
	    (f->gather.piece > PIPE_BUF || input_is_stream(in));
	if (in->packets) {
		f->engine = ENGINE_COPY;
		f->why = "the input pipe is in packet mode";
	}
	return !*stream;
}

static enum step
records(struct engines *e, struct flow *f, struct input *in)
{
	enum step s;

	if (e->splice.phase == SPLICE_RECORDS) {
		if (!may_have_records(e, f, in))
			return STEP_LIMIT;
		carry_begin(&e->copy, f, 0, !in->packets);
		e->splice.phase = SPLICE_COPY;
	}
	s = copy_step(e, f, in);
	if (s != STEP_LIMIT || flow_full(f))
		return s;
	e->splice.phase = SPLICE_RECORDS;
	return STEP_MOVED;
}

/* ---- what the private pipe holds -------------------------------------- */

static enum step
fill_pair(struct engines *e, struct flow *f, struct input *in)
{
	enum step s = STEP_MOVED;
	size_t n;

	if (pair_open(&e->pair) == -1)
		return STEP_FALL;
	if (input_pollable(in) && !f->seen.input)
		return flow_wait(f, in, -1);
	if (f->several)
		s = flow_gather(f, in);
	if (s != STEP_MOVED)
		return s;
	s = take(f, in, e->pair.fd[1], &n);
	e->pair.held += n;
	if (n > 0) {
		e->splice.phase = SPLICE_HELD;
		flow_count(f, n);
		flow_grow_pipes(f, in);
	}
	return s;
}

void
splice_spill(struct engines *e, struct flow *f)
{
	struct splice *s = &e->splice;

	s->refusal = errno;
	s->phase = SPLICE_SPILL;
	s->rest = (struct input)INPUT_INITIALIZER;
	s->rest.name = "";
	s->rest.fd = e->pair.fd[0];
	s->rest.kind = INPUT_PIPE;
	s->rest.left = -1;
	f->horizon = f->moved + e->pair.held; /* the limit has let them pass */
	carry_begin(&e->copy, f, e->pair.held, false);
}

static enum step
spilled(struct engines *e, struct flow *f)
{
	enum step s = copy_step(e, f, &e->splice.rest);

	if (s == STEP_READ)
		return STEP_BROKEN; /* the next input would find the rest */
	if (s != STEP_LIMIT)
		return s;
	errno = e->splice.refusal;
	return STEP_FALL;
}

static enum step
give_held(struct engines *e, struct flow *f, struct input *in)
{
	struct output *o = &f->outs[0];
	enum step s;
	size_t n;

	if (o->full)
		return flow_wait(f, NULL, -1);
	s = splice_once(f, in, e->pair.fd[0], o->fd, e->pair.held, &n);
	if (s == STEP_LIMIT)
		errno = EINVAL; /* it was not empty */
	if (s == STEP_FALL || s == STEP_LIMIT) {
		splice_spill(e, f);
		return STEP_MOVED;
	}
	if (s != STEP_MOVED)
		return s;
	flow_passed(f, n);
	e->pair.held -= n;
	if (e->pair.held == 0)
		e->splice.phase = SPLICE_MOVE;
	return STEP_MOVED;
}

/* ---- both ------------------------------------------------------------- */

/* STEP_MOVED when there is input, and room. */
static enum step
ready(struct flow *f, const struct input *in)
{
	if (input_pollable(in) && !f->seen.input)
		return flow_wait(f, in, -1);
	if (f->outs[0].full)
		return flow_wait(f, NULL, -1);
	return flow_gather(f, in);
}

/* Straight from one side to the other. */
static enum step
direct(struct flow *f, struct input *in)
{
	enum step s = ready(f, in);
	size_t n;

	if (s != STEP_MOVED)
		return s;
	if (f->seen.end)
		return STEP_END;
	s = take(f, in, f->outs[0].fd, &n);
	if (n == 0)
		return s;
	flow_passed(f, n);
	flow_grow_pipes(f, in);
	flow_count(f, n);
	return s;
}

/*
 * Neither side is a pipe, or it takes a region of the output, which must be as
 * long as what is there; or there are several outputs.
 */
static bool
needs_pair(const struct flow *f, const struct input *in)
{
	const struct output *o = &f->outs[0];
	bool shared = output_reserves(o) && !o->opened;

	return f->several ||
	    (o->kind != OUTPUT_PIPE && (in->kind != INPUT_PIPE || shared));
}

static enum step
move(struct engines *e, struct flow *f, struct input *in, bool stream)
{
	enum step s = needs_pair(f, in) ? fill_pair(e, f, in) : direct(f, in);

	/*
	 * A byte there and back takes a tenth longer by splice than by read and
	 * write, so a trickle is copied until a large piece comes.
	 */
	if (s == STEP_MOVED && stream && f->conf.engine == ENGINE_AUTO &&
	    !f->several && flow_trickles(f)) {
		carry_begin(&e->copy, f, 0, true);
		e->splice.phase = SPLICE_COPY;
	}
	return s;
}

enum step
splice_step(struct engines *e, struct flow *f, struct input *in)
{
	enum splice_phase *phase = &e->splice.phase;
	bool stream = input_pollable(in) && f->outs[0].kind == OUTPUT_PIPE;
	enum step s;

	if (!f->several)
		flow_grow_pipes(f, in);
	switch (*phase) {
	case SPLICE_COPY:
	case SPLICE_RECORDS:
		s = stream ? records(e, f, in) : STEP_LIMIT;
		if (s != STEP_LIMIT || (stream && flow_full(f)))
			return s;
		*phase = f->several ? SPLICE_TURN : SPLICE_MOVE;
		break;
	case SPLICE_TURN:
		s = tee_open(e, f);
		if (s != STEP_END)
			return s;
		*phase = SPLICE_MOVE;
		break;
	case SPLICE_MOVE:
		return move(e, f, in, stream);
	case SPLICE_HELD:
		return f->several ? tee_give(e, f) : give_held(e, f, in);
	case SPLICE_SPILL:
		return spilled(e, f);
	}
	return STEP_MOVED;
}
