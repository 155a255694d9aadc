/* SPDX-License-Identifier: ISC */
/*
 * The pump. For each input it takes a ladder of engines from a table and goes
 * down it: an engine that cannot start falls to the next, and one that fails
 * later falls to the last, which is always copy. read(2) and write(2) then
 * say which side was to blame (splice(2) has one errno for two descriptors),
 * or carry on if neither was. No rung leaves with bytes in its hands.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pump.h"

/*
 * Sizes, all measured with a reader of 128 KiB at the other end.
 *
 * SHORT: below this a transfer is over before a ring or a larger pipe pays.
 * SHARE: a run shorter than this is copied into the pipe: vmsplice(2) takes
 *	a whole slot for each page touched, however few bytes lie in it.
 * GATHER: a piece that needs no company.
 * STREAK, STREAK_MOST, TICK_US: see gather().
 * SOCKET_MOST: SPLICE_F_NONBLOCK means nothing to a socket. After POLLOUT a
 *	third of its buffer is free, so this much does not block.
 * FILL: what one read takes from a file. Each vmsplice(2) waits for the pipe's
 *	lock and wakes the reader, so few of them; 2 MiB leaves the cache.
 * AHEAD: so much of a file is read before it can be sent; see far_ahead().
 * FIFO_US: between two looks whether a FIFO has got a reader.
 * LAST_US: at the end, an output that lags has so long to take anything at all.
 * BANK_BUFS: a fence per 6 MiB, two such banks. More leave the cache.
 */
enum {
	SHORT = 64 << 10,
	SHARE = 16 << 10,
	GATHER = 64 << 10,
	STREAK = 16,
	STREAK_MOST = 4096,
	TICK_US = 200,
	FILL = 1 << 20,
	AHEAD = 2 << 20,
	BANK_BUFS = 3,
	COPY_BUFFER = 128 << 10,
	COPY_MOST = 16 << 20,
	PIPES_MOST = 32 << 20,
	SPLICE_MOST = 1 << 20,
	SOCKET_MOST = 32 << 10,
	RANGE_MOST = 32 << 20,
	MAP_WINDOW = 64 << 20,
	MAP_FILL = 1 << 20,
	FIFO_US = 10000,
	LAST_US = 1000000,
	DRAIN_US = 50,
	DRAIN_MOST_US = 10000,
};

enum step {
	STEP_DONE,    /* the end of the input, and all of it sent */
	STEP_LIMIT,   /* as much as was asked for, and all of it sent */
	STEP_FALL,    /* this engine cannot go on: errno, 0 at an end that only
			   read(2) can confirm; all that was taken was sent */
	STEP_REFUSED, /* as STEP_FALL, but the user has forced it: errno */
	STEP_READ,    /* errno */
	STEP_WRITE,   /* on_lost() said so, or no output is left */
	STEP_POLL,    /* errno */
	STEP_STOPPED,
	STEP_MEMORY, /* errno */
};

/* The outputs that are still there. */
#define FOREACH_OUTPUT(p, o)                                                \
	for (struct output *o = (p)->outs; o < (p)->outs + (p)->nouts; o++) \
		if (!o->gone)

/* ---- waiting ---------------------------------------------------------- */

static bool
stopped(struct pump *p)
{
	return *p->calls->woken && p->calls->on_wake(p->calls->ctx);
}

static size_t
count_left(const struct pump *p)
{
	size_t n = 0;

	FOREACH_OUTPUT(p, o)
		n++;
	return n;
}

/* An output has failed: errno. STEP_DONE if the others go on without it. */
static enum step
lose(struct pump *p, struct output *o, enum loss loss)
{
	bool go_on = p->calls->on_lost(p->calls->ctx, o, loss);

	return go_on && count_left(p) > 0 ? STEP_DONE : STEP_WRITE;
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
			errno = output_lost(o);
			s = lose(p, o, LOSS_ERROR);
			if (s != STEP_DONE)
				return s;
		} else if (p->polls[i].revents & POLLOUT)
			o->full = false;
	}
	return STEP_DONE;
}

/*
 * The only place where zpipe sleeps: until the input can be read (if in is not
 * NULL), an output that was full has room, a reader leaves, a signal comes,
 * or usec (-1: ever) have passed. Sets p->in_ready, clears o->full. No event
 * tells that a FIFO has got a reader, so with one to wait for it sleeps less.
 */
static enum step
wait_for(struct pump *p, const struct input *in, long usec)
{
	struct pollfd *pin = &p->polls[p->nouts], *wake = pin + 1;
	struct timespec t;
	int n;

	for (size_t i = 0; i < p->nouts; i++) {
		struct output *o = &p->outs[i];

		p->polls[i].fd = o->full || output_watchable(o) ? o->fd : -1;
		p->polls[i].events = o->full ? POLLOUT : 0;
		if (o->fifo != NULL && (usec < 0 || usec > FIFO_US))
			usec = FIFO_US;
	}
	*pin = (struct pollfd){ in == NULL ? -1 : in->fd, POLLIN, 0 };
	*wake = (struct pollfd){ p->calls->wake_fd, POLLIN, 0 };
	t = (struct timespec){ usec / 1000000, usec % 1000000 * 1000 };
	n = ppoll(p->polls, p->nouts + 2, usec < 0 ? NULL : &t, NULL);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		return STEP_POLL;
	if (n <= 0)
		return STEP_DONE; /* time is up, or look again */
	if (pin->revents != 0) {
		p->in_ready = true;
		p->in_hup = (pin->revents & POLLHUP) != 0;
	}
	return look_at_outputs(p);
}

/*
 * A busy producer of small pieces (stdio's 4 KiB, say) is slowed by every
 * wake-up that they cause. So after a streak of them let the input grow for one
 * tick, with nobody waiting for it. If it does grow, that was a stream, and the
 * next pieces are gathered in the same way; if not, somebody awaits an answer,
 * and the next try is twice as far off. Called before a piece is taken.
 */
static enum step
gather(struct pump *p, const struct input *in)
{
	size_t held;
	enum step s;

	if (in->kind != INPUT_PIPE || p->in_hup || p->small < p->streak)
		return STEP_DONE;
	held = input_pending(in);
	if (held >= GATHER)
		return STEP_DONE;
	s = wait_for(p, NULL, TICK_US);
	if (input_pending(in) >= 4 * held) {
		p->streak = STREAK;
	} else {
		p->small = 0;
		if (p->streak < STREAK_MOST)
			p->streak *= 2;
	}
	return s;
}

/* A piece of n bytes has been taken. */
static void
count_piece(struct pump *p, size_t n)
{
	if (n < GATHER && p->small < p->streak)
		p->small++;
}

/* The transfer has proved long enough for large pipes. */
static void
grow_pipes(struct pump *p, const struct input *in)
{
	size_t size = p->o->pipe_size;

	if (p->grown || size == 0 ||
	    (in->left < SHORT && p->moved - p->start < SHORT))
		return;
	p->grown = true;
	if (in->kind == INPUT_PIPE)
		pipe_grow(in->fd, size);
	/* a user has 64 MiB in all pipes (pipe(7)); then new ones are tiny */
	while (size > PIPES_MOST / p->nouts)
		size /= 2;
	FOREACH_OUTPUT(p, o)
		if (o->kind == OUTPUT_PIPE && o->fd != -1)
			pipe_grow(o->fd, size);
}

/* ---- ring and copy: through user memory ------------------------------- */

/* The slowest cursor, or the slowest bound. */
static uint64_t
slowest(const struct pump *p, bool drained)
{
	uint64_t least = UINT64_MAX;

	FOREACH_OUTPUT(p, o) {
		uint64_t at = drained ? o->drained : o->sent;

		if (at < least)
			least = at;
	}
	return least == UINT64_MAX ? p->moved : least;
}

/* Where every output is; tee(2) may have given them more than the ring has. */
static uint64_t
sent_by_all(const struct pump *p, const struct ring *r)
{
	uint64_t at = slowest(p, false);

	return at < r->filled ? at : r->filled;
}

/* The furthest cursor, or bound. */
static uint64_t
furthest(const struct pump *p, bool drained)
{
	uint64_t most = 0;

	FOREACH_OUTPUT(p, o) {
		uint64_t at = drained ? o->drained : o->sent;

		if (at > most)
			most = at;
	}
	return most;
}

/*
 * What is read long before it can be sent leaves the cache, and takes the place
 * of buffers that have been sent: those need time, for their readers to let go
 * of them and for the fence's child. Behind four splicing stages half of all
 * buffers were late before there was this limit (0.60 of the splice loop, now
 * 0.75). So a file, which can wait, is read only so far ahead...
 */
static bool
far_ahead(const struct pump *p, const struct input *in, const struct ring *r)
{
	uint64_t sent = p->o->lag == LAG_WAIT ? r->sent : furthest(p, false);

	return !input_pollable(in) && r->filled - sent >= AHEAD;
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
		if (output_drain(o) == 0)
			continue;
		/* a fence is right without it, the user's promise is not */
		o->drained = o->sent;
		if (r->release == RELEASE_DRAIN)
			r->release = RELEASE_FRESH;
	}
	ring_drained(r, slowest(p, true));
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
	bool alone = p->nouts == 1 && input_pollable(in);
	uint64_t wants = ring_wants(r), end = r->sent;
	size_t len = 0;

	if (crowded(r) || wants > r->sent) {
		if (r->sent < r->filled)
			ring_bytes(r, r->sent, &len);
		end += len;
		if (len == 0 || (!alone && furthest(p, false) < end))
			return false;
		FOREACH_OUTPUT(p, o) {
			if (o->sent >= end)
				continue;
			if (p->o->lag == LAG_DETACH)
				lose(p, o, LOSS_LAG);
			else
				output_skip(o, end);
		}
		ring_sent(r, sent_by_all(p, r));
		return count_left(p) > 0;
	}
	if (!alone && furthest(p, true) < wants)
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
try_room(struct ring *r, size_t *n)
{
	if (!crowded(r))
		return ring_room(r, n);
	errno = EAGAIN;
	return NULL;
}

/* Room in the ring, or what can be done to get some. */
static char *
find_room(struct pump *p, const struct input *in, struct ring *r, size_t *n)
{
	char *room = try_room(r, n);

	if (room != NULL || errno != EAGAIN)
		return room;
	drain_all(p, r);
	room = try_room(r, n);
	if (room != NULL || errno != EAGAIN)
		return room;
	/* a bank is added behind a full one; up to there it is merely filled */
	if (may_grow(p, in, r) &&
	    (ring_grow(r) == 0 ||
		ring_size(r) + r->conf.buf_size <= r->conf.max)) {
		room = ring_room(r, n);
		if (room != NULL || errno != EAGAIN)
			return room;
	}
	while (p->o->lag != LAG_WAIT && make_way(p, in, r)) {
		room = try_room(r, n);
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

/* Reads at most `most` bytes into the ring. */
static enum fill
fill(struct pump *p, struct input *in, struct ring *r, uint64_t most)
{
	size_t chunk = p->o->chunk_size != 0 ? p->o->chunk_size : FILL;
	size_t n;
	ssize_t got;
	char *room = find_room(p, in, r, &n);

	if (room == NULL)
		return errno == EAGAIN ? FILL_FULL : FILL_NOMEM;
	if (input_pollable(in) && !p->in_ready)
		return FILL_IDLE;
	n = n < chunk ? n : chunk;
	n = n < most ? n : (size_t)most;
	got = input_read(in, room, n);
	p->in_ready = false;
	if (got == -1 && errno == EINTR)
		return FILL_AGAIN;
	if (got == -1 && errno == EAGAIN)
		return FILL_IDLE;
	if (got == -1)
		return FILL_READ;
	if (got == 0)
		return FILL_END;
	ring_filled(r, (size_t)got);
	p->moved += (uint64_t)got;
	p->piece = (size_t)got;
	count_piece(p, p->piece);
	return FILL_SOME;
}

/* A FIFO may have got a reader. False as long as it has none. */
static enum step
connect(struct pump *p, struct output *o)
{
	if (output_connect(o) == -1 && errno != EAGAIN)
		return lose(p, o, LOSS_ERROR);
	if (o->fd != -1 && p->grown)
		p->grown = false; /* this one has not */
	return STEP_DONE;
}

/*
 * Gives one output what it has not got yet. *moved is set if it took any of
 * it; o->full if it would take no more.
 */
static enum step
send_one(struct pump *p, struct ring *r, struct output *o, bool *moved)
{
	while (o->sent < r->filled) {
		size_t len;
		const char *bytes = ring_bytes(r, o->sent, &len);
		bool share = r == &p->ring && o->vmsplices && len >= SHARE;
		ssize_t n;

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
			if (p->o->engine == ENGINE_RING &&
			    o->sent == p->start) {
				errno = o->refused;
				return STEP_REFUSED;
			}
			continue; /* write(2) knows better */
		}
		*moved = true; /* the others may have room now */
		return lose(p, o, LOSS_ERROR);
	}
	return STEP_DONE;
}

static enum step
send_all(struct pump *p, struct ring *r, bool *moved)
{
	FOREACH_OUTPUT(p, o) {
		enum step s = STEP_DONE;

		if (o->fifo != NULL)
			s = connect(p, o);
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
	bool event = false;

	if (!full || slowest(p, false) < r->filled)
		return -1;
	FOREACH_OUTPUT(p, o) {
		o->full = !output_ready(o);
		event = event || o->full;
	}
	if (event)
		return -1;
	*backoff = *backoff == 0 ? DRAIN_US : *backoff * 2;
	if (*backoff > DRAIN_MOST_US)
		*backoff = DRAIN_MOST_US;
	return *backoff;
}

/* Small pieces, and no stream of them as far as we know. */
static bool
trickles(const struct pump *p)
{
	return p->piece < SHARE && p->small < p->streak;
}

/*
 * Both engines that pass bytes through user memory. limit 0: to the end. With
 * several outputs it need not have been sent then: pump_flush() sees to that.
 */
static enum step
run_buffers(struct pump *p, struct input *in, struct ring *r, uint64_t limit)
{
	uint64_t stop = limit == 0 ? UINT64_MAX : p->moved + limit;
	bool end = false;
	long backoff = 0;

	ring_skip(r, p->moved);
	for (;;) {
		enum fill f = FILL_NONE;
		bool moved = false, idle;
		long usec;
		enum step s;

		if (stopped(p))
			return STEP_STOPPED;
		ring_sent(r, sent_by_all(p, r)); /* one may be lost */
		grow_pipes(p, in);
		if (p->in_ready && (s = gather(p, in)) != STEP_DONE)
			return s;
		if (!end && p->moved < stop && !far_ahead(p, in, r)) {
			f = fill(p, in, r, stop - p->moved);
			if (f == FILL_READ || f == FILL_NOMEM)
				return f == FILL_READ ? STEP_READ : STEP_MEMORY;
			if (count_left(p) == 0)
				return STEP_WRITE;
			end = f == FILL_END;
			moved = f == FILL_SOME || f == FILL_AGAIN || end;
			if (p->trickle && !trickles(p))
				stop = p->moved;
		}
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		if (end && r == p->many)
			return STEP_DONE;
		if (r->sent == r->filled && (end || p->moved == stop))
			return end ? STEP_DONE : STEP_LIMIT;
		if (moved) {
			backoff = 0;
			continue;
		}
		usec = patience(p, r, f == FILL_FULL, &backoff);
		idle = f == FILL_IDLE && input_pollable(in);
		if (f == FILL_IDLE && !idle)
			usec = TICK_US; /* EAGAIN of a file: FUSE, NFS */
		s = wait_for(p, idle ? in : NULL, usec);
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

		if (stopped(p))
			return STEP_STOPPED;
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		if (r->sent == r->filled)
			break;
		if (!moved && (s = wait_for(p, NULL, -1)) != STEP_DONE)
			return s;
	}
	errno = saved;
	return STEP_READ;
}

/* Hands over the outputs that are done; true if that was not all of them. */
static bool
part(struct pump *p, uint64_t all, bool last)
{
	bool more = false;

	FOREACH_OUTPUT(p, o) {
		if (o->sent < all || o->fifo != NULL)
			more = true;
		else if (last)
			p->calls->on_done(p->calls->ctx, o);
	}
	return more;
}

/* These have had their time. */
static void
leave_behind(struct pump *p, uint64_t all)
{
	FOREACH_OUTPUT(p, o) {
		if (p->o->lag == LAG_DETACH)
			lose(p, o, LOSS_LAG);
		else {
			output_skip(o, all);
			p->calls->on_done(p->calls->ctx, o);
		}
	}
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/*
 * Sends what waits in the ring of several outputs. With --lag those that are
 * behind are left to it, but at the last: then they have LAST_US.
 */
static enum step
flush_many(struct pump *p, bool last)
{
	uint64_t all = p->moved, since = now_us(), idle;
	struct ring none = RING_INITIALIZER;
	struct ring *r = p->many != NULL ? p->many : &none;
	bool lags = p->o->lag != LAG_WAIT;
	size_t before = count_left(p);
	enum step s = STEP_DONE;

	while (s == STEP_DONE && part(p, all, last)) {
		bool moved = false, hurry;

		if (stopped(p))
			return STEP_STOPPED;
		s = send_all(p, r, &moved);
		if (s != STEP_DONE)
			return s;
		idle = now_us() - since;
		hurry = lags && last && count_left(p) < before;
		if (moved)
			since += idle;
		else if (lags && !last && furthest(p, false) == all)
			break;
		else if (hurry && idle >= LAST_US)
			leave_behind(p, all);
		else
			s = wait_for(p, NULL,
			    hurry ? (long)(LAST_US - idle) : -1);
	}
	return s;
}

/*
 * Several outputs: r (NULL: no ring) serves them from now on. What waits in
 * another one is sent first.
 */
static enum step
take_turn(struct pump *p, struct ring *r)
{
	enum step s = STEP_DONE;

	if (p->nouts == 1)
		return s;
	if (p->many != NULL && p->many != r)
		s = flush_many(p, false);
	p->many = r;
	return s;
}

static enum step
run_copy(struct pump *p, struct input *in, uint64_t limit)
{
	struct ring_conf c = {
		.buf_size = COPY_BUFFER,
		.bank_bufs = 2,
		.banks = 1,
		.release = RELEASE_SENT,
	};
	enum step s;

	if (p->o->chunk_size > c.buf_size)
		c.buf_size = p->o->chunk_size < COPY_MOST ?
		    (p->o->chunk_size + SHORT - 1) & ~((size_t)SHORT - 1) :
		    COPY_MOST;
	c.max = p->nouts == 1 ? 2 * c.buf_size : p->o->buffer_size;
	if (!ring_ready(&p->copy) && ring_init(&p->copy, &c) == -1)
		return STEP_MEMORY;
	s = take_turn(p, &p->copy);
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

/* Some output takes pages, so that there is something to guard. */
static bool
shares(const struct pump *p)
{
	for (size_t i = 0; i < p->nouts; i++)
		if (p->outs[i].vmsplices)
			return true;
	return false;
}

/* Each of them is a pipe, and its reader is there. */
static bool
all_pipes(const struct pump *p)
{
	FOREACH_OUTPUT(p, o)
		if (o->kind != OUTPUT_PIPE || o->fd == -1)
			return false;
	return true;
}

static enum step
ring_open(struct pump *p)
{
	struct ring_conf conf = ring_plan(p->o);
	enum probe probe;

	if (ring_ready(&p->ring))
		return STEP_DONE;
	if (!shares(p)) {
		conf.release = RELEASE_SENT;
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
	    !p->ring.huge) {
		/* small pages: the faults cost more than a copy (2.5 GB/s) */
		ring_release(&p->ring);
		errno = 0;
		p->why = "no huge pages for a ring";
		return STEP_FALL;
	}
	return STEP_DONE;
}

static enum step
run_ring(struct pump *p, struct input *in, uint64_t limit)
{
	enum step s = ring_open(p);

	if (s != STEP_DONE)
		return s;
	s = take_turn(p, &p->ring);
	if (s != STEP_DONE)
		return s;
	s = run_buffers(p, in, &p->ring, limit);
	return s == STEP_READ ? flush(p, &p->ring) : s;
}

/* ---- splice: the kernel moves the pages ------------------------------- */

static void
passed(struct pump *p, size_t n)
{
	p->moved += n;
	output_gave(&p->outs[0], n);
}

/* An errno of splice, copy_file_range or vmsplice: whose is it? */
static enum step
fallen(struct pump *p)
{
	return errno == EPIPE ? lose(p, &p->outs[0], LOSS_ERROR) : STEP_FALL;
}

/*
 * One splice when both sides are said to be ready, or STEP_DONE if it has to be
 * asked again. *n is what it moved; 0 with STEP_LIMIT is the end.
 */
static enum step
splice_once(struct pump *p, const struct input *in, int from, int to, size_t *n)
{
	struct output *o = &p->outs[0];
	size_t most = p->o->chunk_size != 0 ? p->o->chunk_size : SPLICE_MOST;
	/*
	 * Before 6.5 a file may answer EAGAIN for what is not in the page
	 * cache. With room in the pipe a blocking call waits for the disk only.
	 */
	bool room = to == p->pair[1] || p->out_polled;
	bool block = room && !input_pollable(in);
	ssize_t r;

	if (to == o->fd && o->kind == OUTPUT_SOCKET && most > SOCKET_MOST)
		most = SOCKET_MOST;
	r = splice(from, NULL, to, NULL, most, block ? 0 : SPLICE_F_NONBLOCK);
	if (to == o->fd && o->kind == OUTPUT_SOCKET)
		o->full = true; /* that is, poll before the next */
	*n = 0;
	p->in_ready = p->out_polled = false;
	if (r > 0) {
		*n = (size_t)r;
		return STEP_DONE;
	}
	if (r == 0)
		return STEP_LIMIT;
	if (errno == EINTR)
		return STEP_DONE;
	if (errno == EAGAIN) {
		o->full = true;
		return STEP_DONE;
	}
	return fallen(p);
}

/* Waits for what a splice needs: input, room, or a larger piece. */
static enum step
splice_ready(struct pump *p, const struct input *in, bool *ready)
{
	struct output *o = &p->outs[0];
	enum step s;

	*ready = false;
	if (stopped(p))
		return STEP_STOPPED;
	if (input_pollable(in) && !p->in_ready)
		return wait_for(p, in, -1);
	if (o->full) {
		s = wait_for(p, NULL, -1);
		p->out_polled = !o->full;
		return s;
	}
	s = gather(p, in);
	if (s != STEP_DONE)
		return s;
	*ready = true;
	return STEP_DONE;
}

/* STEP_LIMIT: it has become a trickle, and the caller cares. */
static enum step
splice_direct(struct pump *p, struct input *in, bool cares)
{
	enum step s;
	size_t n;
	bool ready;

	for (;;) {
		s = splice_ready(p, in, &ready);
		if (s != STEP_DONE)
			return s;
		if (!ready)
			continue;
		s = splice_once(p, in, in->fd, p->outs[0].fd, &n);
		if (s == STEP_LIMIT) {
			errno = 0;
			return STEP_FALL; /* read(2) has the last word */
		}
		if (s != STEP_DONE)
			return s;
		passed(p, n);
		grow_pipes(p, in);
		p->piece = n;
		count_piece(p, n);
		if (cares && n > 0 && trickles(p))
			return STEP_LIMIT;
	}
}

/*
 * From a stream to a pipe. A byte there and back takes a tenth longer by splice
 * than by read and write, so a trickle is copied until a large piece comes.
 */
static enum step
splice_stream(struct pump *p, struct input *in)
{
	enum step s = STEP_LIMIT;

	if (p->o->engine != ENGINE_AUTO)
		return splice_direct(p, in, false);
	while (s == STEP_LIMIT) {
		p->trickle = true;
		s = run_copy(p, in, 0);
		p->trickle = false;
		if (s == STEP_LIMIT)
			s = splice_direct(p, in, true);
	}
	return s;
}

/* The output will not take what the private pipe holds: write(2) it. */
static enum step
spill(struct pump *p, size_t held)
{
	struct input pair = {
		.name = "",
		.fd = p->pair[0],
		.kind = INPUT_PIPE,
		.left = -1,
	};
	int saved = errno;
	enum step s = run_copy(p, &pair, held);

	errno = saved;
	return s == STEP_LIMIT ? STEP_FALL : s;
}

static enum step
splice_held(struct pump *p, const struct input *in, size_t held)
{
	struct output *o = &p->outs[0];
	enum step s;
	size_t n;

	while (held > 0) {
		if (stopped(p))
			return STEP_STOPPED;
		if (o->full) {
			s = wait_for(p, NULL, -1);
			if (s != STEP_DONE)
				return s;
			continue;
		}
		s = splice_once(p, in, p->pair[0], o->fd, &n);
		if (s == STEP_LIMIT)
			errno = EIO; /* it was not empty */
		if (s == STEP_FALL || s == STEP_LIMIT)
			return spill(p, held);
		if (s != STEP_DONE)
			return s;
		passed(p, n);
		held -= n;
	}
	return STEP_DONE;
}

static int
pair_open(struct pump *p)
{
	if (p->pair[0] != -1)
		return 0;
	if (pipe2(p->pair, O_CLOEXEC) == -1)
		return -1;
	pipe_grow(p->pair[1], SPLICE_MOST);
	return 0;
}

/* Neither side is a pipe: by way of one of our own. */
static enum step
splice_private(struct pump *p, struct input *in)
{
	enum step s;
	size_t n;

	if (pair_open(p) == -1)
		return STEP_FALL;
	for (;;) {
		if (stopped(p))
			return STEP_STOPPED;
		if (input_pollable(in) && !p->in_ready) {
			s = wait_for(p, in, -1);
			if (s != STEP_DONE)
				return s;
			continue;
		}
		s = splice_once(p, in, in->fd, p->pair[1], &n);
		if (s == STEP_LIMIT) {
			errno = 0;
			return STEP_FALL;
		}
		if (s != STEP_DONE)
			return s;
		s = splice_held(p, in, n);
		if (s != STEP_DONE)
			return s;
	}
}

/* ---- tee: one pipe into several --------------------------------------- */

/*
 * tee(2) gives the pages of one pipe to another and leaves them where they are;
 * they must be ours alone then, so the input goes into a private pipe first.
 * It always gives what is at the front: so an output that has got more than
 * another waits until what both have has been dropped. The front is p->moved.
 * From a pipe to four, 1.3 times as fast as the ring, for a third of the
 * processor time.
 */
static enum step
tee_all(struct pump *p, size_t held, bool *moved)
{
	FOREACH_OUTPUT(p, o) {
		ssize_t n;

		if (o->sent > p->moved || o->full)
			continue;
		n = tee(p->pair[0], o->fd, held, SPLICE_F_NONBLOCK);
		if (n > 0) {
			output_gave(o, (size_t)n);
			*moved = true;
		} else if (n == -1 && errno == EAGAIN)
			o->full = true;
		else if (n == -1 && errno == EPIPE) {
			*moved = true;
			if (lose(p, o, LOSS_ERROR) != STEP_DONE)
				return STEP_WRITE;
		} else if (n == -1 && errno != EINTR)
			return STEP_FALL;
	}
	return STEP_DONE;
}

/* What everybody has got is dropped: into /dev/null, which copies nothing. */
static enum step
tee_drop(struct pump *p, size_t *held)
{
	uint64_t n = slowest(p, false) - p->moved;
	ssize_t r;

	while (n > 0) {
		r = splice(p->pair[0], NULL, p->null, NULL, n, 0);
		if (r <= 0)
			return STEP_READ; /* nobody would know where we are */
		p->moved += (uint64_t)r;
		*held -= (size_t)r;
		n -= (uint64_t)r;
	}
	return STEP_DONE;
}

static enum step
tee_held(struct pump *p, size_t held)
{
	enum step s;

	while (held > 0) {
		bool moved = false;

		if (stopped(p))
			return STEP_STOPPED;
		s = tee_all(p, held, &moved);
		if (s == STEP_WRITE)
			return s;
		if (tee_drop(p, &held) != STEP_DONE)
			return STEP_READ;
		if (s == STEP_FALL)
			return held > 0 ? spill(p, held) : s;
		if (!moved && (s = wait_for(p, NULL, -1)) != STEP_DONE)
			return s;
	}
	return STEP_DONE;
}

static int
tee_open(struct pump *p)
{
	if (p->null == -1)
		p->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (p->null == -1)
		return -1;
	return pair_open(p);
}

static enum step
run_tee(struct pump *p, struct input *in)
{
	enum step s = take_turn(p, NULL);
	size_t n;

	if (s == STEP_DONE && tee_open(p) == -1)
		s = STEP_FALL;
	while (s == STEP_DONE) {
		if (stopped(p))
			return STEP_STOPPED;
		if (input_pollable(in) && !p->in_ready) {
			s = wait_for(p, in, -1);
			continue;
		}
		s = gather(p, in);
		if (s != STEP_DONE)
			break;
		s = splice_once(p, in, in->fd, p->pair[1], &n);
		if (s == STEP_LIMIT) {
			errno = 0;
			return STEP_FALL;
		}
		if (s != STEP_DONE)
			break;
		count_piece(p, n);
		s = tee_held(p, n);
		grow_pipes(p, in);
	}
	return s;
}

static enum step
run_splice(struct pump *p, struct input *in, uint64_t limit)
{
	(void)limit;
	if (p->nouts > 1)
		return run_tee(p, in);
	grow_pipes(p, in);
	if (input_pollable(in) && p->outs[0].kind == OUTPUT_PIPE)
		return splice_stream(p, in);
	if (in->kind == INPUT_PIPE || p->outs[0].kind == OUTPUT_PIPE)
		return splice_direct(p, in, false);
	return splice_private(p, in);
}

/* ---- range: from file to file within the kernel ----------------------- */

/*
 * The output gets the blocks of the input, not a copy of them: all at once, and
 * a snapshot (ioctl_ficlonerange(2); XFS, Btrfs, ...). To the end as it was
 * when the input was opened; if that has moved, EINVAL. Never for O_APPEND,
 * where the offset says nothing about where the bytes would go. STEP_DONE,
 * STEP_FALL if that is not to be had here, or STEP_READ.
 */
static enum step
range_clone(struct pump *p, const struct input *in)
{
	struct output *o = &p->outs[0];
	off_t from = lseek(in->fd, 0, SEEK_CUR), to = lseek(o->fd, 0, SEEK_CUR);
	struct file_clone_range r = {
		.src_fd = in->fd,
		.src_offset = (uint64_t)from,
		.src_length = (uint64_t)in->left,
		.dest_offset = (uint64_t)to,
	};

	if (o->append || in->left <= 0 || from == -1 || to == -1 ||
	    ioctl(o->fd, FICLONERANGE, &r) == -1)
		return STEP_FALL;
	/* the offsets stand as if it had been read and written */
	if (lseek(in->fd, from + in->left, SEEK_SET) == -1 ||
	    lseek(o->fd, to + in->left, SEEK_SET) == -1)
		return STEP_READ;
	passed(p, (size_t)in->left);
	return STEP_DONE;
}

/* Copying may be left to a server: NFS, SMB, Ceph, FUSE (statfs(2)). */
static bool
is_remote(int fd)
{
	static const unsigned long remote[] = { 0x6969, 0xfe534d42, 0xff534d42,
		0x00c36400, 0x65735546 };
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return false;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == remote[i])
			return true;
	return false;
}

static enum step
run_range(struct pump *p, struct input *in, uint64_t limit)
{
	enum step s = range_clone(p, in);
	ssize_t n;

	(void)limit;
	if (s == STEP_READ)
		return s;
	if (s == STEP_DONE) {
		errno = 0; /* what has been added since is for read(2) */
		return STEP_FALL;
	}
	/* on a local disk read and write are faster, by a tenth to a fifth */
	if (p->o->engine == ENGINE_AUTO && !is_remote(p->outs[0].fd)) {
		errno = EOPNOTSUPP;
		return STEP_FALL;
	}
	for (;;) {
		if (stopped(p))
			return STEP_STOPPED;
		n = copy_file_range(in->fd, NULL, p->outs[0].fd, NULL,
		    RANGE_MOST, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fallen(p);
		if (n == 0) {
			errno = 0; /* it says so of /proc files as well */
			return STEP_FALL;
		}
		passed(p, (size_t)n);
	}
}

/* ---- mmap: the page cache itself into the pipe ------------------------ */

/*
 * Gives the window's bytes [at, len) to the pipe. They are never rewritten by
 * us, so nothing needs release. A file that has been shortened is EFAULT, from
 * MADV_POPULATE_READ or from vmsplice(2), never SIGBUS: we do not touch them.
 */
static enum step
map_send(struct pump *p, char *map, size_t at, size_t len)
{
	struct output *o = &p->outs[0];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), want;
	enum step s;
	ssize_t n;

	while (at < len) {
		if (stopped(p))
			return STEP_STOPPED;
		if (o->full) {
			s = wait_for(p, NULL, -1);
			if (s != STEP_DONE)
				return s;
			continue;
		}
		want = len - at < MAP_FILL ? len - at : MAP_FILL;
#ifdef MADV_POPULATE_READ
		/* vmsplice faults with the pipe's lock held; so fault first */
		madvise(map + (at & ~(page - 1)), want + (at & (page - 1)),
		    MADV_POPULATE_READ);
#endif
		n = output_share(o, map + at, want);
		if (n == -1 && errno == EAGAIN)
			o->full = true;
		else if (n == -1 && errno != EINTR) {
			errno = errno == EOPNOTSUPP ? o->refused : errno;
			return fallen(p);
		} else if (n > 0) {
			passed(p, (size_t)n);
			at += (size_t)n;
		}
	}
	return STEP_DONE;
}

static enum step
run_mmap(struct pump *p, struct input *in, uint64_t limit)
{
	off_t page = sysconf(_SC_PAGESIZE), pos = lseek(in->fd, 0, SEEK_CUR);
	enum step s = STEP_DONE;
	struct stat st;
	int saved;

	(void)limit;
	if (pos == -1)
		return STEP_FALL;
	grow_pipes(p, in);
	while (s == STEP_DONE) {
		uint64_t before = p->moved;
		off_t from = pos & ~(page - 1);
		size_t len;
		char *map;

		if (fstat(in->fd, &st) == -1)
			return STEP_FALL;
		if (st.st_size <= pos) {
			errno = 0;
			return STEP_FALL;
		}
		len = MAP_WINDOW;
		if (st.st_size - from < MAP_WINDOW)
			len = (size_t)(st.st_size - from);
		map = mmap(NULL, len, PROT_READ, MAP_SHARED, in->fd, from);
		if (map == MAP_FAILED)
			return STEP_FALL;
		s = map_send(p, map, (size_t)(pos - from), len);
		saved = errno;
		munmap(map, len);
		pos += (off_t)(p->moved - before);
		/* whoever shares stdin finds it where cat would leave it */
		if (lseek(in->fd, pos, SEEK_SET) == -1)
			return STEP_READ;
		errno = saved;
	}
	return s;
}

/* ---- the choice ------------------------------------------------------- */

#define IN(kind) (1u << (INPUT_##kind))
#define OUT(kind) (1u << (OUTPUT_##kind))
#define ANY (~0u)
#define FILES (IN(FILE) | IN(BLOCK))
#define STREAMS (IN(PIPE) | IN(SOCKET))
#define RUNGS 4

/* What --engine=auto tries, best first; the first row that fits counts. */
static const struct row {
	unsigned in, out;
	enum engine rungs[RUNGS]; /* ENGINE_AUTO ends it */
	const char *why;
} table[] = {
	{ FILES | IN(CHAR), OUT(PIPE), { ENGINE_RING, ENGINE_COPY },
	    "to a pipe, as a snapshot of what was read" },
	{ IN(FILE), OUT(FILE), { ENGINE_RANGE, ENGINE_COPY },
	    "from file to file" },
	{ STREAMS, OUT(PIPE), { ENGINE_SPLICE, ENGINE_RING, ENGINE_COPY },
	    "one reader, and nobody looks at the bytes" },
	{ STREAMS, OUT(FILE) | OUT(SOCKET) | OUT(NULL),
	    { ENGINE_SPLICE, ENGINE_COPY }, "nobody looks at the bytes" },
	{ FILES, OUT(NULL), { ENGINE_SPLICE, ENGINE_COPY },
	    "nobody looks at the bytes" },
	{ ANY, ANY, { ENGINE_COPY }, "nothing faster fits these two" },
};

/* What each engine can do if the user insists, and what it needs. */
static const struct able {
	unsigned in, out;
	bool many; /* outputs */
	const char *needs;
} ables[] = {
	[ENGINE_AUTO] = { ANY, ANY, true, "" },
	[ENGINE_RING] = { ANY, ANY, true, "" },
	[ENGINE_MMAP] = { IN(FILE), OUT(PIPE), false,
	    "needs a regular file as input and a pipe as output" },
	[ENGINE_SPLICE] = { ANY & ~IN(TTY), ANY & ~OUT(TTY), true,
	    "needs a file, pipe or socket on both sides" },
	[ENGINE_RANGE] = { IN(FILE), OUT(FILE), false,
	    "needs a regular file on both sides" },
	[ENGINE_COPY] = { ANY, ANY, true, "" },
};

static const struct {
	enum step (*run)(struct pump *, struct input *, uint64_t limit);
} engines[] = {
	[ENGINE_RING] = { run_ring },
	[ENGINE_MMAP] = { run_mmap },
	[ENGINE_SPLICE] = { run_splice },
	[ENGINE_RANGE] = { run_range },
	[ENGINE_COPY] = { run_copy },
};

static unsigned
out_mask(const struct pump *p)
{
	unsigned m = 0;

	for (size_t i = 0; i < p->nouts; i++)
		m |= 1u << p->outs[i].kind;
	return m;
}

static bool
takes(unsigned ins, unsigned outs, enum input_kind in, unsigned out)
{
	return (ins & (1u << in)) != 0 && (out & ~outs) == 0;
}

const char *
pump_misfit(const struct pump *p, enum input_kind kind)
{
	const struct able *a = &ables[p->o->engine];

	if (p->nouts > 1 && p->o->engine == ENGINE_SPLICE && !all_pipes(p))
		return "needs pipes where there are several outputs";
	if (p->nouts > 1 && !a->many)
		return "needs a single output";
	return takes(a->in, a->out, kind, out_mask(p)) ? NULL : a->needs;
}

/*
 * With --lag several outputs have one engine for all inputs: a slow one may
 * still be busy with the last when the others want the next. And tee(2) lets
 * nobody be further ahead than its pipe is long.
 */
static size_t
choose_many(struct pump *p, const struct input *in, enum engine rungs[RUNGS])
{
	bool wait = p->o->lag == LAG_WAIT, ring = shares(p);
	size_t n = 0;

	if (p->many != NULL && !wait)
		ring = p->many == &p->ring;
	p->why = "several outputs, and no pipe among them";
	if (ring && wait && p->o->nfiles == 1 && in->left >= 0 &&
	    in->left < SHORT) {
		p->why = "under 64 KiB";
		ring = false;
	} else if (ring)
		p->why = "several outputs share its buffers";
	if (wait && takes(STREAMS, ANY, in->kind, 0) && all_pipes(p) &&
	    !p->o->no_splice) {
		p->why = "several pipes, and nobody looks at the bytes";
		rungs[n++] = ENGINE_SPLICE;
	}
	if (ring)
		rungs[n++] = ENGINE_RING;
	rungs[n++] = ENGINE_COPY;
	return n;
}

/* Writes the ladder for this input, copy always last. Returns its length. */
static size_t
choose(struct pump *p, const struct input *in, enum engine rungs[RUNGS])
{
	const struct row *row = table;
	size_t n = 0;

	if (p->nouts > 1 && p->o->engine == ENGINE_AUTO)
		return choose_many(p, in, rungs);
	if (p->o->engine != ENGINE_AUTO) {
		p->why = "it was asked for";
		rungs[n++] = p->o->engine;
		if (rungs[0] != ENGINE_COPY)
			rungs[n++] = ENGINE_COPY;
		return n;
	}
	while (!takes(row->in, row->out, in->kind, out_mask(p)))
		row++;
	p->why = row->why;
	if (in->left >= 0 && in->left < SHORT) {
		p->why = "under 64 KiB";
		rungs[n++] = ENGINE_COPY;
		return n;
	}
	for (size_t i = 0; i < RUNGS && row->rungs[i] != ENGINE_AUTO; i++) {
		if (p->o->no_splice && row->rungs[i] != ENGINE_RING &&
		    row->rungs[i] != ENGINE_COPY)
			continue;
		rungs[n++] = row->rungs[i];
	}
	if (p->o->no_splice && row->out == OUT(PIPE) && rungs[0] == ENGINE_RING)
		p->why = "--no-splice";
	return n;
}

/* ---- an input --------------------------------------------------------- */

static enum pump_end
end_of(enum step s)
{
	switch (s) {
	case STEP_DONE:
		return PUMP_DONE;
	case STEP_LIMIT:
		abort(); /* nobody sets one here: the input would be cut off */
	case STEP_FALL:
	case STEP_REFUSED:
		return PUMP_REFUSED;
	case STEP_READ:
		return PUMP_READ;
	case STEP_WRITE:
		return PUMP_WRITE;
	case STEP_POLL:
		return PUMP_POLL;
	case STEP_STOPPED:
		return PUMP_STOPPED;
	case STEP_MEMORY:
		break;
	}
	return PUMP_MEMORY;
}

/*
 * Nobody knows how long a stream is: its first bytes are copied, and only if
 * there are more of them does it get a ring.
 */
static enum step
run_prelude(struct pump *p, struct input *in)
{
	if (in->left >= 0)
		return STEP_LIMIT;
	p->engine = ENGINE_COPY;
	return run_copy(p, in, SHORT);
}

/* The system will not have this engine; anything else may be the input. */
static bool
is_refusal(int reason)
{
	static const int refusals[] = { ENOSYS, EPERM, EINVAL, EOPNOTSUPP,
		EXDEV, ENODEV, EBADF, EMFILE, ENFILE, ENOMEM };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (reason == refusals[i])
			return true;
	return false;
}

/* The engines for one output need its descriptor. */
static enum step
await_reader(struct pump *p)
{
	struct output *o = &p->outs[0];
	enum step s = STEP_DONE;

	while (s == STEP_DONE && p->nouts == 1 && o->fifo != NULL) {
		if (stopped(p))
			return STEP_STOPPED;
		s = connect(p, o);
		if (s == STEP_DONE && o->fifo != NULL)
			s = wait_for(p, NULL, -1);
	}
	return s;
}

enum pump_end
pump_input(struct pump *p, struct input *in)
{
	enum engine rungs[RUNGS];
	size_t n = choose(p, in, rungs);
	enum step s = STEP_DONE;

	s = await_reader(p);
	if (s != STEP_DONE)
		return end_of(s);
	p->start = p->moved;
	p->grown = p->in_ready = p->in_hup = false;
	p->small = 0;
	p->piece = 0;
	p->streak = STREAK;
	p->fell_from = ENGINE_AUTO;
	p->fell_errno = 0;
	for (size_t i = 0; i < n; i++) {
		if (rungs[i] == ENGINE_RING && p->o->engine == ENGINE_AUTO &&
		    p->nouts == 1) {
			s = run_prelude(p, in);
			if (s != STEP_LIMIT)
				break;
		}
		p->engine = rungs[i];
		s = engines[rungs[i]].run(p, in, 0);
		if (s != STEP_FALL)
			break;
		if (errno == 0) {
			/* at the end, or so it seems: copy asks read(2) */
			enum engine was = p->engine;
			uint64_t moved = p->moved;

			s = run_copy(p, in, 0);
			p->engine = p->moved == moved ? was : ENGINE_COPY;
			break;
		}
		p->fell_from = rungs[i];
		p->fell_errno = errno;
		if (p->o->engine != ENGINE_AUTO && p->moved == p->start &&
		    is_refusal(errno))
			break;
		if (p->moved != p->start)
			i = n - 2; /* straight to copy */
	}
	return end_of(s);
}

const char *
pump_release_name(const struct pump *p)
{
	if (p->engine != ENGINE_RING || !ring_ready(&p->ring))
		return "-";
	return release_name(p->ring.release);
}

/* ---- the end ---------------------------------------------------------- */

enum pump_end
pump_flush(struct pump *p, bool last)
{
	if (p->nouts == 1)
		return end_of(await_reader(p));
	return end_of(flush_many(p, last));
}

uint64_t
pump_sent(const struct pump *p)
{
	return slowest(p, false);
}

uint64_t
pump_furthest(const struct pump *p)
{
	return furthest(p, false);
}

int
pump_init(struct pump *p, const struct opts *o, struct output *outs,
    size_t nouts, const struct pump_calls *calls)
{
	*p = (struct pump){
		.o = o,
		.calls = calls,
		.outs = outs,
		.nouts = nouts,
		.pair = { -1, -1 },
		.null = -1,
	};
	p->polls = calloc(nouts + 2, sizeof(*p->polls));
	return p->polls == NULL ? -1 : 0;
}

void
pump_release(struct pump *p)
{
	ring_release(&p->ring);
	ring_release(&p->copy);
	free(p->polls);
	p->polls = NULL;
	if (p->null != -1)
		close(p->null);
	p->null = -1;
	if (p->pair[0] != -1) {
		close(p->pair[0]);
		close(p->pair[1]);
		p->pair[0] = p->pair[1] = -1;
	}
}
