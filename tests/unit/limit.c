/* SPDX-License-Identifier: ISC */
/* The rate limiter, by a clock of our own. */
#include "config.h"

#include <stdint.h>

#include "engine/limit.h"
#include "tests/lib/tap.h"

#define SECOND UINT64_C(1000000)
#define HOUR (3600 * SECOND)

static uint32_t seed;

/* The same numbers each time; how good they are does not matter. */
static uint64_t
upto(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % (n + 1);
}

/*
 * Takes what it may and sleeps as it is told, late at each wake-up, for the
 * time given. Returns the units, and when the last of them went.
 */
static uint64_t
run(struct limit *l, uint64_t *now, uint64_t us, uint32_t late, unsigned *naps)
{
	uint64_t end = *now + us, units = 0, may, last = *now;

	for (*naps = 0; *now <= end; ++*naps) {
		may = limit_may(l, *now);
		limit_took(l, may);
		units += may;
		last = *now;
		*now += (uint64_t)limit_wait(l, *now) + upto(late);
	}
	*now = last;
	return units;
}

static void
test_pace(void)
{
	static const struct {
		uint64_t rate;
		unsigned least, most; /* naps in 5 seconds */
	} paces[] = {
		{ 1, 5, 6 },
		{ 7, 30, 36 },
		{ 9, 40, 46 },
		{ 10, 45, 51 },
		{ 19, 80, 96 },
		{ 1000, 100, 250 },
		{ 999983, 100, 250 },
		{ 1000000, 100, 250 },
		{ 1000000000, 1000, 5001 },
		{ 10000000000, 1000, 50001 },
		{ UINT64_C(1) << 62, 1000, 5000001 },
	};

	for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
		uint64_t rate = paces[i].rate, from = 77 * HOUR, now = from;
		uint64_t units, exact;
		struct limit l = { 0 };
		unsigned naps;

		seed = 1;
		limit_set(&l, rate, now);
		units = run(&l, &now, 5 * SECOND, 5000, &naps);
		exact = rate / SECOND * (now - from) +
		    rate % SECOND * (now - from) / SECOND;
		/* the floor of the sum may be one off that of the whole */
		if (rate >= UINT64_C(1) << 62)
			ok(units <= exact + 1 && exact - units <= exact / 1000,
			    "2^62 units a second do not overflow");
		else
			ok(units == exact, "%ju a second is exact: %ju, %ju",
			    (uintmax_t)rate, (uintmax_t)units,
			    (uintmax_t)exact);
		ok(naps >= paces[i].least && naps <= paces[i].most,
		    "and neither jerks nor spins: %u naps", naps);
	}
}

static void
test_drift(void)
{
	struct limit l = { 0 };
	uint64_t now = 0, units = 0;
	unsigned naps;

	/* a third of a unit in each microsecond, and asked far too often */
	limit_set(&l, 333333, 0);
	for (; now <= 3 * SECOND; now++) {
		uint64_t may = limit_may(&l, now);

		limit_took(&l, may);
		units += may;
	}
	ok(units <= 999999 && units > 999999 - 10000,
	    "asked each microsecond it does not drift: %ju", (uintmax_t)units);
	l = (struct limit){ 0 };
	now = 0;
	limit_set(&l, 333333, now);
	units = run(&l, &now, HOUR, 5000, &naps);
	ok(units == 333333 * now / SECOND, "nor in an hour");
}

static void
test_burst(void)
{
	static const uint64_t rates[][2] = {
		{ 1, 1 },
		{ 9, 1 },
		{ 10, 1 },
		{ 25, 2 },
		{ 1000, 100 },
		{ 1000000000, 100000000 },
		{ UINT64_C(1) << 62, (UINT64_C(1) << 62) / 10 },
		{ UINT64_MAX, UINT64_MAX / 10 },
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct limit l = { 0 };
		uint64_t may;

		limit_set(&l, rates[i][0], 5);
		ok(limit_may(&l, 5) == 0, "nothing is given at the start");
		may = limit_may(&l, 5 + HOUR);
		ok(may == rates[i][1],
		    "after an idle hour %ju a second are "
		    "one tick, or a unit: %ju",
		    (uintmax_t)rates[i][0], (uintmax_t)may);
		ok(limit_may(&l, 5 + 90 * HOUR) == may, "and no more later");
		limit_took(&l, may);
		ok(limit_may(&l, 5 + 90 * HOUR) == 0, "taken is taken");
		ok(limit_wait(&l, 5 + 90 * HOUR) > 0, "and then we wait");
	}
}

static void
test_slow(void)
{
	struct limit l = { 0 };
	uint64_t now = HOUR;

	limit_set(&l, 1, now);
	ok(limit_wait(&l, now) == 1000000, "1 a second: a second to wait");
	ok(limit_wait(&l, now + 400000) == 600000, "and less later");
	ok(limit_wait(&l, now + SECOND) == 0, "and then none");
	limit_may(&l, now + HOUR);
	limit_took(&l, 1);
	ok(limit_wait(&l, now + HOUR) >= 900000,
	    "an idle hour at 1 a second is no second unit");
	l = (struct limit){ 0 };
	limit_set(&l, 7, now);
	ok(limit_wait(&l, now) == 142858, "7 a second: rounded up");
	ok(limit_may(&l, now + 142857) == 0, "not a microsecond early");
	ok(limit_may(&l, now + 142858) == 1, "nor late");
}

static void
test_step(void)
{
	static const struct {
		uint64_t rate;
		long least, most;
	} steps[] = {
		{ 10, 100000, 100000 },
		{ 40, 25000, 25000 },
		{ 1000, 20000, 50000 },
		{ 1000000, 20000, 50000 },
		{ 100000000, 5000, 20000 },
		{ 1000000000, 500, 2000 },
		{ 10000000000, 50, 1000 },
		{ UINT64_MAX, 1, 1 },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct limit l = { 0 };
		long us;

		limit_set(&l, steps[i].rate, 9);
		us = limit_wait(&l, 9);
		ok(us >= steps[i].least && us <= steps[i].most,
		    "%ju a second: naps of %ld us", (uintmax_t)steps[i].rate,
		    us);
		ok(limit_may(&l, 9 + (uint64_t)us - 1) == 0, "worth it");
		ok(limit_may(&l, 9 + (uint64_t)us) > 0, "and enough");
		ok(limit_wait(&l, 9 + (uint64_t)us) == 0, "and then none");
	}
}

static void
test_change(void)
{
	struct limit l = { 0 };
	uint64_t now = HOUR;

	ok(limit_may(&l, now) == UINT64_MAX, "no limit is no limit");
	ok(limit_wait(&l, now) == 0, "without a limit there is no wait");
	limit_took(&l, 12345);
	ok(limit_may(&l, now) == UINT64_MAX, "and nothing is used up");
	limit_set(&l, 1, now);
	ok(limit_may(&l, now) == 0, "a limit that is set acts at once");
	limit_set(&l, 1000000, now);
	ok(limit_wait(&l, now) < 100000, "a higher rate acts at once");
	ok(limit_may(&l, now + 50000) == 50000, "from then on");
	limit_set(&l, 100, now + 50000);
	ok(limit_may(&l, now + 50000) == 10, "a lower rate lowers the burst");
	limit_set(&l, 1000000, now + 50000);
	ok(limit_may(&l, now + 50000) == 10, "what was allowed stays");
	limit_took(&l, 4);
	ok(limit_may(&l, now + 50000) == 6, "less what was taken");
	limit_took(&l, 60);
	ok(limit_may(&l, now + 50000) == 0, "more than allowed is all of it");
	limit_took(&l, limit_may(&l, now + 100000));
	ok(limit_may(&l, now + 100010) == 0, "10 us later it is not 10 units");
	limit_set(&l, 1000, now + 150000);
	limit_took(&l, limit_may(&l, now + 150000));
	limit_set(&l, 0, now + 150000);
	ok(limit_may(&l, now + 150000) == UINT64_MAX, "the limit goes away");
	limit_set(&l, 1000, now + 9 * SECOND);
	ok(limit_may(&l, now + 9 * SECOND) == 0, "and comes back empty");
}

static void
test_clock(void)
{
	struct limit l = { 0 };
	uint64_t now = HOUR, may;

	limit_set(&l, 1000, now);
	may = limit_may(&l, now + 50000);
	ok(may == 50, "50 ms of 1000 a second are 50");
	ok(limit_may(&l, now) == may, "a clock that goes back takes nothing");
	ok(limit_may(&l, now + 50000) == may, "nor gives it twice");
	limit_took(&l, may);
	ok(limit_wait(&l, now) > 0 && limit_wait(&l, now) <= LIMIT_TICK,
	    "and the wait stays sane");
}

int
main(void)
{
	test_pace();
	test_drift();
	test_burst();
	test_slow();
	test_step();
	test_change();
	test_clock();
	return tap_done();
}
