/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/torture/dice.h"

/* splitmix64 */
uint64_t
draw(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t
below(struct dice *d, uint64_t n)
{
	return draw(d) % n;
}

uint64_t
between(struct dice *d, uint64_t low, uint64_t high)
{
	return low + below(d, high - low + 1);
}

bool
chance(struct dice *d, unsigned percent)
{
	return below(d, 100) < percent;
}
