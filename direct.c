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
#include <linux/fs.h>
#include <unistd.h>

#include "engine.h"

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

/* An errno of splice, copy_file_range or vmsplice: whose is it? */
static enum step
fallen(struct pump *p)
{
	return errno == EPIPE ? engine_lose(p, &p->outs[0], LOSS_ERROR) :
				STEP_FALL;
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

/*
 * One splice of at most `most` bytes when both sides are said to be ready, or
 * STEP_DONE if it has to be asked again. *n is what it moved; 0 with STEP_LIMIT
 * is the end.
 */
static enum step
splice_once(struct pump *p, const struct input *in, int from, int to,
    size_t most, size_t *n)
{
	struct output *o = &p->outs[0];
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
	return fallen(p);
}

/* Waits for what a splice needs: input, room, or a larger piece. */
static enum step
splice_ready(struct pump *p, const struct input *in, bool *ready)
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
		s = may_take(p, &most);
		if (s != STEP_DONE)
			return s;
		if (most == 0)
			continue;
		s = splice_once(p, in, in->fd, p->outs[0].fd, most, &n);
		if (s == STEP_LIMIT && p->in_end)
			return STEP_DONE;
		if (s == STEP_LIMIT) {
			errno = 0;
			return STEP_FALL; /* read(2) has the last word */
		}
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
 * From a stream to a pipe. A byte there and back takes a tenth longer by splice
 * than by read and write, so a trickle is copied until a large piece comes.
 */
static enum step
splice_stream(struct pump *p, struct input *in)
{
	enum step s = STEP_LIMIT;

	if (p->o->engine != ENGINE_AUTO)
		return splice_direct(p, in, false);
	while (s == STEP_LIMIT && !pump_full(p)) {
		p->trickle = true;
		s = run_copy(p, in, 0);
		p->trickle = false;
		if (s == STEP_LIMIT && !pump_full(p))
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
splice_held(struct pump *p, const struct input *in, size_t held)
{
	struct output *o = &p->outs[0];
	enum step s;
	size_t n;

	while (held > 0) {
		s = await_room(p);
		if (s != STEP_DONE)
			return s;
		s = splice_once(p, in, p->pair[0], o->fd, piece_of(p), &n);
		if (s == STEP_LIMIT)
			errno = EIO; /* it was not empty */
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

/* Neither side is a pipe: by way of one of our own. */
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
			if (engine_lose(p, o, LOSS_ERROR) != STEP_DONE)
				return STEP_WRITE;
		} else if (n == -1 && errno == EINTR)
			*moved = true; /* once more */
		else {
			errno = n == 0 ? EIO : errno; /* it was not empty */
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
	enum step s = carry_turn(p, NULL);
	size_t n, most;

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
		if (s == STEP_LIMIT) {
			errno = 0;
			return STEP_FALL;
		}
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
	(void)limit;
	if (p->nouts > 1)
		return run_tee(p, in);
	engine_grow_pipes(p, in);
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

	if (p->limit.rate != 0 || p->stop - p->moved < (uint64_t)in->left)
		return STEP_FALL;
	if (o->append || in->left <= 0 || from == -1 || to == -1 ||
	    ioctl(o->fd, FICLONERANGE, &r) == -1)
		return STEP_FALL;
	/* the offsets stand as if it had been read and written */
	if (lseek(in->fd, from + in->left, SEEK_SET) == -1 ||
	    lseek(o->fd, to + in->left, SEEK_SET) == -1)
		return STEP_READ;
	engine_passed(p, (size_t)in->left);
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

enum step
run_range(struct pump *p, struct input *in, uint64_t limit)
{
	enum step s = range_clone(p, in);
	size_t most;
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
		if (engine_stopped(p))
			return STEP_STOPPED;
		most = RANGE_MOST;
		s = engine_may(p, &most);
		if (s != STEP_DONE)
			return s;
		if (most == 0)
			continue;
		n = copy_file_range(in->fd, NULL, p->outs[0].fd, NULL, most, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fallen(p);
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
		n = output_share(o, map + at, want);
		if (n == -1 && errno == EAGAIN)
			o->full = true;
		else if (n == -1 && errno != EINTR) {
			errno = errno == EOPNOTSUPP ? o->refused : errno;
			return fallen(p);
		} else if (n > 0) {
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
	off_t page = sysconf(_SC_PAGESIZE), pos = lseek(in->fd, 0, SEEK_CUR);
	enum step s = STEP_DONE;
	struct stat st;
	int saved;

	(void)limit;
	if (pos == -1)
		return STEP_FALL;
	engine_grow_pipes(p, in);
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
