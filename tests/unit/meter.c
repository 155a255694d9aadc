/* SPDX-License-Identifier: ISC */
/* Rates, averages and the ETA, by a clock of our own. */
#include "config.h"

#include <stdint.h>

#include "base/clock.h"
#include "show/meter.h"
#include "tests/lib/tap.h"

#define MS UINT64_C(1000)
#define SECOND UINT64_C(1000000)
#define HOUR (3600 * SECOND)
#define START (55 * HOUR)

static struct meter m;
static uint64_t now, count;

static bool
near(double a, double b)
{
	double off = a > b ? a - b : b - a;

	return off <= 1e-9 * (b > 1 ? b : 1);
}

static double
distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

static struct figures
figures(void)
{
	struct figures f = { 0 };

	meter_figures(&m, &f);
	return f;
}

static void
begin(uint64_t window, uint64_t size)
{
	now = START;
	count = 0;
	meter_init(&m, now, window);
	meter_set_size(&m, size);
}

/* n samples, us apart, units each. */
static void
go(unsigned n, uint64_t us, uint64_t units)
{
	while (n-- > 0) {
		now += us;
		count += units;
		meter_sample(&m, now, count);
	}
}

static bool
sane(void)
{
	struct figures s = figures();
	double all[] = { figures().elapsed, figures().rate, figures().average,
		figures().mean, figures().fastest, s.spread.min,
		s.spread.average, s.spread.max, s.spread.deviation };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!(all[i] >= 0 && all[i] < 1e30))
			return false;
	return figures().eta >= 0 || figures().eta == -1;
}

static void
test_nothing(void)
{
	begin(30 * SECOND, 0);
	ok(near(figures().elapsed, 0) && near(figures().rate, 0) &&
		near(figures().average, 0) && near(figures().mean, 0) &&
		near(figures().fastest, 0),
	    "nothing is known at the beginning");
	ok(sane() && near(figures().spread.deviation, 0), "nor any spread");
	ok(near(figures().eta, -1), "no size, no ETA");
	meter_set_size(&m, 1000);
	ok(near(figures().eta, -1), "no rate, no ETA");
	go(3, SECOND, 0);
	ok(near(figures().eta, -1) && sane(), "nor while nothing moves");
	ok(clock_now() > 0 && clock_now() <= clock_now(), "there is a clock");
}

static void
test_steady(void)
{
	bool down = true, rates = true;

	begin(30 * SECOND, 100000);
	for (unsigned i = 1; i < 100; i++) {
		go(1, SECOND, 1000);
		rates &= near(figures().rate, 1000) &&
		    near(figures().average, 1000) && near(figures().mean, 1000);
		down &= near(figures().eta, 100 - i);
	}
	ok(rates, "a steady rate is steady");
	ok(down, "and the ETA counts down second by second");
	go(1, SECOND, 1000);
	ok(near(figures().eta, 0), "to 0");
	go(5, SECOND, 1000);
	ok(near(figures().eta, 0), "and stays there");
	ok(near(figures().elapsed, 105), "the time is counted");
	ok(near(figures().fastest, 1000), "and the fastest");
}

static void
test_short(void)
{
	begin(30 * SECOND, 0);
	go(1, SECOND, 500);
	go(1, 999, 900);
	ok(near(figures().rate, 500), "less than 1 ms is no rate");
	ok(m.count == 1400, "but is counted");
	go(1, 1, 100);
	ok(near(figures().rate, 1e6), "and comes into the next one");
	go(1, 0, 100);
	ok(near(figures().rate, 1e6) && sane(), "no time is no rate");
	begin(30 * SECOND, 0);
	meter_sample(&m, now, 5000);
	meter_sample(&m, now + SECOND, 5100);
	ok(near(figures().mean, 100) && near(figures().rate, 100) &&
		near(figures().average, 100),
	    "we may begin elsewhere than at 0");
	ok(m.count == 5100, "and the count says so");
}

static void
test_window(void)
{
	begin(10 * SECOND, 0);
	go(20, SECOND, 100);
	go(5, SECOND, 300);
	ok(near(figures().average, 200), "the average looks back so far");
	ok(near(figures().mean, 3500. / 25), "the mean to the beginning");
	go(5, SECOND, 300);
	ok(near(figures().average, 300), "and forgets the rest");
	go(1, SECOND / 2, 0);
	ok(near(figures().average, 285), "also between two samples");
	meter_set_window(&m, 2500 * MS);
	ok(near(figures().average, 240), "a shorter window acts at once");
	meter_set_window(&m, 20 * SECOND);
	go(40, SECOND, 50);
	ok(near(figures().average, 50), "a longer one as it fills");
	go(1, 60 * SECOND, 600);
	ok(near(figures().average, 10), "one sample may be longer than it");
	begin(10 * SECOND, 0);
	go(8, SECOND, 100);
	go(2, SECOND, 300);
	meter_set_window(&m, SECOND);
	ok(near(figures().average, 300), "a change forgets what is too old");
	begin(0, 10);
	go(3, SECOND, 1);
	ok(near(figures().average, 1) && sane(), "no window is a short one");
}

static void
test_stall(void)
{
	double average, eta, last;
	bool falls = true, grows = true;

	begin(30 * SECOND, 100000);
	go(40, SECOND, 1000);
	average = figures().average;
	last = figures().eta;
	for (int i = 0; i < 25; i++) {
		go(1, SECOND, 0);
		falls &= figures().average < average;
		average = figures().average;
		eta = figures().eta;
		grows &= i < 3 || eta > last;
		last = eta;
	}
	ok(falls && near(average, 5000. / 30), "in a stall the average falls");
	ok(grows, "and the ETA grows");
	ok(near(figures().rate, 0), "and the rate is 0");
	go(10, SECOND, 0);
	ok(near(figures().average, 0) && near(figures().eta, -1),
	    "until neither is known");
	go(30, SECOND, 1000);
	ok(distance(figures().eta, 30) < 4, "and after that they come back");
}

static void
test_pause(void)
{
	double eta, average;

	begin(30 * SECOND, 100000);
	go(20, SECOND, 1000);
	eta = figures().eta;
	average = figures().average;
	meter_stop(&m, now + SECOND / 2);
	meter_stop(&m, now + SECOND);
	now += HOUR;
	meter_go(&m, now + SECOND / 2);
	meter_go(&m, now + 7 * SECOND);
	ok(near(figures().eta, eta) && near(figures().average, average),
	    "a pause leaves the figures as they were");
	go(1, SECOND, 1000);
	ok(near(figures().rate, 1000), "the rate is without the pause");
	ok(near(figures().average, 1000) && near(figures().mean, 1000),
	    "so are the averages");
	ok(near(figures().elapsed, 21), "and the time");
	ok(near(figures().eta, eta - 1), "and the ETA goes on");
	meter_stop(&m, now);
	now += HOUR;
	meter_sample(&m, now, count);
	ok(near(figures().elapsed, 21), "a sample ends a pause");
	go(1, SECOND, 1000);
	ok(near(figures().rate, 1000) && near(figures().elapsed, 22),
	    "and from there it goes on");
	ok(near(figures().spread.deviation, 0), "no pause is in the spread");
	meter_stop(&m, now);
	meter_go(&m, now - 5 * SECOND);
	go(1, SECOND, 1000);
	ok(near(figures().elapsed, 23), "a pause of less than nothing is none");
}

/* Rates between 70 and 130 percent, the same each time. */
static uint64_t
noisy(uint32_t *seed, uint64_t units)
{
	*seed = *seed * 1664525 + 1013904223;
	return units * (70 + (*seed >> 16) % 61) / 100;
}

static void
test_damping(void)
{
	uint32_t seed = 1;
	double last = 0, eta, jump = 0, off = 0, d, half;

	begin(30 * SECOND, 300 * 1000);
	for (int i = 0; count < 290 * 1000; i++) {
		go(1, SECOND, noisy(&seed, 1000));
		eta = figures().eta;
		if (eta < 0)
			break;
		d = distance(eta, last - 1) / (last + 1);
		if (i > 5 && d > jump)
			jump = d;
		d = distance(eta, (300e3 - (double)count) / 1000) / (eta + 10);
		if (i > 30 && d > off)
			off = d;
		last = eta;
	}
	ok(count >= 290 * 1000, "under noise there is an ETA all the time");
	ok(jump < 0.025, "that moves little: %.3f", jump);
	ok(off < 0.15, "and is right: %.3f", off);

	begin(2 * SECOND, 1000 * 1000);
	go(100, SECOND, 1000);
	go(1, SECOND, 1300);
	ok(distance(figures().eta, 899) < 40, "30 %% more is taken slowly");
	eta = figures().eta;
	meter_set_size(&m, 1000 * 1000);
	ok(near(figures().eta, eta), "the same size again changes nothing");
	begin(2 * SECOND, 1000 * 1000);
	go(100, SECOND, 1000);
	go(4, SECOND, 10000);
	half = (1e6 - (double)count) / 10000;
	ok(figures().eta < 2.5 * half, "10 times as much is believed soon");
	go(20, SECOND, 10000);
	half = (1e6 - (double)count) / 10000;
	ok(distance(figures().eta, half) < half / 10, "and then all of it");
	begin(30 * SECOND, 100000);
	go(1, SECOND, 1000);
	go(1, SECOND, 3000);
	ok(near(figures().eta, 48), "the first estimates are followed at once");
}

static void
test_size(void)
{
	begin(30 * SECOND, 100000);
	go(20, SECOND, 1000);
	meter_set_size(&m, 50000);
	ok(near(figures().eta, 30), "another size is another ETA at once");
	go(1, SECOND, 1000);
	ok(near(figures().eta, 29), "and counts down from there");
	meter_set_size(&m, 5000);
	ok(near(figures().eta, 0), "less than has passed is the end");
	meter_set_size(&m, 0);
	ok(near(figures().eta, -1), "no size is no ETA");
	meter_set_size(&m, UINT64_MAX);
	ok(figures().eta > 1e16 && sane(), "and the largest one is finite");
	begin(30 * SECOND, 10000);
	go(9, SECOND, 1000);
	go(1, 20 * SECOND, 0);
	ok(near(figures().eta, 29. / 9), "an end that is past is set anew");
	begin(30 * SECOND, 10000500);
	go(10, SECOND, 1000000);
	go(1, 900, 0);
	ok(near(figures().eta, 0), "and it is never negative");
	begin(30 * SECOND, 20000);
	go(10, SECOND, 1000);
	go(1, 1, 1);
	ok(distance(figures().eta, 10) < 0.1, "no jump without time");
}

static void
test_spread(void)
{
	struct figures s;

	begin(30 * SECOND, 0);
	go(1, SECOND, 2);
	s = figures();
	ok(near(s.spread.min, 2) && near(s.spread.average, 2) &&
		near(s.spread.max, 2) && near(s.spread.deviation, 0),
	    "one sample has no spread");
	go(3, SECOND, 4);
	go(2, SECOND, 5);
	go(1, SECOND, 7);
	go(1, SECOND, 9);
	s = figures();
	ok(near(s.spread.min, 2) && near(s.spread.max, 9),
	    "the least and the most");
	ok(near(s.spread.average, 5) && near(s.spread.deviation, 2),
	    "mean and deviation");
	begin(30 * SECOND, 0);
	go(50, SECOND, UINT64_C(1) << 40);
	go(50, SECOND, (UINT64_C(1) << 40) + 2);
	ok(distance(figures().spread.deviation, 1) < 1e-3,
	    "large rates do not drown a small deviation");
	begin(30 * SECOND, 0);
	go(1, 10 * SECOND, 1);
	go(1, 10 * SECOND, 2);
	ok(distance(figures().spread.deviation, 0.05) < 1e-12,
	    "nor are small ones lost");
}

/* Drawings that come early, and what is left at the end, are no intervals. */
static void
test_intervals(void)
{
	struct figures s;

	begin(30 * SECOND, 0);
	meter_set_interval(&m, SECOND);
	go(1, 20 * MS, 50);
	s = figures();
	ok(near(s.spread.min, 2500) && near(s.spread.average, 2500) &&
		near(s.spread.max, 2500) && near(s.spread.deviation, 0),
	    "less than an interval is one rate, the mean");
	ok(near(figures().rate, 2500) && near(figures().fastest, 2500),
	    "and the only one to show");
	go(1, 980 * MS, 50);
	go(2, SECOND, 100);
	s = figures();
	ok(near(s.spread.min, 100) && near(s.spread.max, 100) &&
		near(s.spread.average, 100),
	    "a short first one is part of the next");
	go(1, 10 * MS, 10);
	ok(near(figures().rate, 100) && near(figures().fastest, 100),
	    "nor is a drawing in between a rate");
	go(1, 990 * MS, 90);
	s = figures();
	ok(near(s.spread.min, 100) && near(s.spread.max, 100) &&
		near(s.spread.deviation, 0),
	    "nor does it count as one");
	go(1, 100 * MS, 65);
	s = figures();
	ok(near(s.spread.max, 165 / 1.1) && near(s.spread.min, 100) &&
		near(s.spread.average, figures().mean),
	    "a short last one is part of the one before");
	ok(near(figures().spread.max, s.spread.max), "as often as one asks");
	go(1, 500 * MS, 0);
	s = figures();
	ok(near(s.spread.max, 65 / 0.6) && near(s.spread.min, 100) &&
		near(s.spread.average, figures().mean),
	    "until it is long enough for itself");
	begin(30 * SECOND, 0);
	meter_set_interval(&m, SECOND);
	go(1, 3 * SECOND, 300);
	go(1, SECOND, 500);
	s = figures();
	ok(near(s.spread.average, 200) && near(s.spread.min, 100) &&
		near(s.spread.max, 500) &&
		distance(s.spread.deviation * s.spread.deviation, 30000) < 1e-6,
	    "each rate has the weight of its time");
	begin(30 * SECOND, 0);
	meter_set_interval(&m, 600 * SECOND);
	go(1, 500 * MS, 50);
	ok(near(figures().rate, 100), "half a second is always enough");
	begin(30 * SECOND, 0);
	meter_set_interval(&m, 100 * MS);
	go(1, 50 * MS, 50);
	ok(near(figures().rate, 1000), "or half a short interval");
}

static void
test_clock(void)
{
	bool good = true;

	begin(30 * SECOND, 1000000);
	go(10, SECOND, 1000);
	go(5, 0, 10);
	ok(near(figures().elapsed, 10) && sane(), "a clock may stand still");
	now -= 5 * SECOND;
	meter_sample(&m, now, count);
	ok(near(figures().elapsed, 10) && sane(), "it may go back");
	go(1, SECOND, 950);
	ok(near(figures().elapsed, 11) && near(figures().rate, 1000),
	    "and time passes from there");
	now = 5;
	for (int i = 0; i < 40; i++) {
		go(1, SECOND, 1000);
		good &= sane();
	}
	ok(good && near(figures().average, 1000), "even to the boot");

	begin(30 * SECOND, 1000000);
	go(10, SECOND, 1000);
	count -= 5000;
	meter_sample(&m, now += SECOND, count);
	ok(near(figures().rate, 0) && sane(), "a count that falls is none");
	ok(m.count == 5000, "though it is what it is");
	go(1, SECOND, 1000);
	ok(near(figures().rate, 1000) && sane(), "and goes on from there");
}

static void
test_thinning(void)
{
	double worst = 0, d;
	bool good = true;

	begin(30 * SECOND, UINT64_C(1) << 40);
	for (int i = 1; i <= 360000; i++) {
		/* 100 a second in one half minute, 300 in the other */
		go(1, 10 * MS, (i - 1) / 3000 % 2 == 0 ? 1 : 3);
		if (i % 1500 != 0 || i < 3000)
			continue;
		if (i % 3000 != 0)
			d = distance(figures().average, 200);
		else
			d = distance(figures().average,
			    i / 3000 % 2 != 0 ? 100 : 300);
		worst = d > worst ? d : worst;
		good &= sane();
	}
	ok(worst < 0.5, "100 samples a second span the window: %g", worst);
	ok(good && near(figures().elapsed, 3600), "for an hour");
	ok(m.nkept <= METER_SAMPLES && m.nkept > METER_SAMPLES * 9 / 10,
	    "and use the room that there is: %zu", m.nkept);
	begin(10 * SECOND, 0);
	go(20000, MS, 1);
	go(100, MS, 101);
	ok(distance(figures().average, 2000) < 1e-6,
	    "1000 a second span it too");
	go(9800, MS, 1);
	ok(distance(figures().average, 2000) < 1e-6, "to its very end");
}

int
main(void)
{
	test_nothing();
	test_steady();
	test_short();
	test_window();
	test_stall();
	test_pause();
	test_damping();
	test_size();
	test_spread();
	test_intervals();
	test_clock();
	test_thinning();
	return tap_done();
}
