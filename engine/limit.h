/* SPDX-License-Identifier: ISC */
/*
 * limit: caps the rate, in units (bytes or lines) per second. An allowance is
 * lost after one tick, so that no burst follows an idle time. Times are
 * microseconds of CLOCK_MONOTONIC. No I/O, no errors.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LIMIT_TICK = 100000, /* the longest burst, as time at the rate */
};

struct limit {
	uint64_t rate; /* per second; 0: no limit */
	uint64_t then; /* up to when the allowance has been counted */
	uint64_t may;  /* the allowance */
	uint64_t rest; /* the part of a unit, in units / 1000000 */
	bool spent;    /* all was taken: nothing until a piece is there */
};

/* Acts at once; an allowance that was not used stays, up to one tick. */
void limit_set(struct limit *, uint64_t rate, uint64_t now);

/*
 * The units that may pass now; UINT64_MAX without a limit. An allowance that
 * has been used up stays 0 for as long as limit_wait() says: a caller that asks
 * again at once would go on unit by unit.
 */
uint64_t limit_may(struct limit *, uint64_t now);

/* n units have passed, at most what limit_may() said. */
void limit_took(struct limit *, uint64_t n);

/*
 * Microseconds until it is worth going on: at high rates for a piece of 128 KiB
 * to 1 MiB, else for a unit; at most a tick, unless one unit takes longer.
 */
long limit_wait(const struct limit *, uint64_t now);

#endif
