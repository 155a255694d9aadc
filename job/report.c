/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/utsname.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "job/report.h"
#include "opts.h"

static void
human(char text[16], uint64_t n)
{
	humanize_number(text, 8, (int64_t)n, "B", HN_AUTOSCALE,
	    HN_DECIMAL | HN_IEC_PREFIXES);
}

void
report_counts(const struct pump *p, double seconds, char line[REPORT_LINE])
{
	char amount[16], rate[16];
	uint64_t sent = pump_sent(p);
	const char *release = pump_explain(p).release;

	if (seconds < 1e-6)
		seconds = 1e-6;
	human(amount, sent);
	human(rate, (uint64_t)((double)sent / seconds));
	snprintf(line, REPORT_LINE,
	    "%ju bytes (%s) in %.1f s, %s/s, engine %s%s%s", (uintmax_t)sent,
	    amount, seconds, rate, engine_name(pump_engine(p)),
	    release != NULL ? ", release " : "",
	    release != NULL ? release : "");
}

void
report_output(const struct pump *p, const struct output *o,
    char line[REPORT_LINE])
{
	char unread[32] = "", dropped[48] = "";

	if (o->fifo != NULL) {
		strlcpy(line, "not open yet: it has no reader", REPORT_LINE);
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
	snprintf(line, REPORT_LINE, "%s, %ju bytes%s, %ju behind%s%s",
	    output_kind_name(o), (uintmax_t)o->given, unread,
	    (uintmax_t)pump_behind(p, o), dropped, o->gone ? ", closed" : "");
}

bool
report_fall(const struct pump *p, char line[REPORT_LINE])
{
	struct pump_explained e = pump_explain(p);

	if (e.reason == 0)
		return false;
	snprintf(line, REPORT_LINE, "engine %s: %s: went on without it",
	    e.fell == ENGINE_AUTO ? "ring, vmsplice(2)" : engine_name(e.fell),
	    strerror(e.reason));
	return true;
}

void
report_engine(const struct pump *p, char line[REPORT_LINE])
{
	struct pump_explained e = pump_explain(p);
	char ring[128] = "";

	if (e.release != NULL)
		snprintf(ring, sizeof(ring),
		    "; %zu KiB, %ju fences, "
		    "%ju buffers shared, %ju renewed",
		    e.size >> 10, (uintmax_t)e.fences, (uintmax_t)e.shared,
		    (uintmax_t)e.renewed);
	snprintf(line, REPORT_LINE, "engine %s, release %s: %s%s",
	    engine_name(pump_engine(p)), e.release != NULL ? e.release : "-",
	    e.why, ring);
}

static const char *
read_line(const char *path, char *line, size_t size)
{
	if (fd_text(path, line, size) == -1)
		snprintf(line, size, "unknown");
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void
report_probe(FILE *f)
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
		fprintf(f, "kernel          %s %s\n", u.release, u.machine);
	fprintf(f, "page            %ld\n", sysconf(_SC_PAGESIZE));
	fprintf(f, "huge page       %zu%s\n", huge_page_size(),
	    huge_page_size() > RING_HUGE_MAX ? " (too large for a ring)" : "");
	fprintf(f, "huge pages      %s\n",
	    read_line("/sys/kernel/mm/transparent_hugepage/enabled", line,
		sizeof(line)));
	fprintf(f, "pipe limit      %s bytes\n",
	    read_line("/proc/sys/fs/pipe-max-size", line, sizeof(line)));
	fprintf(f, "pipe pages      %s per user, soft\n",
	    read_line("/proc/sys/fs/pipe-user-pages-soft", line, sizeof(line)));
	fprintf(f, "release         %s", found[probe]);
	if (probe >= PROBE_NO_FORK)
		fprintf(f, ": %s", strerror(reason));
	fprintf(f, "\n");
}
