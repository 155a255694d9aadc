/* SPDX-License-Identifier: ISC */
/*
 * words N: writes the numbers 0 to N-1 as 8-byte little-endian words, so
 * that any word that is lost, doubled or changed on its way shows in check.
 */
#include "config.h"

#include <endian.h>
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t words[8192];

int
main(int argc, char *argv[])
{
	uint64_t end, next = 0;

	if (argc != 2)
		errx(2, "usage: words N");
	end = strtoull(argv[1], NULL, 10);
	while (next < end) {
		const char *p = (const char *)words;
		size_t n = sizeof(words) / sizeof(words[0]);

		if (n > end - next)
			n = end - next;
		for (size_t i = 0; i < n; i++)
			words[i] = htole64(next++);
		for (size_t left = n * sizeof(words[0]); left > 0;) {
			ssize_t done = write(STDOUT_FILENO, p, left);

			if (done == -1)
				err(1, "stdout");
			p += done;
			left -= (size_t)done;
		}
	}
	return 0;
}
