/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "job/follow.h"
#include "job/job.h"
#include "msg/msg.h"

static bool
nap(void *ctx, uint64_t usec, int fd)
{
	struct job *j = ctx;
	struct pump_event e;

	pump_rest(&j->leg->pump, fd, (long)usec);
	job_run(j, &e);
	return !job_ended();
}

/* errno says why. */
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

/* The same of another zpipe, which may have said why. */
static void
not_answered(const char *option, pid_t pid, const char *why)
{
	struct process other = { .pid = pid, .fd = -1 };

	if (errno != EOPNOTSUPP) {
		not_followed(option, &other, STATUS_USAGE);
		return;
	}
	msg_text(STATUS_USAGE, option, "%s", why);
}

static void
not_watched(void *ctx, const struct process *p)
{
	(void)ctx;
	/* it is what would be read, as for pv */
	not_followed("--watchfd", p, STATUS_OPEN);
}

static void
has_ended(void *ctx, pid_t pid, const char *verdict)
{
	const struct job *j = ctx;

	msg_text(STATUS_NONE, j->o->watches ? "--watchfd" : "--query",
	    "process %d: %s", (int)pid, verdict);
}

void
job_follow(struct job *j)
{
	struct follow_calls calls = { nap, not_watched, has_ended, j };
	const struct flow_conf none = { 0 };
	char why[MESSAGE_WHY];

	if (job_watch_signals(j) == -1 ||
	    pump_init(&j->leg->pump, &none, NULL, 0, &j->wake) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
		return;
	}
	if (job_write_pidfile(j) == -1) {
		job_clean_up(j);
		return;
	}
	if (j->o->watches)
		follow_files(j->o, &calls);
	else if (j->o->query != 0) {
		if (follow_query(j->o, &calls, why) == -1)
			not_answered("--query", j->o->query, why);
	} else if (follow_change(j->o, why) == -1)
		not_answered("--remote", j->o->remote, why);
	job_clean_up(j);
}
