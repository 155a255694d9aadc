/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/refuse.h"
#include "peer/message.h"

enum {
	MAGIC = 0x7a706970,
	LENGTH_AT = 8, /* after magic, version and type */
};

/*
 * The same functions read and write the fields, so that both use one order.
 * Anything that does not fit or is not valid makes the wire bad; then nothing
 * else is read or written.
 */
struct wire {
	unsigned char *bytes;
	size_t at, len; /* len: the room, or what there is to read */
	bool reads, bad;
};

/* The next n bytes, or NULL if fewer are left. */
static unsigned char *
next(struct wire *w, size_t n)
{
	w->bad = w->bad || n > w->len - w->at;
	if (w->bad)
		return NULL;
	w->at += n;
	return w->bytes + w->at - n;
}

static void
number(struct wire *w, uint64_t *np, unsigned width)
{
	unsigned char *p = next(w, width);

	if (p == NULL)
		return;
	if (w->reads)
		*np = 0;
	for (unsigned i = 0; i < width; i++) {
		if (w->reads)
			*np |= (uint64_t)p[i] << (8 * i);
		else
			p[i] = (unsigned char)(*np >> (8 * i));
	}
}

static void
flag(struct wire *w, bool *flagp)
{
	uint64_t n = *flagp;

	number(w, &n, 1);
	w->bad = w->bad || n > 1;
	*flagp = n == 1;
}

static void
integer(struct wire *w, int *np)
{
	uint64_t n = (uint32_t)*np;

	number(w, &n, 4);
	*np = (int)(uint32_t)n;
}

/* IEEE 754. */
static void
real(struct wire *w, double *dp)
{
	uint64_t n;

	memcpy(&n, dp, sizeof(n));
	number(w, &n, 8);
	memcpy(dp, &n, sizeof(n));
}

/* The number of items that follow, at most `most`. */
static size_t
length(struct wire *w, size_t n, size_t most)
{
	uint64_t wide = n;

	number(w, &wide, 2);
	w->bad = w->bad || wide > most;
	return w->bad ? 0 : (size_t)wide;
}

/* At most `most` bytes with the NUL. No bytes at all are NULL. */
static void
string(struct wire *w, const char **sp, size_t most)
{
	size_t n = length(w, *sp == NULL ? 0 : strlen(*sp) + 1, most);
	unsigned char *p = next(w, n);

	if (p != NULL && n > 0 && !w->reads)
		memcpy(p, *sp, n);
	else if (w->reads)
		*sp = p == NULL || n == 0 ? NULL : (const char *)p;
	if (p != NULL && n > 0)
		w->bad = memchr(p, '\0', n) != p + n - 1;
}

/* A string that is kept in an array. */
static void
array(struct wire *w, char *text, size_t size)
{
	const char *s = text;

	string(w, &s, size);
	if (w->reads)
		strlcpy(text, w->bad || s == NULL ? "" : s, size);
}

static void
change(struct wire *w, struct message_change *c)
{
	c->n = length(w, c->n, MESSAGE_ITEMS);
	for (size_t i = 0; i < c->n; i++) {
		struct message_item *it = &c->items[i];
		uint64_t option = (unsigned char)it->option;

		number(w, &option, 1);
		it->option = (char)option;
		number(w, &it->number, 8);
		string(w, &it->text, MESSAGE_TEXT);
	}
}

static void
report(struct wire *w, struct message_report *r)
{
	struct figures *f = &r->figures;
	double *reals[] = { &f->ratio, &f->elapsed, &f->rate, &f->average,
		&f->mean, &f->fastest, &f->eta, &f->spread.min,
		&f->spread.average, &f->spread.max, &f->spread.deviation };
	unsigned char *p;

	flag(w, &r->lines);
	flag(w, &r->bits);
	flag(w, &f->final);
	flag(w, &r->ended);
	integer(w, &r->status);
	number(w, &f->count, 8);
	number(w, &f->size, 8);
	number(w, &f->moves, 8);
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		real(w, reals[i]);
	integer(w, &f->buffer);
	integer(w, (int *)&r->engine);
	array(w, r->name, sizeof(r->name));
	r->nlast = length(w, r->nlast, sizeof(r->last));
	p = next(w, r->nlast);
	if (p != NULL && w->reads)
		memcpy(r->last, p, r->nlast);
	else if (p != NULL)
		memcpy(p, r->last, r->nlast);
}

static void
body(struct wire *w, struct message *m)
{
	switch (m->type) {
	case MESSAGE_QUERY:
	case MESSAGE_AWAIT:
	case MESSAGE_DONE:
		break;
	case MESSAGE_CHANGE:
		change(w, &m->change);
		break;
	case MESSAGE_REPORT:
		report(w, &m->report);
		break;
	case MESSAGE_REFUSED:
		array(w, m->why, sizeof(m->why));
		break;
	default:
		w->bad = true;
	}
}

static void
header(struct wire *w, uint64_t *magic, uint64_t *version, uint64_t *type,
    uint64_t *len)
{
	number(w, magic, 4);
	number(w, version, 2);
	number(w, type, 2);
	number(w, len, 4);
}

size_t
message_encode(const struct message *m, void *bytes)
{
	struct wire w = { bytes, 0, MESSAGE_MOST, false, false };
	uint64_t magic = MAGIC, version = MESSAGE_VERSION, type = m->type;
	uint64_t len = 0;
	struct message copy = *m; /* as body() is not for const messages */

	header(&w, &magic, &version, &type, &len);
	body(&w, &copy);
	if (w.bad)
		return 0;
	len = w.at;
	w.at = LENGTH_AT;
	number(&w, &len, 4);
	return (size_t)len;
}

int
message_decode(struct message *m, const void *bytes, size_t len)
{
	/* the bytes are only read */
	struct wire w = { (void *)(uintptr_t)bytes, 0, len, true, false };
	uint64_t magic = 0, version = 0, type = 0, said = 0;

	memset(m, 0, sizeof(*m));
	header(&w, &magic, &version, &type, &said);
	m->version = (unsigned)version;
	m->type = (enum message_type)type;
	if (w.bad || magic != MAGIC)
		return refuse(EPROTO);
	if (version != MESSAGE_VERSION)
		return refuse(EPROTONOSUPPORT);
	if (said == len)
		body(&w, m);
	return said != len || w.bad || w.at != len ? refuse(EPROTO) : 0;
}
