/* SPDX-License-Identifier: ISC */
/* cases: one after the other, each in a directory that is empty. */
#ifndef TORTURE_CASES_H
#define TORTURE_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/torture/plan.h"

struct tally {
	unsigned cases;
	unsigned faults;
};

extern struct tally tallies[SCENARIOS];
extern struct plan plan; /* of the case that runs */
extern const char *me;   /* the name of this program */

void remove_dir(void);
void make_dir(void);

/* Runs the plan in a process group of its own; shared->fault is its outcome. */
void run_plan(struct plan *, unsigned seconds);
void diagnose(const char *text);

/* Returns whether it was right. */
bool run_number(uint64_t seed, uint64_t number, bool tell);

#endif
