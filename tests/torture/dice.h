/* SPDX-License-Identifier: ISC */
/* dice: numbers that look random, and are the same for a seed. */
#ifndef TORTURE_DICE_H
#define TORTURE_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

#define PICK(d, a) ((a)[below((d), LENGTH(a))])

uint64_t draw(struct dice *);
/* 0 to n - 1; low to high; true in so many cases of 100. */
uint64_t below(struct dice *, uint64_t n);
uint64_t between(struct dice *, uint64_t low, uint64_t high);
bool chance(struct dice *, unsigned percent);

#endif
