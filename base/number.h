/* SPDX-License-Identifier: ISC */
/*
 * number: what people write for sizes, rates and times. Strict: no sign,
 * hexadecimal, exponent or blank, and nothing after it (expand_number(3) takes
 * "-1" and "0x10", and saturates in silence).
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum number_end {
	NUMBER_GOOD,
	NUMBER_NONE,  /* not a number; nothing has been stored */
	NUMBER_LARGE, /* too large; the largest value has been stored */
	NUMBER_FINE,  /* too precise; it has been stored rounded down */
};

/*
 * Digits, perhaps a fraction, perhaps a unit. k, M, G, T, P and E are powers of
 * 1024, or of 1000 with si; kiB, MiB and so on always of 1024, and kB, MB and
 * so on always of 1000. k, m, g and t may have either case. At most 2^63 - 1.
 *
 * Every decimal counts: the product is exact. What is left of a byte is
 * dropped, unless the last decimal is worth less than a byte: NUMBER_FINE. So
 * 1.1k is 1126, while 0.5 and 0.0001k are too precise.
 */
enum number_end number_size(const char *, bool si, uint64_t *);

/*
 * Digits and perhaps a fraction, in seconds; stored in microseconds. More than
 * six decimals are too precise, unless they are zeros.
 */
enum number_end number_seconds(const char *, uint64_t *);

/* Digits, at most `most`. */
enum number_end number_count(const char *, uint64_t most, uint64_t *);

#endif
