/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/refuse.h"
#include "job/job.h"
#include "msg/msg.h"
#include "opts/option.h"
#include "show/show.h"

/* ---- a change, by the table of options ---------------------------------- */

void
change_tell(const struct opts *o, struct message_change *c)
{
	c->n = 0;
	for (size_t i = 0; option_table[i].name != NULL; i++) {
		const struct option *t = &option_table[i];
		const char **string = option_string(t, &o->tune);

		if (!o->given[i] || (t->remote & REMOTE_CHANGES) == 0)
			continue;
		c->items[c->n++] = (struct message_item){
			.option = t->letter,
			.number = option_number(t, &o->tune),
			.text = string == NULL ? NULL : *string,
		};
	}
}

/* If the change makes a new line, switches off what made the old one. */
static void
clear_line(const struct message_change *c, struct tunables *tune)
{
	unsigned all = 0;

	for (size_t i = 0; i < c->n; i++)
		all |= option_tunable(c->items[i].option)->remote;
	for (const struct option *t = option_table; t->name != NULL; t++)
		if ((all & t->remote & REMOTE_LINE) != 0)
			option_clear(t, tune);
}

int
change_hear(const struct message_change *c, const struct tunables *from,
    struct tunables *to)
{
	for (size_t i = 0; i < c->n; i++)
		if (option_tunable(c->items[i].option) == NULL)
			return refuse(EINVAL);
	if (tunables_copy(to, from) == -1)
		return -1;
	clear_line(c, to);
	for (size_t i = 0; i < c->n; i++) {
		const struct message_item *it = &c->items[i];

		if (option_tune(option_tunable(it->option), to, it->number,
			it->text) == -1) {
			tunables_release(to);
			return -1;
		}
	}
	return 0;
}

/* Whether the line shows any of the bytes. */
static bool
shows_bytes(const struct tunables *tune)
{
	struct show *show = show_new(&tune->display.show);
	bool bytes = show == NULL ||
	    (show_wants(show) & (SHOW_WANTS_LAST | SHOW_WANTS_LINE)) != 0;

	free(show);
	return bytes;
}

/* ---- what other zpipes ask ---------------------------------------------- */

int
job_tune(struct job *j)
{
	const struct opts *o = j->o;
	struct tunables t = o->tune;

	if (o->monitor == MONITOR_BOTH && j->monitor.side == SIDE_IN) {
		if (o->first_format != NULL)
			t.display.show.format = o->first_format;
		if (o->first_name != NULL)
			t.display.show.name = o->first_name;
	}
	t.display.beside = o->monitor != MONITOR_NONE;
	t.display.stores = o->store != NULL;
	t.display.show.ratio = o->monitor == MONITOR_BOTH &&
	    j->monitor.side == SIDE_OUT && !t.display.show.numeric;
	return tunables_copy(&j->tune, &t);
}

/*
 * The first option that would have no effect, or NULL, and why, as words that
 * follow "process PID".
 */
static const char *
misfit(const struct job *j, const struct message_change *c,
    const struct tunables *tune, const char **reason)
{
	const struct pump *p = &j->leg->pump;
	unsigned extra = tune->display.extra;
	const struct {
		enum option_remote need;
		bool lacks;
		const char *reason;
	} needs[] = {
		{ NEEDS_DISPLAY, !display_draws(&j->display), "shows nothing" },
		{ NEEDS_WINDOW,
		    (extra & EXTRA_WINDOW) != 0 &&
			!display_on_terminal(&j->display),
		    "draws on no terminal" },
		{ NEEDS_TITLE,
		    (extra & ~j->o->tune.display.extra & EXTRA_PROCESS) != 0,
		    "was started without --extra-display=processtitle" },
		{ NEEDS_BYTES, !pump_has_bytes(p) && shows_bytes(tune),
		    "does not pass the bytes through its memory" },
		{ NEEDS_TRANSFER, j->over, "has moved everything" },
		{ NEEDS_SIZE, j->o->stop_at_size,
		    "stops at the size that it was started with" },
		{ NEEDS_RING, !pump_grows(p), "uses no ring of buffers" },
	};

	for (size_t i = 0; i < c->n; i++) {
		const struct option *t = option_tunable(c->items[i].option);

		for (size_t k = 0; k < sizeof(needs) / sizeof(needs[0]); k++)
			if (needs[k].lacks && (t->remote & needs[k].need)) {
				*reason = needs[k].reason;
				return t->name;
			}
	}
	return NULL;
}

/* Takes over the tunables. 0, or -1 with errno and the old ones in force. */
static int
retune(struct job *j, struct tunables *next)
{
	struct tunables was = j->tune;

	j->tune = *next;
	if (display_change(&j->display) == -1) {
		j->tune = was;
		tunables_release(next);
		return -1;
	}
	display_expect(&j->display, next->size);
	if (next->rate_limit != was.rate_limit)
		pump_limit(&j->leg->pump, next->rate_limit);
	if (next->buffer_size != was.buffer_size)
		pump_buffer(&j->leg->pump, next->buffer_size);
	job_set_scan(j);
	pump_tick_at(&j->leg->pump, clock_now());
	tunables_release(&was);
	return 0;
}

static void __attribute__((format(printf, 2, 3)))
reject(struct message *answer, const char *fmt, ...)
{
	va_list ap;

	answer->type = MESSAGE_REFUSED;
	va_start(ap, fmt);
	vsnprintf(answer->why, sizeof(answer->why), fmt, ap);
	va_end(ap);
}

/* Makes all changes that another zpipe asks for, or none. */
static void
on_change(struct job *j, const struct message_change *c, struct message *answer)
{
	const char *option, *reason;
	struct tunables next;

	if (change_hear(c, &j->tune, &next) == 0) {
		option = misfit(j, c, &next, &reason);
		if (option != NULL) {
			reject(answer, "--%s: process %d %s", option,
			    (int)getpid(), reason);
			tunables_release(&next);
			return;
		}
		if (retune(j, &next) == 0) {
			answer->type = MESSAGE_DONE;
			return;
		}
	}
	reject(answer, "process %d: %s", (int)getpid(), strerror(errno));
}

static void
make_report(struct job *j, struct message_report *r)
{
	const struct show_conf *c = &j->tune.display.show;
	struct show_state s;

	job_size_for_others(j);
	s = display_state(&j->display, job_facts(j));
	*r = (struct message_report){
		.lines = c->lines,
		.bits = c->bits,
		.figures = s.figures,
		.engine = pump_engine(&j->leg->pump),
		.nlast = s.nlast,
	};
	if (c->name != NULL)
		strlcpy(r->name, c->name, sizeof(r->name));
	memcpy(r->last, s.last, s.nlast);
}

/* A remote_answer. */
static size_t
on_message(void *ctx, const char *msg, size_t len, char *reply)
{
	struct message m, answer = { .type = MESSAGE_REPORT };
	struct job *j = ctx;

	if (message_decode(&m, msg, len) == -1) {
		if (errno != EPROTONOSUPPORT)
			return 0;
		reject(&answer,
		    "process %d speaks version %d of the control protocol",
		    (int)getpid(), MESSAGE_VERSION);
	} else if (m.type == MESSAGE_AWAIT)
		return REMOTE_KEEP;
	else if (m.type == MESSAGE_QUERY)
		make_report(j, &answer.report);
	else if (m.type == MESSAGE_CHANGE)
		on_change(j, &m.change, &answer);
	else
		return 0; /* an answer is no question */
	return message_encode(&answer, reply);
}

void
job_serve_others(struct job *j)
{
	remote_serve(&j->control.remote, on_message, j);
}

void
job_note_the_end(struct job *j)
{
	struct control *c = &j->control;

	if (!remote_waiting(&c->remote))
		return;
	make_report(j, &c->last);
	c->last.figures.final = true;
}

void
job_tell_the_end(struct job *j)
{
	struct message m = { .type = MESSAGE_REPORT,
		.report = j->control.last };
	char bytes[REMOTE_MAX];

	if (!m.report.figures.final)
		return; /* nobody waits */
	m.report.ended = true;
	m.report.status = j->left != NULL ? SIGPIPE :
	    job_ended()                   ? job_ended() :
					    msg_status() << 8;
	remote_end(&j->control.remote, bytes, message_encode(&m, bytes));
}

uint64_t
job_listen_to_others(struct job *j, uint64_t now)
{
	struct control *c = &j->control;

	if (c->tried)
		return UINT64_MAX;
	if (now < j->began + JOB_LISTEN_US)
		return j->began + JOB_LISTEN_US;
	c->tried = true;
	remote_listen(&c->remote); /* not essential: it may fail */
	return UINT64_MAX;
}
