/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/shared.h"

struct shared *shared;
const char *zpipe_path, *zoo_path;
unsigned deadline = 15;

void
fault(const char *fmt, ...)
{
	size_t room = sizeof(shared->fault) - shared->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(shared->fault + shared->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		shared->len += (size_t)n < room ? (size_t)n : room - 1;
}

void
broken(const char *what)
{
	fault("the test itself: %s: %s\n", what, strerror(errno));
	_exit(1);
}

uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void
nap(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	if (us > 0)
		nanosleep(&t, NULL);
}
