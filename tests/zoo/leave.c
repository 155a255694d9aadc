/* SPDX-License-Identifier: ISC */
/*
 * leave N: reads N bytes, writes them to stdout and leaves, whatever may still
 * come.
 */
#include "config.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

static char buf[64 * 1024];

int
main(int argc, char *argv[])
{
	unsigned long left;

	if (argc != 2)
		errx(2, "usage: leave N");
	left = strtoul(argv[1], NULL, 10);
	while (left > 0) {
		ssize_t n = read(STDIN_FILENO, buf,
		    left < sizeof(buf) ? left : sizeof(buf));

		if (n == -1)
			err(1, "stdin");
		if (n == 0)
			errx(1, "the input ended first");
		left -= (unsigned long)n;
		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(STDOUT_FILENO, buf + at,
				 (size_t)(n - at))) == -1)
				err(1, "stdout");
	}
	return 0;
}
