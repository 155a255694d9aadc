/* SPDX-License-Identifier: ISC */
/*
 * Within the kernel: the engines splice (and tee, where there are several
 * outputs), range and mmap. No byte passes through our memory.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <unistd.h>

#include "engine/engine.h"

/*
 * SOCKET_MOST: SPLICE_F_NONBLOCK means nothing to a socket. After POLLOUT a
 *	third of its buffer is free, so this much does not block.
 */
enum {
	SPLICE_MOST = 1 << 20,
	SOCKET_MOST = 32 << 10,
	RANGE_MOST = 32 << 20,
	MAP_WINDOW = 64 << 20,
	MAP_FILL = 1 << 20,
};

/* ---- splice: the kernel moves the pages ------------------------------- */

/*
 * splice(2) has one errno for two descriptors, and may have taken an error that
 * is reported only once, as that of a socket. But one side is a pipe, and a
 * pipe fails with EPIPE only: all else is the other side's. What the system
 * refuses to do is not an error yet: another engine may manage.
 */
static enum step
splice_failed(struct pump *p, const struct input *in, int from, int to)
{
	struct output *o = &p->outs[0];
	bool to_pipe = to == p->pair[1] || o->kind == OUTPUT_PIPE;
	int reason = errno;

	if (engine_refused(reason))
		return STEP_FALL;
	if (from != in->fd || !to_pipe)
		return engine_lose(p, o, LOSS_ERROR);
	if (reason != EPIPE || to == p->pair[1] || !output_left(o)) {
		errno = reason;
		return STEP_READ;
	}
	/* it asks for a reader before it looks for the end of the input */
	if (input_ended(in))
		return STEP_LIMIT;
	errno = reason;
	return engine_lose(p, o, LOSS_ERROR);
}

/*
 * splice(2) says that this is the end. It says so of files of /proc as well, so
 * read(2) has the last word; but a device may say it only once.
 */
static enum step
splice_ended(const struct input *in)
{
	if (in->kind == INPUT_CHAR || input_ended(in))
		return STEP_DONE;
	errno = 0;
	return STEP_FALL;
}

static size_t
piece_of(const struct pump *p)
{
	return p->o->chunk_size != 0 ? p->o->chunk_size : SPLICE_MOST;
}

/* The next piece, as large as it may be now; engine_may(). */
static enum step
may_take(struct pump *p, size_t *most)
{
	*most = piece_of(p);
	return engine_may(p, most);
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
	r = splice(in->fd, &at, to, NULL,
	    most < in->reserved ? most : in->reserved, flags);
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
	r = splice(from, NULL, o->fd, &at,
	    held < o->reserved ? held : o->reserved, flags);
	if (r > 0)
		output_put(o, (size_t)r);
	return r;
}

/*
 * One splice of at most `most` bytes when both sides are said to be ready. *n
 * is what it moved; 0 with STEP_DONE if it has to be asked again, and with
 * STEP_LIMIT at the end. Other steps are for the engine to return.
 */
static enum step
splice_once(struct pump *p, struct input *in, int from, int to, size_t most,
    size_t *n)
{
	struct output *o = &p->outs[0];
	/*
	 * Before 6.5 a file may answer EAGAIN for what is not in the page
	 * cache. With room in the pipe a blocking call waits for the disk only.
	 */
	bool room = to == p->pair[1] || p->out_polled;
	bool block = room && !input_pollable(in);
	unsigned flags = block ? 0 : SPLICE_F_NONBLOCK;
	ssize_t r;

	if (to == o->fd && o->kind == OUTPUT_SOCKET && most > SOCKET_MOST)
		most = SOCKET_MOST;
	if (from == in->fd)
		r = splice_in(in, to, most, flags);
	else
		r = splice_out(o, from, most, flags);
	if (to == o->fd && o->kind == OUTPUT_SOCKET)
		o->full = true; /* that is, poll before the next */
	*n = 0;
	p->in_ready = p->out_polled = false;
	if (r > 0) {
		*n = (size_t)r;
		if (from == in->fd)
			engine_took(p, *n);
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
	return splice_failed(p, in, from, to);
}

/* Waits for what a splice needs: input, room, or a larger piece. */
static enum step
splice_ready(struct pump *p, struct input *in, bool *ready)
{
	struct output *o = &p->outs[0];
	enum step s;

	*ready = false;
	if (engine_stopped(p))
		return STEP_STOPPED;
	if (input_pollable(in) && !p->in_ready)
		return engine_wait(p, in, -1);
	if (o->full) {
		s = engine_wait(p, NULL, -1);
		p->out_polled = !o->full;
		return s;
	}
	s = engine_gather(p, in);
	if (s != STEP_DONE)
		return s;
	*ready = true;
	return STEP_DONE;
}

/* STEP_LIMIT: pump_full(), or it is a trickle now and the caller cares. */
static enum step
splice_direct(struct pump *p, struct input *in, bool cares)
{
	enum step s;
	size_t n, most;
	bool ready;

	for (;;) {
		s = splice_ready(p, in, &ready);
		if (s != STEP_DONE)
			return s;
		if (!ready)
			continue;
		if (p->in_end)
			return STEP_DONE;
		s = may_take(p, &most);
		if (s != STEP_DONE)
			return s;
		if (most == 0)
			continue;
		s = splice_once(p, in, in->fd, p->outs[0].fd, most, &n);
		if (s == STEP_LIMIT)
			return splice_ended(in);
		if (s != STEP_DONE)
			return s;
		engine_passed(p, n);
		engine_grow_pipes(p, in);
		p->piece = n;
		engine_count(p, n);
		if (cares && n > 0 && engine_trickles(p))
			return STEP_LIMIT;
	}
}

/*
 * splice(2) and tee(2) hand records on as they are, and a reader behind us that
 * has no room for a whole one would lose the rest; write(2) makes a stream of
 * them. Whether a pipe has records can be seen when there are two of them in
 * it. True while that is not known, or if it has.
 */
static bool
may_have_packets(struct pump *p, struct input *in)
{
	if (in->kind != INPUT_PIPE || p->stream)
		return false;
	/* one read has given more than any record has */
	p->stream = !in->packets &&
	    (p->piece > PIPE_BUF || input_pipe_mode(in) == PIPE_STREAM);
	if (in->packets) {
		p->engine = ENGINE_COPY;
		p->why = "the input pipe is in packet mode";
	}
	return !p->stream;
}

/* Copies as long as there may be records. STEP_LIMIT: there are none. */
static enum step
copy_packets(struct pump *p, struct input *in)
{
	enum step s = STEP_LIMIT;

	while (s == STEP_LIMIT && !pump_full(p) && may_have_packets(p, in)) {
		p->trickle = !in->packets;
		s = run_copy(p, in, 0);
		p->trickle = false;
	}
	return s;
}

/*
 * From a stream to a pipe. A byte there and back takes a tenth longer by splice
 * than by read and write, so a trickle is copied until a large piece comes.
 */
static enum step
splice_stream(struct pump *p, struct input *in)
{
	bool forced = p->o->engine != ENGINE_AUTO;
	enum step s = STEP_LIMIT;

	while (s == STEP_LIMIT && !pump_full(p)) {
		if (!forced) {
			p->trickle = true;
			s = run_copy(p, in, 0);
			p->trickle = false;
		}
		if (s == STEP_LIMIT)
			s = copy_packets(p, in);
		if (s == STEP_LIMIT && !pump_full(p))
			s = splice_direct(p, in, !forced);
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
		.given = -1,
		.kind = INPUT_PIPE,
		.left = -1,
	};
	int saved = errno;
	enum step s;

	p->horizon = p->moved + held; /* the limit has let them pass */
	s = run_copy(p, &pair, held);
	if (s == STEP_READ)
		return STEP_BROKEN; /* the next input would find the rest */
	errno = saved;
	return s == STEP_LIMIT ? STEP_FALL : s;
}

/* Until the only output has room, if it was full. */
static enum step
await_room(struct pump *p)
{
	enum step s = STEP_DONE;

	do {
		if (engine_stopped(p))
			return STEP_STOPPED;
		if (p->outs[0].full)
			s = engine_wait(p, NULL, -1);
	} while (s == STEP_DONE && p->outs[0].full);
	return s;
}

static enum step
splice_held(struct pump *p, struct input *in, size_t held)
{
	struct output *o = &p->outs[0];
	enum step s;
	size_t n;

	while (held > 0) {
		s = await_room(p);
		if (s != STEP_DONE)
			return s;
		s = splice_once(p, in, p->pair[0], o->fd, held, &n);
		if (s == STEP_LIMIT)
			errno = EINVAL; /* it was not empty */
		if (s == STEP_FALL || s == STEP_LIMIT)
			return spill(p, held);
		if (s != STEP_DONE)
			return s;
		engine_passed(p, n);
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

/*
 * By way of a pipe of our own: neither side is one, or it takes a region of
 * the output, which must be as long as what is there.
 */
static enum step
splice_private(struct pump *p, struct input *in)
{
	enum step s;
	size_t n, most;

	if (pair_open(p) == -1)
		return STEP_FALL;
	for (;;) {
		if (engine_stopped(p))
			return STEP_STOPPED;
		if (input_pollable(in) && !p->in_ready) {
			s = engine_wait(p, in, -1);
			if (s != STEP_DONE)
				return s;
			continue;
		}
		s = may_take(p, &most);
		if (s != STEP_DONE)
			return s;
		if (most == 0)
			continue;
		s = splice_once(p, in, in->fd, p->pair[1], most, &n);
		if (s == STEP_LIMIT)
			return splice_ended(in);
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
			if (engine_lose(p, o, LOSS_ERROR) != STEP_DONE)
				return STEP_WRITE;
		} else if (n == -1 && errno == EINTR)
			*moved = true; /* once more */
		else {
			errno = n == 0 ? EINVAL : errno; /* it was not empty */
			return STEP_FALL;
		}
	}
	return STEP_DONE;
}

/*
 * What everybody has got is dropped: into /dev/null, which copies nothing. Any
 * signal ends that, SIGCHLD as well (EINTR); what refuses it does not refuse
 * read(2).
 */
static enum step
tee_drop(struct pump *p, size_t *held)
{
	uint64_t n = engine_slowest(p, false) - p->moved;
	char scratch[SHARE];
	ssize_t r;

	while (n > 0) {
		r = splice(p->pair[0], NULL, p->null, NULL, n, 0);
		if (r == -1 && errno != EINTR)
			r = read(p->pair[0], scratch,
			    n < sizeof(scratch) ? n : sizeof(scratch));
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return STEP_BROKEN; /* nobody knows where we are now */
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
		uint64_t front = p->moved;
		bool moved = false;

		if (engine_stopped(p))
			return STEP_STOPPED;
		s = tee_all(p, held, &moved);
		if (s == STEP_WRITE)
			return s;
		if (tee_drop(p, &held) != STEP_DONE)
			return STEP_BROKEN;
		/* the front moves as well when the slowest has left */
		moved = moved || p->moved != front;
		if (s == STEP_FALL)
			return held > 0 ? spill(p, held) : s;
		if (!moved && (s = engine_wait(p, NULL, -1)) != STEP_DONE)
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
	enum step s = copy_packets(p, in);
	size_t n, most;

	if (s != STEP_LIMIT || pump_full(p))
		return s;
	s = carry_turn(p, NULL);
	if (s == STEP_DONE && tee_open(p) == -1)
		s = STEP_FALL;
	while (s == STEP_DONE) {
		if (engine_stopped(p))
			return STEP_STOPPED;
		if (input_pollable(in) && !p->in_ready) {
			s = engine_wait(p, in, -1);
			continue;
		}
		s = engine_gather(p, in);
		if (s != STEP_DONE)
			break;
		s = may_take(p, &most);
		if (s != STEP_DONE || most == 0)
			continue;
		s = splice_once(p, in, in->fd, p->pair[1], most, &n);
		if (s == STEP_LIMIT)
			return splice_ended(in);
		if (s != STEP_DONE)
			break;
		engine_count(p, n);
		s = tee_held(p, n);
		engine_grow_pipes(p, in);
	}
	return s;
}

enum step
run_splice(struct pump *p, struct input *in, uint64_t limit)
{
	const struct output *o = &p->outs[0];
	bool shared = output_reserves(o) && !o->opened;

	(void)limit;
	if (p->nouts > 1)
		return run_tee(p, in);
	engine_grow_pipes(p, in);
	if (input_pollable(in) && o->kind == OUTPUT_PIPE)
		return splice_stream(p, in);
	if ((in->kind == INPUT_PIPE && !shared) || o->kind == OUTPUT_PIPE)
		return splice_direct(p, in, false);
	return splice_private(p, in);
}

/* ---- range: from file to file within the kernel ----------------------- */

/*
 * The output gets the blocks of the input, not a copy of them: all at once, and
 * a snapshot (ioctl_ficlonerange(2); XFS, Btrfs, ...). False if that cannot be
 * had here; what has been reserved for it is then still to be copied.
 */
static bool
clone_region(struct pump *p, struct input *in, size_t n)
{
	struct output *o = &p->outs[0];
	struct file_clone_range r = { .src_fd = in->fd };

	if (input_reserve(in, n) == -1 || in->reserved == 0 ||
	    output_reserve(o, in->reserved) == -1 ||
	    o->reserved != in->reserved)
		return false;
	n = in->reserved;
	r.src_offset = (uint64_t)in->at;
	r.src_length = n;
	r.dest_offset = (uint64_t)o->at;
	if (ioctl(o->fd, FICLONERANGE, &r) == -1)
		return false;
	input_took(in, n);
	output_put(o, n);
	engine_passed(p, n);
	return true;
}

/*
 * To the end as it was when the input was opened; if that has moved, EINVAL.
 * Never for O_APPEND, where the offset says nothing about where the bytes would
 * go. Where others may have the descriptors, one block shows whether it works:
 * they would see a position behind bytes that are yet to be copied.
 */
static bool
range_clone(struct pump *p, struct input *in)
{
	struct output *o = &p->outs[0];
	bool alone = in->owned && o->opened, cloned;
	size_t block = (size_t)o->st.st_blksize;

	if (p->limit.rate != 0 || o->append || in->left <= 0 ||
	    p->stop - p->moved < (uint64_t)in->left)
		return false;
	if (!alone && (size_t)in->left > block && !clone_region(p, in, block))
		return false;
	cloned = clone_region(p, in, (size_t)in->left);
	if (!cloned && alone) {
		input_give_back(in);
		output_give_back(o);
	}
	return cloned;
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

/* Reserves n bytes, or what the input has, on both sides. */
static enum step
range_reserve(struct pump *p, struct input *in, size_t n)
{
	struct output *o = &p->outs[0];

	if (o->append) {
		errno = EBADF;
		return STEP_FALL;
	}
	if (input_reserve(in, n) == -1)
		return engine_refused(errno) ? STEP_FALL : STEP_READ;
	n = n < in->reserved ? n : in->reserved;
	if (n > 0 && output_reserve(o, n) == -1)
		return engine_refused(errno) ? STEP_FALL :
					       engine_lose(p, o, LOSS_ERROR);
	return STEP_DONE;
}

/* copy_file_range(2) of what is reserved, at most n bytes; 0 is the end. */
static ssize_t
copy_range(struct input *in, struct output *o, size_t n)
{
	loff_t from = in->at, to = o->at;
	ssize_t r;

	n = n < in->reserved ? n : in->reserved;
	n = n < o->reserved ? n : o->reserved;
	if (n == 0)
		return 0;
	r = copy_file_range(in->fd, &from, o->fd, &to, n, 0);
	if (r > 0) {
		input_took(in, (size_t)r);
		output_put(o, (size_t)r);
	}
	return r;
}

/* What only a file that is written to can say. */
static bool
is_of_output(int reason)
{
	return reason == ENOSPC || reason == EDQUOT || reason == EFBIG ||
	    reason == EROFS;
}

enum step
run_range(struct pump *p, struct input *in, uint64_t limit)
{
	struct output *o = &p->outs[0];
	enum step s;
	size_t most;
	ssize_t n;

	(void)limit;
	if (range_clone(p, in)) {
		errno = 0; /* what has been added since is for read(2) */
		return STEP_FALL;
	}
	/* on a local disk read and write are faster, by a tenth to a fifth */
	if (p->o->engine == ENGINE_AUTO && !is_remote(o->fd)) {
		errno = EOPNOTSUPP;
		return STEP_FALL;
	}
	for (;;) {
		if (engine_stopped(p))
			return STEP_STOPPED;
		most = RANGE_MOST;
		s = engine_may(p, &most);
		if (s != STEP_DONE)
			return s;
		if (most == 0)
			continue;
		s = range_reserve(p, in, most);
		if (s != STEP_DONE)
			return s;
		n = copy_range(in, o, most);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && is_of_output(errno))
			return engine_lose(p, o, LOSS_ERROR);
		if (n == -1)
			return STEP_FALL;
		if (n == 0) {
			errno = 0; /* it says so of /proc files as well */
			return STEP_FALL;
		}
		engine_took(p, (size_t)n);
		engine_passed(p, (size_t)n);
	}
}

/* ---- mmap: the page cache itself into the pipe ------------------------ */

/*
 * How much of what the file still has may be sent now; 0 with errno 0 if it has
 * been shortened to here. The rest of its last page would go along as NULs, so
 * this is asked just before each send.
 */
static size_t
map_left(const struct input *in, size_t want)
{
	struct stat st;

	if (fstat(in->fd, &st) == -1)
		return 0;
	errno = 0;
	if (st.st_size <= in->at)
		return 0;
	return (off_t)want < st.st_size - in->at ?
	    want :
	    (size_t)(st.st_size - in->at);
}

/*
 * Gives the window's bytes [at, len) to the pipe, which are those that the
 * input has reserved. They are never rewritten by us, so nothing needs release.
 * A file that has been shortened is EFAULT, from MADV_POPULATE_READ or from
 * vmsplice(2), never SIGBUS: we do not touch them.
 */
static enum step
map_send(struct pump *p, struct input *in, char *map, size_t at, size_t len)
{
	struct output *o = &p->outs[0];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), want;
	enum step s;
	ssize_t n;

	while (at < len) {
		s = await_room(p);
		if (s != STEP_DONE)
			return s;
		want = len - at < MAP_FILL ? len - at : MAP_FILL;
		s = engine_may(p, &want);
		if (s != STEP_DONE)
			return s;
		if (want == 0)
			continue;
#ifdef MADV_POPULATE_READ
		/* vmsplice faults with the pipe's lock held; so fault first */
		madvise(map + (at & ~(page - 1)), want + (at & (page - 1)),
		    MADV_POPULATE_READ);
#endif
		want = map_left(in, want);
		if (want == 0)
			return STEP_FALL;
		n = output_share(o, map + at, want);
		if (n == -1 && errno == EAGAIN)
			o->full = true;
		else if (n == -1 && errno == EPIPE)
			return engine_lose(p, o, LOSS_ERROR);
		else if (n == -1 && errno != EINTR) {
			errno = errno == EOPNOTSUPP ? o->refused : errno;
			return STEP_FALL;
		} else if (n > 0) {
			input_took(in, (size_t)n);
			engine_took(p, (size_t)n);
			engine_passed(p, (size_t)n);
			at += (size_t)n;
		}
	}
	return STEP_DONE;
}

enum step
run_mmap(struct pump *p, struct input *in, uint64_t limit)
{
	off_t page = sysconf(_SC_PAGESIZE), from;
	enum step s = STEP_DONE;
	int saved;

	(void)limit;
	engine_grow_pipes(p, in);
	while (s == STEP_DONE) {
		size_t skip, len;
		char *map;

		if (input_reserve(in, MAP_WINDOW) == -1)
			return STEP_FALL;
		if (in->reserved == 0) {
			errno = 0;
			return STEP_FALL;
		}
		from = in->at & ~(page - 1);
		skip = (size_t)(in->at - from);
		len = skip + in->reserved;
		map = mmap(NULL, len, PROT_READ, MAP_SHARED, in->fd, from);
		if (map == MAP_FAILED)
			return STEP_FALL;
		s = map_send(p, in, map, skip, len);
		saved = errno;
		munmap(map, len);
		errno = saved;
	}
	return s;
}
