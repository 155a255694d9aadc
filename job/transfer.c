/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pidfile.h"
#include "job/job.h"
#include "msg.h"

/* The first tick comes, at the latest, when that is due. */
static uint64_t
on_tick(void *ctx, uint64_t now)
{
	struct job *j = ctx;
	uint64_t due = display_tick(&j->display, &j->pump, now);

	job_listen_to_others(j, now);
	if (!j->told && due > j->began + JOB_TELL_US)
		return j->began + JOB_TELL_US;
	return due == UINT64_MAX ? 0 : due;
}

/* What cannot be read has become NULs; twice -E: one line for each input. */
static void
on_skip(void *ctx, struct input *in, uint64_t off, size_t len)
{
	struct job *j = ctx;
	int reason = errno;

	j->skipped = true;
	if (j->o.skip_errors > 1 && j->erring == in)
		return;
	j->erring = in;
	job_say(j, in->name, "%s: %zu bytes at %ju are NULs now",
	    strerror(reason), len, (uintmax_t)off);
}

/* 0, or -1 with errno. */
int
job_start_pump(struct job *j)
{
	struct pump *p = &j->pump;

	if (pump_init(p, &j->o, j->outs, j->nouts, &j->calls) == -1)
		return -1;
	display_wants(&j->display, &p->view);
	if (j->o.limited)
		pump_limit(p, j->o.rate_limit);
	/* listen at once if an option that --remote can change was given */
	p->tick = j->o.limited || j->o.shows ? j->began :
					       j->began + JOB_TELL_US;
	return 0;
}

static int
set_up(struct job *j)
{
	j->calls = (struct pump_calls){
		.on_wake = job_on_wake,
		.on_lost = job_on_lost,
		.on_done = job_on_done,
		.on_tick = on_tick,
		.on_skip = on_skip,
		.ctx = j,
	};
	if (job_open_outputs(j) == -1 || job_clashes(j))
		return -1;
	if (display_open(&j->display, &j->o, j->began) == -1 ||
	    job_watch_signals(j) == -1 || job_start_pump(j) == -1) {
		msg_errno("setting up");
		j->status |= STATUS_MEMORY;
		return -1;
	}
	if (j->monitor.counts != NULL) {
		j->pump.tell = &j->monitor.counts[j->monitor.side];
		j->display.other = &j->monitor.counts[!j->monitor.side];
	}
	if (job_one_is_left(j) && job_fits(j) && job_write_pidfile(j) == 0 &&
	    job_set_aims(j) == 0 &&
	    (j->o.store != NULL || job_start_outputs(j) == 0))
		return 0;
	pump_release(&j->pump);
	return -1;
}

/* The zpipe that moves the other side, and the command between us. */
static void
wait_for_monitored(struct job *j)
{
	struct output command = { .name = j->command,
		.child = j->monitor.command };
	int status;

	monitor_leave(&j->monitor);
	if (j->monitor.command != 0)
		job_wait_for_command(j, &command);
	monitor_release(&j->monitor);
	if (j->monitor.other == 0 ||
	    !job_await(j, j->monitor.other, "--monitor", &status))
		return;
	if (WIFEXITED(status))
		j->status |= WEXITSTATUS(status);
	else if (WTERMSIG(status) == SIGPIPE)
		j->left = "--monitor";
	else if (WTERMSIG(status) != job_ended()) {
		msg_text("--monitor",
		    "the process for its output was killed by "
		    "signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
		j->status |= STATUS_MOVE;
	}
}

static void
finish(struct job *j)
{
	if (j->skipped)
		j->status |= STATUS_MOVE;
	job_say_ended(j);
	for (size_t i = 0; i < j->nouts; i++)
		if (!j->outs[i].gone)
			job_complete(j, &j->outs[i]);
	display_end(&j->display, &j->pump);
	if (remote_waiting(&j->remote)) {
		job_size_for_others(j);
		display_report(&j->display, &j->pump, &j->last);
		j->last.state.final = true;
	}
	pump_release(&j->pump);
	job_release_readers(j);
	for (size_t i = 0; i < j->nouts; i++)
		if (!j->outs[i].gone)
			job_close_one(j, &j->outs[i]);
	for (size_t i = 0; i < j->nouts; i++) {
		const struct output *o = &j->outs[i];

		if (o->dropped > 0 && !o->said)
			msg_text(o->name,
			    "%ju bytes dropped: it did not keep up",
			    (uintmax_t)o->dropped);
		/* a signal for us is most often one for them as well */
		if (o->child != 0 && !job_ended() && j->left == NULL)
			job_wait_for_command(j, o);
	}
	wait_for_monitored(j);
	job_say_ended(j);
	job_tell_the_end(j);
	job_clean_up(j);
	close(job_wake_fd());
}

void
job_transfer(struct job *j)
{
	if (set_up(j) == -1) {
		monitor_leave(&j->monitor);
		job_release_readers(j);
		job_clean_up(j);
		return;
	}
	if (j->o.store == NULL || job_store_first(j))
		job_copy_all(j);
	finish(j);
}

/* --monitor: the operands are a command, and we stand beside it. */
bool
job_stand_beside(struct job *j)
{
	static const char *const just_stdin[] = { "-", NULL };

	if (monitor_start(&j->monitor, j->o.monitor, j->o.files) == -1) {
		msg_text("--monitor", "%s: %s", j->o.files[0], strerror(errno));
		j->status |= STATUS_OPEN;
		return false;
	}
	j->command = j->o.files[0];
	j->o.files = (const char **)(uintptr_t)just_stdin;
	j->o.nfiles = 1;
	if (j->monitor.command == 0)
		j->o.pidfile = NULL; /* it names the other one */
	if (j->o.monitor == MONITOR_BOTH)
		j->o.cursor = true;
	if (j->o.monitor == MONITOR_BOTH && j->monitor.side == SIDE_IN) {
		if (j->o.first_format != NULL)
			j->o.show.format = j->o.first_format;
		if (j->o.first_name != NULL)
			j->o.show.name = j->o.first_name;
	}
	j->o.show.ratio = j->o.monitor == MONITOR_BOTH &&
	    j->monitor.side == SIDE_OUT && !j->o.show.numeric;
	return true;
}
