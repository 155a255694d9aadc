/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

enum {
	SECOND = 1000000
};

/* What may be switched on in a running zpipe. */
static const struct {
	char letter;
	size_t at; /* of a bool in struct show_conf */
} switches[] = {
	{ 'p', offsetof(struct show_conf, progress) },
	{ 't', offsetof(struct show_conf, timer) },
	{ 'e', offsetof(struct show_conf, eta) },
	{ 'I', offsetof(struct show_conf, fineta) },
	{ 'r', offsetof(struct show_conf, rate) },
	{ 'a', offsetof(struct show_conf, average) },
	{ 'b', offsetof(struct show_conf, bytes) },
	{ 'T', offsetof(struct show_conf, buffer) },
	{ 'n', offsetof(struct show_conf, numeric) },
	{ '8', offsetof(struct show_conf, bits) },
	{ 'g', offsetof(struct show_conf, gauge) },
};

struct words {
	char *at;
	size_t len, size;
};

/* An option and its value, which is a word of its own. */
static void __attribute__((format(printf, 3, 4)))
word(struct words *w, int option, const char *fmt, ...)
{
	char *at = w->at + w->len;
	size_t left = w->size - w->len;
	va_list ap;
	int n;

	if (left < 4)
		return;
	at[0] = '-';
	at[1] = (char)option;
	at[2] = '\0';
	w->len += 3;
	if (fmt == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(at + 3, left - 3, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < left - 3)
		w->len += (size_t)n + 1;
	else
		w->len -= 3; /* there is no room for both */
}

static void
seconds_word(struct words *w, int option, uint64_t us)
{
	word(w, option, "%ju.%06ju", (uintmax_t)(us / SECOND),
	    (uintmax_t)(us % SECOND));
}

size_t
change_tell(const struct opts *o, char *msg, size_t size)
{
	struct words w = { msg, 0, size };

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (*(const bool *)((const char *)&o->show + switches[i].at))
			word(&w, switches[i].letter, NULL);
	if (o->show.last_written != 0)
		word(&w, 'A', "%u", o->show.last_written);
	if (o->show.format != NULL)
		word(&w, 'F', "%s", o->show.format);
	if (o->changed & CHANGED_STYLE)
		word(&w, 'u', "%s", bar_style_name(o->show.style));
	if (o->show.name != NULL)
		word(&w, 'N', "%s", o->show.name);
	if (o->changed & CHANGED_SIZE)
		word(&w, 's', "%ju", (uintmax_t)o->size);
	if (o->changed & CHANGED_RATE)
		word(&w, 'L', "%ju", (uintmax_t)o->rate_limit);
	if (o->changed & CHANGED_INTERVAL)
		seconds_word(&w, 'i', o->interval);
	if (o->changed & CHANGED_WINDOW)
		seconds_word(&w, 'm', o->window);
	if (o->width != 0)
		word(&w, 'w', "%u", o->width);
	if (o->height != 0)
		word(&w, 'H', "%u", o->height);
	return w.len;
}

/* Only what change_tell() says: -h would print to our stdout. */
static bool
is_ours(const char *msg, size_t len)
{
	static const char letters[] = "peItrabTn8g", valued[] = "AFuNsLimwH";

	for (const char *p = msg; p < msg + len; p += strlen(p) + 1) {
		if (p[0] != '-' || p[1] == '\0' || p[2] != '\0')
			return false;
		if (strchr(letters, p[1]) != NULL)
			continue;
		if (strchr(valued, p[1]) == NULL)
			return false;
		p += 3;
		if (p >= msg + len)
			return false;
	}
	return true;
}

bool
change_hear(struct opts *o, char *msg, size_t len)
{
	static char zpipe[] = "zpipe", remote[] = "-R", self[] = "1";
	char *argv[64] = { zpipe, remote, self };
	int argc = 3;

	*o = (struct opts){ 0 };
	if (len == 0 || msg[len - 1] != '\0' || !is_ours(msg, len))
		return false;
	for (char *p = msg; p < msg + len && argc < 63; p += strlen(p) + 1)
		argv[argc++] = p;
	return opts_parse(o, argc, argv) == OPTS_RUN &&
	    (o->changed & CHANGED_OTHER) == 0;
}

static void
change_showing(struct opts *to, const struct opts *from)
{
	struct show_conf *a = &to->show;
	const struct show_conf *b = &from->show;
	struct show_conf was = *a;

	if (from->changed & CHANGED_SWITCHES) {
		*a = *b;
		a->bits = was.bits;
		a->gauge = was.gauge;
		a->lines = was.lines;
		a->si = was.si;
		a->stats = was.stats;
		a->style = was.style;
		a->name = was.name;
	}
	if (from->changed & CHANGED_STYLE) {
		a->bits = a->bits || b->bits;
		a->gauge = a->gauge || b->gauge;
		a->style = b->style;
	}
	if (from->changed & CHANGED_NAME)
		a->name = b->name;
}

void
change_apply(struct opts *to, struct opts *from)
{
	char **all;

	change_showing(to, from);
	if (from->changed & CHANGED_SIZE)
		to->size = from->size;
	if (from->changed & CHANGED_RATE)
		to->rate_limit = from->rate_limit;
	if (from->changed & CHANGED_INTERVAL)
		to->interval = from->interval;
	if (from->changed & CHANGED_WINDOW)
		to->window = from->window;
	if (from->changed & CHANGED_GEOMETRY) {
		to->width = from->width != 0 ? from->width : to->width;
		to->height = from->height != 0 ? from->height : to->height;
	}
	if (from->nkept == 0)
		return;
	all = realloc(to->kept, (to->nkept + from->nkept) * sizeof(*all));
	if (all != NULL) {
		memcpy(all + to->nkept, from->kept, from->nkept * sizeof(*all));
		to->kept = all;
		to->nkept += from->nkept;
	}
	/* without memory for the list they stay, unknown to it */
	free(from->kept);
	from->kept = NULL;
	from->nkept = 0;
}
