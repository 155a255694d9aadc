/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/size.h"
#include "engine/scan.h"
#include "io/input.h"
#include "job/total.h"

/* What is read at once to be counted: it is still in the cache then. */
enum {
	PIECE = 128 << 10
};

/* Where it stands, and the bytes from there on. */
static int
one(const char *operand, off_t *at, uint64_t *bytes)
{
	int fd = input_descriptor(operand);
	uint64_t size;

	*at = fd != -1 ? lseek(fd, 0, SEEK_CUR) : 0;
	if (*at == -1 ||
	    (fd != -1 ? size_open(fd, &size) : size_file(operand, &size)) == -1)
		return -1;
	*bytes = size > (uint64_t)*at ? size - (uint64_t)*at : 0;
	return 0;
}

/*
 * False for what is going to be reported when its turn comes, and then gives no
 * bytes; and for a descriptor that has been read to its end before.
 */
static bool
adds(const char *const *operands, size_t at)
{
	int fd = input_descriptor(operands[at]);

	for (size_t i = 0; i < at && fd != -1; i++)
		if (input_descriptor(operands[i]) == fd)
			return false;
	return input_readable(operands[at]) == 0;
}

int
total_bytes(const char *const *operands, size_t n, uint64_t *bytes)
{
	uint64_t more;
	off_t at;

	*bytes = 0;
	for (size_t i = 0; i < n; i++) {
		if (!adds(operands, i))
			continue;
		if (one(operands[i], &at, &more) == -1)
			return -1;
		*bytes += more;
	}
	return 0;
}

struct count {
	char end;
	bool (*go_on)(void *);
	void *ctx;
	char *room; /* PIECE bytes */
	uint64_t lines;
};

/* By pread(2): the offset of stdin is other processes' offset as well. */
static int
count_bytes(struct count *c, int fd, off_t at, uint64_t left)
{
	while (left > 0) {
		ssize_t r = pread(fd, c->room, left < PIECE ? left : PIECE, at);

		if (!c->go_on(c->ctx)) {
			errno = EINTR;
			return -1;
		}
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return (int)r; /* it has become shorter */
		c->lines += scan_count(c->room, (size_t)r, c->end);
		at += r;
		left -= (uint64_t)r;
	}
	return 0;
}

static int
count_one(struct count *c, const char *operand)
{
	int fd = input_descriptor(operand), r;
	bool given = fd != -1;
	uint64_t bytes;
	off_t at;

	if (one(operand, &at, &bytes) == -1)
		return -1;
	/* never to wait for the writer of a FIFO that has taken its place */
	if (!given)
		fd = fd_open(operand, O_RDONLY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	r = count_bytes(c, fd, at, bytes);
	if (!given)
		fd_close(&fd);
	return r;
}

int
total_lines(const char *const *operands, size_t n, char end,
    bool (*go_on)(void *ctx), void *ctx, uint64_t *lines)
{
	struct count c = { .end = end, .go_on = go_on, .ctx = ctx };
	enum input_kind kind;
	int r = 0, saved;

	for (size_t i = 0; i < n; i++) {
		if (!adds(operands, i))
			continue;
		if (input_peek(operands[i], &kind) == -1)
			return -1;
		if (kind != INPUT_FILE) {
			errno = ESPIPE;
			return -1;
		}
	}
	c.room = malloc(PIECE);
	if (c.room == NULL)
		return -1;
	for (size_t i = 0; i < n && r == 0; i++)
		if (adds(operands, i))
			r = count_one(&c, operands[i]);
	saved = errno;
	free(c.room);
	errno = saved;
	*lines = c.lines;
	return r;
}
