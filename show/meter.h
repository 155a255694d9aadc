/* SPDX-License-Identifier: ISC */
/*
 * meter: measures how much has passed, how fast, and how long the rest will
 * take. Times are microseconds of CLOCK_MONOTONIC; time spent stopped does not
 * count. No I/O, no errors.
 */
#ifndef SHOW_METER_H
#define SHOW_METER_H

#include <stddef.h>

#include "base/figures.h"

enum {
	METER_SAMPLES = 128, /* kept for the window */
};

struct meter {
	uint64_t began;
	uint64_t stopped_at; /* 0: running */
	uint64_t paused;     /* time spent stopped, in total */
	uint64_t window;
	uint64_t size; /* expected; 0: unknown */
	uint64_t now;  /* the last sample, on the clock of meter.c */
	uint64_t count;
	uint64_t moves; /* samples whose count was new */
	/* the implementation's own fields follow */
	uint64_t skew;  /* by which the clock went back, in total */
	uint64_t units; /* passed since the beginning */
	uint64_t rated_at, rated_units; /* the last sample with a rate */
	uint64_t apart;                 /* least time between two of these */
	uint64_t last, last_units;      /* time and units of the last rate */
	/* of the rates before it, weighted by time: see spread() */
	double least, most, average, squares, weight;
	uint64_t nends; /* predictions of the end so far */
	double end;     /* predicted, in seconds from the beginning */
	size_t oldest, nkept;
	struct sample {
		uint64_t at, units;
	} kept[METER_SAMPLES]; /* a ring */
};

/* window: the time that the average covers (-m). */
void meter_init(struct meter *, uint64_t now, uint64_t window);

/* These may change at any time. interval: expected between two samples. */
void meter_set_interval(struct meter *, uint64_t interval);
void meter_set_size(struct meter *, uint64_t size);
void meter_set_window(struct meter *, uint64_t window);

/*
 * Takes the count of units so far. A sample at the time of meter_init() sets
 * the count to begin with. One that follows the last within half an interval
 * (at most half a second; 1 ms if no interval was set) does not change the rate
 * and the prediction, but counts toward the next.
 */
void meter_sample(struct meter *, uint64_t now, uint64_t count);

/* Stop and start the clock. */
void meter_stop(struct meter *, uint64_t now);
void meter_go(struct meter *, uint64_t now);

/*
 * Sets the figures that it knows, up to the last sample: all but ratio, buffer
 * and final. The spread adds what has passed since the last rate to that;
 * before there is a rate, the mean is used. A stall makes the ETA grow; a
 * stopped clock does not.
 */
void meter_figures(const struct meter *, struct figures *);

#endif
