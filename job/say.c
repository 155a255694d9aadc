/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/utsname.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "job/job.h"
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

/* ---- how far the transfer is ------------------------------------------ */

static void
human(char text[16], uint64_t n)
{
	humanize_number(text, 8, (int64_t)n, "B", HN_AUTOSCALE,
	    HN_DECIMAL | HN_IEC_PREFIXES);
}

void
job_print_counts(struct job *j, const char *cause)
{
	const struct pump *p = &j->leg->pump;
	const char *release = pump_explain(p).release;
	double seconds = (double)(clock_now() - j->began) / 1e6;
	uint64_t sent = pump_sent(p);
	char amount[16], rate[16];

	if (seconds < 1e-6)
		seconds = 1e-6;
	human(amount, sent);
	human(rate, (uint64_t)((double)sent / seconds));
	job_say(j, STATUS_NONE, NULL,
	    "%s%ju bytes (%s) in %.1f s, %s/s, engine %s%s%s", cause,
	    (uintmax_t)sent, amount, seconds, rate, engine_name(pump_engine(p)),
	    release != NULL ? ", release " : "",
	    release != NULL ? release : "");
}

static void
print_output(struct job *j, const struct output *o)
{
	char unread[32] = "", dropped[48] = "";

	if (o->fifo != NULL) {
		job_say(j, STATUS_NONE, o->name,
		    "not open yet: it has no reader");
		return;
	}
	/* a full pipe may be locked by its reader */
	if (o->kind == OUTPUT_PIPE && !o->gone) {
		if (output_ready(o))
			snprintf(unread, sizeof(unread), ", %zu unread",
			    output_unread(o));
		else
			strlcpy(unread, ", full", sizeof(unread));
	}
	if (o->sent > o->given)
		snprintf(dropped, sizeof(dropped), ", %ju dropped",
		    (uintmax_t)(o->sent - o->given));
	job_say(j, STATUS_NONE, o->name, "%s, %ju bytes%s, %ju behind%s%s",
	    output_kind_name(o), (uintmax_t)o->given, unread,
	    (uintmax_t)pump_behind(&j->leg->pump, o), dropped,
	    o->gone ? ", closed" : "");
}

void
job_print_outputs(struct job *j)
{
	for (size_t i = 0; i < j->leg->nouts && j->leg->nouts > 1; i++)
		print_output(j, &j->leg->outs[i]);
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
	const struct pump *p = &j->leg->pump;
	struct pump_explained e = pump_explain(p);
	char ring[128] = "";

	if (e.reason != 0)
		job_say(j, STATUS_NONE, in->name,
		    "engine %s: %s: went on without it",
		    e.fell == ENGINE_AUTO ? "ring, vmsplice(2)" :
					    engine_name(e.fell),
		    strerror(e.reason));
	if (e.release != NULL)
		snprintf(ring, sizeof(ring),
		    "; %zu KiB, %ju fences, "
		    "%ju buffers shared, %ju renewed",
		    e.size >> 10, (uintmax_t)e.fences, (uintmax_t)e.shared,
		    (uintmax_t)e.renewed);
	job_say(j, STATUS_NONE, in->name, "engine %s, release %s: %s%s",
	    engine_name(pump_engine(p)), e.release != NULL ? e.release : "-",
	    e.why, ring);
	job_print_outputs(j);
}

/* ---- --probe ---------------------------------------------------------- */

static const char *
read_line(const char *path, char *line, size_t size)
{
	if (fd_text(path, line, size) == -1)
		snprintf(line, size, "unknown");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void
job_print_probe(void)
{
	static const char *const found[] = {
		[PROBE_GUARDED] = "fence protects (release auto is fence)",
		[PROBE_COPIES] = "vmsplice copies: nothing to protect",
		[PROBE_EXPOSED] = "fence does not protect (release auto is "
				  "fresh)",
		[PROBE_NO_FORK] = "no process can be made (release auto is "
				  "fresh)",
		[PROBE_REFUSED] = "vmsplice is refused (no ring)",
		[PROBE_FAILED] = "could not be tried",
	};
	enum probe probe = ring_probe();
	int reason = errno;
	struct utsname u;
	char line[128];

	if (uname(&u) == 0)
		printf("kernel          %s %s\n", u.release, u.machine);
	printf("page            %ld\n", sysconf(_SC_PAGESIZE));
	printf("huge page       %zu%s\n", huge_page_size(),
	    huge_page_size() > RING_HUGE_MAX ? " (too large for a ring)" : "");
	printf("huge pages      %s\n",
	    read_line("/sys/kernel/mm/transparent_hugepage/enabled", line,
		sizeof(line)));
	printf("pipe limit      %s bytes\n",
	    read_line("/proc/sys/fs/pipe-max-size", line, sizeof(line)));
	printf("pipe pages      %s per user, soft\n",
	    read_line("/proc/sys/fs/pipe-user-pages-soft", line, sizeof(line)));
	printf("release         %s", found[probe]);
	if (probe >= PROBE_NO_FORK)
		printf(": %s", strerror(reason));
	printf("\n");
}
