/* SPDX-License-Identifier: ISC */
/*
 * meter: what has passed, how fast, and how long it will take. It counts
 * units: bytes, or lines. All times are microseconds of CLOCK_MONOTONIC; the
 * time that we spent stopped is no part of any figure. No I/O, no errors.
 */
#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	METER_SAMPLES = 128, /* of the window; older ones are thinned out */
};

struct meter_spread {
	double min, average, max, deviation; /* units per second */
};

struct meter {
	uint64_t began;
	uint64_t stopped_at; /* 0: running */
	uint64_t paused;     /* time spent stopped, in all */
	uint64_t window;
	uint64_t size; /* what is expected; 0: unknown */
	uint64_t now;  /* of the last sample, less the time stopped */
	uint64_t count;
	uint64_t moves; /* samples that had another count */
	/* the implementation's own fields follow */
	uint64_t skew;  /* what the clock went back by, in all */
	uint64_t units; /* have passed since the beginning */
	uint64_t rated_at, rated_units; /* at the last sample with a rate */
	uint64_t apart;                 /* the least time for a rate */
	double rate, fastest;
	uint64_t last, last_units; /* of the last rate: its time, what passed */
	/* of those before it: their spread, as Welford has it, and the time */
	double least, most, average, squares, weight;
	uint64_t nends; /* samples that the end was predicted from */
	double end;     /* seconds from the beginning */
	size_t oldest, nkept;
	struct {
		uint64_t at, units;
	} kept[METER_SAMPLES]; /* a ring, over the window */
};

/* window: what the average looks back to (pv's -m, 30 s). */
void meter_init(struct meter *, uint64_t now, uint64_t window);

/* These may change while it runs. interval: between two samples, about. */
void meter_set_interval(struct meter *, uint64_t interval);
void meter_set_size(struct meter *, uint64_t size);
void meter_set_window(struct meter *, uint64_t window);

/*
 * count units have passed since the beginning: call it on each tick. A sample
 * at the very time of meter_init() says where we began, if not at 0. One that
 * comes less than half an interval (or half a second) after the last leaves the
 * rate and the prediction as they are, and is part of what the next one finds;
 * without an interval that is 1 ms.
 */
void meter_sample(struct meter *, uint64_t now, uint64_t count);

/* We were stopped (SIGSTOP, SIGTSTP) from then to then. */
void meter_stop(struct meter *, uint64_t now);
void meter_go(struct meter *, uint64_t now);

/* Seconds from the beginning to the last sample. */
double meter_elapsed(const struct meter *);

/*
 * Units per second: between the last two rated samples, over the window, and
 * from the beginning. Never negative, never infinite; 0 if unknown.
 */
double meter_rate(const struct meter *);
double meter_average(const struct meter *);
double meter_mean(const struct meter *);

/* The highest rate of any sample so far (the gauge's full scale). */
double meter_fastest(const struct meter *);

/*
 * The rates of the samples, each with the weight of its time, so that the
 * average is the mean: pv's --stats. What has passed since the last rate
 * belongs to that; without one, all are the mean.
 */
struct meter_spread meter_spread(const struct meter *);

/*
 * Seconds that are left, by the window's rate and damped so that it does not
 * jump; -1 if the size or the rate is not known. Never below 0; a stall makes
 * it grow, and a pause (meter_stop) leaves it as it was.
 */
double meter_eta(const struct meter *);

#endif
