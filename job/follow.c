/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/refuse.h"
#include "job/job.h"
#include "msg/msg.h"
#include "peer/message.h"
#include "peer/remote.h"
#include "peer/verdict.h"
#include "peer/watch.h"
#include "show/display.h"
#include "show/meter.h"

enum {
	ROWS = 64,           /* drawn; a process may have more files open */
	VERDICT_US = 500000, /* for a zpipe that says it ends, to end */
};

/* ---- both kinds ------------------------------------------------------- */

/* Sleeps, less if fd (-1: none) is readable. False if a signal ends us. */
static bool
nap(struct job *j, uint64_t usec, int fd)
{
	struct pump_event e;

	pump_rest(&j->leg->pump, fd, (long)usec);
	job_run(j, &e);
	return !job_ended();
}

/* Reports why (errno) a process is not followed. */
static void
not_followed(const char *option, const struct process *p, enum status status)
{
	if (p->name != NULL)
		msg_text(status, option, "'=%s': %s", p->name, strerror(errno));
	else if (errno == ENOENT)
		msg_text(status, option,
		    "process %d: not a zpipe, or it does not listen",
		    (int)p->pid);
	else if (errno == EBADF)
		msg_text(status, option, "process %d has no descriptor %d",
		    (int)p->pid, p->fd);
	else if (errno == ESPIPE)
		msg_text(status, option,
		    "descriptor %d of process %d is no file", p->fd,
		    (int)p->pid);
	else
		msg_text(status, option, "process %d: %s", (int)p->pid,
		    strerror(errno));
}

/*
 * Describes how a process ended; `alive` is what to say if it has not. True if
 * its status is known.
 */
static bool
judge(pid_t pid, int pidfd, const char *alive, char fate[JOB_FATE])
{
	int status;
	enum verdict v = verdict_of(pid, pidfd, &status);

	if (v == VERDICT_KNOWN)
		job_describe(status, "ended, ", fate);
	else
		strlcpy(fate, v == VERDICT_ALIVE ? alive : "ended", JOB_FATE);
	return v == VERDICT_KNOWN;
}

/* The line for these figures. False without memory. */
static bool
make_line(const struct show_conf *conf, const struct show_state *s,
    const struct term *t, char text[SHOW_TEXT])
{
	struct show *show = show_new(conf);

	if (show == NULL)
		return false;
	show_line(show, s, t->width, t->utf8, t->tty, text);
	free(show);
	return true;
}

/* ---- files ------------------------------------------------------------ */

/* The processes that --watchfd names. */
struct files {
	struct subject {
		struct watch watch;  /* each file has its meter in own */
		int pidfd;           /* verdict_open() */
		char fate[JOB_FATE]; /* how it ended; "": it has not */
	} * all;
	size_t n;
	bool several; /* shown with their process numbers */
};

/* Adds a process unless it is there already. -1 with errno as watch_open(). */
static int
add_watch(struct files *f, pid_t pid, int fd)
{
	struct subject *all, *s;

	for (size_t i = 0; i < f->n; i++)
		if (f->all[i].watch.pid == pid && f->all[i].watch.only == fd)
			return 0;
	all = reallocarray(f->all, f->n + 1, sizeof(*all));
	if (all == NULL)
		return -1;
	f->all = all;
	s = &all[f->n];
	if (watch_open(&s->watch, pid, fd) == -1)
		return -1;
	s->pidfd = verdict_open(pid);
	s->fate[0] = '\0';
	f->several = f->several || pid != all[0].watch.pid;
	f->n++;
	return 0;
}

/* The processes of that name. -1 with errno if none of them may be watched. */
static int
add_named(struct files *f, const char *name)
{
	pid_t *pids;
	ssize_t n = watch_find(name, &pids);
	int error = ESRCH;

	if (n == -1)
		return -1;
	for (ssize_t i = 0; i < n; i++) {
		if (add_watch(f, pids[i], -1) == 0)
			error = 0;
		else if (error == ESRCH)
			error = errno;
	}
	free(pids);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
open_files(struct files *f, const struct opts *o)
{
	for (size_t i = 0; i < o->nprocesses; i++) {
		const struct process *p = &o->processes[i];
		int r = p->name != NULL ? add_named(f, p->name) :
					  add_watch(f, p->pid, p->fd);

		if (r == -1) /* it is what would be read, as for pv */
			not_followed("--watchfd", p, STATUS_OPEN);
	}
}

/* Describes why nothing is left to watch. */
static void
judge_file(struct subject *s)
{
	const struct watch *w = &s->watch;
	char alive[JOB_FATE] = "lost: its files can no longer be seen";

	if (w->only != -1)
		snprintf(alive, sizeof(alive),
		    "descriptor %d is closed, or another file", w->only);
	judge(w->pid, s->pidfd, alive, s->fate);
}

/* Updates the meter of a file, which begins when the file is first seen. */
static void
sample(struct watched *f, const struct watch *w, const struct opts *o,
    uint64_t now)
{
	uint64_t size = f->writing ? 0 : f->size;

	if (w->only != -1 && o->tune.size != 0)
		size = o->tune.size;
	if (f->own == NULL && (f->own = malloc(sizeof(struct meter))) != NULL)
		meter_init(f->own, now, o->tune.display.window);
	if (f->own == NULL || !f->seen)
		return;
	meter_set_size(f->own, size);
	meter_sample(f->own, now, f->pos);
}

/* False when all are gone. */
static bool
look_at_files(struct files *f, const struct opts *o, uint64_t now)
{
	bool any = false;

	for (size_t i = 0; i < f->n; i++) {
		struct watch *w = &f->all[i].watch;

		if (watch_look(w))
			any = true;
		else if (f->all[i].fate[0] == '\0')
			judge_file(&f->all[i]);
		for (size_t k = 0; k < w->nfds; k++)
			sample(&w->fds[k], w, o, now);
	}
	return any;
}

/* In pv's columns, with the process number unless it is 0. */
static void
name_of(const struct watched *w, pid_t pid, char *name, size_t size)
{
	if (pid != 0)
		snprintf(name, size, "%8d:%4d:%s", (int)pid, w->fd, w->name);
	else
		snprintf(name, size, "%4d:%s", w->fd, w->name);
}

/*
 * The line for a file, with that name or, if it is NULL, the one of -N. The
 * caller frees it; NULL without memory.
 */
static char *
row_of(const struct opts *o, const struct watched *f, const char *name,
    const struct term *t)
{
	struct show_conf conf = o->tune.display.show;
	struct show_state s = { .now = time(NULL) };
	char *text = f->own == NULL ? NULL : malloc(SHOW_TEXT);

	if (text == NULL)
		return NULL;
	s.figures.buffer = FIGURES_SPLICED;
	s.figures.final = f->closed;
	meter_figures(f->own, &s.figures);
	if (name != NULL) {
		conf.name = name;
		conf.named = true;
	}
	if (make_line(&conf, &s, t, text))
		return text;
	free(text);
	return NULL;
}

static void
draw_files(const struct opts *o, const struct files *f, struct term *t)
{
	char *rows[ROWS], name[sizeof(f->all->watch.fds->name) + 32];
	/* a single descriptor is shown as a line without its name */
	bool alone = f->n == 1 && f->all[0].watch.only != -1;
	struct figures figures;
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct watch *w = &f->all[i].watch;

		for (size_t k = 0; k < w->nfds && n < ROWS; k++) {
			name_of(&w->fds[k], f->several ? w->pid : 0, name,
			    sizeof(name));
			rows[n] = row_of(o, &w->fds[k], alone ? NULL : name, t);
			if (rows[n] != NULL)
				n++;
		}
	}
	if (term_ours(t)) {
		if (!alone)
			term_rows(t, (const char *const *)rows, n);
		else if (n > 0)
			term_line(t, rows[0]);
		/* the indicator has room for one figure */
		if (o->tune.display.show.conemu && alone && n > 0) {
			meter_figures(f->all[0].watch.fds[0].own, &figures);
			term_progress(t, show_percent(&figures));
		}
	}
	while (n > 0)
		free(rows[--n]);
}

/* Follows all of them to their ends, even if nothing is shown. */
static void
follow_files(struct job *j)
{
	const struct display_conf *c = &j->o->tune.display;
	struct term t = TERM_INITIALIZER;
	struct files f = { .all = NULL };
	bool shows;
	int fd;

	open_files(&f, j->o);
	shows = f.n > 0 && display_place(&t, c, false);
	/* with several processes, an end is noticed at the next interval */
	fd = f.n == 1 ? f.all[0].pidfd : -1;
	while (look_at_files(&f, j->o, clock_now())) {
		if (shows)
			draw_files(j->o, &f, &t);
		if (!nap(j, c->interval, fd))
			break;
		if (shows)
			term_resized(&t, c->width, c->height);
	}
	if (shows)
		term_finish(&t);
	term_close(&t);
	for (size_t i = 0; i < f.n; i++) {
		struct subject *s = &f.all[i];

		/* --numeric is for programs */
		if (shows && !c->show.numeric && s->fate[0] != '\0')
			msg_text(STATUS_NONE, "--watchfd", "process %d: %s",
			    (int)s->watch.pid, s->fate);
		watch_close(&s->watch);
		fd_close(&s->pidfd);
	}
	free(f.all);
}

/* ---- another zpipe ---------------------------------------------------- */

/*
 * Decodes a message of the wanted type. 0, or -1 with errno: EPROTO, or
 * EOPNOTSUPP with the reason in why.
 */
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
		return refuse(EOPNOTSUPP);
	}
	if (m->type == MESSAGE_REFUSED) {
		strlcpy(why, m->why, MESSAGE_WHY);
		return refuse(EOPNOTSUPP);
	}
	if (m->type == want &&
	    (want != MESSAGE_REPORT || m->report.engine < ENGINE_COUNT))
		return 0;
	return refuse(EPROTO);
}

/* Replaces a question by its answer. As understand() and remote_ask(). */
static int
ask(pid_t pid, struct message *m, enum message_type want, char why[MESSAGE_WHY])
{
	char bytes[REMOTE_MAX], reply[REMOTE_MAX];
	size_t len = message_encode(m, bytes);
	ssize_t n;

	if (len == 0)
		return refuse(EMSGSIZE); /* a string is too long */
	n = remote_ask(pid, bytes, len, reply);
	return n == -1 ? -1 : understand(m, reply, (size_t)n, pid, want, why);
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

static void
draw_report(const struct opts *o, const struct message_report *r,
    struct term *t)
{
	struct show_state s = {
		.figures = r->figures,
		.now = time(NULL),
		.last = r->last,
		.nlast = r->nlast,
		.engine = engine_name((enum engine)r->engine),
	};
	struct show_conf conf = o->tune.display.show;
	char text[SHOW_TEXT];

	conf.lines = r->lines;
	conf.bits = conf.bits || r->bits;
	if (conf.name == NULL && r->name[0] != '\0')
		conf.name = r->name;
	if (!make_line(&conf, &s, t, text) || !term_ours(t))
		return;
	if (conf.conemu)
		term_progress(t, show_percent(&r->figures));
	term_line(t, text);
}

/* A descriptor for hear_end(), or -1. */
static int
await_end(pid_t pid)
{
	struct message m = { .type = MESSAGE_AWAIT };
	char bytes[REMOTE_MAX];

	return remote_call(pid, bytes, message_encode(&m, bytes));
}

/* Reads the last report. False if there is none, or none yet. */
static bool
hear_end(int *fdp, pid_t pid, struct message_report *r)
{
	char reply[REMOTE_MAX], why[MESSAGE_WHY];
	struct message m;
	ssize_t n;
	bool heard;

	if (*fdp == -1)
		return false;
	n = remote_hear(*fdp, reply);
	if (n == -1 && errno == EAGAIN)
		return false;
	heard = n != -1 &&
	    understand(&m, reply, (size_t)n, pid, MESSAGE_REPORT, why) == 0;
	if (heard)
		*r = m.report;
	fd_close(fdp);
	return heard && r->ended;
}

/* Draws until it has ended (true) or a signal ends us. */
static bool
look_on(struct job *j, struct message_report *r, struct term *t, bool shows)
{
	const struct display_conf *c = &j->o->tune.display;
	pid_t pid = j->o->query;
	int fd = await_end(pid);
	char why[MESSAGE_WHY];
	bool there = true, ended = false;

	while (there) {
		if (shows) {
			term_resized(t, c->width, c->height);
			draw_report(j->o, r, t);
		}
		if (ended || !nap(j, c->interval, fd))
			break;
		ended = hear_end(&fd, pid, r);
		/* one that is stopped, or waits for a disk, keeps its last
		   figures until it answers */
		if (ended || query(pid, r, why) == 0 || errno == ETIMEDOUT)
			continue;
		/* its last report may have come meanwhile */
		ended = hear_end(&fd, pid, r);
		there = ended;
	}
	fd_close(&fd);
	return ended || !there;
}

/* 0, or -1 as query(). */
static int
follow_zpipe(struct job *j, char why[MESSAGE_WHY])
{
	struct term t = TERM_INITIALIZER;
	struct message_report r;
	char fate[JOB_FATE];
	bool shows, ended;
	pid_t pid = j->o->query;
	int pidfd = verdict_open(pid);

	if (query(pid, &r, why) == -1) {
		fd_close(&pidfd);
		return -1;
	}
	shows = display_place(&t, &j->o->tune.display, false);
	ended = look_on(j, &r, &t, shows);
	if (shows)
		term_finish(&t);
	term_close(&t);
	if (shows && ended && !j->o->tune.display.show.numeric) {
		nap(j, VERDICT_US, pidfd);
		/* the kernel's status is more reliable than the one it sent */
		if (!judge(pid, pidfd, "lost: it no longer answers", fate) &&
		    r.ended)
			job_describe(r.status, "ended, ", fate);
		msg_text(STATUS_NONE, "--query", "process %d: %s", (int)pid,
		    fate);
	}
	fd_close(&pidfd);
	return 0;
}

/* ---- all -------------------------------------------------------------- */

void
job_follow(struct job *j)
{
	const struct flow_conf none = { 0 };
	struct message m = { .type = MESSAGE_CHANGE };
	struct process other = { .fd = -1 };
	const char *option = j->o->query != 0 ? "--query" : "--remote";
	char why[MESSAGE_WHY];
	int r = 0;

	if (job_watch_signals(j) == -1 ||
	    pump_init(&j->leg->pump, &none, NULL, 0, &j->wake) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
		return;
	}
	if (job_write_pidfile(j) == -1)
		goto out;
	if (j->o->watches) {
		follow_files(j);
	} else if (j->o->query != 0) {
		other.pid = j->o->query;
		r = follow_zpipe(j, why);
	} else {
		other.pid = j->o->remote;
		change_tell(j->o, &m.change);
		r = ask(other.pid, &m, MESSAGE_DONE, why);
	}
	if (r == -1 && errno == EOPNOTSUPP)
		msg_text(STATUS_USAGE, option, "%s", why);
	else if (r == -1)
		not_followed(option, &other, STATUS_USAGE);
out:
	pump_release(&j->leg->pump);
	job_clean_up(j);
}
