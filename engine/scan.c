/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "engine/scan.h"

bool
scan_wanted(const struct scan *v)
{
	return v->lines || v->last || v->line;
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
		size_t part = n < 192 ? n : 192;
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
mark(struct scan *v, uint64_t at)
{
	struct scan_mark *m = &v->marks[(v->nmarks - 1) % SCAN_MARKS];

	/* the newest moves until it is far enough from the one before it */
	if (v->nmarks < 2 ||
	    m->at - v->marks[(v->nmarks - 2) % SCAN_MARKS].at >= v->apart)
		m = &v->marks[v->nmarks++ % SCAN_MARKS];
	*m = (struct scan_mark){ at, v->ended };
}

/* Keeps the last bytes of what there was and what there is now. */
static void
keep_tail(struct scan *v, const char *p, size_t n)
{
	size_t old = n < SCAN_LAST ? SCAN_LAST - n : 0;

	if (n > SCAN_LAST) {
		p += n - SCAN_LAST;
		n = SCAN_LAST;
	}
	if (old > v->ntail)
		old = v->ntail;
	memmove(v->tail, v->tail + v->ntail - old, old);
	memcpy(v->tail + old, p, n);
	v->ntail = old + n;
}

static void
keep(char *line, size_t *len, const char *p, size_t n)
{
	if (n > SCAN_LINE - *len)
		n = SCAN_LINE - *len;
	memcpy(line + *len, p, n);
	*len += n;
}

static void
keep_line(struct scan *v, const char *p, size_t n)
{
	const char *last = memrchr(p, v->end, n), *start;

	if (last != NULL) {
		start = memrchr(p, v->end, (size_t)(last - p));
		if (start != NULL) {
			start++;
			v->ndone = 0;
		} else {
			start = p;
			memcpy(v->done, v->begun, v->nbegun);
			v->ndone = v->nbegun;
		}
		keep(v->done, &v->ndone, start, (size_t)(last - start));
		v->nbegun = 0;
		n -= (size_t)(last + 1 - p);
		p = last + 1;
	}
	keep(v->begun, &v->nbegun, p, n);
}

void
scan_bytes(struct scan *v, uint64_t at, const char *p, size_t n)
{
	if (v->lines) {
		v->ended += scan_count(p, n, v->end);
		mark(v, at + n);
	}
	if (v->last)
		keep_tail(v, p, n);
	if (v->line)
		keep_line(v, p, n);
}

size_t
scan_cut(const struct scan *v, const char *p, size_t n, uint64_t lines,
    uint64_t *ended)
{
	const char *from = p, *end = p + n, *at;

	*ended = scan_count(p, n, v->end);
	if (*ended <= lines && (*ended < lines || lines == 0))
		return lines == 0 ? 0 : n;
	*ended = lines;
	for (; lines > 0; lines--) {
		at = memchr(from, v->end, (size_t)(end - from));
		from = at + 1;
	}
	return (size_t)(from - p);
}

uint64_t
scan_lines_at(const struct scan *v, uint64_t at)
{
	size_t n = v->nmarks;
	struct scan_mark a = { 0, 0 }, b = { 0, 0 };

	/* from the newest back to the first that lies before it */
	for (size_t i = 0; i < n && i < SCAN_MARKS; i++) {
		b = a;
		a = v->marks[(n - 1 - i) % SCAN_MARKS];
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
