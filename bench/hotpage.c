/* SPDX-License-Identifier: ISC */
/*
 * hotpage.c: the limit. Gives one hot 1 MiB buffer, half a huge page, to the
 * pipe over and over and never writes into it again: what is left to measure
 * is the copy that the reader itself makes.
 *
 *   hotpage MIB | READER
 *   fanout N hotpage MIB [DESCRIPTOR]...    to these pipes in turn as well
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
#define OUTPUTS 32

static void
send_all(int to, char *p, size_t len)
{
	while (len > 0) {
		struct iovec v = { p, len };
		ssize_t n = vmsplice(to, &v, 1, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			err(1, "vmsplice");
		p += n;
		len -= (size_t)n;
	}
}

int
main(int argc, char *argv[])
{
	int to[OUTPUTS] = { STDOUT_FILENO };
	int outputs = argc - 1;
	char *raw, *hot;

	if (outputs < 1 || outputs > OUTPUTS)
		errx(1, "usage: hotpage MIB [DESCRIPTOR]...");
	for (int k = 1; k < outputs; k++)
		to[k] = atoi(argv[k + 1]);
	raw = mmap(NULL, 2 * HUGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		err(1, "mmap");
	hot = raw + (HUGE_SIZE - (uintptr_t)raw % HUGE_SIZE) % HUGE_SIZE;
	(void)madvise(hot, HUGE_SIZE, MADV_HUGEPAGE);
	memset(hot, 1, HUGE_SIZE);
	for (int k = 0; k < outputs; k++)
		(void)fcntl(to[k], F_SETPIPE_SZ, (int)SEND_SIZE);
	for (uint64_t left = strtoull(argv[1], NULL, 10); left > 0; left--)
		for (int k = 0; k < outputs; k++)
			send_all(to[k], hot, SEND_SIZE);
	return 0;
}
