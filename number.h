/* SPDX-License-Identifier: ISC */
/*
 * number: what people write for sizes, rates and times. Strict: no sign, no
 * hexadecimal, no exponent, no overflow, nothing behind it. All return 0, or
 * -1 and nothing has been stored. (expand_number(3) takes "-1" and "0x10", and
 * saturates in silence.)
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Digits, perhaps a fraction, perhaps one of k, M, G, T: powers of 1024, or of
 * 1000 with si. At most 2^63 - 1.
 */
int number_size(const char *, bool si, uint64_t *);

/* Digits and perhaps a fraction, in seconds; stored in microseconds. */
int number_seconds(const char *, uint64_t *);

/* Digits, at most `most`. */
int number_count(const char *, uint64_t most, uint64_t *);

#endif
