/* SPDX-License-Identifier: ISC */
/*
 * vmspliceuser: takes the bytes from stdin with vmsplice(2) into its own
 * memory, at an odd address, and writes them to stdout.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

static char buf[128 * 1024 + 1];

int
main(void)
{
	ssize_t n;

	for (;;) {
		struct iovec v = { buf + 1, sizeof(buf) - 1 };

		if ((n = vmsplice(STDIN_FILENO, &v, 1, 0)) <= 0)
			break;
		for (ssize_t at = 0, done; at < n; at += done)
			if ((done = write(STDOUT_FILENO, buf + 1 + at,
				 (size_t)(n - at))) == -1)
				err(1, "stdout");
	}
	if (n == -1)
		err(1, "vmsplice");
	return 0;
}
