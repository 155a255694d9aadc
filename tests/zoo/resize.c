/* SPDX-License-Identifier: ISC */
/*
 * resize: reads stdin and writes it to stdout, and changes the size of the
 * pipe on its stdin again and again meanwhile. Shrinking is refused (EBUSY)
 * while more than that is in the pipe, so it reads it empty before it shrinks.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char buf[64 * 1024];

int
main(void)
{
	static const int sizes[] = { 4096, 1 << 20, 65536, 8192, 262144 };
	unsigned int turn = 0, changed = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		int unread = 0;

		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(STDOUT_FILENO, buf + at,
				 (size_t)(n - at))) == -1)
				err(1, "stdout");
		if (ioctl(STDIN_FILENO, FIONREAD, &unread) == -1)
			err(1, "FIONREAD");
		if (unread == 0 || ++turn % 8 == 0) {
			int size = sizes[(turn + changed) % 5];

			if (fcntl(STDIN_FILENO, F_SETPIPE_SZ, size) != -1)
				changed++;
		}
	}
	if (n == -1)
		err(1, "stdin");
	if (changed == 0)
		errx(1, "the pipe was never resized");
	return 0;
}
