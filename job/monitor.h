/* SPDX-License-Identifier: ISC */
/*
 * monitor: a command between two pipes of ours, so that what passes its stdin
 * and its stdout can be shown. It prints nothing.
 */
#ifndef JOB_MONITOR_H
#define JOB_MONITOR_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "opts.h"

/* Which side this process is to move; the other one is another process's. */
enum side {
	SIDE_IN,  /* our stdin to the command */
	SIDE_OUT, /* the command's stdout to ours */
};

struct monitor {
	enum side side;
	_Atomic uint64_t *counts; /* by sides, shared by both; or NULL */
	atomic_bool *left; /* its stdout was closed before its end: shared */
	int stdout_fd;     /* that it has from us: MONITOR_IN; or -1 */
	pid_t command;     /* 0: not ours to wait for */
	pid_t other;       /* the zpipe that moves the other side, or 0 */
};

/*
 * Starts the command (argv, found by PATH) and, for MONITOR_BOTH, a second
 * process, which returns from here as well, and counts[] where each says how
 * many bytes it has moved. In each the descriptors 0 and 1 are then what is to
 * be moved. 0, or -1 with errno and nothing started.
 */
int monitor_start(struct monitor *, enum monitored, const char *const argv[]);

/*
 * We read no more of the command's stdout: closes our end of that pipe, if this
 * process has it. Otherwise the command could wait for us as we do for it.
 */
void monitor_leave(struct monitor *);

/*
 * Nobody reads what the command writes to its stdout, because we have left
 * before its end or, with MONITOR_IN, our own reader has: so a SIGPIPE that
 * killed it is no failure of its own.
 */
bool monitor_unread(const struct monitor *);

/* What the two above need is no longer wanted. */
void monitor_release(struct monitor *);

#endif
