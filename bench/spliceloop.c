/* SPDX-License-Identifier: ISC */
/*
 * spliceloop.c: a cat that splices, as the newest ones do: through a private
 * pipe of 512 KiB, into a stdout that has been grown to the same size.
 *
 *   spliceloop < FILE | READER
 *   PRODUCER | spliceloop | READER
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIPE_SIZE (512 << 10)

static size_t
move(int from, int to, size_t len)
{
	ssize_t n;

	do {
		n = splice(from, NULL, to, NULL, len, 0);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		err(1, "splice");
	return (size_t)n;
}

int
main(void)
{
	int private[2];
	size_t held;

	if (pipe2(private, O_CLOEXEC) == -1)
		err(1, "pipe");
	/* without the room it is slower, not wrong */
	(void)fcntl(private[1], F_SETPIPE_SZ, PIPE_SIZE);
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	while ((held = move(STDIN_FILENO, private[1], PIPE_SIZE)) > 0)
		while (held > 0)
			held -= move(private[0], STDOUT_FILENO, held);
	return 0;
}
