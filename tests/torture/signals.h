/* SPDX-License-Identifier: ISC */
/* signals: awaits a zpipe, and sends it what is planned meanwhile. */
#ifndef TORTURE_SIGNALS_H
#define TORTURE_SIGNALS_H

#include "tests/torture/plan.h"

void await_job(struct plan *, struct job *);

#endif
