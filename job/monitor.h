/* SPDX-License-Identifier: ISC */
/*
 * monitor: a command whose stdin, stdout or both are pipes of ours, so that we
 * see what passes. Prints nothing.
 */
#ifndef JOB_MONITOR_H
#define JOB_MONITOR_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "opts.h"

/* The side that this process moves. */
enum side {
	SIDE_IN,  /* our stdin to the command */
	SIDE_OUT, /* the command's stdout to ours */
};

struct monitor {
	enum side side;
	_Atomic uint64_t *counts; /* bytes each side moved; shared, or NULL */
	atomic_bool *left; /* its stdout was closed before its end; shared */
	int stdout_fd;     /* MONITOR_IN: a copy of our stdout; or -1 */
	pid_t command;     /* 0: not ours to wait for */
	pid_t other;       /* the zpipe that moves the other side, or 0 */
};

/*
 * Starts the command (argv, found by PATH) and, for MONITOR_BOTH, a second
 * process, which also returns from here. In each, descriptors 0 and 1 are then
 * what it moves. 0, or -1 with errno: then a command that was started already
 * finds its pipes closed.
 */
int monitor_start(struct monitor *, enum monitored, const char *const argv[]);

/*
 * Stops reading the command's stdout, if this process does: it might block on
 * that pipe while we wait for it to end.
 */
void monitor_leave(struct monitor *);

/*
 * Whether the command's stdout has lost its reader: us, before the end, or with
 * MONITOR_IN our own reader. Then a SIGPIPE that killed it is not its failure.
 */
bool monitor_unread(const struct monitor *);

/* Closes stdout_fd. */
void monitor_release(struct monitor *);

#endif
