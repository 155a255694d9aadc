/* SPDX-License-Identifier: ISC */
/*
 * carry: through user memory. The engines ring and copy, which differ in what
 * becomes of a buffer that has been sent, and the only ones that serve several
 * outputs of any kind, each at its own pace.
 */
#ifndef ENGINE_CARRY_H
#define ENGINE_CARRY_H

#include "engine/flow.h"

struct carry {
	struct ring ring;
	bool shares;     /* its pages go to pipes, by vmsplice(2) */
	uint64_t shared; /* its buffers, of them, when it last grew */
	bool ready;      /* it has buffers, and serves the outputs */
	uint64_t stop;   /* this run ends at this stream offset */
	bool trickle;    /* and when a large piece comes */
	bool end;        /* nothing more is to be read */
	int failed;      /* errno of a read: what came before still goes out */
	long backoff;    /* between two looks whether pipes have been emptied */
};
#define CARRY_INITIALIZER                \
	{                                \
		.ring = RING_INITIALIZER \
	}

/* A run of at most limit bytes begins; 0: to the end. */
void carry_begin(struct carry *, const struct flow *, uint64_t limit,
    bool trickle);

/*
 * Reads and sends. many: it serves several outputs, and STEP_END does not mean
 * that all has been sent.
 */
enum step carry_step(struct carry *, struct flow *, struct input *, bool many);

/* Sends: STEP_MOVED, with *moved if anybody took any of it, or as a step. */
enum step carry_send(struct carry *, struct flow *, bool *moved);

/* How long what it holds has to wait for --rate-limit; -1: it does not. */
long carry_held_back(const struct carry *, const struct flow *);

#endif
