/* SPDX-License-Identifier: ISC */
/*
 * figures: how far a transfer is, and how fast, at one moment. It counts
 * units: bytes, or lines.
 */
#ifndef BASE_FIGURES_H
#define BASE_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

/* In place of how full a buffer is, where the bytes pass by it. */
enum {
	FIGURES_SPLICED = -1, /* from one to the other */
	FIGURES_BY_PIPE = -2, /* by a pipe between them */
	FIGURES_RANGED = -3,  /* from file to file */
};

struct figures {
	uint64_t count; /* delivered */
	uint64_t size;  /* expected; 0: unknown */
	uint64_t moves; /* samples that had another count */
	double elapsed; /* seconds from the beginning to the last sample */
	/*
	 * Units per second: between the last two samples, over a window, from
	 * the beginning, and the highest of any sample (the gauge's full
	 * scale). Never negative, never infinite; 0 if unknown.
	 */
	double rate, average, mean, fastest;
	/* of the rates of the samples, each with the weight of its time */
	struct {
		double min, average, max, deviation;
	} spread;
	/*
	 * Seconds that are left, by the window's rate and damped so that it
	 * does not jump; -1 if the size or the rate is not known.
	 */
	double eta;
	double ratio; /* the other side's bytes to ours; 0: unknown */
	int buffer;   /* how full the ring is, in percent; or why not */
	bool final;   /* nothing more will come */
};

#endif
