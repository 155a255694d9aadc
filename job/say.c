/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "job/job.h"
#include "job/report.h"
#include "msg/msg.h"

void
job_say(struct job *j, enum status status, const char *name, const char *fmt,
    ...)
{
	va_list ap;

	display_clear(&j->display);
	va_start(ap, fmt);
	msg_vtext(status, name, fmt, ap);
	va_end(ap);
}

void
job_blame(struct job *j, enum status status, const char *name)
{
	job_say(j, status, name, "%s", strerror(errno));
}

void
job_describe(int status, const char *exits, char fate[JOB_FATE])
{
	if (WIFSIGNALED(status))
		snprintf(fate, JOB_FATE, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(fate, JOB_FATE, "%sexit status %d", exits,
		    WEXITSTATUS(status));
}

void
job_print_counts(struct job *j, const char *cause)
{
	char line[REPORT_LINE];

	report_counts(&j->leg->pump, (double)(clock_now() - j->began) / 1e6,
	    line);
	job_say(j, STATUS_NONE, NULL, "%s%s", cause, line);
}

/* One line per output, if there are several. */
void
job_print_outputs(struct job *j)
{
	char line[REPORT_LINE];

	for (size_t i = 0; i < j->leg->nouts && j->leg->nouts > 1; i++) {
		report_output(&j->leg->pump, &j->leg->outs[i], line);
		job_say(j, STATUS_NONE, j->leg->outs[i].name, "%s", line);
	}
}

void
job_say_ended(struct job *j)
{
	static const char *const causes[] = {
		[SIGHUP] = "hangup: ",
		[SIGINT] = "interrupt: ",
		[SIGTERM] = "terminated: ",
	};

	if (!job_ended() || (msg_status() & STATUS_SIGNAL) != 0)
		return;
	/* the last line of the display says as much */
	if (!j->o->tune.display.quiet && !display_shown(&j->display))
		job_print_counts(j, causes[job_ended()]);
	msg_add(STATUS_SIGNAL);
}

void
job_explain(struct job *j, const struct input *in)
{
	char line[REPORT_LINE];

	if (report_fall(&j->leg->pump, line))
		job_say(j, STATUS_NONE, in->name, "%s", line);
	report_engine(&j->leg->pump, line);
	job_say(j, STATUS_NONE, in->name, "%s", line);
	job_print_outputs(j);
}
