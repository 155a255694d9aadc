/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "job/change.h"
#include "job/follow.h"
#include "job/job.h"

/* What we cannot be told to change: enum lack. */
static unsigned
lacks(const struct job *j)
{
	const struct pump *p = &j->leg->pump;
	unsigned l = 0;

	if (!display_draws(&j->display))
		l |= LACKS_DISPLAY;
	if (!j->display.visible || !j->display.term.tty)
		l |= LACKS_WINDOW;
	if (!j->titled)
		l |= LACKS_TITLE;
	if (p->flow.engine == ENGINE_SPLICE || p->flow.engine == ENGINE_RANGE ||
	    p->flow.engine == ENGINE_MMAP)
		l |= LACKS_BYTES;
	if (p->polls == NULL)
		l |= LACKS_TRANSFER;
	if (j->o.stop_at_size)
		l |= LACKS_SIZE;
	if (!pump_grows(p))
		l |= LACKS_RING;
	return l;
}

static void
change(struct job *j, struct opts *o)
{
	change_apply(&j->o, o);
	if (o->changed & CHANGED_RATE)
		pump_limit(&j->leg->pump, j->o.rate_limit);
	if (o->changed & CHANGED_BUFFER)
		pump_buffer(&j->leg->pump, j->o.buffer_size);
	/* without memory the old line goes on, with the old words */
	if (display_change(&j->display) == -1)
		memset(o->told, 0, sizeof(o->told));
	display_wants(&j->display, &j->leg->pump.flow.view);
	pump_tick_at(&j->leg->pump, clock_now());
}

/* Another zpipe wants options changed: "ok", or why not (follow.h). */
static size_t
on_change(struct job *j, const char *msg, size_t len, char *reply)
{
	const char *option, *reason;
	struct opts o;
	size_t n = 2;
	char *copy = malloc(len);

	if (copy == NULL)
		return 0;
	memcpy(copy, msg, len);
	memcpy(reply, "no", 2);
	if (change_hear(&o, copy, len)) {
		option = change_misfit(&o, msg, len, lacks(j), &reason);
		if (option == NULL) {
			change(j, &o);
			memcpy(reply, "ok", 2);
		} else
			n = (size_t)snprintf(reply, FOLLOW_WHY,
			    "%s: process %d %s", option, (int)getpid(), reason);
	}
	opts_release(&o);
	free(copy);
	return n;
}

/*
 * The size of the inputs, if nobody wanted to know it before. It must not keep
 * the bytes waiting: so no directory is walked, and no line is counted.
 */
void
job_size_for_others(struct job *j)
{
	uint64_t bytes;
	off_t at;

	if (j->sized || j->o.sized || j->o.size != 0 || j->o.show.lines)
		return;
	j->sized = true;
	if (job_inputs_size(j, &bytes) == -1)
		return;
	/* they count from where they stand, which is no longer the start */
	at = j->given_at == -1 ? -1 : job_where_given(j);
	if (at > j->given_at && j->leg->files != j->stored)
		bytes += (uint64_t)(at - j->given_at);
	j->o.size = bytes;
	meter_set_size(&j->display.meter, bytes);
}

/* What another zpipe wants of us; remote.h. */
size_t
job_on_message(void *ctx, const char *msg, size_t len, char *reply)
{
	struct job *j = ctx;
	struct display_report report;

	if (len == 3 && memcmp(msg, "end", 3) == 0)
		return REMOTE_KEEP;
	if (len != 5 || memcmp(msg, "query", 5) != 0)
		return on_change(j, msg, len, reply);
	job_size_for_others(j);
	display_report(&j->display, &j->leg->pump, &report);
	memcpy(reply, &report, sizeof(report));
	return sizeof(report);
}

void
job_tell_the_end(struct job *j)
{
	struct display_report *r = &j->last;

	if (r->bytes == 0)
		return; /* nobody was there when they were known */
	r->ended = true;
	r->status = j->left != NULL ? SIGPIPE :
	    job_ended()             ? job_ended() :
				      j->status << 8;
	remote_end(&j->remote, (const char *)r, sizeof(*r));
}

void
job_listen_to_others(struct job *j, uint64_t now)
{
	if (j->told || now < j->began + JOB_TELL_US)
		return;
	j->told = true;
	remote_listen(&j->remote); /* or nobody can talk to us, then */
}
