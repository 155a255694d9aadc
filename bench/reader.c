/* SPDX-License-Identifier: ISC */
/*
 * reader.c: the reader at the end of every pipeline of the benchmark.
 *
 *   ... | reader        read(2) with 128 KiB until the end
 *   ... | reader -c     the same, and compares with what `gen -n` writes
 *
 * Prints "BYTES NANOSECONDS", with -c "BYTES NANOSECONDS WRONG" (8-byte words
 * that are not what they should be), on descriptor 3 if that is open, else on
 * stderr. The clock starts when the first byte is there, so that the time to
 * start the programs before it is not in the figure.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define READ_SIZE (128UL << 10)

/* A word that a read has cut off waits in front of what the next one gets. */
static union {
	char bytes[READ_SIZE + sizeof(uint64_t)];
	uint64_t words[READ_SIZE / sizeof(uint64_t) + 1];
} buf __attribute__((aligned(4096)));

static uint64_t
count_wrong(size_t words, uint64_t first)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < words; i++)
		wrong += buf.words[i] != first + i;
	return wrong;
}

int
main(int argc, char *argv[])
{
	int checks = argc > 1 && strcmp(argv[1], "-c") == 0;
	int report = fcntl(3, F_GETFD) == -1 ? STDERR_FILENO : 3;
	uint64_t bytes = 0, start = 0, ended, wrong = 0, word = 0;
	size_t cut = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, buf.bytes + cut, READ_SIZE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "read");
		if (bytes == 0)
			start = now();
		if (n == 0)
			break;
		bytes += (uint64_t)n;
		if (checks) {
			size_t have = cut + (size_t)n;
			size_t words = have / sizeof(uint64_t);

			wrong += count_wrong(words, word);
			word += words;
			cut = have % sizeof(uint64_t);
			memcpy(buf.bytes, buf.words + words, cut);
		}
	}
	wrong += cut > 0;
	ended = now();
	/* a line in one piece, for it may share its descriptor with others */
	if (checks)
		dprintf(report, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", bytes,
		    ended - start, wrong);
	else
		dprintf(report, "%" PRIu64 " %" PRIu64 "\n", bytes,
		    ended - start);
	return 0;
}
