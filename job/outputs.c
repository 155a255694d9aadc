/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "job/job.h"
#include "msg/msg.h"

/* Gives a file its length, and syncs it. */
static void
complete(struct job *j, struct output *o)
{
	/* a signal that ends us does not wait for a disk */
	bool sync = j->o->sync && !job_ended();

	if (sync && o->kind == OUTPUT_FILE)
		display_draw(&j->display, job_facts(j), "flushing");
	if (o->fd == -1 || output_finish(o, sync) == 0)
		return;
	if (errno == EINTR && job_ended())
		return; /* the signal explains it */
	job_blame(j, STATUS_MOVE, o->name);
}

/*
 * Closes an output; lost: errors have been reported. The number of a standard
 * descriptor must not be reused.
 */
static void
close_one(struct job *j, struct output *o, bool lost)
{
	bool standard = o->fd == STDIN_FILENO || o->fd == STDOUT_FILENO;

	if (output_close(o) == -1 && !lost)
		job_blame(j, STATUS_CLOSE, o->name);
	if (standard && j->leg->nouts > 1)
		(void)!open("/dev/null", O_RDWR);
}

void
job_finish_output(struct job *j, struct output *o)
{
	complete(j, o);
	close_one(j, o, false);
}

static bool
exits_on_error(const struct job *j)
{
	return j->o->output_error >= OUTPUT_ERROR_EXIT;
}

/* Reports why an output is lost: errno. */
static void
blame_output(struct job *j, const struct output *o)
{
	int reason = errno;

	if (o->fifo != NULL && reason == ENOENT)
		job_say(j, STATUS_MOVE, o->name,
		    "removed before it had a reader");
	else if (o->fifo != NULL && reason == ESTALE)
		job_say(j, STATUS_MOVE, o->name,
		    "replaced by another file before it had a reader");
	else if (o->kind == OUTPUT_FILE)
		job_say(j, STATUS_MOVE, o->name, "%s after %ju bytes",
		    strerror(reason), (uintmax_t)o->given);
	else
		job_blame(j, STATUS_MOVE, o->name);
}

/*
 * What happens to the other outputs is GNU tee's rule for the mode, except that
 * a command may stop reading at any time, as with pee(1). EPIPE means that the
 * reader has gone. A command is reported when it has ended.
 */
bool
job_lose(struct job *j, const struct pump_event *e)
{
	struct output *o = e->output;
	struct known *known = &j->leg->known[o - j->leg->outs];
	enum output_error how = j->o->output_error;
	bool left = e->loss == LOSS_ERROR && e->reason == EPIPE;
	/* the monitored command may stop reading, too */
	bool quiet = left &&
	    ((j->monitor.command != 0 && j->monitor.side == SIDE_IN) ||
		how == OUTPUT_ERROR_WARN_NOPIPE ||
		how == OUTPUT_ERROR_EXIT_NOPIPE ||
		(how == OUTPUT_ERROR_DEFAULT && o->child != 0));

	if (left && !quiet && how == OUTPUT_ERROR_DEFAULT &&
	    job_dies_of_pipe()) {
		j->left = o->name;
		return false;
	}
	errno = e->reason;
	if (e->loss == LOSS_LAG)
		job_say(j, STATUS_MOVE, o->name,
		    "detached after %ju bytes: it did not keep up",
		    (uintmax_t)o->given);
	else if (left && o->child != 0)
		known->broken = !quiet;
	else if (errno == ENOSPC && S_ISBLK(o->st.st_mode))
		job_say(j, STATUS_MOVE, o->name,
		    "device is full after %ju bytes, and the input has more",
		    (uintmax_t)o->given);
	else if (!quiet)
		blame_output(j, o);
	known->said = !quiet;
	if (!quiet)
		msg_add(STATUS_MOVE);
	close_one(j, o, true);
	return e->loss == LOSS_LAG || quiet || !exits_on_error(j);
}

/*
 * If an input is a descriptor that is not open, something unreadable takes its
 * number, lest one of our own be read instead. No command inherits an input:
 * whoever writes to that must see its reader leave.
 */
static void
guard_inputs(const struct job *j)
{
	for (size_t i = 0; i < j->leg->nfiles; i++) {
		int fd = input_descriptor(j->leg->files[i]), null;

		if (fd <= STDERR_FILENO || fcntl(fd, F_SETFD, FD_CLOEXEC) != -1)
			continue;
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null == -1 || null == fd)
			continue;
		(void)dup3(null, fd, O_CLOEXEC); /* fails above RLIMIT_NOFILE */
		close(null);
	}
}

/*
 * Checks the descriptors that we were given, before any of our own can have
 * their numbers.
 */
static bool
inherited(struct job *j)
{
	guard_inputs(j);
	for (size_t i = 0; i < j->o->ntargets; i++) {
		const struct target *t = &j->o->targets[i];
		int flags = t->way == WAY_FD ? fcntl(t->fd, F_GETFL) : O_WRONLY;

		if (t->way == WAY_FD && t->fd <= STDERR_FILENO &&
		    (j->closed & 1u << t->fd) != 0)
			flags = -1;
		if (flags != -1 && (flags & O_ACCMODE) != O_RDONLY)
			continue;
		msg_text(STATUS_USAGE, t->name, "it is %s",
		    flags == -1 ? "not open" : "open for reading only");
		return false;
	}
	return true;
}

/* A descriptor that is an output already is duplicated: each closes its own. */
static int
open_fd(const struct job *j, const struct target *t, struct output *o)
{
	int fd = t->fd, r;

	for (size_t i = 0; i < j->leg->nouts && fd == t->fd; i++)
		if (j->leg->outs[i].fd == t->fd)
			fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	r = output_init(o, fd, t->name);
	if (r == -1 && fd != t->fd)
		fd_close(&fd);
	/* inherited by a command, it would keep its reader from the end */
	if (r == 0 && t->fd > STDERR_FILENO)
		fcntl(t->fd, F_SETFD, FD_CLOEXEC);
	return r;
}

/* 0, or -1 after printing an error; *fatal: the others are not opened. */
static int
open_one(struct job *j, const struct target *t, struct output *o, bool *fatal)
{
	int r;

	if (t->fd != -1)
		r = open_fd(j, t, o);
	else if (t->way == WAY_COMMAND)
		r = output_pipe(o, t->arg, t->name);
	else
		r = output_open(o, t->arg, t->way == WAY_APPEND);
	if (r == 0)
		return 0;
	*fatal = errno == EMFILE || errno == ENFILE || exits_on_error(j);
	msg_errno(t->way == WAY_STDOUT ? STATUS_MOVE : STATUS_OPEN, t->name);
	return -1;
}

const char *
job_input_at(const struct job *j, const struct stat *file)
{
	struct stat st;

	for (size_t i = 0; i < j->leg->nfiles; i++) {
		const char *operand = j->leg->files[i];
		int fd = input_descriptor(operand);

		if ((fd != -1 ? fstat(fd, &st) : stat(operand, &st)) == 0 &&
		    path_same(&st, file))
			return operand;
	}
	return NULL;
}

bool
job_overwrites_input(const struct job *j)
{
	for (size_t i = 0; i < j->leg->nouts; i++) {
		const struct output *o = &j->leg->outs[i];
		const char *operand;

		if (!o->opened || o->kind != OUTPUT_FILE ||
		    (S_ISREG(o->st.st_mode) && o->st.st_size == 0))
			continue;
		operand = job_input_at(j, &o->st);
		if (operand == NULL)
			continue;
		msg_text(STATUS_SAME, input_name(operand),
		    "input file is output file");
		return true;
	}
	return false;
}

bool
job_same_output(const struct output *o, const struct output *others, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!output_same(o, &others[i]))
			continue;
		msg_text(STATUS_USAGE, o->name, "the same output as %s",
		    others[i].name);
		return true;
	}
	return false;
}

/* A file may be both input and output if it is stored first. */
static bool
clashes(const struct job *j)
{
	const struct leg *leg = j->leg;

	for (size_t i = 0; i < leg->nouts; i++)
		if (job_same_output(&leg->outs[i], leg->outs, i))
			return true;
	return j->o->store == NULL && job_overwrites_input(j);
}

int
job_open_outputs(struct job *j)
{
	bool fatal = false;

	j->leg->outs = calloc(j->o->ntargets, sizeof(*j->leg->outs));
	j->leg->known = calloc(j->o->ntargets, sizeof(*j->leg->known));
	if (j->leg->outs == NULL || j->leg->known == NULL) {
		msg_errno(STATUS_MEMORY, "setting up");
		return -1;
	}
	fatal = !inherited(j);
	for (size_t i = 0; i < j->o->ntargets && !fatal; i++) {
		struct output *o = &j->leg->outs[j->leg->nouts];

		if (open_one(j, &j->o->targets[i], o, &fatal) == 0)
			j->leg->nouts++;
	}
	return fatal || j->leg->nouts == 0 || clashes(j) ? -1 : 0;
}

bool
job_not_started(struct job *j, struct output *o)
{
	msg_errno(STATUS_OPEN, o->name);
	output_close(o);
	return exits_on_error(j);
}

int
job_start_outputs(struct job *j)
{
	size_t left = 0;

	for (size_t i = 0; i < j->leg->nouts; i++) {
		struct output *o = &j->leg->outs[i];

		if (o->child_end != -1 && output_spawn(o) == -1 &&
		    job_not_started(j, o))
			return -1;
	}
	for (size_t i = 0; i < j->leg->nouts; i++) {
		struct output *o = &j->leg->outs[i];

		if (o->gone)
			continue;
		if (output_truncate(o) == -1) {
			if (job_not_started(j, o))
				return -1;
			continue;
		}
		if (j->o->sparse)
			output_sparse(o);
		if (j->o->direct_io)
			output_direct(o);
		left++;
	}
	return left > 0 ? 0 : -1;
}

/* Checked before files are truncated. stdout alone has nothing to lose. */
bool
job_one_is_left(const struct job *j)
{
	int fd;

	if (j->leg->nouts == 1 && j->leg->outs[0].fd == STDOUT_FILENO)
		return true;
	fd = fcntl(j->wake.fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1) {
		msg_errno(STATUS_OPEN, "inputs");
		return false;
	}
	close(fd);
	return true;
}

void
job_release_readers(struct job *j)
{
	for (size_t i = 0; i < j->leg->nouts; i++)
		if (j->leg->outs[i].fifo != NULL)
			(void)output_connect(&j->leg->outs[i]);
}

bool
job_await(struct job *j, pid_t pid, const char *name, int *status)
{
	struct pump *p = &j->leg->pump;
	pid_t r;

	pump_rest(p, -1, -1);
	while ((r = waitpid(pid, status, WNOHANG)) == 0)
		if (pump_next(p).what == PUMP_SIGNAL && job_on_wake(j))
			return false; /* without waiting for it */
	if (r == -1)
		msg_errno(STATUS_MOVE, name);
	return r != -1;
}

void
job_wait_for_command(struct job *j, pid_t command, const char *name,
    bool broken)
{
	char fate[JOB_FATE];
	int status;

	if (!job_await(j, command, name, &status))
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE &&
	    command == j->monitor.command && monitor_unread(&j->monitor))
		return; /* reported by the side that left */
	job_describe(status, "", fate);
	if (status != 0)
		msg_text(STATUS_MOVE, name, "%s", fate);
	else if (broken)
		msg_text(STATUS_MOVE, name, "%s", strerror(EPIPE));
}

void
job_complete_outputs(struct job *j)
{
	for (size_t i = 0; i < j->leg->nouts; i++)
		if (!j->leg->outs[i].gone)
			complete(j, &j->leg->outs[i]);
}

void
job_close_outputs(struct job *j)
{
	job_release_readers(j);
	for (size_t i = 0; i < j->leg->nouts; i++)
		if (!j->leg->outs[i].gone)
			close_one(j, &j->leg->outs[i], false);
	for (size_t i = 0; i < j->leg->nouts; i++) {
		const struct output *o = &j->leg->outs[i];
		const struct known *known = &j->leg->known[i];

		if (o->sent > o->given && !known->said)
			msg_text(STATUS_NONE, o->name,
			    "%ju bytes dropped: it did not keep up",
			    (uintmax_t)(o->sent - o->given));
		/* a signal for us is usually one for them as well */
		if (o->child != 0 && !job_ended() && j->left == NULL)
			job_wait_for_command(j, o->child, o->name,
			    known->broken);
	}
}
