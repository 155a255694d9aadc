/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/mman.h>

#include <err.h>
#include <string.h>

#include "tests/torture/text.h"
#include "tests/lib/tap.h"

enum {
	ZEROS = 24 * KIB /* in every 256 KiB of some parts, for --sparse */
};

unsigned char *master;
unsigned char *tagged[MOST_JOBS];

void
text_add(struct text *t, const unsigned char *p, size_t len)
{
	if (t->n == LENGTH(t->part))
		bail("a text of too many parts");
	t->part[t->n++] = (struct part){ p, len };
}

uint64_t
text_len(const struct text *t)
{
	uint64_t len = 0;

	for (size_t i = 0; i < t->n; i++)
		len += t->part[i].len;
	return len;
}

void
text_cut(struct text *t, uint64_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->part[i].len > len)
			t->part[i].len = (size_t)len;
		len -= t->part[i].len;
	}
}

void
text_from(struct text *t, uint64_t at)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t gone = at < t->part[i].len ? (size_t)at : t->part[i].len;

		t->part[i].p += gone;
		t->part[i].len -= gone;
		at -= gone;
	}
}

uint64_t
text_lines(const struct text *t, uint64_t n, int end)
{
	uint64_t len = 0;

	for (size_t i = 0; i < t->n && n > 0; i++) {
		const unsigned char *p = t->part[i].p, *q;
		size_t left = t->part[i].len;

		while (n > 0 && (q = memchr(p, end, left)) != NULL) {
			left -= (size_t)(q + 1 - p);
			p = q + 1;
			n--;
		}
		len += n > 0 ? t->part[i].len : (size_t)(p - t->part[i].p);
	}
	return len;
}

static size_t
first_difference(const unsigned char *a, const unsigned char *b, size_t n)
{
	size_t i = 0;

	if (memcmp(a, b, n) == 0)
		return n;
	while (a[i] == b[i])
		i++;
	return i;
}

size_t
text_same(const struct text *t, uint64_t at, const unsigned char *buf, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i < t->n && same < n; i++) {
		size_t len = t->part[i].len, k;

		if (at >= len) {
			at -= len;
			continue;
		}
		len -= (size_t)at;
		if (len > n - same)
			len = n - same;
		k = first_difference(t->part[i].p + at, buf + same, len);
		same += k;
		if (k < len)
			return same;
		at = 0;
	}
	return same;
}

uint64_t
text_find(const struct text *t, const unsigned char *buf, size_t n)
{
	uint64_t at = 0;

	if (n < 8)
		return NONE;
	for (size_t i = 0; i < t->n; i++) {
		const unsigned char *q = memmem(t->part[i].p, t->part[i].len,
		    buf, n < 16 ? n : 16);

		if (q != NULL)
			return at + (uint64_t)(q - t->part[i].p);
		at += t->part[i].len;
	}
	return NONE;
}

void *
shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(99, "mmap");
	return p;
}

/*
 * No eight bytes at a multiple of eight occur twice, but for the zeros in the
 * last quarter. Tagged bytes say in their two upper bits whose they are.
 */
void
make_master(void)
{
	master = shared_memory(MASTER);
	for (uint64_t i = 0; i < MASTER / 8; i++) {
		uint64_t w = (i + 1) * 0x9e3779b97f4a7c15u;

		w ^= w >> 29;
		memcpy(master + 8 * i, &w, 8);
	}
	for (size_t at = MASTER / 4 * 3; at < MASTER; at += 256 * KIB)
		memset(master + at, 0, ZEROS);
	for (unsigned k = 0; k < MOST_JOBS; k++) {
		tagged[k] = shared_memory(TAGGED);
		for (size_t i = 0; i < TAGGED; i++)
			tagged[k][i] = (unsigned char)((master[i] & 0x3f) |
			    k << 6);
	}
}
