/* SPDX-License-Identifier: ISC */
/*
 * What an output that is a file can do: regions that are reserved, holes,
 * writing past the page cache, and the end of it all.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/output.h"
#include "io/private.h"
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

	if (!o->opened || o->append || !S_ISREG(o->st.st_mode))
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
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* A run of pages that are NUL all over, or that are not; *zero says which. */
static size_t
run_of(const char *p, size_t n, bool *zero)
{
	size_t len = n < HOLE ? n : HOLE;

	*zero = len == HOLE && is_zero(p, len);
	while (len < n) {
		size_t part = n - len < HOLE ? n - len : HOLE;

		if ((part == HOLE && is_zero(p + len, part)) != *zero)
			break;
		len += part;
	}
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
			r = fallocate(output_descriptor(o),
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
	o->direct = fd_set_flag(output_descriptor(o), O_DIRECT, on) == 0 && on;
}

/* At the position, or in the region. */
static ssize_t
put(struct output *o, const char *p, size_t n)
{
	ssize_t r;

	if (o->reserved == 0)
		return write(output_descriptor(o), p, n);
	r = pwrite(output_descriptor(o), p, n < o->reserved ? n : o->reserved,
	    o->at);
	if (r > 0)
		output_put(o, (size_t)r);
	return r;
}

/*
 * A block device by a description of our own. It has an end, which no region
 * may cross, and write(2) does not lock its position either.
 */
static ssize_t
write_device(struct output *o, const char *p, size_t n)
{
	off_t at = lseek(o->fd, 0, SEEK_CUR);
	ssize_t r = pwrite(o->writer.own, p, n, at);

	if (r == -1 && errno == EINVAL && o->direct) {
		set_direct(o, false);
		r = pwrite(o->writer.own, p, n, at);
	}
	if (r > 0)
		(void)lseek(o->fd, at + r, SEEK_SET);
	return r;
}

ssize_t
output_write_file(struct output *o, const void *bytes, size_t n)
{
	const char *p = bytes;
	bool zero = false;
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
	if (output_reopened(o) && output_reserves(o) &&
	    output_reserve(o, n) == -1)
		return -1;
	if (output_reopened(o) && !o->append && o->reserved == 0)
		return write_device(o, p, n);
	r = put(o, p, n);
	if (r == -1 && errno == EINVAL && o->direct) {
		set_direct(o, false);
		r = put(o, p, n);
	}
	if (r > 0)
		o->hole_end = 0;
	return r;
}

void
output_sparse(struct output *o)
{
	o->sparse = S_ISREG(o->st.st_mode) && !o->append;
}

void
output_direct(struct output *o)
{
	if (o->kind != OUTPUT_FILE)
		return;
	if (!o->opened) {
		/* its flags are other processes' flags as well */
		o->writer.own = path_reopen(o->fd,
		    O_WRONLY | (o->append ? O_APPEND : 0));
		if (o->writer.own == -1)
			return;
	}
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
		r = fdatasync(output_descriptor(o));
	while (retry(r));
	/* EINVAL: there is nothing to be kept there */
	return r == -1 && errno != EINVAL ? -1 : 0;
}
