/* SPDX-License-Identifier: ISC */
/* Numbers as people write them: every digit counts, or it is refused. */
#include "config.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "tests/lib/tap.h"

#define K UINT64_C(1024)
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct size_case {
	const char *text;
	uint64_t size, si; /* without and with -k */
};

static void
test_units(void)
{
	static const struct size_case table[] = {
		{ "0", 0, 0 },
		{ "7", 7, 7 },
		{ "1k", K, 1000 },
		{ "1K", K, 1000 },
		{ "3m", 3 * K * K, 3000000 },
		{ "3M", 3 * K * K, 3000000 },
		{ "1g", K * K * K, 1000000000 },
		{ "1G", K * K * K, 1000000000 },
		{ "2t", 2 * K * K * K * K, UINT64_C(2000000000000) },
		{ "2T", 2 * K * K * K * K, UINT64_C(2000000000000) },
		{ "1P", K * K * K * K * K, UINT64_C(1000000000000000) },
		{ "7E", 7 * K * K * K * K * K * K,
		    UINT64_C(7000000000000000000) },
		{ "1kB", 1000, 1000 },
		{ "1KB", 1000, 1000 },
		{ "1kiB", K, K },
		{ "1KiB", K, K },
		{ "1MB", 1000000, 1000000 },
		{ "1MiB", K * K, K * K },
		{ "1.5GB", 1500000000, 1500000000 },
		{ "1.5GiB", 3 * K * K * K / 2, 3 * K * K * K / 2 },
		{ "1TB", UINT64_C(1000000000000), UINT64_C(1000000000000) },
		{ "1TiB", K * K * K * K, K * K * K * K },
		{ "9PB", UINT64_C(9000000000000000),
		    UINT64_C(9000000000000000) },
		{ "9PiB", 9 * K * K * K * K * K, 9 * K * K * K * K * K },
		{ "9EB", UINT64_C(9000000000000000000),
		    UINT64_C(9000000000000000000) },
		{ "7EiB", 7 * K * K * K * K * K * K,
		    7 * K * K * K * K * K * K },
		{ "9223372036854775807", INT64_MAX, INT64_MAX },
	};
	uint64_t n, si;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		ok(number_size(table[i].text, false, &n) == NUMBER_GOOD &&
			n == table[i].size &&
			number_size(table[i].text, true, &si) == NUMBER_GOOD &&
			si == table[i].si,
		    "%s is %" PRIu64 ", with -k %" PRIu64, table[i].text,
		    table[i].size, table[i].si);
}

/* All decimals count, and what is left is less than the last of them. */
static void
test_decimals(void)
{
	static const struct size_case table[] = {
		{ "1.5k", 1536, 1500 },
		{ "1.1k", 1126, 1100 },
		{ "0.001k", 1, 1 },
		{ "0.999k", 1022, 999 },
		{ "1.0000001G", 1073741931, 1000000100 },
		{ "1.000000001G", 1073741825, 1000000001 },
		{ "0.00000001T", 10995, 10000 },
		{ "0.000000000001T", 1, 1 },
		{ "1.123456789123T", UINT64_C(1235253802944),
		    UINT64_C(1123456789123) },
		{ "1.999999999999999P", UINT64_C(2251799813685246),
		    UINT64_C(1999999999999999) },
		{ "7.999999999999999999E", UINT64_C(9223372036854775806),
		    UINT64_C(7999999999999999999) },
		{ "1.50000000000000000000000000000000000000k", 1536, 1500 },
		{ "4.000", 4, 4 },
	};
	uint64_t n, si;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		ok(number_size(table[i].text, false, &n) == NUMBER_GOOD &&
			n == table[i].size &&
			number_size(table[i].text, true, &si) == NUMBER_GOOD &&
			si == table[i].si,
		    "%s is %" PRIu64 ", with -k %" PRIu64, table[i].text,
		    table[i].size, table[i].si);
	ok(number_size("1.0009765625M", false, &n) == NUMBER_GOOD &&
		n == 1049600,
	    "as many decimals as it takes for a whole number of bytes");
	ok(number_size("0.0009765625k", false, &n) == NUMBER_GOOD && n == 1,
	    "and if it is only one");
}

static void
test_fine(void)
{
	static const char *const sizes[] = { "0.5", "64.5", "1.01", "0.0001k",
		"1.0001k", "1.23456789k", "1.0000001M", "0.0000000001G",
		"1.000000000000000000000000000000000000000000000000001k",
		"1.0001kB", "1.0001KiB" };
	uint64_t n;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		ok(number_size(sizes[i], false, &n) == NUMBER_FINE,
		    "%s has decimals for less than a byte", sizes[i]);
	ok(number_size("1.0009765625k", true, &n) == NUMBER_FINE,
	    "with -k that is no whole number");
}

static void
test_large(void)
{
	static const char *const sizes[] = { "8E", "16E", "9.3EB",
		"9223372036854775808", "18446744073709551615",
		"18446744073709551616", "99999999999999999999",
		"99999999999999999999k", "9000000T", "36893488147419103232" };
	uint64_t n;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		ok(number_size(sizes[i], false, &n) == NUMBER_LARGE &&
			n == INT64_MAX,
		    "%s does not fit", sizes[i]);
}

static void
test_none(void)
{
	static const char *const sizes[] = { "", "-1", "+1", "0x10", "1e3",
		"1E3", " 1", "1 ", "1 k", "1.", "1.k", ".5", ".5k", "1,5k",
		"1.5.2", "k", "kB", "1x", "1b", "1B", "1kk", "1kb", "1ki",
		"1Kib", "1KIB", "1kBs", "1p", "1e", "1e10", "1.5.k", "nan",
		"inf", "1\n", "99999999999999999999x" };
	uint64_t n = 5;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		ok(number_size(sizes[i], false, &n) == NUMBER_NONE && n == 5,
		    "'%s' is no size",
		    strcmp(sizes[i], "1\n") == 0 ? "1\\n" : sizes[i]);
}

static void
test_seconds(void)
{
	static const struct {
		const char *text;
		uint64_t us;
	} table[] = {
		{ "0", 0 },
		{ "1", 1000000 },
		{ "0.1", 100000 },
		{ "0.000001", 1 },
		{ "2.500000000", 2500000 },
		{ "0.123456", 123456 },
	};
	static const char *const none[] = { "", "1s", "1k", "-1", "1.", ".5",
		"1e3", " 1", "1,5" };
	uint64_t us = 5;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		ok(number_seconds(table[i].text, &us) == NUMBER_GOOD &&
			us == table[i].us,
		    "%s seconds are %" PRIu64 " us", table[i].text,
		    table[i].us);
	us = 5;
	for (size_t i = 0; i < COUNT_OF(none); i++)
		ok(number_seconds(none[i], &us) == NUMBER_NONE && us == 5,
		    "'%s' is no time", none[i]);
	ok(number_seconds("0.0000001", &us) == NUMBER_FINE && us == 0,
	    "0.0000001 is too precise");
	ok(number_seconds("1.2345678", &us) == NUMBER_FINE && us == 1234567,
	    "1.2345678 is");
	ok(number_seconds("99999999999999999999", &us) == NUMBER_LARGE &&
		us == INT64_MAX,
	    "more than fits is the most that does");
	ok(number_seconds("9223372036855", &us) == NUMBER_LARGE,
	    "a time that does not fit in microseconds");
}

static void
test_counts(void)
{
	uint64_t n;

	ok(number_count("0", 9, &n) == NUMBER_GOOD && n == 0, "0");
	ok(number_count("0009", 9, &n) == NUMBER_GOOD && n == 9, "0009 is 9");
	ok(number_count("10", 9, &n) == NUMBER_LARGE && n == 9,
	    "10 is more than 9");
	ok(number_count("99999999999999999999", 9, &n) == NUMBER_LARGE &&
		n == 9,
	    "and so is what does not fit");
	for (const char *const *p = (const char *const[]){ "", "x", "-1", "1.0",
		 "1k", " 1", NULL };
	     *p != NULL; p++)
		ok(number_count(*p, 9, &n) == NUMBER_NONE, "'%s' is no count",
		    *p);
}

int
main(void)
{
	test_units();
	test_decimals();
	test_fine();
	test_large();
	test_none();
	test_seconds();
	test_counts();
	return tap_done();
}
