/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/pair.h"
#include "io/output.h"

enum {
	PAIR_SIZE = 1 << 20
};

int
pair_open(struct pair *p)
{
	if (p->fd[0] != -1)
		return 0;
	if (pipe2(p->fd, O_CLOEXEC) == -1)
		return -1;
	pipe_grow(p->fd[1], PAIR_SIZE);
	return 0;
}

void
pair_close(struct pair *p)
{
	fd_close_pair(p->fd);
	fd_close(&p->null);
	p->held = 0;
}
