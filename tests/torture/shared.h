/* SPDX-License-Identifier: ISC */
/* shared: what the processes of a case tell each other. */
#ifndef TORTURE_SHARED_H
#define TORTURE_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "tests/torture/plan.h"

/* Of the last reader of an output. */
struct mark {
	_Atomic uint64_t got;
	uint64_t bad;  /* offset of the first wrong byte; NONE */
	uint64_t from; /* where those bytes belong; NONE */
	int error;     /* errno of a read */
	uint64_t count[256];
};

struct shared {
	struct mark marks[MOST_JOBS * MOST_OUT];
	_Atomic int over;  /* zpipe has ended */
	_Atomic int close; /* writers that stay may end */
	_Atomic int pid;   /* of it, for a hang */
	char phase[40];
	char fault[4096];
	size_t len;
	char command[4096];
};

extern struct shared *shared;
extern const char *zpipe_path, *zoo_path;
extern unsigned deadline; /* seconds until a case is a hang */

/* Adds a line to the outcome of the case, which is right if it is empty. */
__attribute__((format(printf, 1, 2))) void fault(const char *fmt, ...);

/* What goes wrong here is not zpipe's fault, but counts as one. */
__attribute__((noreturn)) void broken(const char *what);
uint64_t now_us(void);
void nap(unsigned us);

#endif
