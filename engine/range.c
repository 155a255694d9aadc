/* SPDX-License-Identifier: ISC */
/* range: from file to file within the kernel. */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/statfs.h>

#include <errno.h>
#include <linux/fs.h>
#include <unistd.h>

#include "engine/engine.h"

enum {
	RANGE_MOST = 32 << 20
};

/*
 * The output gets the blocks of the input, not a copy of them: all at once, and
 * a snapshot (ioctl_ficlonerange(2); XFS, Btrfs, ...). False if that cannot be
 * had here; what has been reserved for it is then still to be copied.
 */
static bool
clone_region(struct flow *f, struct input *in, size_t n)
{
	struct output *o = &f->outs[0];
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
	flow_passed(f, n);
	return true;
}

/*
 * To the end as it was when the input was opened; if that has moved, EINVAL.
 * Never for O_APPEND, where the offset says nothing about where the bytes would
 * go. Where others may have the descriptors, one block shows whether it works:
 * they would see a position behind bytes that are yet to be copied.
 */
static bool
range_clone(struct flow *f, struct input *in)
{
	struct output *o = &f->outs[0];
	bool alone = in->owned && o->opened, cloned;
	size_t block = (size_t)o->st.st_blksize;

	if (f->limit.rate != 0 || o->append || in->left <= 0 ||
	    f->stop - f->moved < (uint64_t)in->left)
		return false;
	if (!alone && (size_t)in->left > block && !clone_region(f, in, block))
		return false;
	cloned = clone_region(f, in, (size_t)in->left);
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
range_reserve(struct flow *f, struct input *in, size_t n)
{
	struct output *o = &f->outs[0];

	if (o->append) {
		errno = EBADF;
		return STEP_FALL;
	}
	if (input_reserve(in, n) == -1)
		return flow_refused(errno) ? STEP_FALL : STEP_READ;
	n = MIN(n, in->reserved);
	if (n > 0 && output_reserve(o, n) == -1)
		return flow_refused(errno) ? STEP_FALL :
					     flow_lose(f, o, LOSS_ERROR);
	return STEP_MOVED;
}

/* copy_file_range(2) of what is reserved, at most n bytes; 0 is the end. */
static ssize_t
copy_range(struct input *in, struct output *o, size_t n)
{
	loff_t from = in->at, to = o->at;
	ssize_t r;

	n = MIN(n, MIN(in->reserved, o->reserved));
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
range_step(struct engines *e, struct flow *f, struct input *in)
{
	struct output *o = &f->outs[0];
	size_t most = RANGE_MOST;
	enum step s;
	ssize_t n;

	if (!e->cloned && range_clone(f, in)) {
		errno = 0; /* what has been added since is for read(2) */
		return STEP_FALL;
	}
	e->cloned = true;
	/* on a local disk read and write are faster, by a tenth to a fifth */
	if (f->conf.engine == ENGINE_AUTO && !is_remote(o->fd)) {
		errno = EOPNOTSUPP;
		return STEP_FALL;
	}
	s = flow_may(f, &most);
	if (s == STEP_MOVED)
		s = range_reserve(f, in, most);
	if (s != STEP_MOVED)
		return s;
	n = copy_range(in, o, most);
	if (n == -1 && errno == EINTR)
		return STEP_MOVED;
	if (n == -1 && is_of_output(errno))
		return flow_lose(f, o, LOSS_ERROR);
	if (n == -1)
		return STEP_FALL;
	if (n == 0) {
		errno = 0; /* it says so of /proc files as well */
		return STEP_FALL;
	}
	limit_took(&f->limit, (size_t)n);
	flow_passed(f, (size_t)n);
	return STEP_MOVED;
}
