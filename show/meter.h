/* SPDX-License-Identifier: ISC */
/*
 * meter: what has passed, how fast, and how long it will take. All times are
 * microseconds of CLOCK_MONOTONIC; the time that we spent stopped is no part of
 * any figure. No I/O, no errors.
 */
#ifndef SHOW_METER_H
#define SHOW_METER_H

#include <stddef.h>

#include "base/figures.h"

enum {
	METER_SAMPLES = 128, /* of the window; older ones are thinned out */
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
	uint64_t last, last_units; /* of the last rate: its time, what passed */
	/* of those before it: their spread, as Welford has it, and the time */
	double least, most, average, squares, weight;
	uint64_t nends; /* samples that the end was predicted from */
	double end;     /* seconds from the beginning */
	size_t oldest, nkept;
	struct sample {
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

/*
 * What it knows, up to the last sample; the other figures are left as they are.
 * What has passed since the last rate belongs to that, in the spread; without
 * one, all rates are the mean. A stall makes the ETA grow, and a pause
 * (meter_stop) leaves it as it was.
 */
void meter_figures(const struct meter *, struct figures *);

#endif
