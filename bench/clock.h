/* SPDX-License-Identifier: ISC */
/*
 * clock.h: time, as the helpers count it.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* Nanoseconds of a clock that nobody sets. */
static inline uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* Microseconds of processor time, from a struct rusage. */
static inline uint64_t
usec(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000U + (uint64_t)tv.tv_usec;
}

#endif
