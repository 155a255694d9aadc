/* SPDX-License-Identifier: ISC */
/* scan: lines counted, cut and found again; the last bytes and the last line */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/scan.h"
#include "tests/lib/tap.h"

/* Counts byte by byte, to compare with. */
static uint64_t
plainly(const char *p, size_t n, char end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += p[i] == end ? 1 : 0;
	return sum;
}

static void
test_count(void)
{
	static const size_t sizes[] = { 0, 1, 191, 192, 193, 1000, 65536,
		100003 };
	static char bytes[100003 + 8];

	srandom(7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t shift = 0; shift < 3; shift++) {
			struct scan v = { .lines = true, .end = '\n' };

			for (size_t j = 0; j < sizeof(bytes); j++)
				bytes[j] = random() % 3 == 0 ? '\n' : 'x';
			scan_bytes(&v, 0, bytes + shift, sizes[i]);
			ok(v.ended == plainly(bytes + shift, sizes[i], '\n'),
			    "lines of %zu bytes at %zu", sizes[i], shift);
		}
	memset(bytes, '\n', sizeof(bytes));
	{
		struct scan v = { .lines = true, .end = '\n' };

		scan_bytes(&v, 0, bytes, 100000);
		ok(v.ended == 100000, "lines that are nothing but an end");
	}
	memset(bytes, 0, sizeof(bytes));
	{
		struct scan v = { .lines = true, .end = '\0' };

		scan_bytes(&v, 0, bytes, 1000);
		ok(v.ended == 1000, "lines that end with a NUL");
	}
}

static void
test_cut(void)
{
	static const struct {
		const char *text;
		uint64_t lines, ended;
		size_t cut;
	} cases[] = {
		{ "", 1, 0, 0 },
		{ "abc", 1, 0, 3 },
		{ "abc\n", 1, 1, 4 },
		{ "abc\ndef", 1, 1, 4 },
		{ "abc\ndef\n", 1, 1, 4 },
		{ "a\nb\nc\n", 2, 2, 4 },
		{ "a\nb\nc\n", 3, 3, 6 },
		{ "a\nb\nc\n", 9, 3, 6 },
		{ "a\nb\nc\nd", 3, 3, 6 },
		{ "\n\n\n", 2, 2, 2 },
		{ "abc\n", 0, 0, 0 },
		{ "abc", 0, 0, 0 },
	};
	struct scan v = { .lines = true, .end = '\n' };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ended = 99;
		size_t n = scan_cut(&v, cases[i].text, strlen(cases[i].text),
		    cases[i].lines, &ended);

		ok(n == cases[i].cut && ended == cases[i].ended,
		    "case %zu is cut at %zu after %ju lines", i, n,
		    (uintmax_t)ended);
	}
}

static void
test_marks(void)
{
	struct scan v = { .lines = true, .end = '\n', .apart = 1000 };
	char bytes[100];
	bool never_more = true, rises = true;
	uint64_t last = 0;

	ok(scan_lines_at(&v, 0) == 0, "nothing yet");
	memset(bytes, 'x', sizeof(bytes));
	bytes[99] = '\n';
	for (uint64_t at = 0; at < 1000000; at += 100)
		scan_bytes(&v, at, bytes, sizeof(bytes));
	ok(scan_lines_at(&v, 1000000) == 10000, "all of them at the end");
	ok(scan_lines_at(&v, 1000500) == 10000, "and no more behind it");
	for (uint64_t at = 1000000 - (SCAN_MARKS - 2) * 1000; at < 1000000;
	     at += 777) {
		uint64_t n = scan_lines_at(&v, at);

		never_more = never_more && n <= at / 100 + 11 &&
		    n + 11 >= at / 100;
		rises = rises && n >= last;
		last = n;
	}
	ok(never_more, "before it they are right within a mark");
	ok(rises, "and never go back");
	ok(scan_lines_at(&v, 5) <= 10000, "long before it is no trap");
	scan_bytes(&v, 1000000, "\n", 1);
	ok(scan_lines_at(&v, 1000001) == 10001, "one more, at once");
	ok(scan_lines_at(&v, 1000000) == 10000 ||
		scan_lines_at(&v, 1000000) == 10001,
	    "and the place before it");
}

static bool
tail_is(const struct scan *v, const char *s)
{
	return v->ntail == strlen(s) && memcmp(v->tail, s, v->ntail) == 0;
}

static bool
line_is(const struct scan *v, const char *s)
{
	return v->ndone == strlen(s) && memcmp(v->done, s, v->ndone) == 0;
}

static void
test_last(void)
{
	struct scan v = { .last = true, .line = true, .end = '\n' };
	char big[5000];

	scan_bytes(&v, 0, "ab", 2);
	ok(tail_is(&v, "ab") && line_is(&v, ""), "no line has ended");
	scan_bytes(&v, 2, "c\nde", 4);
	ok(tail_is(&v, "abc\nde") && line_is(&v, "abc"), "one has");
	scan_bytes(&v, 6, "f\n", 2);
	ok(line_is(&v, "def"), "a line in three pieces");
	scan_bytes(&v, 8, "1\n22\n333\n4", 10);
	ok(line_is(&v, "333"), "the last of several");
	scan_bytes(&v, 18, "\n\n", 2);
	ok(line_is(&v, ""), "an empty one");
	memset(big, 'y', sizeof(big));
	scan_bytes(&v, 20, big, sizeof(big));
	ok(v.ntail == SCAN_LAST && v.tail[0] == 'y', "more than is kept");
	scan_bytes(&v, 5020, "z\n", 2);
	ok(v.ntail == SCAN_LAST && v.tail[SCAN_LAST - 2] == 'z' &&
		v.ndone == SCAN_LINE && v.done[0] == 'y',
	    "a long line is cut, and the tail moves on");
}

int
main(void)
{
	struct scan none = { 0 };

	ok(!scan_wanted(&none), "nobody looks");
	test_count();
	test_cut();
	test_marks();
	test_last();
	return tap_done();
}
