/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <unistd.h>

#include "base/retry.h"

volatile sig_atomic_t retry_ended;

int
retry_close(int fd)
{
	int saved = errno;

	if (close(fd) == 0)
		return 0;
	if (errno != EINTR)
		return -1;
	errno = saved;
	return 0;
}
