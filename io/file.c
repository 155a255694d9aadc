/* SPDX-License-Identifier: ISC */
/*
 * output_write(), and what an output that is a file can do: regions that are
 * reserved, holes, writing past the page cache, and the end of it all.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/output.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/retry.h"

/* The least worth leaving out; and what O_DIRECT takes. */
enum {
	HOLE = 4096
};

static int
set_length(int fd, off_t length)
{
	int r;

	do
		r = ftruncate(fd, length);
	while (retry(r));
	return r;
}

int
output_truncate(const struct output *o)
{
	struct stat st;

	if (!o->opened || !output_reserves(o))
		return 0;
	/* others may have written since it was opened */
	if (fstat(o->fd, &st) == -1)
		return -1;
	/* ext4 writes a file out at close if an empty one was truncated */
	return st.st_size == 0 ? 0 : set_length(o->fd, 0);
}

static bool
is_zero(const char *p, size_t n)
{
	return n >= HOLE && p[0] == 0 && memcmp(p, p + 1, HOLE - 1) == 0;
}

/* A run of pages that are NUL all over, or that are not; *zero says which. */
static size_t
run_of(const char *p, size_t n, bool *zero)
{
	size_t len = 0;

	*zero = is_zero(p, n);
	do
		len += n - len < HOLE ? n - len : HOLE;
	while (len < n && is_zero(p + len, n - len) == *zero);
	return len;
}

bool
output_reserves(const struct output *o)
{
	return S_ISREG(o->st.st_mode) && !o->append;
}

int
output_reserve(struct output *o, size_t n)
{
	off_t end;

	if (o->reserved > 0)
		return 0;
	end = lseek(o->fd, (off_t)n, SEEK_CUR);
	if (end == -1)
		return -1;
	o->at = end - (off_t)n;
	o->reserved = n;
	return 0;
}

void
output_put(struct output *o, size_t n)
{
	o->at += (off_t)n;
	o->reserved -= n;
	o->hole_end = 0;
}

void
output_give_back(struct output *o)
{
	off_t end = o->at + (off_t)o->reserved;

	if (o->reserved > 0 && lseek(o->fd, 0, SEEK_CUR) == end)
		(void)lseek(o->fd, -(off_t)o->reserved, SEEK_CUR);
	o->reserved = 0;
}

/*
 * Where the file has no bytes yet, the next ones may be passed over. Where it
 * has, only what is punched reads as NULs (fallocate(2)). False if they have to
 * be written, to the region that is reserved then.
 */
static bool
make_hole(struct output *o, size_t n)
{
	struct stat st;
	int r;

	if (output_reserve(o, n) == -1 || fstat(o->fd, &st) == -1)
		return false;
	if (n > o->reserved)
		return false;
	if (o->at < st.st_size) {
		do
			r = fallocate(o->writer.to,
			    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, o->at,
			    (off_t)n);
		while (retry(r));
		if (r == -1)
			return false;
	}
	output_put(o, n);
	o->hole_end = o->at;
	return true;
}

static void
set_direct(struct output *o, bool on)
{
	o->direct = fd_set_flag(o->writer.to, O_DIRECT, on) == 0 && on;
}

/*
 * At `at`, or at the position if that is -1. Memory that is not aligned goes
 * through the page cache from then on.
 */
static ssize_t
put(struct output *o, const char *p, size_t n, off_t at)
{
	int fd = o->writer.to;
	ssize_t r = at == -1 ? write(fd, p, n) : pwrite(fd, p, n, at);

	if (r != -1 || errno != EINVAL || !o->direct)
		return r;
	set_direct(o, false);
	return put(o, p, n, at);
}

static ssize_t
write_file(struct output *o, const char *p, size_t n)
{
	bool own = o->writer.to != o->fd, zero = false;
	off_t at = -1;
	ssize_t r;

	if (o->sparse) {
		n = run_of(p, n, &zero);
		if (zero && make_hole(o, n))
			return (ssize_t)n;
	}
	if (o->direct && n % HOLE != 0) {
		/* the whole blocks first; what is left ends it */
		if (n < HOLE)
			set_direct(o, false);
		else
			n -= n % HOLE;
	}
	if (own && output_reserves(o) && output_reserve(o, n) == -1)
		return -1;
	if (o->reserved > 0) {
		n = n < o->reserved ? n : o->reserved;
		at = o->at;
	} else if (own && !o->append) {
		/*
		 * A block device. It has an end, which no region may cross, and
		 * write(2) does not lock its position either.
		 */
		at = lseek(o->fd, 0, SEEK_CUR);
		if (at == -1)
			return -1;
	}
	r = put(o, p, n, at);
	if (r <= 0)
		return r;
	if (o->reserved > 0)
		output_put(o, (size_t)r);
	else if (at != -1)
		(void)lseek(o->fd, at + r, SEEK_SET);
	o->hole_end = 0;
	return r;
}

ssize_t
output_write(struct output *o, const void *p, size_t n)
{
	ssize_t r;

	if (o->kind == OUTPUT_FILE)
		r = write_file(o, p, n);
	else if (o->kind == OUTPUT_NULL)
		r = write(o->fd, p, n);
	else
		r = writer_write(&o->writer, p, n);
	o->full = r == -1 && errno == EAGAIN;
	return r;
}

void
output_sparse(struct output *o)
{
	o->sparse = output_reserves(o);
}

void
output_direct(struct output *o)
{
	int own = o->fd;

	if (o->kind != OUTPUT_FILE)
		return;
	/* its flags are other processes' flags as well */
	if (!o->opened)
		own = path_reopen(o->fd, O_WRONLY | (o->append ? O_APPEND : 0));
	if (own == -1)
		return;
	o->writer.to = own;
	set_direct(o, true);
}

/*
 * The file ends with a hole, so it has not got its length yet. ftruncate(2)
 * would cut off what another process may just have written behind that, if the
 * descriptor is shared; a byte within our region cannot.
 */
static int
end_hole(struct output *o)
{
	struct stat st;

	if (o->hole_end == 0)
		return 0;
	if (fstat(o->fd, &st) == -1)
		return -1;
	if (st.st_size >= o->hole_end)
		return 0;
	if (o->opened)
		return set_length(o->fd, o->hole_end);
	return pwrite(o->fd, "", 1, o->hole_end - 1) == 1 ? 0 : -1;
}

int
output_finish(struct output *o, bool sync)
{
	int r;

	if (o->kind != OUTPUT_FILE)
		return 0;
	output_give_back(o);
	if (end_hole(o) == -1)
		return -1;
	if (!sync)
		return 0;
	do
		r = fdatasync(o->writer.to);
	while (retry(r));
	/* EINVAL: there is nothing to be kept there */
	return r == -1 && errno != EINVAL ? -1 : 0;
}
