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
#include "job/change.h"
#include "job/job.h"
#include "opts/option.h"

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

/* What an option would need to have an effect, and is not there. */
static unsigned
lacks(const struct job *j)
{
	const struct pump *p = &j->leg->pump;
	unsigned l = 0;

	if (!display_draws(&j->display))
		l |= NEEDS_DISPLAY;
	if (!display_on_terminal(&j->display))
		l |= NEEDS_WINDOW;
	if (!j->titled)
		l |= NEEDS_TITLE;
	if (!pump_has_bytes(p))
		l |= NEEDS_BYTES;
	if (j->over)
		l |= NEEDS_TRANSFER;
	if (j->o->stop_at_size)
		l |= NEEDS_SIZE;
	if (!pump_grows(p))
		l |= NEEDS_RING;
	return l;
}

/* From now on. 0, or -1 with errno: the old ones, and the old line, go on. */
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
refuse(struct message *answer, const char *fmt, ...)
{
	va_list ap;

	answer->type = MESSAGE_REFUSED;
	va_start(ap, fmt);
	vsnprintf(answer->why, sizeof(answer->why), fmt, ap);
	va_end(ap);
}

/* Another zpipe wants options changed: all of them, or none. */
static void
on_change(struct job *j, const struct message_change *c, struct message *answer)
{
	const char *option, *reason;
	struct tunables next;

	if (change_hear(c, &j->tune, &next) == -1) {
		refuse(answer, "process %d: %s", (int)getpid(),
		    strerror(errno));
		return;
	}
	option = change_misfit(c, &next, lacks(j), &reason);
	if (option != NULL) {
		refuse(answer, "--%s: process %d %s", option, (int)getpid(),
		    reason);
		tunables_release(&next);
	} else if (retune(j, &next) == -1)
		refuse(answer, "process %d: %s", (int)getpid(),
		    strerror(errno));
	else
		answer->type = MESSAGE_DONE;
}

/*
 * The size of the inputs, if nobody wanted to know it before. It must not keep
 * the bytes waiting: so no directory is walked, and no line is counted.
 */
static void
size_for_others(struct job *j)
{
	uint64_t bytes;
	off_t at;

	if (j->sized || j->tune.sized || j->tune.size != 0 ||
	    j->tune.display.show.lines)
		return;
	j->sized = true;
	if (job_inputs_size(j, &bytes) == -1)
		return;
	/* they count from where they stand, which is no longer the start */
	at = j->given_at == -1 ? -1 : job_where_given(j);
	if (at > j->given_at && j->leg->files != j->stored)
		bytes += (uint64_t)(at - j->given_at);
	j->tune.size = bytes;
	display_expect(&j->display, bytes);
}

static void
report(struct job *j, struct message_report *r)
{
	const struct show_conf *c = &j->tune.display.show;
	const struct display_facts *f;
	struct show_state s;

	size_for_others(j);
	f = job_facts(j);
	s = display_state(&j->display, f);
	*r = (struct message_report){
		.lines = c->lines,
		.bits = c->bits,
		.count = s.count,
		.size = s.size,
		.moves = s.moves,
		.ratio = s.ratio,
		.elapsed = s.elapsed,
		.rate = s.rate,
		.average = s.average,
		.mean = s.mean,
		.fastest = s.fastest,
		.eta = s.eta,
		.spread = { s.spread.min, s.spread.average, s.spread.max,
		    s.spread.deviation },
		.buffer = s.buffer,
		.engine = pump_engine(&j->leg->pump),
		.nlast = f->nlast,
	};
	if (c->name != NULL)
		strlcpy(r->name, c->name, sizeof(r->name));
	memcpy(r->last, f->last, f->nlast);
}

/* What another zpipe wants of us; remote.h. */
size_t
job_on_message(void *ctx, const char *msg, size_t len, char *reply)
{
	struct message m, answer = { .type = MESSAGE_REPORT };
	struct job *j = ctx;

	if (message_decode(&m, msg, len) == -1) {
		if (errno != EPROTONOSUPPORT)
			return 0;
		refuse(&answer,
		    "process %d speaks version %d of the control protocol",
		    (int)getpid(), MESSAGE_VERSION);
	} else if (m.type == MESSAGE_AWAIT)
		return REMOTE_KEEP;
	else if (m.type == MESSAGE_QUERY)
		report(j, &answer.report);
	else if (m.type == MESSAGE_CHANGE)
		on_change(j, &m.change, &answer);
	else
		return 0; /* an answer is no question */
	return message_encode(&answer, reply);
}

void
job_note_the_end(struct job *j)
{
	j->noted = remote_waiting(&j->remote);
	if (j->noted)
		report(j, &j->last);
	j->last.final = true;
}

void
job_tell_the_end(struct job *j)
{
	struct message m = { .type = MESSAGE_REPORT, .report = j->last };
	char *bytes = j->noted ? malloc(REMOTE_MAX) : NULL;

	if (bytes == NULL)
		return; /* nobody was waiting for them */
	m.report.ended = true;
	m.report.status = j->left != NULL ? SIGPIPE :
	    job_ended()                   ? job_ended() :
					    msg_status() << 8;
	remote_end(&j->remote, bytes, message_encode(&m, bytes));
	free(bytes);
}

void
job_listen_to_others(struct job *j, uint64_t now)
{
	if (j->told || now < j->began + JOB_TELL_US)
		return;
	j->told = true;
	remote_listen(&j->remote); /* if that fails, others cannot ask */
}
