/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/pidfile.h"
#include "job/job.h"
#include "msg/msg.h"

/* ---- events ----------------------------------------------------------- */

/* Sets the next tick for the display, or to listen to others. */
static void
on_tick(struct job *j)
{
	uint64_t now = clock_now(), listen_at;
	uint64_t due = display_due(&j->display);

	if (due <= now)
		due = display_tick(&j->display, job_facts(j), now);
	listen_at = job_listen_to_others(j, now);
	due = due < listen_at ? due : listen_at;
	pump_tick_at(&j->leg->pump, due == UINT64_MAX ? 0 : due);
}

/* False if the event ends the transfer. */
static bool
act(struct job *j, const struct pump_event *e)
{
	switch (e->what) {
	case PUMP_TICK:
		on_tick(j);
		break;
	case PUMP_SIGNAL:
		return !job_on_wake(j);
	case PUMP_LOST:
		return job_lose(j, e);
	case PUMP_FINISHED:
		job_finish_output(j, e->output);
		break;
	case PUMP_SKIPPED:
		job_skip(j, e);
		break;
	case PUMP_END:
		break;
	}
	return true;
}

bool
job_run(struct job *j, struct pump_event *e)
{
	bool go_on = true;

	do {
		*e = pump_next(&j->leg->pump);
		go_on = act(j, e);
	} while (go_on && e->what != PUMP_END);
	return go_on;
}

/* ---- the pid file ------------------------------------------------------ */

/* What else uses the file, as words for a message, or NULL. */
static const char *
pidfile_clash(const struct job *j, const struct stat *pid)
{
	struct stat st;

	for (size_t i = 0; i < j->leg->nouts; i++)
		if (path_same(&j->leg->outs[i].st, pid))
			return "an output";
	/* without outputs, operands are not inputs */
	if (j->leg->nouts > 0 && job_input_at(j, pid) != NULL)
		return "an input";
	if (j->o->store != NULL && stat(j->o->store, &st) == 0 &&
	    path_same(&st, pid))
		return "the file of --store-and-forward";
	return NULL;
}

int
job_write_pidfile(struct job *j)
{
	static const char *const refused[] = {
		[PIDFILE_OTHER] = "not a regular file: use the name of a new "
				  "file",
		[PIDFILE_HOLDS] = "not a pid file: remove it, or use another "
				  "name",
	};
	const char *path = j->o->pidfile, *clash = NULL;
	enum pidfile_end end = PIDFILE_OK;
	struct stat st;
	pid_t running = 0;

	/* --monitor=both: only the process that started the command has one */
	if (path == NULL ||
	    (j->o->monitor != MONITOR_NONE && j->monitor.command == 0))
		return 0;
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		clash = pidfile_clash(j, &st);
	if (clash == NULL)
		end = pidfile_create(&j->pidfile, path, &running);
	/* checked again: the file may not have existed before */
	if (clash == NULL && end == PIDFILE_OK) {
		clash = pidfile_clash(j, &j->pidfile.st);
		if (clash == NULL)
			return 0;
	}
	if (clash != NULL)
		msg_text(STATUS_USAGE, "--pidfile",
		    "%s: it is also %s: use another name", path, clash);
	else if (end == PIDFILE_RUNNING)
		msg_text(STATUS_OPEN, "--pidfile",
		    "%s: process %d is running: use another name", path,
		    (int)running);
	else
		msg_text(STATUS_OPEN, "--pidfile", "%s: %s", path,
		    end == PIDFILE_ERROR ? strerror(errno) : refused[end]);
	return -1;
}

/* ---- from start to end ------------------------------------------------ */

int
job_start_pump(struct job *j)
{
	const struct opts *o = j->o;
	struct pump *p = &j->leg->pump;
	const struct flow_conf conf = {
		.engine = j->leg->engine,
		.release = o->release,
		.lag = o->lag,
		.buffer_size = j->tune.buffer_size,
		.buffer_asked = o->buffer_asked,
		.chunk_size = o->chunk_size,
		.pipe_size = o->pipe_size,
		.pipe_asked = o->pipe_asked,
		.bytes_only = o->no_splice || o->skip_errors > 0 || o->sparse ||
		    o->direct_io ||
		    (j->tune.display.show.buffer &&
			j->leg->engine == ENGINE_AUTO),
		.no_splice = o->no_splice,
		.skip_block = o->skip_errors > 0 ? o->error_skip_block : 0,
		.one_input = j->leg->nfiles == 1,
	};

	if (pump_init(p, &conf, j->leg->outs, j->leg->nouts, &j->wake) == -1)
		return -1;
	job_set_scan(j);
	if (j->tune.limited)
		pump_limit(p, j->tune.rate_limit);
	pump_tick_at(p, j->began + (j->tune.display.asked ? 0 : JOB_LISTEN_US));
	return 0;
}

void
job_init(struct job *j, const struct opts *o, unsigned closed)
{
	signal(SIGCHLD, SIG_DFL);
	j->began = clock_now();
	j->closed = closed;
	j->o = o;
	j->leg = &j->forward;
	j->leg->files = j->o->files;
	j->leg->nfiles = j->o->nfiles;
	j->leg->engine = j->o->engine;
}

static int
set_up(struct job *j)
{
	if (job_open_outputs(j) == -1)
		return -1;
	if (job_tune(j) == -1 ||
	    display_open(&j->display, &j->tune.display, j->began) == -1 ||
	    job_watch_signals(j) == -1 || job_start_pump(j) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
		return -1;
	}
	if (job_one_is_left(j) && job_fits(j) && job_write_pidfile(j) == 0 &&
	    job_set_aims(j) == 0 &&
	    (j->o->store != NULL || job_start_outputs(j) == 0))
		return 0;
	pump_release(&j->leg->pump);
	return -1;
}

/* Waits for the command, and for the zpipe on its other side. */
static void
wait_for_monitored(struct job *j)
{
	char fate[JOB_FATE];
	int status;

	monitor_leave(&j->monitor);
	if (j->monitor.command != 0)
		job_wait_for_command(j, j->monitor.command, j->o->files[0],
		    false);
	monitor_release(&j->monitor);
	if (j->monitor.other == 0 ||
	    !job_await(j, j->monitor.other, "--monitor", &status))
		return;
	if (WIFEXITED(status))
		msg_add(WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGPIPE)
		j->left = "--monitor";
	else if (WTERMSIG(status) != job_ended()) {
		job_describe(status, "", fate);
		msg_text(STATUS_MOVE, "--monitor",
		    "the process for its output was %s", fate);
	}
}

static void
finish(struct job *j)
{
	if (j->skipped)
		msg_add(STATUS_MOVE);
	job_say_ended(j);
	job_complete_outputs(j);
	display_end(&j->display, job_facts(j));
	job_note_the_end(j);
	j->over = true;
	pump_release(&j->leg->pump);
	job_close_outputs(j);
	wait_for_monitored(j);
	job_say_ended(j);
	job_tell_the_end(j);
	job_clean_up(j);
	close(j->wake.fd);
}

void
job_clean_up(struct job *j)
{
	display_close(&j->display);
	remote_close(&j->control.remote);
	tunables_release(&j->tune);
	job_release_store(j);
	pidfile_delete(&j->pidfile);
	free(j->forward.outs);
	free(j->forward.known);
}

/* --monitor: starts the command. False after printing an error. */
static bool
stand_beside(struct job *j)
{
	static const char *const just_stdin[] = { "-", NULL };

	if (monitor_start(&j->monitor, j->o->monitor, j->o->files) == -1) {
		msg_text(STATUS_OPEN, "--monitor", "%s: %s", j->o->files[0],
		    strerror(errno));
		return false;
	}
	j->leg->files = just_stdin;
	j->leg->nfiles = 1;
	return true;
}

void
job_transfer(struct job *j)
{
	if (j->o->monitor != MONITOR_NONE && !stand_beside(j))
		return;
	if (set_up(j) == -1) {
		monitor_leave(&j->monitor);
		job_release_readers(j);
		job_clean_up(j);
		return;
	}
	if (j->o->store == NULL || job_store_first(j))
		job_copy_all(j);
	finish(j);
}
