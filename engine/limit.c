/* SPDX-License-Identifier: ISC */
/*
 * A bucket that holds one tick. It is counted in millionths of a unit, so
 * that a microsecond at any rate is a whole number and nothing is rounded
 * away; `may` has the units and `rest` what is left of them.
 */
#include "config.h"

#include <sys/param.h>

#include "engine/limit.h"

enum {
	SECOND = 1000000,
	STEP = 30000,    /* a person sees no jerks, and the tick is far off */
	PIECE = 1 << 20, /* more at once does not get faster */
};

/* The allowance at most. */
static uint64_t
most(uint64_t rate)
{
	return MAX(1, rate / (SECOND / LIMIT_TICK));
}

/* The smallest allowance worth waking up for. */
static uint64_t
piece(uint64_t rate)
{
	if (rate >= (uint64_t)PIECE * SECOND / STEP)
		return PIECE;
	return MAX(1, rate * STEP / SECOND);
}

/*
 * A full bucket keeps a part of a unit, up to a tick's worth: at less than 20
 * units a second it is full with each unit, and a late wake-up costs nothing.
 */
static void
cap(struct limit *l)
{
	uint64_t full = most(l->rate), part = SECOND - 1;

	if (l->rate < SECOND / LIMIT_TICK)
		part = l->rate * LIMIT_TICK;
	if (l->may > full) {
		l->may = full;
		l->rest = part;
	} else if (l->may == full && l->rest > part) {
		l->rest = part;
	}
}

/* Counts up to now. A clock that goes back adds nothing until it is there. */
static void
refill(struct limit *l, uint64_t now)
{
	uint64_t us, parts, enough = 2 * LIMIT_TICK;

	if (now <= l->then)
		return;
	if (l->rate < SECOND / LIMIT_TICK)
		enough = 2 * SECOND;
	/* that fills it in any case, and the products below fit */
	us = MIN(now - l->then, enough);
	l->then = now;
	parts = l->rate % SECOND * us + l->rest;
	l->may += l->rate / SECOND * us + parts / SECOND;
	l->rest = parts % SECOND;
	cap(l);
}

void
limit_set(struct limit *l, uint64_t rate, uint64_t now)
{
	if (l->rate == 0)
		*l = (struct limit){ .then = now };
	else
		refill(l, now);
	l->rate = rate;
	if (rate != 0)
		cap(l);
	l->spent = l->may == 0;
}

uint64_t
limit_may(struct limit *l, uint64_t now)
{
	if (l->rate == 0)
		return UINT64_MAX;
	refill(l, now);
	if (l->may < (l->spent ? piece(l->rate) : 1)) {
		l->spent = true;
		return 0;
	}
	l->spent = false;
	return l->may;
}

void
limit_took(struct limit *l, uint64_t n)
{
	if (l->rate == 0)
		return;
	l->may -= MIN(n, l->may);
	if (l->may == 0)
		l->spent = true;
}

long
limit_wait(const struct limit *l, uint64_t now)
{
	struct limit then = *l;
	uint64_t parts;

	if (limit_may(&then, now) > 0)
		return 0;
	parts = (piece(then.rate) - then.may) * SECOND - then.rest;
	return (long)((parts - 1) / then.rate + 1);
}
