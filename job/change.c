/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/change.h"

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

static void
extra_word(struct words *w, const struct opts *o)
{
	bool window = (o->extra & EXTRA_WINDOW) != 0;
	bool process = (o->extra & EXTRA_PROCESS) != 0;
	const char *format = o->extra_format;

	word(w, 'x', "%s%s%s%s%s", window ? "windowtitle" : "",
	    window && process ? "," : "", process ? "processtitle" : "",
	    format != NULL ? ":" : "", format != NULL ? format : "");
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
	if (o->changed & CHANGED_BAR)
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
	if (o->changed & CHANGED_BUFFER)
		word(&w, 'B', "%zu", o->buffer_size);
	if (o->changed & CHANGED_EXTRA)
		extra_word(&w, o);
	return w.len;
}

static const char letters[] = "peItrabTn8g", valued[] = "AFuNsLimwHBx";

/* Only what change_tell() says: -h would print to our stdout. */
static bool
is_ours(const char *msg, size_t len)
{
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

/* What each option needs to have any effect; -N, -8 and -m show with -Q too. */
static const struct {
	char letter;
	const char *name;
	unsigned needs;
} options[] = {
	{ 'p', "--progress", LACKS_DISPLAY },
	{ 't', "--timer", LACKS_DISPLAY },
	{ 'e', "--eta", LACKS_DISPLAY },
	{ 'I', "--fineta", LACKS_DISPLAY },
	{ 'r', "--rate", LACKS_DISPLAY },
	{ 'a', "--average-rate", LACKS_DISPLAY },
	{ 'b', "--bytes", LACKS_DISPLAY },
	{ 'T', "--buffer-percent", LACKS_DISPLAY },
	{ 'n', "--numeric", LACKS_DISPLAY },
	{ 'g', "--gauge", LACKS_DISPLAY },
	{ 'u', "--bar-style", LACKS_DISPLAY },
	{ 'i', "--interval", LACKS_DISPLAY },
	{ 'w', "--width", LACKS_DISPLAY },
	{ 'H', "--height", LACKS_DISPLAY },
	{ 'A', "--last-written", LACKS_DISPLAY | LACKS_BYTES },
	{ 'F', "--format", LACKS_DISPLAY | LACKS_BYTES },
	{ 'x', "--extra-display", LACKS_WINDOW | LACKS_TITLE },
	{ 's', "--size", LACKS_TRANSFER | LACKS_SIZE },
	{ 'L', "--rate-limit", LACKS_TRANSFER },
	{ 'B', "--buffer-size", LACKS_TRANSFER | LACKS_RING },
};

static const struct {
	enum lack lack;
	const char *reason;
} reasons[] = {
	{ LACKS_DISPLAY, "shows nothing" },
	{ LACKS_WINDOW, "draws on no terminal" },
	{ LACKS_TITLE, "was started without --extra-display=processtitle" },
	{ LACKS_BYTES, "does not pass the bytes through its memory" },
	{ LACKS_TRANSFER, "has moved everything" },
	{ LACKS_SIZE, "stops at the size that it was started with" },
	{ LACKS_RING, "uses no ring of buffers" },
};

/* The bytes matter only to a line that shows some of them. */
static unsigned
needs_of(const struct opts *o, size_t option)
{
	unsigned needs = options[option].needs;
	struct show *show;
	size_t n;

	if ((needs & LACKS_BYTES) != 0) {
		show = show_new(&o->show);
		if (show != NULL && !show_wants_last(show, &n) &&
		    !show_wants_line(show))
			needs &= ~(unsigned)LACKS_BYTES;
		show_free(show);
	}
	if (options[option].letter == 'x' && (o->extra & EXTRA_WINDOW) == 0)
		needs &= ~(unsigned)LACKS_WINDOW;
	if (options[option].letter == 'x' && (o->extra & EXTRA_PROCESS) == 0)
		needs &= ~(unsigned)LACKS_TITLE;
	return needs;
}

static size_t
option_of(char letter)
{
	size_t i = 0;

	while (i < sizeof(options) / sizeof(options[0]) &&
	    options[i].letter != letter)
		i++;
	return i;
}

const char *
change_misfit(const struct opts *o, const char *msg, size_t len, unsigned lacks,
    const char **reason)
{
	const size_t all = sizeof(options) / sizeof(options[0]);

	for (const char *p = msg; p < msg + len; p += strlen(p) + 1) {
		size_t i = option_of(p[1]);
		unsigned missing = i < all ? needs_of(o, i) & lacks : 0;

		for (size_t j = 0; j < sizeof(reasons) / sizeof(reasons[0]);
		     j++)
			if ((missing & reasons[j].lack) != 0) {
				*reason = reasons[j].reason;
				return options[i].name;
			}
		if (strchr(valued, p[1]) != NULL)
			p += 3; /* its value is no option */
	}
	return NULL;
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
		a->ratio = was.ratio;
		a->named = was.named;
		a->style = was.style;
		a->name = was.name;
	}
	if (from->changed & CHANGED_STYLE) {
		a->bits = a->bits || b->bits;
		a->gauge = a->gauge || b->gauge;
	}
	if (from->changed & CHANGED_BAR)
		a->style = b->style;
}

/*
 * A string of our own, for that of `from` goes with it, and the one that it
 * replaces into `from`. Without memory the old one stays.
 */
static void
change_string(struct opts *to, struct opts *from, enum told which,
    const char **stringp, const char *string)
{
	char *copy = string == NULL ? NULL : strdup(string);

	if (string != NULL && copy == NULL)
		return;
	free(from->told[which]);
	from->told[which] = to->told[which];
	to->told[which] = copy;
	*stringp = copy;
}

void
change_apply(struct opts *to, struct opts *from)
{
	const char *format = to->show.format, *name = to->show.name;

	change_showing(to, from);
	to->show.format = format;
	to->show.name = name;
	if (from->changed & CHANGED_SWITCHES)
		change_string(to, from, TOLD_FORMAT, &to->show.format,
		    from->show.format);
	if (from->changed & CHANGED_NAME)
		change_string(to, from, TOLD_NAME, &to->show.name,
		    from->show.name);
	if (from->changed & CHANGED_EXTRA) {
		to->extra = from->extra;
		change_string(to, from, TOLD_EXTRA_FORMAT, &to->extra_format,
		    from->extra_format);
	}
	if (from->changed & CHANGED_SIZE) {
		to->size = from->size;
		to->sized = true;
	}
	if (from->changed & CHANGED_RATE)
		to->rate_limit = from->rate_limit;
	if (from->changed & CHANGED_INTERVAL)
		to->interval = from->interval;
	if (from->changed & CHANGED_WINDOW)
		to->window = from->window;
	if (from->changed & CHANGED_BUFFER)
		to->buffer_size = from->buffer_size;
	if (from->changed & CHANGED_GEOMETRY) {
		to->width = from->width != 0 ? from->width : to->width;
		to->height = from->height != 0 ? from->height : to->height;
	}
}
