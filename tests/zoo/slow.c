/* SPDX-License-Identifier: ISC */
/*
 * slow [MICROSECONDS [SIZE]]: reads SIZE bytes at most (default 256 KiB),
 * writes them to stdout, and sleeps (default 500 us) before the next read.
 */
#include "config.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	useconds_t pause = argc > 1 ? (useconds_t)atoi(argv[1]) : 500;
	size_t size = argc > 2 ? strtoul(argv[2], NULL, 10) : 256 * 1024;
	char *buf = malloc(size);
	ssize_t n;

	if (buf == NULL)
		err(1, "malloc");
	while ((n = read(STDIN_FILENO, buf, size)) > 0) {
		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(STDOUT_FILENO, buf + at,
				 (size_t)(n - at))) == -1)
				err(1, "stdout");
		usleep(pause);
	}
	if (n == -1)
		err(1, "stdin");
	free(buf);
	return 0;
}
