/* SPDX-License-Identifier: ISC */
/* procs: the processes that write into a zpipe and read from it. */
#ifndef TORTURE_PROCS_H
#define TORTURE_PROCS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "tests/torture/plan.h"

/*
 * Forks a process that await_others() waits for; 0 in that process. A writer
 * may be ended by force, and what must succeed is a fault if it does not.
 */
pid_t start(const char *name, bool writer, bool must_succeed);
/* All the bytes, by write(2) or vmsplice(2). False: the reader has gone. */
bool put(int fd, const unsigned char *, size_t len, bool vmsplices);
/* What the process is then; they do not return. */
void writer(const struct input *, int fd, int reader, int gate);
void reader(const struct output *, const struct text *want, int fd, int gate);

/* Runs a reader of the zoo, or zpipe itself. */
void run_link(const char *text, int in, int out);

/* Waits until all have ended; none is left then. */
void await_all(void);

/* All that has to end by itself has; only the writers may be stuck. */
void await_others(void);

#endif
