/* SPDX-License-Identifier: ISC */
/*
 * Through user memory: the engines ring and copy, which differ in what becomes
 * of a buffer that has been sent, and the only ones that serve several outputs
 * of any kind, each at its own pace.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"

/*
 * FILL: what one read takes from a file. Each vmsplice(2) waits for the pipe's
 *	lock and wakes the reader, so few of them; 2 MiB leaves the cache.
 * AHEAD: so much of a file is read before it can be sent; see may_read().
 * BANK_BUFS: a fence per 6 MiB, two such banks. More leave the cache.
 * LAST_US: at the end, an output that lags has so long to take anything at all.
 */
enum {
	FILL = 1 << 20,
	AHEAD = 2 << 20,
	BANK_BUFS = 3,
	COPY_BUFFER = 128 << 10,
	COPY_MOST = 16 << 20,
	DRAIN_US = 50,
	DRAIN_MOST_US = 10000,
	LAST_US = 1000000,
};

/* ---- room in the ring ------------------------------------------------- */

/* Where every output is; tee(2) may have given them more than the ring has. */
static uint64_t
sent_by_all(const struct pump *p, const struct ring *r)
{
	uint64_t at = engine_slowest(p, false);

	return at < r->filled ? at : r->filled;
}

static bool
sends_records(const struct pump *p)
{
	FOREACH_OUTPUT(p, o)
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
may_read(const struct pump *p, const struct input *in, const struct ring *r)
{
	uint64_t sent = p->o->lag == LAG_WAIT ? r->sent :
						engine_furthest(p, false);
	uint64_t most = input_pollable(in) ? UINT64_MAX : AHEAD, held;

	/* a producer is to feel a limit, and soon; unless it must not */
	if (p->limit.rate != 0 && p->o->lag == LAG_WAIT) {
		most = p->limit.rate / 4 < AHEAD ? p->limit.rate / 4 : AHEAD;
		most = most > SHORT ? most : SHORT;
	}
	held = r->filled - sent;
	/* an output of records gets one for each read, and so no two of them */
	if (held >= most || (held > 0 && sends_records(p)))
		return 0;
	if (p->limit.rate == 0)
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
	size_t reserve = banks * r->conf.buf_size;

	if (reserve > size / 2)
		reserve = size / 2;
	return r->release != RELEASE_SENT &&
	    r->filled - r->sent + reserve > size;
}

/* Have pipes been emptied meanwhile? */
static void
drain_all(struct pump *p, struct ring *r)
{
	FOREACH_OUTPUT(p, o) {
		/* its count never falls again; what it holds nobody reads */
		if (o->left_at == 0 && output_drain(o) == 0)
			continue;
		/* a fence is right without it, the user's promise is not */
		o->drained = o->sent;
		if (r->release == RELEASE_DRAIN)
			r->release = RELEASE_FRESH;
	}
	ring_drained(r, engine_slowest(p, true));
}

/*
 * --lag: the ring is full, and whoever fills it must not hold up the others.
 * Outputs that are a buffer or more behind lose what is left of the oldest, or
 * are cut off; those that were given it but sit on its pages keep them. The
 * furthest is always waited for; one output alone is compared with the input,
 * if that cannot wait. True if there may be room now.
 */
static bool
make_way(struct pump *p, const struct input *in, struct ring *r)
{
	bool alone = p->nouts == 1 &&
	    (in->kind == INPUT_PIPE || in->kind == INPUT_SOCKET);
	uint64_t wants = ring_wants(r), end = r->sent;
	size_t len = 0;

	if (crowded(r) || wants > r->sent) {
		/* whoever has all that --rate-limit allows does not lag */
		if (p->limit.rate != 0 && r->sent >= p->horizon)
			return false;
		if (r->sent < r->filled)
			ring_bytes(r, r->sent, &len);
		end += len;
		if (len == 0 || (!alone && engine_furthest(p, false) < end))
			return false;
		FOREACH_OUTPUT(p, o) {
			if (o->sent >= end)
				continue;
			if (p->o->lag == LAG_DROP) {
				output_skip(o, end);
				continue;
			}
			/* its reader has pages that nobody asks about now */
			if (r->release == RELEASE_DRAIN)
				r->release = RELEASE_FRESH;
			engine_lose(p, o, LOSS_LAG);
		}
		ring_sent(r, sent_by_all(p, r));
		return engine_left(p) > 0;
	}
	if (!alone && engine_furthest(p, true) < wants)
		return false;
	ring_abandon(r);
	return true;
}

/* An input that cannot wait, or readers that hold on to buffers. */
static bool
may_grow(struct pump *p, const struct input *in, const struct ring *r)
{
	bool held = r->shared != p->shared_seen;

	p->shared_seen = r->shared;
	return held || input_pollable(in) || p->o->lag != LAG_WAIT;
}

static char *
try_room(struct ring *r, size_t least, size_t *n)
{
	if (!crowded(r))
		return ring_room(r, least, n);
	errno = EAGAIN;
	return NULL;
}

/* Room in the ring for `least` bytes, or what can be done to get some. */
static char *
find_room(struct pump *p, const struct input *in, struct ring *r, size_t least,
    size_t *n)
{
	char *room = try_room(r, least, n);

	if (room != NULL || errno != EAGAIN)
		return room;
	drain_all(p, r);
	room = try_room(r, least, n);
	if (room != NULL || errno != EAGAIN)
		return room;
	/* a bank is added behind a full one; up to there it is merely filled */
	if (may_grow(p, in, r) &&
	    (ring_grow(r) == 0 ||
		ring_size(r) + r->conf.buf_size <= r->conf.max)) {
		room = ring_room(r, least, n);
		if (room != NULL || errno != EAGAIN)
			return room;
	}
	while (p->o->lag != LAG_WAIT && make_way(p, in, r)) {
		room = try_room(r, least, n);
		if (room != NULL || errno != EAGAIN)
			return room;
	}
	errno = EAGAIN;
	return NULL;
}

enum fill {
	FILL_NONE, /* not tried: what has been read is all there is */
	FILL_SOME,
	FILL_END,
	FILL_AGAIN, /* a signal came: at once, if it does not end us */
	FILL_IDLE,  /* when there is something to read */
	FILL_FULL,  /* when a buffer has been released */
	FILL_READ,
	FILL_NOMEM
};

static size_t
up_to_stop(void *ctx, const char *bytes, size_t n)
{
	const struct pump *p = ctx;
	uint64_t ended;

	return view_cut(&p->view, bytes, n, p->stop_lines - p->view.ended,
	    &ended);
}

/* They are in the ring now, and have been looked at. */
static enum fill
filled(struct pump *p, struct ring *r, const char *room, size_t n)
{
	struct view *v = &p->view;

	if (n > p->stop - p->moved)
		n = (size_t)(p->stop - p->moved); /* of a record */
	if (p->stop_lines != UINT64_MAX)
		n = up_to_stop(p, room, n);
	if (view_wanted(v))
		view_bytes(v, p->moved, room, n);
	ring_filled(r, n);
	p->moved += n;
	p->piece = n;
	engine_count(p, n);
	return pump_full(p) ? FILL_END : FILL_SOME;
}

/* What cannot be read is NULs, if it was asked for. */
static enum fill
skip(struct pump *p, struct input *in, struct ring *r, char *room, size_t n)
{
	ssize_t skipped = in->block == 0 ? -1 : input_skip(in, n);

	if (skipped <= 0)
		return skipped == 0 ? FILL_AGAIN : FILL_READ;
	p->calls->on_skip(p->calls->ctx, in, (uint64_t)(in->at - skipped),
	    (size_t)skipped);
	memset(room, 0, (size_t)skipped);
	return filled(p, r, room, (size_t)skipped);
}

/*
 * The least room for a read: that of a record, so that none is cut off. 0 with
 * EMSGSIZE if it is longer than a buffer, or with what the socket said.
 */
static size_t
room_for(const struct pump *p, struct input *in, const struct ring *r)
{
	uint64_t left = p->stop - p->moved;
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
ask(const struct pump *p, size_t room, size_t least, uint64_t most)
{
	size_t chunk = p->o->chunk_size != 0 ? p->o->chunk_size : FILL;
	size_t n = room < chunk ? room : chunk;

	n = n < most ? n : (size_t)most;
	return n > least ? n : least;
}

/* Reads at most `most` bytes into the ring, or one record. */
static enum fill
fill(struct pump *p, struct input *in, struct ring *r, uint64_t most)
{
	bool packets = in->packets && in->kind == INPUT_SOCKET;
	size_t least, n;
	ssize_t got;
	char *room;

	if (packets && !p->in_ready)
		return FILL_IDLE;
	least = room_for(p, in, r);
	if (least == 0) {
		p->in_ready = false;
		return errno == EINTR ? FILL_AGAIN :
		    errno == EAGAIN   ? FILL_IDLE :
					FILL_READ;
	}
	room = find_room(p, in, r, least, &n);
	if (room == NULL)
		return errno == EAGAIN ? FILL_FULL : FILL_NOMEM;
	if (input_pollable(in) && !p->in_ready)
		return FILL_IDLE;
	n = ask(p, n, least, most);
	if (p->stop_lines != UINT64_MAX && !input_pollable(in))
		got = input_read_cut(in, room, n, up_to_stop, p);
	else
		got = input_read(in, room, n);
	p->in_ready = false;
	if (got == -1 && errno == EINTR)
		return FILL_AGAIN;
	if (got == -1 && errno == EAGAIN)
		return FILL_IDLE;
	if (got == -1)
		return skip(p, in, r, room, n);
	if (got == 0)
		return FILL_END;
	return filled(p, r, room, (size_t)got);
}

/*
 * --rate-limit: how far the outputs may be given what is in the ring. What was
 * allowed is for the furthest to take before there is more: or a burst would
 * follow when a reader that has stalled goes on.
 */
static void
allow(struct pump *p, struct ring *r)
{
	uint64_t at = engine_furthest(p, false), may, ended;
	size_t n;

	if (p->limit.rate == 0) {
		p->horizon = r->filled;
		return;
	}
	if (p->horizon < at)
		p->horizon = at;
	if (at < p->horizon)
		return;
	may = limit_may(&p->limit, clock_now());
	while (may > 0 && p->horizon < r->filled) {
		const char *bytes = ring_bytes(r, p->horizon, &n);

		if (p->view.lines)
			n = view_cut(&p->view, bytes, n, may, &ended);
		else
			ended = n = n < may ? n : (size_t)may;
		limit_took(&p->limit, ended);
		may -= ended;
		p->horizon += n;
	}
}

/* How long what is in the ring has to wait for that; -1: it does not. */
static long
held_back(const struct pump *p, const struct ring *r)
{
	if (p->limit.rate == 0 || p->horizon >= r->filled ||
	    engine_furthest(p, false) < p->horizon)
		return -1;
	return limit_wait(&p->limit, clock_now());
}

/*
 * Gives one output what it has not got yet. *moved is set if it took any of
 * it; o->full if it would take no more.
 */
static enum step
send_one(struct pump *p, struct ring *r, struct output *o, bool *moved)
{
	size_t chunk = p->o->chunk_size != 0 ? p->o->chunk_size : COPY_BUFFER;

	while (o->sent < r->filled && o->sent < p->horizon) {
		size_t len;
		const char *bytes = ring_bytes(r, o->sent, &len);
		bool share;
		ssize_t n;

		if (len > p->horizon - o->sent)
			len = (size_t)(p->horizon - o->sent);
		if (o->kind == OUTPUT_CHAR && len > chunk)
			len = chunk; /* a block of a tape, perhaps */
		share = r == &p->ring && o->vmsplices && len >= SHARE;
		if (share)
			n = output_share(o, bytes, len);
		else
			n = output_write(o, bytes, len);
		if (n > 0) {
			o->full = false;
			output_gave(o, (size_t)n);
			*moved = true;
			continue;
		}
		if (n == 0)
			errno = EIO; /* a device that takes nothing, for ever */
		if (errno == EAGAIN) {
			o->full = true;
			break;
		}
		if (errno == EINTR) {
			*moved = true; /* once more, if that did not end us */
			break;
		}
		if (share && errno == EOPNOTSUPP) {
			p->fell_errno = o->refused;
			if (p->o->engine == ENGINE_RING && p->nouts == 1 &&
			    o->sent == p->start) {
				errno = o->refused;
				return STEP_REFUSED;
			}
			continue; /* write(2) knows better */
		}
		*moved = true; /* the others may have room now */
		return engine_lose(p, o, LOSS_ERROR);
	}
	return STEP_DONE;
}

static enum step
send_all(struct pump *p, struct ring *r, bool *moved)
{
	allow(p, r);
	FOREACH_OUTPUT(p, o) {
		enum step s = STEP_DONE;

		if (o->fifo != NULL) {
			s = engine_connect(p, o);
			/* one that has everything already is done now */
			*moved = *moved || o->fifo == NULL;
		}
		/* it takes the pipe's lock to learn that it is still full */
		if (o->full && !output_ready(o))
			continue;
		if (s == STEP_DONE && o->fd != -1)
			s = send_one(p, r, o, moved);
		if (s != STEP_DONE)
			return s;
	}
	ring_sent(r, sent_by_all(p, r));
	return STEP_DONE;
}

/*
 * How long to sleep when nothing moved: for ever, where an event will tell.
 * None tells that a pipe has been emptied further, unless it is full.
 */
static long
patience(struct pump *p, const struct ring *r, bool full, long *backoff)
{
	uint64_t wants = ring_wants(r);
	bool event = true;

	if (!full || crowded(r) || wants > r->sent)
		return -1;
	FOREACH_OUTPUT(p, o) {
		if (o->drained >= wants)
			continue;
		o->full = !output_ready(o);
		event = event && o->full;
	}
	if (event)
		return -1;
	*backoff = *backoff == 0 ? DRAIN_US : *backoff * 2;
	if (*backoff > DRAIN_MOST_US)
		*backoff = DRAIN_MOST_US;
	return *backoff;
}

/*
 * Both engines that pass bytes through user memory. limit 0: to the end. With
 * several outputs it need not have been sent then: pump_flush() sees to that.
 */
static enum step
run_buffers(struct pump *p, struct input *in, struct ring *r, uint64_t limit)
{
	uint64_t stop = p->stop;
	bool end = false;
	long backoff = 0;

	if (limit != 0 && limit < stop - p->moved)
		stop = p->moved + limit;
	ring_skip(r, p->moved);
	for (;;) {
		enum fill f = FILL_NONE;
		bool moved = false, idle;
		uint64_t ahead;
		long usec;
		enum step s;

		if (engine_stopped(p))
			return STEP_STOPPED;
		ring_sent(r, sent_by_all(p, r)); /* one may be lost */
		engine_grow_pipes(p, in);
		if (p->in_ready && (s = engine_gather(p, in)) != STEP_DONE)
			return s;
		end = end || pump_full(p);
		ahead = may_read(p, in, r);
		if (!end && p->moved < stop && ahead > 0) {
			if (ahead > stop - p->moved)
				ahead = stop - p->moved;
			f = fill(p, in, r, ahead);
			if (f == FILL_READ || f == FILL_NOMEM)
				return f == FILL_READ ? STEP_READ : STEP_MEMORY;
			if (engine_left(p) == 0)
				return STEP_WRITE;
			end = f == FILL_END;
			moved = f == FILL_SOME || f == FILL_AGAIN || end;
			if (f == FILL_SOME && p->trickle && !engine_trickles(p))
				stop = p->moved;
		}
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		if (end && r == p->many)
			return STEP_DONE;
		if (r->sent == r->filled && (end || p->moved >= stop))
			return end ? STEP_DONE : STEP_LIMIT;
		if (moved) {
			backoff = 0;
			continue;
		}
		usec = patience(p, r, f == FILL_FULL, &backoff);
		idle = f == FILL_IDLE && input_pollable(in);
		if (f == FILL_IDLE && !idle)
			usec = TICK_US; /* EAGAIN of a file: FUSE, NFS */
		usec = engine_sooner(usec, held_back(p, r));
		s = engine_wait(p, idle ? in : NULL, usec);
		if (s != STEP_DONE)
			return s;
	}
}

/*
 * What was read before reading failed still goes out: the error is about the
 * bytes behind it. Several outputs are given it with the next input's.
 */
static enum step
flush(struct pump *p, struct ring *r)
{
	int saved = errno;
	enum step s;

	while (r != p->many) {
		bool moved = false;

		if (engine_stopped(p))
			return STEP_STOPPED;
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		if (r->sent == r->filled)
			break;
		if (moved)
			continue;
		s = engine_wait(p, NULL, held_back(p, r));
		if (s != STEP_DONE)
			return s;
	}
	errno = saved;
	return STEP_READ;
}

/*
 * Hands over the outputs that are done, *done is set then; true if that was not
 * all of them.
 */
static bool
part(struct pump *p, uint64_t all, bool last, bool *done)
{
	bool more = false;

	FOREACH_OUTPUT(p, o) {
		if (o->sent < all || (last && o->fifo != NULL))
			more = true;
		else if (last && p->drain && !engine_unseen(p) &&
		    output_taken(o) < o->given)
			more = true;
		else if (last) {
			p->calls->on_done(p->calls->ctx, o);
			*done = true;
		}
	}
	return more;
}

/* These have had their time. */
static void
leave_behind(struct pump *p, uint64_t all)
{
	FOREACH_OUTPUT(p, o) {
		if (p->o->lag == LAG_DETACH && o->sent < all)
			engine_lose(p, o, LOSS_LAG);
		else {
			if (o->sent < all)
				output_skip(o, all);
			p->calls->on_done(p->calls->ctx, o);
		}
	}
}

static enum step
await_taken(struct pump *p, long usec)
{
	return p->drain ? engine_wait_taken(p, usec) :
			  engine_wait(p, NULL, usec);
}

enum step
carry_flush(struct pump *p, bool last)
{
	uint64_t all = p->moved, since = clock_now(), idle;
	struct ring none = RING_INITIALIZER;
	struct ring *r = p->many != NULL ? p->many : &none;
	bool lags = p->o->lag != LAG_WAIT;
	bool done = false;
	enum step s = STEP_DONE;

	while (s == STEP_DONE && part(p, all, last, &done)) {
		bool moved = false, hurry;

		if (engine_stopped(p))
			return STEP_STOPPED;
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		idle = clock_now() - since;
		hurry = lags && last && done;
		if (moved)
			since += idle;
		else if (lags && !last && engine_furthest(p, false) == all)
			break;
		else if (hurry && idle >= LAST_US)
			leave_behind(p, all);
		else
			s = await_taken(p,
			    engine_sooner(held_back(p, r),
				hurry ? (long)(LAST_US - idle) : -1));
	}
	return s;
}

enum step
carry_turn(struct pump *p, struct ring *r)
{
	enum step s = STEP_DONE;

	if (p->nouts == 1)
		return s;
	if (p->many != NULL && p->many != r) {
		s = carry_flush(p, false);
		ring_release(p->many);
	}
	p->many = r;
	return s;
}

static size_t
largest_record(const struct input *in)
{
	return in->packets && in->kind == INPUT_SOCKET ? INPUT_PACKET :
							 in->record;
}

/* Buffers that a read, and a record of this input, fit in. */
static struct ring_conf
copy_plan(const struct pump *p, const struct input *in)
{
	const struct opts *o = p->o;
	struct ring_conf c = {
		.buf_size = COPY_BUFFER,
		.bank_bufs = 2,
		.banks = 1,
		.release = RELEASE_SENT,
	};

	if (o->chunk_size > c.buf_size)
		c.buf_size = o->chunk_size < COPY_MOST ?
		    (o->chunk_size + SHORT - 1) & ~((size_t)SHORT - 1) :
		    COPY_MOST;
	if (c.buf_size < largest_record(in))
		c.buf_size = largest_record(in);
	c.max = 2 * c.buf_size;
	if (c.max < o->buffer_size &&
	    (p->nouts > 1 || o->lag != LAG_WAIT || o->buffer_asked))
		c.max = o->buffer_size;
	return c;
}

/* An input with larger records needs other buffers than those before it. */
static enum step
copy_open(struct pump *p, const struct input *in)
{
	struct ring_conf c = copy_plan(p, in);
	enum step s = STEP_DONE;

	if (ring_ready(&p->copy) && p->copy.conf.buf_size >= c.buf_size)
		return s;
	if (p->many == &p->copy)
		s = carry_flush(p, false);
	/* with --lag somebody may not have got it all: it goes on as it is */
	if (s != STEP_DONE || p->copy.sent < p->copy.filled)
		return s;
	ring_release(&p->copy);
	return ring_init(&p->copy, &c) == -1 ? STEP_MEMORY : STEP_DONE;
}

enum step
run_copy(struct pump *p, struct input *in, uint64_t limit)
{
	enum step s = copy_open(p, in);

	if (s == STEP_DONE)
		s = carry_turn(p, &p->copy);
	if (s != STEP_DONE)
		return s;
	s = run_buffers(p, in, &p->copy, limit);
	return s == STEP_READ ? flush(p, &p->copy) : s;
}

/*
 * The ring is made of huge pages, or of small ones where --buffer-size leaves
 * no room for two, or there are none; then only a user who insists gets it.
 */
static struct ring_conf
ring_plan(const struct opts *o)
{
	size_t huge = huge_page_size(), page = (size_t)sysconf(_SC_PAGESIZE);
	struct ring_conf c = {
		.buf_size = RING_HUGE_MAX,
		.bank_bufs = BANK_BUFS,
		.banks = 2,
		.max = o->buffer_size,
		.release = o->release,
	};

	c.huge = huge != 0 && huge <= RING_HUGE_MAX && c.max >= 2 * huge;
	if (c.huge)
		c.buf_size = huge;
	else if (c.buf_size > c.max / 4)
		c.buf_size = c.max / 4 & ~(page - 1);
	if (c.buf_size < page)
		c.buf_size = page;
	while (c.bank_bufs > 1 && c.banks * c.bank_bufs * c.buf_size > c.max)
		c.bank_bufs--;
	return c;
}

static enum step
ring_open(struct pump *p)
{
	struct ring_conf conf = ring_plan(p->o);
	enum probe probe;

	if (ring_ready(&p->ring))
		return STEP_DONE;
	if (!engine_shares(p)) {
		conf.release = RELEASE_SENT;
	} else if (p->o->engine == ENGINE_RING && p->nouts > 1 &&
	    conf.release == RELEASE_AUTO) {
		/* later there may be bytes that only some have got */
		if (ring_probe() == PROBE_REFUSED)
			return STEP_REFUSED;
	} else if (conf.release == RELEASE_FENCE) {
		probe = ring_probe();
		if (probe == PROBE_COPIES)
			conf.release = RELEASE_SENT;
		else if (probe == PROBE_FAILED)
			conf.release = RELEASE_FRESH;
		else if (probe == PROBE_EXPOSED) {
			errno = EOPNOTSUPP;
			return STEP_REFUSED;
		}
	}
	if (ring_init(&p->ring, &conf) == -1)
		return p->o->engine == ENGINE_RING ? STEP_MEMORY : STEP_FALL;
	if (p->o->engine != ENGINE_RING && conf.release == RELEASE_AUTO &&
	    !p->ring.huge && !p->o->buffer_asked) {
		/* small pages: the faults cost more than a copy (2.5 GB/s) */
		ring_release(&p->ring);
		errno = 0;
		p->why = "no huge pages for a ring";
		return STEP_FALL;
	}
	return STEP_DONE;
}

enum step
run_ring(struct pump *p, struct input *in, uint64_t limit)
{
	enum step s = ring_open(p);

	if (s != STEP_DONE)
		return s;
	if (p->ring.conf.buf_size < largest_record(in)) {
		p->engine = ENGINE_COPY;
		p->why = "its records need larger buffers";
		return run_copy(p, in, limit);
	}
	s = carry_turn(p, &p->ring);
	if (s != STEP_DONE)
		return s;
	s = run_buffers(p, in, &p->ring, limit);
	return s == STEP_READ ? flush(p, &p->ring) : s;
}
