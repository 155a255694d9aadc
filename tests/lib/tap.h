/* SPDX-License-Identifier: ISC */
/* tap: the few lines of TAP that the unit tests need. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	tap_run++;
	tap_failed += !good;
	printf("%sok %d - ", good ? "" : "not ", tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	return good;
}

__attribute__((unused)) static void
skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_run, what, why);
}

__attribute__((noreturn, unused)) static void
bail(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

__attribute__((unused)) static int
tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

#endif
