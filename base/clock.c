/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <time.h>

#include "base/clock.h"

uint64_t
clock_now(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
