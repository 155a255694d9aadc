/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "base/number.h"

enum {
	MILLION = 1000000
};

struct decimal {
	uint64_t whole;
	bool large;       /* whole does not fit */
	const char *frac; /* the decimals */
	size_t nfrac;     /* without trailing zeros */
};

/* Digits and an optional fraction. Returns where they end, or NULL. */
static const char *
decimal(const char *s, struct decimal *d)
{
	const char *p = s;

	*d = (struct decimal){ .frac = "" };
	for (; *p >= '0' && *p <= '9'; p++)
		d->large = d->large ||
		    __builtin_mul_overflow(d->whole, 10, &d->whole) ||
		    __builtin_add_overflow(d->whole, (uint64_t)(*p - '0'),
			&d->whole);
	if (p == s)
		return NULL;
	if (*p != '.')
		return p;
	d->frac = ++p;
	for (; *p >= '0' && *p <= '9'; p++)
		if (*p != '0')
			d->nfrac = (size_t)(p - d->frac) + 1;
	return p == d->frac ? NULL : p;
}

/* True if 10^n is at most unit, so that the nth decimal is worth 1 or more. */
static bool
reaches(uint64_t unit, size_t n)
{
	for (; n > 0 && unit > 0; n--)
		unit /= 10;
	return unit > 0;
}

/*
 * The number times unit, at most 2^60, so that ten units fit. Multiplies the
 * fraction digit by digit, as it may have any length.
 */
static enum number_end
scale(const struct decimal *d, uint64_t unit, uint64_t *np)
{
	uint64_t carry = 0;
	bool exact = true;

	for (size_t i = d->nfrac; i-- > 0;) {
		carry += (uint64_t)(d->frac[i] - '0') * unit;
		exact = exact && carry % 10 == 0;
		carry /= 10;
	}
	if (d->large || __builtin_mul_overflow(d->whole, unit, np) ||
	    __builtin_add_overflow(*np, carry, np) || *np > INT64_MAX) {
		*np = INT64_MAX;
		return NUMBER_LARGE;
	}
	return exact || reaches(unit, d->nfrac) ? NUMBER_GOOD : NUMBER_FINE;
}

/* What a unit stands for; 0 if it is unknown. */
static uint64_t
unit_of(const char *p, bool si)
{
	static const char letters[] = "kKmMgGtT.P.E"; /* two per power */
	uint64_t unit = 1, base = si ? 1000 : 1024;
	const char *at;

	if (*p == '\0')
		return 1;
	at = *p == '.' ? NULL : strchr(letters, *p);
	if (at == NULL)
		return 0;
	if (strcmp(p + 1, "B") == 0)
		base = 1000;
	else if (strcmp(p + 1, "iB") == 0)
		base = 1024;
	else if (p[1] != '\0')
		return 0;
	for (ptrdiff_t n = (at - letters) / 2; n >= 0; n--)
		unit *= base;
	return unit;
}

enum number_end
number_size(const char *s, bool si, uint64_t *sizep)
{
	struct decimal d;
	const char *p = decimal(s, &d);
	uint64_t unit = p == NULL ? 0 : unit_of(p, si);

	return unit == 0 ? NUMBER_NONE : scale(&d, unit, sizep);
}

enum number_end
number_seconds(const char *s, uint64_t *usp)
{
	struct decimal d;
	const char *p = decimal(s, &d);

	if (p == NULL || *p != '\0')
		return NUMBER_NONE;
	return scale(&d, MILLION, usp);
}

enum number_end
number_count(const char *s, uint64_t most, uint64_t *np)
{
	struct decimal d;
	const char *p = decimal(s, &d);

	if (p == NULL || *p != '\0' || strchr(s, '.') != NULL)
		return NUMBER_NONE;
	*np = d.large || d.whole > most ? most : d.whole;
	return d.large || d.whole > most ? NUMBER_LARGE : NUMBER_GOOD;
}
