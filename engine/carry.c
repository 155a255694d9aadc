/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/param.h>

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "engine/carry.h"

/*
 * FILL: what one read takes from a file. Each vmsplice(2) waits for the pipe's
 *	lock and wakes the reader, so few of them; 2 MiB leaves the cache.
 * AHEAD: the most of a file that is read before it can be sent; may_read().
 * CHUNK: what a device is given at once.
 */
enum {
	FILL = 1 << 20,
	AHEAD = 2 << 20,
	CHUNK = 128 << 10,
	DRAIN_US = 50,
	DRAIN_MOST_US = 10000,
};

/* ---- room in the ring ------------------------------------------------- */

/* Where every output is; tee(2) may have given them more than the ring has. */
static uint64_t
sent_by_all(const struct flow *f, const struct ring *r)
{
	uint64_t at = flow_slowest(f, false);

	return MIN(at, r->filled);
}

static bool
sends_records(const struct flow *f)
{
	FOREACH_OUTPUT(f, o)
		if (o->packets)
			return true;
	return false;
}

/*
 * What is read long before it can be sent leaves the cache, and takes the place
 * of buffers that have been sent: those need time, for their readers to let go
 * of them and for the fence's child. Behind four splicing stages half of all
 * buffers were late before there was this limit (0.60 of the splice loop, now
 * 0.75). So a file, which can wait, is read only so far ahead...
 */
static uint64_t
may_read(const struct flow *f, const struct input *in, const struct ring *r)
{
	uint64_t sent = f->conf.lag == LAG_WAIT ? r->sent :
						  flow_furthest(f, false);
	uint64_t most = input_pollable(in) ? UINT64_MAX : AHEAD, held;

	/* a producer is to feel a limit, and soon; unless it must not */
	if (f->limit.rate != 0 && f->conf.lag == LAG_WAIT)
		most = MAX(SHORT, MIN(AHEAD, f->limit.rate / 4));
	held = r->filled - sent;
	/* an output of records gets one for each read, and so no two of them */
	if (held >= most || (held > 0 && sends_records(f)))
		return 0;
	if (f->limit.rate == 0)
		return UINT64_MAX;
	if (most - held >= in->record)
		return most - held;
	return held > 0 ? 0 : in->record;
}

/* ... and half of the ring, or two banks of it, are left to what was sent. */
static bool
crowded(const struct ring *r)
{
	size_t size = ring_size(r), banks = 2 * r->conf.bank_bufs;
	size_t reserve = MIN(banks * r->conf.buf_size, size / 2);

	return r->release != RELEASE_SENT &&
	    r->filled - r->sent + reserve > size;
}

/* Have pipes been emptied meanwhile? */
static void
drain_all(struct flow *f, struct ring *r)
{
	FOREACH_OUTPUT(f, o)
		/* a fence is right without it, the user's promise is not */
		if (output_drain(o) == -1 && r->release == RELEASE_DRAIN)
			r->release = RELEASE_FRESH;
	ring_drained(r, flow_slowest(f, true));
}

/*
 * --lag: the ring is full, and whoever fills it must not hold up the others.
 * Outputs that are a buffer or more behind lose what is left of the oldest, or
 * are cut off; those that were given it but sit on its pages keep them. The
 * furthest is always waited for; one output alone is compared with the input,
 * if that cannot wait. STEP_MOVED if there may be room now, STEP_WAIT if not.
 */
static enum step
make_way(struct flow *f, const struct input *in, struct ring *r)
{
	bool alone = !f->several &&
	    (in->kind == INPUT_PIPE || in->kind == INPUT_SOCKET);
	uint64_t wants = ring_wants(r), end = r->sent;
	size_t len = 0;
	enum step s;

	if (!crowded(r) && wants <= r->sent) {
		if (!alone && flow_furthest(f, true) < wants)
			return STEP_WAIT;
		ring_abandon(r);
		return STEP_MOVED;
	}
	/* with all that --rate-limit allows it does not lag */
	if (f->limit.rate != 0 && r->sent >= f->horizon)
		return STEP_WAIT;
	if (r->sent < r->filled)
		ring_bytes(r, r->sent, &len);
	end += len;
	if (len == 0 || (!alone && flow_furthest(f, false) < end))
		return STEP_WAIT;
	s = flow_outrun(f, end);
	/* the readers of one that is cut off may still hold pages */
	if (s == STEP_LOST && r->release == RELEASE_DRAIN)
		r->release = RELEASE_FRESH;
	if (s == STEP_MOVED)
		ring_sent(r, sent_by_all(f, r));
	return s;
}

/* An input that cannot wait, or readers that hold on to buffers. */
static bool
may_grow(const struct flow *f, const struct input *in, struct carry *c)
{
	bool held = c->ring.shared != c->shared;

	c->shared = c->ring.shared;
	return held || input_pollable(in) || f->conf.lag != LAG_WAIT;
}

/* STEP_MOVED, STEP_WAIT or STEP_MEMORY. */
static enum step
ask_room(struct ring *r, size_t least, char **room, size_t *n)
{
	*room = ring_room(r, least, n);
	if (*room != NULL)
		return STEP_MOVED;
	return errno == EAGAIN ? STEP_WAIT : STEP_MEMORY;
}

static enum step
try_room(struct ring *r, size_t least, char **room, size_t *n)
{
	return crowded(r) ? STEP_WAIT : ask_room(r, least, room, n);
}

/*
 * Room in the ring for `least` bytes, or what can be done to get some. Also
 * returns STEP_LOST if an output is to go first.
 */
static enum step
find_room(struct flow *f, const struct input *in, struct carry *c, size_t least,
    char **room, size_t *n)
{
	struct ring *r = &c->ring;
	enum step s = try_room(r, least, room, n);

	if (s != STEP_WAIT)
		return s;
	drain_all(f, r);
	s = try_room(r, least, room, n);
	/* a bank is added behind a full one; up to there it is merely filled */
	if (s == STEP_WAIT && may_grow(f, in, c) &&
	    (ring_grow(r) == 0 ||
		ring_size(r) + r->conf.buf_size <= r->conf.max))
		s = ask_room(r, least, room, n);
	while (s == STEP_WAIT && f->conf.lag != LAG_WAIT &&
	    (s = make_way(f, in, r)) == STEP_MOVED)
		s = try_room(r, least, room, n);
	return s;
}

/* ---- from the input --------------------------------------------------- */

static size_t
up_to_stop(const struct flow *f, const char *bytes, size_t n)
{
	uint64_t ended;

	return scan_cut(&f->scan, bytes, n, f->stop_lines - f->scan.ended,
	    &ended);
}

/* They are in the ring now, and have been looked at. */
static void
filled(struct flow *f, struct carry *c, const char *room, size_t n)
{
	n = MIN(n, f->stop - f->moved); /* of a record */
	if (f->stop_lines != UINT64_MAX)
		n = up_to_stop(f, room, n);
	if (scan_wanted(&f->scan))
		scan_bytes(&f->scan, f->moved, room, n);
	ring_filled(&c->ring, n);
	f->moved += n;
	flow_count(f, n);
	c->end = flow_full(f);
	if (c->trickle && !flow_trickles(f))
		c->stop = f->moved;
}

/*
 * A read into these n bytes has failed: errno. What cannot be read is NULs, if
 * that was asked for.
 */
static enum step
not_read(struct flow *f, struct input *in, struct carry *c, char *room,
    size_t n)
{
	ssize_t skipped;

	if (errno == EINTR)
		return STEP_MOVED; /* at once, if that does not end us */
	if (errno == EAGAIN && input_pollable(in))
		return flow_wait(f, in, -1);
	if (errno == EAGAIN)
		return flow_wait(f, NULL, TICK_US); /* a file: FUSE, NFS */
	skipped = in->block == 0 ? -1 : input_skip(in, n);
	if (skipped == -1) {
		c->failed = errno;
		c->end = true;
	}
	if (skipped <= 0)
		return STEP_MOVED;
	memset(room, 0, (size_t)skipped);
	filled(f, c, room, (size_t)skipped);
	f->skipped = (size_t)skipped;
	return STEP_SKIPPED;
}

/*
 * The least room for a read: that of a record, so that none is cut off. 0 with
 * EMSGSIZE if it is longer than a buffer, or with what the socket said.
 */
static size_t
room_for(const struct flow *f, struct input *in, const struct ring *r)
{
	uint64_t left = f->stop - f->moved;
	ssize_t n = (ssize_t)in->record;

	if (in->kind == INPUT_SOCKET && in->packets)
		n = input_next_record(in);
	else if (in->kind == INPUT_PIPE && in->record > left)
		n = (ssize_t)left; /* pipe(7) drops the rest of a record */
	if (n == -1)
		return 0;
	errno = EMSGSIZE;
	return (size_t)n > r->conf.buf_size ? 0 : n > 0 ? (size_t)n : 1;
}

/* The bytes to ask for: a chunk, if there is room for one. */
static size_t
ask(const struct flow *f, size_t room, size_t least, uint64_t most)
{
	size_t chunk = f->conf.chunk_size != 0 ? f->conf.chunk_size : FILL;

	return MAX(least, MIN(most, MIN(room, chunk)));
}

/* Reads at most `most` bytes into the ring, or one record. */
static enum step
fill(struct flow *f, struct input *in, struct carry *c, uint64_t most)
{
	size_t least, n;
	ssize_t got;
	char *room;
	enum step s;

	if (in->packets && in->kind == INPUT_SOCKET && !f->seen.input)
		return flow_wait(f, in, -1);
	least = room_for(f, in, &c->ring);
	if (least == 0) {
		f->seen.input = false;
		return not_read(f, in, c, NULL, 0);
	}
	s = find_room(f, in, c, least, &room, &n);
	c->starved = s == STEP_WAIT;
	if (s != STEP_MOVED)
		return s;
	if (input_pollable(in) && !f->seen.input)
		return flow_wait(f, in, -1);
	n = ask(f, n, least, most);
	if (f->stop_lines == UINT64_MAX || input_pollable(in))
		got = input_read(in, room, n);
	else if ((got = input_look(in, room, n)) > 0)
		got = input_take(in, up_to_stop(f, room, (size_t)got),
		    (size_t)got);
	f->seen.input = false;
	if (got == -1)
		return not_read(f, in, c, room, n);
	if (got == 0)
		c->end = true;
	else
		filled(f, c, room, (size_t)got);
	return STEP_MOVED;
}

/* ---- to the outputs --------------------------------------------------- */

/*
 * --rate-limit: how far the outputs may be given what is in the ring. What was
 * allowed is for the furthest to take before there is more: or a burst would
 * follow when a reader that has stalled goes on.
 */
static void
allow(struct flow *f, struct ring *r)
{
	uint64_t at = flow_furthest(f, false), may, ended;
	size_t n;

	if (f->limit.rate == 0) {
		f->horizon = r->filled;
		return;
	}
	f->horizon = MAX(f->horizon, at);
	if (at < f->horizon)
		return;
	may = limit_may(&f->limit, clock_now());
	while (may > 0 && f->horizon < r->filled) {
		const char *bytes = ring_bytes(r, f->horizon, &n);

		if (f->scan.lines)
			n = scan_cut(&f->scan, bytes, n, may, &ended);
		else
			ended = n = MIN(n, may);
		limit_took(&f->limit, ended);
		may -= ended;
		f->horizon += n;
	}
}

long
carry_held_back(const struct carry *c, const struct flow *f)
{
	if (f->limit.rate == 0 || f->horizon >= c->ring.filled ||
	    flow_furthest(f, false) < f->horizon)
		return -1;
	return limit_wait(&f->limit, clock_now());
}

/*
 * Gives one output what it has not got yet. *moved is set if it took any of
 * it. STEP_MOVED, or what the job is to do.
 */
static enum step
send_one(struct flow *f, struct carry *c, struct output *o, bool *moved)
{
	size_t chunk = f->conf.chunk_size != 0 ? f->conf.chunk_size : CHUNK;
	const struct ring *r = &c->ring;

	while (o->sent < r->filled && o->sent < f->horizon) {
		size_t len;
		const char *bytes = ring_bytes(r, o->sent, &len);
		bool share;
		ssize_t n;

		len = MIN(len, f->horizon - o->sent);
		if (o->kind == OUTPUT_CHAR)
			len = MIN(len, chunk); /* a block of a tape, perhaps */
		share = c->shares && o->vmsplices && len >= SHARE;
		if (share)
			n = output_share(o, bytes, len);
		else
			n = output_write(o, bytes, len);
		if (n > 0) {
			output_gave(o, (size_t)n);
			*moved = true;
			continue;
		}
		if (n == 0)
			errno = EIO; /* a device that accepts nothing */
		if (errno == EAGAIN)
			break;
		if (errno == EINTR) {
			*moved = true; /* once more, if that did not end us */
			break;
		}
		if (!share || o->vmsplices)
			return flow_lose(f, o, LOSS_ERROR);
		f->refused = errno;
		if (f->conf.engine == ENGINE_RING && !f->several &&
		    o->sent == f->start)
			return STEP_REFUSED;
		/* write(2) knows better */
	}
	return STEP_MOVED;
}

enum step
carry_send(struct carry *c, struct flow *f, bool *moved)
{
	struct ring *r = &c->ring;

	allow(f, r);
	FOREACH_OUTPUT(f, o) {
		enum step s = STEP_MOVED;

		if (o->fifo != NULL) {
			s = flow_connect(f, o);
			/* one that has everything already is done now */
			*moved = *moved || o->fifo == NULL;
		}
		/* it takes the pipe's lock to learn that it is still full */
		if (o->full && !output_ready(o))
			continue;
		if (s == STEP_MOVED && o->fd != -1)
			s = send_one(f, c, o, moved);
		if (s != STEP_MOVED)
			return s;
	}
	ring_sent(r, sent_by_all(f, r));
	return STEP_MOVED;
}

/*
 * How long to sleep until a buffer may have been released: no limit where an
 * event will tell. None tells that a pipe has been emptied further, unless it
 * is full.
 */
static long
patience(struct flow *f, struct carry *c)
{
	uint64_t wants = ring_wants(&c->ring);
	bool event = true;

	if (crowded(&c->ring) || wants > c->ring.sent)
		return -1;
	FOREACH_OUTPUT(f, o) {
		if (o->drained >= wants)
			continue;
		output_full(o, !output_ready(o));
		event = event && o->full;
	}
	if (event)
		return -1;
	c->backoff = c->backoff == 0 ? DRAIN_US : c->backoff * 2;
	c->backoff = MIN(c->backoff, DRAIN_MOST_US);
	return c->backoff;
}

/* ---- both ------------------------------------------------------------- */

void
carry_begin(struct carry *c, const struct flow *f, uint64_t limit, bool trickle)
{
	c->ready = false;
	c->stop = f->stop;
	if (limit != 0 && limit < c->stop - f->moved)
		c->stop = f->moved + limit;
	c->trickle = trickle;
	c->end = false;
	c->failed = 0;
	c->backoff = 0;
}

/* Reads what may be read now. */
static enum step
take(struct flow *f, struct carry *c, struct input *in)
{
	uint64_t ahead = may_read(f, in, &c->ring);

	c->end = c->end || flow_full(f);
	c->starved = false;
	flow_wait(f, NULL, -1);
	if (c->end || f->moved >= c->stop || ahead == 0)
		return STEP_WAIT;
	return fill(f, in, c, MIN(ahead, c->stop - f->moved));
}

enum step
carry_step(struct carry *c, struct flow *f, struct input *in)
{
	struct ring *r = &c->ring;
	bool moved;
	enum step s;

	ring_sent(r, sent_by_all(f, r)); /* one may be lost */
	flow_grow_pipes(f, in);
	if (f->seen.input && flow_gather(f, in) == STEP_WAIT)
		return STEP_WAIT;
	s = take(f, c, in);
	if (s != STEP_MOVED && s != STEP_WAIT)
		return s;
	moved = s == STEP_MOVED;
	s = carry_send(c, f, &moved);
	if (s != STEP_MOVED)
		return s;
	if (c->end && (f->several || r->sent == r->filled)) {
		errno = c->failed;
		return c->failed != 0 ? STEP_READ : STEP_END;
	}
	if (r->sent == r->filled && f->moved >= c->stop)
		return STEP_LIMIT;
	if (moved) {
		c->backoff = 0;
		return STEP_MOVED;
	}
	if (c->starved)
		f->want.usec = patience(f, c);
	f->want.usec = flow_sooner(f->want.usec, carry_held_back(c, f));
	return STEP_WAIT;
}
