/* SPDX-License-Identifier: ISC */
/* figures: how far and how fast a transfer is at one moment. */
#ifndef BASE_FIGURES_H
#define BASE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

/* The value of figures.buffer where no buffer is used. */
enum {
	FIGURES_SPLICED = -1, /* spliced from input to output */
	FIGURES_BY_PIPE = -2, /* spliced through a pipe of our own */
	FIGURES_RANGED = -3,  /* copied from file to file by the kernel */
};

/* Units are bytes or, with --line-mode, lines. */
struct figures {
	uint64_t count; /* units delivered */
	uint64_t size;  /* units expected; 0: unknown */
	uint64_t moves; /* samples whose count was new */
	double elapsed; /* seconds up to the last sample */
	/*
	 * Units per second: between the last two samples, over the window,
	 * since the start, and the highest of any sample (the full scale of the
	 * gauge). Never negative or infinite; 0 if unknown.
	 */
	double rate, average, mean, fastest;
	/* of the samples' rates, weighted by time */
	struct {
		double min, average, max, deviation;
	} spread;
	double eta;   /* seconds left, smoothed; -1: unknown */
	double ratio; /* the other side's bytes to ours; 0: unknown */
	int buffer;   /* percent of the ring in use, or FIGURES_... */
	bool final;   /* no more will come */
};

#endif
