/* SPDX-License-Identifier: ISC */
/*
 * hotpage.c: the limit. Gives one hot 1 MiB buffer, half a huge page, to the
 * pipe over and over and never writes into it again: what is left to measure
 * is the copy that the reader itself makes.
 *
 *   hotpage MIB | READER
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEND_SIZE (1UL << 20)
#define HUGE_SIZE (2UL << 20)

int
main(int argc, char *argv[])
{
	uint64_t left;
	char *raw, *hot;

	if (argc != 2)
		errx(1, "usage: hotpage MIB");
	left = strtoull(argv[1], NULL, 10) << 20;
	raw = mmap(NULL, 2 * HUGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		err(1, "mmap");
	hot = raw + (HUGE_SIZE - (uintptr_t)raw % HUGE_SIZE) % HUGE_SIZE;
	(void)madvise(hot, HUGE_SIZE, MADV_HUGEPAGE);
	memset(hot, 1, HUGE_SIZE);
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, (int)SEND_SIZE);
	while (left > 0) {
		/* part of the buffer may have gone: go on where it ended */
		size_t rest = (left - 1) % SEND_SIZE + 1;
		struct iovec v = { hot + (SEND_SIZE - rest), rest };
		ssize_t n = vmsplice(STDOUT_FILENO, &v, 1, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "vmsplice");
		left -= (uint64_t)n;
	}
	return 0;
}
