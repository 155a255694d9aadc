/* SPDX-License-Identifier: ISC */
/* wire: pairs of descriptors for the ends of a zpipe. */
#ifndef TORTURE_WIRE_H
#define TORTURE_WIRE_H

#include "tests/torture/plan.h"

enum wire {
	W_PIPE,
	W_RECORDS,
	W_UNIX,
	W_SEQPACKET,
	W_DGRAM,
	W_TCP,
	W_PTY
};

/* Out of the way of the numbers that zpipe gets. */
int high(int fd);

/* A child that was not executed: only what it needs stays open. */
void keep_only(int a, int b, int c);

/* fd[0] is to be read from, fd[1] to be written to. */
void make_wire(struct plan *, enum wire kind, int fd[2]);

#endif
