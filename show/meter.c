/* SPDX-License-Identifier: ISC */
/*
 * Time is counted on a clock of our own, which stands still while we are
 * stopped and never goes back:
 *
 *	ours = CLOCK_MONOTONIC - paused + skew
 *
 * The window is a ring of samples on that clock, one per window /
 * METER_SAMPLES at most; its beginning falls between two of them and is
 * interpolated, so that the average does not jump as samples leave.
 */
#include "config.h"

#include "show/meter.h"

enum {
	APART = 1000,     /* a rate over less than 1 ms is noise */
	SECOND = 1000000, /* half of it is always enough for one */
	AT_ONCE = 3,      /* predictions before smoothing begins */
};

static const double CALM = 2;      /* time constant of the ETA, in seconds, */
static const double HURRIED = 0.5; /* and if it is wrong by a factor of 2 */

/* ---- helpers ---------------------------------------------------------- */

/* A square root by Newton's method: nothing else needs libm. */
static double
root(double x)
{
	double r, next = x > 1 ? x : 1;

	if (!(x > 0))
		return 0;
	do {
		r = next;
		next = (r + x / r) / 2;
	} while (next < r);
	return r;
}

static double
per_second(double units, double us)
{
	return us > 0 && units > 0 ? units * 1e6 / us : 0;
}

static double
elapsed(const struct meter *m)
{
	return (double)(m->now - m->began) / 1e6;
}

/* ---- the window ------------------------------------------------------- */

static size_t
slot(const struct meter *m, size_t i)
{
	return (m->oldest + i) % METER_SAMPLES;
}

static struct sample
now_is(const struct meter *m)
{
	return (struct sample){ m->now, m->units };
}

/* The beginning of the window, or of everything. */
static uint64_t
horizon(const struct meter *m)
{
	return m->now - m->began > m->window ? m->now - m->window : m->began;
}

/* Drops old samples, but keeps one from the window's beginning or before. */
static void
forget(struct meter *m)
{
	uint64_t from = horizon(m);

	while (m->nkept > 1 && m->kept[slot(m, 1)].at <= from) {
		m->oldest = slot(m, 1);
		m->nkept--;
	}
}

static void
keep(struct meter *m)
{
	/* two fewer, to span the whole window in spite of rounding */
	uint64_t spacing = m->window / (METER_SAMPLES - 2) + 1;

	if (m->nkept > 0 &&
	    m->now - m->kept[slot(m, m->nkept - 1)].at < spacing)
		return;
	if (m->nkept == METER_SAMPLES) {
		m->oldest = slot(m, 1);
		m->nkept--;
	}
	m->kept[slot(m, m->nkept++)] = now_is(m);
}

static double
window_rate(const struct meter *m)
{
	struct sample old = m->kept[m->oldest], next = now_is(m);
	uint64_t from = horizon(m);
	double before = 0; /* units between the oldest sample and from */

	if (m->nkept > 1)
		next = m->kept[slot(m, 1)];
	if (old.at > from)
		from = old.at;
	if (next.at > old.at)
		before = (double)(next.units - old.units) *
		    (double)(from - old.at) / (double)(next.at - old.at);
	return per_second((double)(m->units - old.units) - before,
	    (double)(m->now - from));
}

/* ---- the end ---------------------------------------------------------- */

/*
 * Smooths the time of the end, not the time left: the end does not move while
 * the rate is steady, so that the ETA counts down evenly.
 */
static void
predict(struct meter *m, double passed)
{
	double now = elapsed(m), average = window_rate(m);
	double left, believed, calm;

	if (m->size == 0 || m->count >= m->size || !(average > 0)) {
		m->nends = 0;
		return;
	}
	left = (double)(m->size - m->count) / average;
	believed = m->end - now;
	if (++m->nends <= AT_ONCE || believed <= 0) {
		m->end = now + left;
		return;
	}
	calm = left > 2 * believed || left < believed / 2 ? HURRIED : CALM;
	m->end += (left - believed) * passed / (passed + calm);
}

static double
seconds_left(const struct meter *m)
{
	double left = m->end - elapsed(m);

	if (m->size == 0)
		return -1;
	if (m->count >= m->size)
		return 0;
	if (m->nends == 0)
		return -1;
	return left > 0 ? left : 0;
}

/* ---- samples ---------------------------------------------------------- */

void
meter_init(struct meter *m, uint64_t now, uint64_t window)
{
	*m = (struct meter){ .began = now,
		.now = now,
		.rated_at = now,
		.apart = APART };
	meter_set_window(m, window);
	keep(m);
}

void
meter_set_interval(struct meter *m, uint64_t interval)
{
	m->apart = (interval < SECOND ? interval : SECOND) / 2;
	if (m->apart < APART)
		m->apart = APART;
}

void
meter_set_size(struct meter *m, uint64_t size)
{
	if (m->size == size)
		return;
	m->size = size;
	m->nends = 0;
	predict(m, 0);
}

void
meter_set_window(struct meter *m, uint64_t window)
{
	m->window = window > 0 ? window : 1;
	forget(m);
}

static uint64_t
ours(struct meter *m, uint64_t now)
{
	uint64_t t = now - m->paused + m->skew;

	if ((int64_t)(t - m->now) < 0) {
		m->skew += m->now - t;
		t = m->now;
	}
	return t;
}

/* Adds a rate to Welford's mean and sum of squares, with weights (West). */
static void
spread(struct meter *m, uint64_t units, uint64_t passed)
{
	double rate = per_second((double)units, (double)passed);
	double off = rate - m->average, weight = (double)passed;

	if (m->weight <= 0 || rate < m->least)
		m->least = rate;
	if (m->weight <= 0 || rate > m->most)
		m->most = rate;
	m->weight += weight;
	m->average += off * weight / m->weight;
	m->squares += off * weight * (rate - m->average);
}

void
meter_sample(struct meter *m, uint64_t now, uint64_t count)
{
	uint64_t passed;

	meter_go(m, now);
	m->now = ours(m, now);
	if (count > m->count && m->now > m->began)
		m->units += count - m->count;
	m->moves += count != m->count;
	m->count = count;
	forget(m);
	passed = m->now - m->rated_at;
	if (passed >= m->apart) {
		/* the last rate waits, as a fraction may be added to it */
		if (m->last > 0)
			spread(m, m->last_units, m->last);
		m->last = passed;
		m->last_units = m->units - m->rated_units;
		m->rated_at = m->now;
		m->rated_units = m->units;
		predict(m, (double)passed / 1e6);
	}
	keep(m);
}

void
meter_stop(struct meter *m, uint64_t now)
{
	if (m->stopped_at == 0)
		m->stopped_at = now > 0 ? now : 1;
}

void
meter_go(struct meter *m, uint64_t now)
{
	if (m->stopped_at != 0 && now > m->stopped_at)
		m->paused += now - m->stopped_at;
	m->stopped_at = 0;
}

void
meter_figures(const struct meter *m, struct figures *f)
{
	uint64_t passed = m->last + (m->now - m->rated_at);
	uint64_t since = m->now - m->began;
	struct meter all = *m;

	f->count = m->count;
	f->size = m->size;
	f->moves = m->moves;
	f->elapsed = elapsed(m);
	f->average = window_rate(m);
	f->mean = per_second((double)m->units, (double)since);
	f->rate = since < APART ? 0 : f->mean;
	if (m->last > 0)
		f->rate = per_second((double)m->last_units, (double)m->last);
	f->fastest = f->rate > m->most ? f->rate : m->most;
	f->eta = seconds_left(m);
	if (passed > 0)
		spread(&all, m->last_units + (m->units - m->rated_units),
		    passed);
	f->spread.min = all.least;
	f->spread.average = all.average;
	f->spread.max = all.most;
	f->spread.deviation = all.weight > 0 ? root(all.squares / all.weight) :
					       0;
}
