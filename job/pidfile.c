/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "base/pidfile.h"
#include "job/job.h"
#include "msg/msg.h"

/* What else it is, as words for a message; NULL: nothing that we know of. */
static const char *
pidfile_clash(const struct job *j, const struct stat *pid)
{
	struct stat st;

	for (size_t i = 0; i < j->leg->nouts; i++)
		if (path_same(&j->leg->outs[i].st, pid))
			return "an output";
	/* without outputs the operands are no inputs */
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
	const char *path = j->o->pidfile, *clash = NULL;
	enum pidfile_end end = PIDFILE_OK;
	struct stat st;
	pid_t running = 0;

	/* --monitor: it names the process that has started the command */
	if (path == NULL ||
	    (j->o->monitor != MONITOR_NONE && j->monitor.command == 0))
		return 0;
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		clash = pidfile_clash(j, &st);
	if (clash == NULL)
		end = pidfile_create(&j->pidfile, path, &running);
	/* a name that was free may be that of an input as well */
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
		    end == PIDFILE_OTHER ?
			"not a regular file: use the name of a new file" :
			end == PIDFILE_HOLDS ?
			"not a pid file: remove it, or use another name" :
			strerror(errno));
	return -1;
}
