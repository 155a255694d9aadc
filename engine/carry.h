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
	uint64_t shared; /* ring.shared when the ring last grew */
	bool ready;      /* it has buffers, and serves the outputs */
	uint64_t stop;   /* this run ends at this stream offset */
	bool trickle;    /* or when a large piece arrives */
	bool end;        /* nothing more is to be read */
	bool starved;    /* for a buffer that has been released */
	int failed;      /* errno of the read that was the end, or 0 */
	long backoff;    /* delay before pipes are checked again */
};

/* A run of at most limit bytes begins; 0: to the end. */
void carry_begin(struct carry *, const struct flow *, uint64_t limit,
    bool trickle);

/* Reads and sends. With several outputs some may wait in it at STEP_END. */
enum step carry_step(struct carry *, struct flow *, struct input *);

/*
 * Sends to all outputs. STEP_MOVED, with *moved set if any of them took bytes;
 * STEP_LOST or STEP_REFUSED.
 */
enum step carry_send(struct carry *, struct flow *, bool *moved);

/* Microseconds until --rate-limit allows more; -1 if nothing is held back. */
long carry_held_back(const struct carry *, const struct flow *);

#endif
