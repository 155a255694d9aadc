/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "number.h"

enum {
	MILLION = 1000000
};

/*
 * Digits and perhaps a fraction, of which a millionth is enough. Returns where
 * it ends, or NULL.
 */
static const char *
decimal(const char *p, uint64_t *whole, uint64_t *millionths)
{
	const char *start = p;
	uint64_t scale = MILLION;

	*whole = *millionths = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*whole, 10, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*p - '0'), whole))
			return NULL;
	if (p == start)
		return NULL;
	if (*p != '.')
		return p;
	start = ++p;
	for (; *p >= '0' && *p <= '9'; p++) {
		scale /= 10;
		*millionths += (uint64_t)(*p - '0') * scale;
	}
	return p == start ? NULL : p;
}

/* 1 to 4 for k to T, 0 for none, -1 for anything else. */
static int
power(const char *p)
{
	static const char units[] = "kMGT", others[] = "Kmgt";
	const char *u;

	if (*p == '\0')
		return 0;
	if (p[1] != '\0')
		return -1;
	u = strchr(units, *p);
	if (u != NULL)
		return (int)(u - units) + 1;
	u = strchr(others, *p);
	return u != NULL ? (int)(u - others) + 1 : -1;
}

int
number_size(const char *s, bool si, uint64_t *sizep)
{
	uint64_t whole, frac, unit = 1;
	const char *p = decimal(s, &whole, &frac);
	int n = p == NULL ? -1 : power(p);

	if (n == -1 || (n == 0 && frac != 0))
		return -1; /* half a byte */
	while (n-- > 0)
		unit *= si ? 1000 : 1024;
	if (__builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(whole,
		frac * (unit / MILLION) + frac * (unit % MILLION) / MILLION,
		&whole) ||
	    whole > INT64_MAX)
		return -1;
	*sizep = whole;
	return 0;
}

int
number_seconds(const char *s, uint64_t *usp)
{
	uint64_t whole, frac;
	const char *p = decimal(s, &whole, &frac);

	if (p == NULL || *p != '\0' || whole > INT64_MAX / MILLION - 1)
		return -1;
	*usp = whole * MILLION + frac;
	return 0;
}

int
number_count(const char *s, uint64_t most, uint64_t *np)
{
	uint64_t whole, frac;
	const char *p = decimal(s, &whole, &frac);

	if (p == NULL || *p != '\0' || strchr(s, '.') != NULL || whole > most)
		return -1;
	*np = whole;
	return 0;
}
