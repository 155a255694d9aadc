/* SPDX-License-Identifier: ISC */
/*
 * teehold: tee(2)s each piece of stdin into one of eight private pipes, takes
 * a copy with read(2), and compares when that pipe's turn comes again, some
 * megabytes later. Writes the bytes that the private pipe had to stdout;
 * status 1 if they were not those that read(2) had seen.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPES 8
#define SIZE (1 << 20)

static struct {
	int fd[2];
	size_t len;
	char *copy;
} held[PIPES];

static char now[SIZE];
static uint64_t changed;

static void
get(int fd, char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			err(1, "read");
		p += n;
		len -= (size_t)n;
	}
}

/* Takes what the private pipe holds, compares and passes it on. */
static void
let_go(int i)
{
	size_t len = held[i].len;

	get(held[i].fd[0], now, len);
	changed += memcmp(now, held[i].copy, len) != 0;
	for (size_t at = 0; at < len;) {
		ssize_t n = write(STDOUT_FILENO, now + at, len - at);

		if (n == -1)
			err(1, "stdout");
		at += (size_t)n;
	}
	held[i].len = 0;
}

int
main(void)
{
	ssize_t n;
	int i;

	for (i = 0; i < PIPES; i++) {
		if (pipe(held[i].fd) == -1)
			err(1, "pipe");
		if (fcntl(held[i].fd[1], F_SETPIPE_SZ, SIZE) == -1)
			warn("a private pipe stays small");
		if ((held[i].copy = malloc(SIZE)) == NULL)
			err(1, "malloc");
	}
	for (i = 0;; i = (i + 1) % PIPES) {
		if (held[i].len > 0)
			let_go(i);
		n = tee(STDIN_FILENO, held[i].fd[1], SIZE, 0);
		if (n == -1)
			err(1, "tee");
		if (n == 0)
			break;
		held[i].len = (size_t)n;
		get(STDIN_FILENO, held[i].copy, (size_t)n);
	}
	for (int k = 0; k < PIPES; k++, i = (i + 1) % PIPES)
		if (held[i].len > 0)
			let_go(i);
	if (changed > 0)
		warnx("%ju pieces changed while they were held",
		    (uintmax_t)changed);
	return changed > 0;
}
