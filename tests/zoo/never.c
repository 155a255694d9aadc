/* SPDX-License-Identifier: ISC */
/* never SECONDS: holds stdin open, never reads it, and leaves. */
#include "config.h"

#include <err.h>
#include <stdlib.h>
#include <time.h>

int
main(int argc, char *argv[])
{
	struct timespec ts;
	double s;

	if (argc != 2)
		errx(2, "usage: never SECONDS");
	s = strtod(argv[1], NULL);
	ts.tv_sec = (time_t)s;
	ts.tv_nsec = (long)((s - (double)ts.tv_sec) * 1e9);
	if (nanosleep(&ts, NULL) == -1)
		err(1, "nanosleep");
	return 0;
}
