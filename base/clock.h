/* SPDX-License-Identifier: ISC */
/* clock: the time by which everything is measured. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in microseconds (clock_gettime(2)). */
uint64_t clock_now(void);

#endif
