/* SPDX-License-Identifier: ISC */
/*
 * number: parses sizes, rates and times. A sign, a blank, hexadecimal, an
 * exponent or trailing text is an error (expand_number(3) takes "-1" and
 * "0x10", and saturates silently).
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum number_end {
	NUMBER_GOOD,
	NUMBER_NONE,  /* not a number; nothing is stored */
	NUMBER_LARGE, /* too large; the largest value is stored */
	NUMBER_FINE,  /* too precise; the value is rounded down */
};

/*
 * Digits with an optional fraction and unit. k, M, G, T, P and E are powers of
 * 1024, or of 1000 with si; kiB, MiB etc. are always powers of 1024, and kB, MB
 * etc. of 1000. k, m, g and t may have either case. At most 2^63 - 1.
 *
 * The product is exact, and a fraction of a byte is dropped; but a last decimal
 * worth less than a byte is NUMBER_FINE. So 1.1k is 1126, while 0.5 and 0.0001k
 * are too precise.
 */
enum number_end number_size(const char *, bool si, uint64_t *);

/*
 * Seconds, with an optional fraction, as microseconds. More than six decimals
 * other than zeros are too precise.
 */
enum number_end number_seconds(const char *, uint64_t *);

/* Digits; a value above `most` is NUMBER_LARGE. */
enum number_end number_count(const char *, uint64_t most, uint64_t *);

#endif
