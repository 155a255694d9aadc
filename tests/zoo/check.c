/* SPDX-License-Identifier: ISC */
/*
 * check [N]: reads stdin, which must be exactly what `words N` writes (without
 * N: what `words` writes for some number). Prints how many words were wrong;
 * status 0 if none was and the length is right. A cut off word at the end
 * counts as one word, wrong if the bytes that are there differ.
 */
#include "config.h"

#include <endian.h>
#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buf[256 * 1024];

int
main(int argc, char *argv[])
{
	uint64_t next = 0, wrong = 0, word;
	size_t have = 0; /* bytes of a word that is not complete yet */
	ssize_t n;
	int bad;

	if (argc > 2)
		errx(2, "usage: check [N]");
	while ((n = read(STDIN_FILENO, buf + have, sizeof(buf) - have)) > 0) {
		size_t end = have + (size_t)n, at = 0;

		for (; end - at >= sizeof(word); at += sizeof(word)) {
			memcpy(&word, buf + at, sizeof(word));
			wrong += le64toh(word) != next++;
		}
		have = end - at;
		memmove(buf, buf + at, have);
	}
	if (n == -1)
		err(1, "stdin");
	bad = have > 0;
	if (have > 0) {
		word = htole64(next++);
		wrong += memcmp(buf, &word, have) != 0;
	}
	if (argc == 2 && next != strtoull(argv[1], NULL, 10))
		bad = 1;
	fprintf(stderr, "%" PRIu64 " of %" PRIu64 " words wrong%s\n", wrong,
	    next, bad ? ", and the length" : "");
	return wrong != 0 || bad;
}
