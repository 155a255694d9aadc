/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "job/change.h"
#include "job/follow.h"
#include "job/progress.h"
#include "peer/message.h"
#include "peer/remote.h"
#include "peer/verdict.h"
#include "show/display.h"

/* Rows of one picture: a process may have thousands of files open. */
enum {
	ROWS = 64
};

/* ---- how it has ended ------------------------------------------------- */

enum {
	VERDICT_US = 500000, /* a process that says so ends in less */
	VERDICT = 128
};

static void
describe(int status, char text[VERDICT])
{
	if (WIFSIGNALED(status))
		snprintf(text, VERDICT, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, VERDICT, "ended, exit status %d",
		    WEXITSTATUS(status));
}

/* A line of figures alone is for programs. */
static bool
is_for_people(const struct opts *o)
{
	return !o->tune.display.show.numeric;
}

/* ---- files ------------------------------------------------------------ */

/* The processes that --watchfd names. */
struct files {
	struct progress *all;
	struct fate {
		int pidfd; /* verdict_open() */
		bool known;
		char text[VERDICT];
	} * fates; /* of each */
	size_t n;
	bool several; /* of them: their numbers tell them apart */
};

/* One more, but nothing twice. -1 with errno as watch_open(). */
static int
add_watch(struct files *f, pid_t pid, int fd, const struct opts *o)
{
	struct progress *more;
	struct fate *fates;

	for (size_t i = 0; i < f->n; i++)
		if (f->all[i].watch.pid == pid && f->all[i].watch.only == fd)
			return 0;
	fates = reallocarray(f->fates, f->n + 1, sizeof(*fates));
	if (fates == NULL)
		return -1;
	f->fates = fates;
	more = reallocarray(f->all, f->n + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	f->all = more;
	if (progress_open(&more[f->n], pid, fd, o->tune.display.window) == -1)
		return -1;
	if (fd != -1 && o->tune.sized)
		more[f->n].expected = o->tune.size;
	fates[f->n] = (struct fate){ .pidfd = verdict_open(pid) };
	f->several = f->several || pid != more[0].watch.pid;
	f->n++;
	return 0;
}

/* Those of a name that we may look at. -1 with errno if that is none. */
static int
add_named(struct files *f, const char *name, const struct opts *o)
{
	pid_t *pids;
	ssize_t n = watch_find(name, &pids);
	int error = ESRCH;

	if (n == -1)
		return -1;
	for (ssize_t i = 0; i < n; i++) {
		if (add_watch(f, pids[i], -1, o) == 0)
			error = 0;
		else if (error == ESRCH)
			error = errno;
	}
	free(pids);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
open_files(struct files *f, const struct opts *o,
    const struct follow_calls *calls)
{
	for (size_t i = 0; i < o->nprocesses; i++) {
		const struct process *p = &o->processes[i];
		int r = p->name != NULL ? add_named(f, p->name, o) :
					  add_watch(f, p->pid, p->fd, o);

		if (r == -1)
			calls->missing(calls->ctx, p);
	}
}

static void
close_files(struct files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		progress_close(&f->all[i]);
		fd_close(&f->fates[i].pidfd);
	}
	free(f->all);
	free(f->fates);
}

/* There is nothing to watch there any more. */
static void
judge_file(const struct watch *w, struct fate *fate)
{
	int status;

	fate->known = true;
	switch (verdict_of(w->pid, fate->pidfd, &status)) {
	case VERDICT_KNOWN:
		describe(status, fate->text);
		break;
	case VERDICT_ENDED:
		strlcpy(fate->text, "ended", VERDICT);
		break;
	case VERDICT_ALIVE:
		if (w->only == -1)
			strlcpy(fate->text,
			    "lost: its files can no longer be seen", VERDICT);
		else
			snprintf(fate->text, VERDICT,
			    "descriptor %d is closed, or another file",
			    w->only);
		break;
	}
}

/* False when all are gone. */
static bool
look_at_files(struct files *f, uint64_t now)
{
	bool any = false;

	for (size_t i = 0; i < f->n; i++) {
		if (progress_look(&f->all[i], now))
			any = true;
		else if (!f->fates[i].known)
			judge_file(&f->all[i].watch, &f->fates[i]);
	}
	return any;
}

static void
tell_fates(const struct files *f, const struct follow_calls *calls)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->fates[i].known)
			calls->ended(calls->ctx, f->all[i].watch.pid,
			    f->fates[i].text);
}

/* One descriptor, which is all that is shown. */
static bool
is_alone(const struct files *f)
{
	return f->n == 1 && f->all[0].watch.only != -1;
}

/* pv's columns, one per number. pid: to be named as well, or 0. */
static void
name_of(const struct watched *w, pid_t pid, char *name, size_t size)
{
	if (pid != 0)
		snprintf(name, size, "%8d:%4d:%s", (int)pid, w->fd, w->name);
	else
		snprintf(name, size, "%4d:%s", w->fd, w->name);
}

/* Without a name it has that of -N. */
static char *
row_of(const struct opts *o, const struct progress_row *row, const char *name,
    const struct term *t)
{
	struct show_conf conf = o->tune.display.show;
	struct show_state s = show_state_of(&row->meter);
	char *text = malloc(SHOW_TEXT);
	struct show *show;

	s.final = row->file.closed;
	if (name != NULL) {
		conf.name = name;
		conf.named = true;
	}
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
draw_files(const struct opts *o, const struct files *f, struct term *t)
{
	char *rows[ROWS], name[sizeof(f->all->rows->file.name) + 32];
	bool alone = is_alone(f);
	struct show_state s;
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct progress *p = &f->all[i];

		for (size_t j = 0; j < p->nrows && n < ROWS; j++) {
			name_of(&p->rows[j].file, f->several ? p->watch.pid : 0,
			    name, sizeof(name));
			rows[n] = row_of(o, &p->rows[j], alone ? NULL : name,
			    t);
			if (rows[n] != NULL)
				n++;
		}
	}
	if (term_ours(t)) {
		if (!alone)
			term_rows(t, (const char *const *)rows, n);
		else if (n > 0)
			term_line(t, rows[0]);
		/* there is room for one figure: the file that stands alone */
		if (o->tune.display.show.conemu && alone && n > 0) {
			s = show_state_of(&f->all[0].rows[0].meter);
			term_progress(t, show_percent(&s));
		}
	}
	while (n > 0)
		free(rows[--n]);
}

void
follow_files(const struct opts *o, const struct follow_calls *calls)
{
	struct term t = TERM_INITIALIZER;
	struct files f = { .all = NULL };
	bool shows;
	int fd;

	open_files(&f, o, calls);
	shows = f.n > 0 && display_place(&t, &o->tune.display, false);
	/* of several the first end is not the last */
	fd = f.n == 1 ? f.fates[0].pidfd : -1;
	while (look_at_files(&f, clock_now())) {
		if (shows)
			draw_files(o, &f, &t);
		if (!calls->nap(calls->ctx, o->tune.display.interval, fd))
			break;
		if (shows)
			term_resized(&t, o->tune.display.width,
			    o->tune.display.height);
	}
	if (shows)
		term_finish(&t);
	term_close(&t);
	if (shows && is_for_people(o))
		tell_fates(&f, calls);
	close_files(&f);
}

/* ---- another zpipe ---------------------------------------------------- */

/* What came is of that type. 0, or -1 with errno; EOPNOTSUPP: why says it. */
static int
understand(struct message *m, const char *bytes, size_t len, pid_t pid,
    enum message_type want, char why[MESSAGE_WHY])
{
	if (message_decode(m, bytes, len) == -1) {
		if (errno != EPROTONOSUPPORT)
			return -1;
		snprintf(why, MESSAGE_WHY,
		    "process %d speaks version %u of the control protocol, "
		    "and this zpipe speaks version %d",
		    (int)pid, m->version, MESSAGE_VERSION);
		errno = EOPNOTSUPP;
		return -1;
	}
	if (m->type == MESSAGE_REFUSED) {
		strlcpy(why, m->why, MESSAGE_WHY);
		errno = EOPNOTSUPP;
		return -1;
	}
	if (m->type == want &&
	    (want != MESSAGE_REPORT || m->report.engine <= ENGINE_COPY))
		return 0;
	errno = EPROTO;
	return -1;
}

/* The answer takes the place of the question. The same. */
static int
ask(pid_t pid, struct message *m, enum message_type want, char why[MESSAGE_WHY])
{
	char *bytes = malloc(REMOTE_MAX), *reply = malloc(REMOTE_MAX);
	size_t len;
	ssize_t n = -1;
	int r = -1, saved;

	if (bytes != NULL && reply != NULL) {
		len = message_encode(m, bytes);
		errno = EMSGSIZE;
		if (len > 0)
			n = remote_ask(pid, bytes, len, reply);
		if (n != -1)
			r = understand(m, reply, (size_t)n, pid, want, why);
	}
	saved = errno;
	free(bytes);
	free(reply);
	errno = saved;
	return r;
}

static int
query(pid_t pid, struct message_report *r, char why[MESSAGE_WHY])
{
	struct message m = { .type = MESSAGE_QUERY };

	if (ask(pid, &m, MESSAGE_REPORT, why) == -1)
		return -1;
	*r = m.report;
	return 0;
}

/* False without memory, or when it could not be drawn. */
static bool
draw_report(const struct opts *o, const struct message_report *r,
    struct term *t)
{
	struct show_state s = {
		.count = r->count,
		.size = r->size,
		.moves = r->moves,
		.ratio = r->ratio,
		.elapsed = r->elapsed,
		.rate = r->rate,
		.average = r->average,
		.mean = r->mean,
		.fastest = r->fastest,
		.eta = r->eta,
		.spread = { r->spread[0], r->spread[1], r->spread[2],
		    r->spread[3] },
		.now = time(NULL),
		.buffer = r->buffer,
		.last = r->last,
		.nlast = r->nlast,
		.engine = engine_name((enum engine)r->engine),
		.final = r->final,
	};
	struct show_conf conf = o->tune.display.show;
	char text[SHOW_TEXT];
	struct show *show;

	conf.lines = r->lines;
	conf.bits = conf.bits || r->bits;
	if (conf.name == NULL && r->name[0] != '\0')
		conf.name = r->name;
	show = show_new(&conf);
	if (show == NULL)
		return false;
	show_line(show, &s, t->width, t->utf8, t->tty, text);
	show_free(show);
	if (!term_ours(t))
		return false;
	if (o->tune.display.show.conemu)
		term_progress(t, show_percent(&s));
	return term_line(t, text);
}

/* A descriptor that tells of the end, or -1: it just ends. */
static int
await_end(pid_t pid)
{
	struct message m = { .type = MESSAGE_AWAIT };
	char *bytes = malloc(REMOTE_MAX);
	int fd = bytes == NULL ?
	    -1 :
	    remote_call(pid, bytes, message_encode(&m, bytes));

	free(bytes);
	return fd;
}

/* The last report, which comes by itself. False if there is none (yet). */
static bool
hear_end(int *fdp, pid_t pid, struct message_report *r)
{
	char *reply, why[MESSAGE_WHY];
	struct message m;
	ssize_t n;
	bool ended = false;

	if (*fdp == -1 || (reply = malloc(REMOTE_MAX)) == NULL)
		return false;
	n = remote_hear(*fdp, reply);
	if (n == -1 && errno == EAGAIN) {
		free(reply);
		return false;
	}
	if (n != -1 &&
	    understand(&m, reply, (size_t)n, pid, MESSAGE_REPORT, why) == 0) {
		*r = m.report;
		ended = r->ended;
	}
	fd_close(fdp);
	free(reply);
	return ended;
}

/* What the kernel knows is better than what the process meant to do. */
static void
judge_query(const struct opts *o, const struct message_report *r, int pidfd,
    const struct follow_calls *calls)
{
	char text[VERDICT] = "ended";
	int status;
	enum verdict v;

	calls->nap(calls->ctx, VERDICT_US, pidfd);
	v = verdict_of(o->query, pidfd, &status);
	if (v == VERDICT_KNOWN)
		describe(status, text);
	else if (r->ended)
		describe(r->status, text);
	else if (v == VERDICT_ALIVE)
		strlcpy(text, "lost: it no longer answers", sizeof(text));
	calls->ended(calls->ctx, o->query, text);
}

/* Draws until it has ended (true), or a signal ends us. */
static bool
look_on(const struct opts *o, struct message_report *r, struct term *t,
    bool shows, const struct follow_calls *calls)
{
	int fd = await_end(o->query);
	char why[MESSAGE_WHY];
	bool there = true, ended = false;

	while (there) {
		if (shows) {
			term_resized(t, o->tune.display.width,
			    o->tune.display.height);
			draw_report(o, r, t);
		}
		if (ended ||
		    !calls->nap(calls->ctx, o->tune.display.interval, fd))
			break;
		ended = hear_end(&fd, o->query, r);
		/* one that is stopped, or waits for a disk, has not ended: its
		   last figures stand until it answers */
		if (ended || query(o->query, r, why) == 0 || errno == ETIMEDOUT)
			continue;
		/* its last words may have come since we listened for them */
		ended = hear_end(&fd, o->query, r);
		there = ended;
	}
	fd_close(&fd);
	return ended || !there;
}

int
follow_query(const struct opts *o, const struct follow_calls *calls,
    char why[MESSAGE_WHY])
{
	struct term t = TERM_INITIALIZER;
	struct message_report r;
	bool shows, ended;
	int pidfd = verdict_open(o->query);

	if (query(o->query, &r, why) == -1) {
		fd_close(&pidfd);
		return -1;
	}
	shows = display_place(&t, &o->tune.display, false);
	ended = look_on(o, &r, &t, shows, calls);
	if (shows)
		term_finish(&t);
	term_close(&t);
	if (shows && ended && is_for_people(o))
		judge_query(o, &r, pidfd, calls);
	fd_close(&pidfd);
	return 0;
}

int
follow_change(const struct opts *o, char why[MESSAGE_WHY])
{
	struct message m = { .type = MESSAGE_CHANGE };

	change_tell(o, &m.change);
	return ask(o->remote, &m, MESSAGE_DONE, why);
}
