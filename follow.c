/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change.h"
#include "display.h"
#include "follow.h"
#include "remote.h"
#include "watch.h"

/* Rows of one picture: a process may have thousands of files open. */
enum {
	ROWS = 64
};

/* A place to draw on; false if there is none. */
static bool
open_term(struct term *t, const struct opts *o)
{
	setlocale(LC_CTYPE, "");
	if (term_open(t, STDERR_FILENO, false, o->width, o->height) == -1)
		return false;
	if (o->quiet || !(t->tty || o->force || o->show.numeric)) {
		term_close(t);
		return false;
	}
	if (o->show.numeric)
		t->tty = false; /* lines, wherever they go */
	return true;
}

/* ---- files ------------------------------------------------------------ */

static char *
row_of(const struct opts *o, const struct watched *w, const struct term *t,
    bool alone)
{
	struct show_conf conf = o->show;
	struct meter_spread spread = meter_spread(&w->meter);
	struct show_state s = {
		.count = w->pos,
		.size = w->writing ? 0 : w->size,
		.elapsed = meter_elapsed(&w->meter),
		.rate = meter_rate(&w->meter),
		.average = meter_average(&w->meter),
		.mean = meter_mean(&w->meter),
		.fastest = meter_fastest(&w->meter),
		.eta = meter_eta(&w->meter),
		.spread = { spread.min, spread.average, spread.max,
		    spread.deviation },
		.now = time(NULL),
		.buffer = -1,
		.final = w->closed,
	};
	char name[sizeof(w->name) + 16], *text = malloc(SHOW_TEXT);
	struct show *show;

	snprintf(name, sizeof(name), "%d:%s", w->fd, w->name);
	if (conf.name == NULL && !alone)
		conf.name = name;
	show = text == NULL ? NULL : show_new(&conf);
	if (show == NULL) {
		free(text);
		return NULL;
	}
	show_line(show, &s, t->width, t->utf8, t->tty, text);
	show_free(show);
	return text;
}

static void
draw_files(const struct opts *o, const struct watch *w, struct term *t)
{
	char *rows[ROWS];
	size_t n = 0;

	for (size_t i = 0; i < w->nfds && n < ROWS; i++) {
		rows[n] = row_of(o, &w->fds[i], t, w->only != -1);
		if (rows[n] != NULL)
			n++;
	}
	if (term_ours(t)) {
		if (w->only == -1)
			term_rows(t, (const char *const *)rows, n);
		else if (n > 0)
			term_line(t, rows[0]);
	}
	while (n > 0)
		free(rows[--n]);
}

int
follow_files(const struct opts *o, const struct follow_calls *calls)
{
	struct term t = TERM_INITIALIZER;
	struct watch w;
	bool shows;

	if (watch_open(&w, o->watch, o->watch_fd, o->window) == -1)
		return -1;
	shows = open_term(&t, o);
	while (watch_look(&w, meter_clock())) {
		if (shows)
			draw_files(o, &w, &t);
		if (!calls->nap(calls->ctx, o->interval))
			break;
		if (shows)
			term_resized(&t, o->width, o->height);
	}
	if (shows) {
		term_finish(&t);
		term_close(&t);
	}
	watch_close(&w);
	return 0;
}

/* ---- another zpipe ---------------------------------------------------- */

static int
ask(pid_t pid, struct display_report *r)
{
	char *reply = malloc(REMOTE_MAX);
	ssize_t n = reply == NULL ? -1 : remote_ask(pid, "query", 5, reply);

	if (n != -1 && (size_t)n != sizeof(*r)) {
		errno = EPROTO; /* it is of another release */
		n = -1;
	}
	if (n != -1)
		memcpy(r, reply, sizeof(*r));
	free(reply);
	return n == -1 ? -1 : 0;
}

/* False without memory, or when it could not be drawn. */
static bool
draw_report(const struct opts *o, struct display_report *r, struct term *t)
{
	struct show_conf conf = o->show;
	char text[SHOW_TEXT];
	struct show *show;

	/* it is ours, but who knows of which release */
	r->name[sizeof(r->name) - 1] = '\0';
	conf.lines = r->lines;
	conf.bits = conf.bits || r->bits;
	if (conf.name == NULL && r->name[0] != '\0')
		conf.name = r->name;
	r->engine[sizeof(r->engine) - 1] = '\0';
	if (r->state.nlast > sizeof(r->last))
		r->state.nlast = sizeof(r->last);
	r->state.nline = 0;
	r->state.line = r->state.outputs = r->state.note = NULL;
	r->state.engine = r->engine;
	r->state.last = r->last;
	show = show_new(&conf);
	if (show == NULL)
		return false;
	show_line(show, &r->state, t->width, t->utf8, t->tty, text);
	show_free(show);
	return term_ours(t) && term_line(t, text);
}

int
follow_query(const struct opts *o, const struct follow_calls *calls)
{
	struct term t = TERM_INITIALIZER;
	struct display_report r;
	bool shows;

	if (ask(o->query, &r) == -1)
		return -1;
	shows = open_term(&t, o);
	do {
		if (shows) {
			term_resized(&t, o->width, o->height);
			draw_report(o, &r, &t);
		}
		if (!calls->nap(calls->ctx, o->interval))
			break;
		/* one that is stopped, or waits for a disk, has not ended: its
		   last figures stand until it answers */
	} while (ask(o->query, &r) == 0 || errno == ETIMEDOUT);
	if (shows) {
		term_finish(&t);
		term_close(&t);
	}
	return 0;
}

int
follow_change(const struct opts *o)
{
	char *msg = malloc(REMOTE_MAX), *reply = malloc(REMOTE_MAX);
	size_t len = 0;
	ssize_t n = -1;
	int saved;

	if (msg != NULL && reply != NULL) {
		len = change_tell(o, msg, REMOTE_MAX);
		n = remote_ask(o->remote, msg, len, reply);
		if (n != -1 && (n != 2 || memcmp(reply, "ok", 2) != 0)) {
			errno = EPROTO;
			n = -1;
		}
	}
	saved = errno;
	free(msg);
	free(reply);
	errno = saved;
	return n == -1 ? -1 : 0;
}
