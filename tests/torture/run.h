/* SPDX-License-Identifier: ISC */
/* run: starts the processes of a case, and judges what comes out. */
#ifndef TORTURE_RUN_H
#define TORTURE_RUN_H

#include "tests/torture/plan.h"

/* In a process of its own: whatever is wrong is a fault (shared.h). */
void run_case(struct plan *);

#endif
