/* SPDX-License-Identifier: ISC */
/*
 * limit: caps the rate, in units (bytes or lines) per second. What was not
 * used is lost after one tick, so that no burst follows an idle time. Times
 * are microseconds of CLOCK_MONOTONIC. No I/O, no errors.
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

/* Acts at once; what had been allowed and not taken stays, up to one tick. */
void limit_set(struct limit *, uint64_t rate, uint64_t now);

/*
 * So many units may pass now; UINT64_MAX without a limit. When the last of
 * the allowance has been taken it is 0 for as long as limit_wait() says, so
 * that one who asks again at once does not go on unit by unit.
 */
uint64_t limit_may(struct limit *, uint64_t now);

/* They did. n is at most what limit_may() said. Nothing without a limit. */
void limit_took(struct limit *, uint64_t n);

/*
 * Microseconds to sleep until it is worth while to go on: 1 unit or more, and
 * at high rates pieces of some 128 KiB to 1 MiB, but never more than a tick
 * unless one unit takes longer.
 */
long limit_wait(const struct limit *, uint64_t now);

#endif
