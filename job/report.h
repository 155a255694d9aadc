/* SPDX-License-Identifier: ISC */
/*
 * report: what zpipe can say of itself and of the system that it runs on, as
 * text. It prints nothing but to the stream that it is given.
 */
#ifndef JOB_REPORT_H
#define JOB_REPORT_H

#include <stdio.h>

#include "pump/pump.h"

enum {
	REPORT_LINE = 1024
};

/* "N bytes (...) in S s, ...": SIGUSR1. */
void report_counts(const struct pump *, double seconds, char line[REPORT_LINE]);

/* Where one output is, behind its name. */
void report_output(const struct pump *, const struct output *,
    char line[REPORT_LINE]);

/* The engine that an input got, and why: --explain. */
void report_engine(const struct pump *, char line[REPORT_LINE]);

/* Which engine it could not have; false if it got the first. */
bool report_fall(const struct pump *, char line[REPORT_LINE]);

/* What this kernel and its limits allow: --probe. */
void report_probe(FILE *);

#endif
