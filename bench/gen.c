/* SPDX-License-Identifier: ISC */
/*
 * gen.c: a producer that costs next to nothing itself.
 *
 *   gen MIB        MIB times 1 MiB from one hot buffer, 128 KiB a write(2)
 *   gen -n MIB     the same amount as numbered 8-byte words, for `reader -c`
 *
 * It leaves the size of its pipe alone, as ordinary programs do.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_SIZE (128UL << 10)
#define WORDS (WRITE_SIZE / sizeof(uint64_t))

static uint64_t buf[WORDS] __attribute__((aligned(4096)));

static void
write_all(const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "write");
		p += n;
		len -= (size_t)n;
	}
}

int
main(int argc, char *argv[])
{
	int numbered = argc > 1 && strcmp(argv[1], "-n") == 0;
	uint64_t left, word = 0;

	if (argc != 2 + numbered)
		errx(1, "usage: gen [-n] MIB");
	left = strtoull(argv[argc - 1], NULL, 10) << 20;
	for (size_t i = 0; i < WORDS; i++)
		buf[i] = word++;
	for (; left > 0; left -= WRITE_SIZE) {
		write_all((const char *)buf, WRITE_SIZE);
		if (!numbered)
			continue;
		for (size_t i = 0; i < WORDS; i++)
			buf[i] = word++;
	}
	return 0;
}
