/* SPDX-License-Identifier: ISC */
/*
 * pieces N: reads stdin, which must be pieces of what `words N` writes, in
 * their order, whatever is missing between them. Prints how many bytes and how
 * many pieces there were; status 1 if there was anything else.
 */
#include "config.h"

#include <endian.h>
#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SURE 32 /* bytes that must be right after a gap */

static unsigned char *all;
static size_t len;

static void
slurp(void)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (len == room) {
			room = room > 0 ? 2 * room : 1 << 20;
			if ((all = realloc(all, room)) == NULL)
				err(2, "realloc");
		}
		if ((n = read(STDIN_FILENO, all + len, room - len)) == -1)
			err(2, "stdin");
		len += (size_t)n;
	} while (n > 0);
}

/* Whether the byte at is the one that belongs at offset. */
static bool
fits(size_t at, uint64_t offset)
{
	return all[at] == (unsigned char)(offset / 8 >> offset % 8 * 8);
}

/*
 * Where, beyond offset, the bytes from at on are from. They may begin in the
 * midst of a word, so the next whole word is one of eight.
 */
static bool
resume(size_t at, uint64_t *offset)
{
	for (size_t skip = 0; skip < 8 && at + skip + 8 <= len; skip++) {
		uint64_t word, from;
		size_t i = 0;

		memcpy(&word, all + at + skip, sizeof(word));
		from = le64toh(word) * 8 - skip;
		if (from <= *offset || le64toh(word) >= UINT64_MAX / 8)
			continue;
		while (i < SURE && at + i < len && fits(at + i, from + i))
			i++;
		if (i == SURE || at + i == len) {
			*offset = from;
			return true;
		}
	}
	return false;
}

int
main(int argc, char *argv[])
{
	uint64_t offset = 0, pieces = 1, end;

	if (argc != 2)
		errx(2, "usage: pieces N");
	end = strtoull(argv[1], NULL, 10) * 8;
	slurp();
	for (size_t at = 0; at < len; at++, offset++) {
		if (fits(at, offset))
			continue;
		if (!resume(at, &offset))
			errx(1, "byte %zu is of no piece that may come", at);
		pieces += at > 0;
	}
	if (offset > end)
		errx(1, "more than there was");
	printf("%zu bytes in %" PRIu64 " pieces\n", len, pieces);
	return 0;
}
