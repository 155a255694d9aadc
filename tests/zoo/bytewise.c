/* SPDX-License-Identifier: ISC */
/*
 * bytewise [SIZE]: reads stdin one byte (SIZE bytes) at a time, so that the
 * pipe's pages are left half read, and writes the bytes to stdout by the page.
 */
#include "config.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST 65536

static char buf[2 * MOST];

static void
put(size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(STDOUT_FILENO, buf + at, len - at);

		if (n == -1)
			err(1, "stdout");
		at += (size_t)n;
	}
}

int
main(int argc, char *argv[])
{
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	size_t have = 0;
	ssize_t n;

	if (size == 0 || size > MOST)
		errx(2, "SIZE must be 1 to %d", MOST);
	while ((n = read(STDIN_FILENO, buf + have, size)) > 0) {
		have += (size_t)n;
		if (have >= MOST) {
			put(have);
			have = 0;
		}
	}
	if (n == -1)
		err(1, "stdin");
	put(have);
	return 0;
}
