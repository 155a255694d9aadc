/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/param.h>

#include <string.h>

#include "engine/scan.h"

bool
scan_wanted(const struct scan *s)
{
	return s->lines || s->last || s->line;
}

/*
 * memchr(3) is called once for each line: 1.5 GB/s for lines of seven bytes.
 * Comparing every byte knows no lines: the compiler makes 16 or 32 comparisons
 * of one instruction. The inner sum must fit a byte for that.
 */
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("O3")))
#endif
uint64_t
scan_count(const char *p, size_t n, char end)
{
	uint64_t sum = 0;

	while (n > 0) {
		size_t part = MIN(n, 192);
		unsigned char few = 0;

		for (size_t i = 0; i < part; i++)
			few = (unsigned char)(few + (p[i] == end));
		sum += few;
		p += part;
		n -= part;
	}
	return sum;
}

static void
mark(struct scan *s, uint64_t at)
{
	struct scan_mark *m = &s->marks[(s->nmarks - 1) % SCAN_MARKS];

	/* the newest moves until it is far enough from the one before it */
	if (s->nmarks < 2 ||
	    m->at - s->marks[(s->nmarks - 2) % SCAN_MARKS].at >= s->apart)
		m = &s->marks[s->nmarks++ % SCAN_MARKS];
	*m = (struct scan_mark){ at, s->ended };
}

/* Keeps the last bytes of what there was and what there is now. */
static void
keep_tail(struct scan *s, const char *p, size_t n)
{
	size_t keep = MIN(n, SCAN_LAST), old = MIN(SCAN_LAST - keep, s->ntail);

	memmove(s->tail, s->tail + s->ntail - old, old);
	memcpy(s->tail + old, p + n - keep, keep);
	s->ntail = old + keep;
}

static void
keep(char *line, size_t *len, const char *p, size_t n)
{
	n = MIN(n, SCAN_LINE - *len);
	memcpy(line + *len, p, n);
	*len += n;
}

static void
keep_line(struct scan *s, const char *p, size_t n)
{
	const char *last = memrchr(p, s->end, n), *start;

	if (last != NULL) {
		start = memrchr(p, s->end, (size_t)(last - p));
		if (start != NULL) {
			start++;
			s->ndone = 0;
		} else {
			start = p;
			memcpy(s->done, s->begun, s->nbegun);
			s->ndone = s->nbegun;
		}
		keep(s->done, &s->ndone, start, (size_t)(last - start));
		s->nbegun = 0;
		n -= (size_t)(last + 1 - p);
		p = last + 1;
	}
	keep(s->begun, &s->nbegun, p, n);
}

void
scan_bytes(struct scan *s, uint64_t at, const char *p, size_t n)
{
	if (s->lines) {
		s->ended += scan_count(p, n, s->end);
		mark(s, at + n);
	}
	if (s->last)
		keep_tail(s, p, n);
	if (s->line)
		keep_line(s, p, n);
}

size_t
scan_cut(const struct scan *s, const char *p, size_t n, uint64_t lines,
    uint64_t *ended)
{
	const char *from = p, *end = p + n, *at;

	*ended = scan_count(p, n, s->end);
	if (*ended <= lines && (*ended < lines || lines == 0))
		return lines == 0 ? 0 : n;
	*ended = lines;
	for (; lines > 0; lines--) {
		at = memchr(from, s->end, (size_t)(end - from));
		from = at + 1;
	}
	return (size_t)(from - p);
}

uint64_t
scan_lines_at(const struct scan *s, uint64_t at)
{
	size_t n = s->nmarks;
	struct scan_mark a = { 0, 0 }, b = { 0, 0 };

	/* from the newest back to the first that lies before it */
	for (size_t i = 0; i < n && i < SCAN_MARKS; i++) {
		b = a;
		a = s->marks[(n - 1 - i) % SCAN_MARKS];
		if (a.at <= at) {
			if (i == 0 || a.at == at || b.at == a.at)
				return a.lines;
			return a.lines +
			    (uint64_t)((double)(b.lines - a.lines) *
				(double)(at - a.at) / (double)(b.at - a.at));
		}
	}
	/* before all of them */
	if (n == 0 || n > SCAN_MARKS || a.at == 0)
		return a.lines;
	return (uint64_t)((double)a.lines * (double)at / (double)a.at);
}
