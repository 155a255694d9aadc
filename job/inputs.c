/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/syscall.h>

#include <errno.h>
#include <linux/kcmp.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "buf.h"
#include "job/job.h"
#include "msg/msg.h"

/*
 * Whether two descriptors of a file share an offset (dup(2)): by kcmp(2) or, if
 * that is refused, by moving one and looking at the other.
 */
static bool
share_offset(int fd, off_t at, int other)
{
	pid_t me = getpid();
	off_t seen;
	long r = syscall(SYS_kcmp, me, me, KCMP_FILE, fd, other);

	if (r != -1)
		return r == 0;
	if (lseek(other, 0, SEEK_CUR) != at ||
	    lseek(fd, at + 1, SEEK_SET) == -1)
		return false;
	seen = lseek(other, 0, SEEK_CUR);
	(void)lseek(fd, at, SEEK_SET);
	return seen == at + 1;
}

/*
 * Whether zpipe would read its own output, given that input and output are one
 * file. Not if the input is at, or ahead of, the place where the next byte will
 * be written: so cat a b 1<>a appends b to a. GNU cat has this rule since
 * coreutils 9.6 (for appending: 9.7). A terminal or a socket is safe; a pipe
 * never is.
 */
static bool
reads_output(const struct job *j, const struct input *in,
    const struct output *o)
{
	off_t at, to;

	if (in->kind != INPUT_FILE && in->kind != INPUT_BLOCK)
		return in->kind == INPUT_PIPE;
	at = lseek(in->fd, 0, SEEK_CUR);
	to = lseek(o->fd, 0, SEEK_CUR);
	if (o->append || at == -1 || to == -1)
		return in->left > 0 || pump_moved(&j->leg->pump) > o->sent;
	/* the next byte goes after those that have not been sent yet */
	if (at < to + (off_t)(pump_moved(&j->leg->pump) - o->sent))
		return true;
	return in->left > 0 && share_offset(in->fd, at, o->fd);
}

static bool
reads_any_output(const struct job *j, const struct input *in)
{
	for (size_t i = 0; i < j->leg->nouts; i++)
		if (!j->leg->outs[i].gone &&
		    path_same(&in->st, &j->leg->outs[i].st) &&
		    reads_output(j, in, &j->leg->outs[i]))
			return true;
	return false;
}

/*
 * Reports how a task ended, for an input or, if in is NULL, for the outputs.
 * True if the next input may be read.
 */
static bool
judge(struct job *j, const struct input *in, const struct pump_event *e)
{
	const char *name = in != NULL ? in->name : "the outputs";

	errno = e->reason;
	switch (e->end) {
	case PUMP_DONE:
		return true;
	case PUMP_READ:
		job_blame(j, STATUS_MOVE, name);
		return true;
	case PUMP_WRITE:
		return false; /* job_lose() has reported it */
	case PUMP_BROKEN:
		job_blame(j, STATUS_MOVE, "cannot go on");
		return false;
	case PUMP_REFUSED:
		if (j->leg->engine == ENGINE_AUTO)
			job_say(j, STATUS_MOVE, NULL,
			    "--release=%s: %s: a fence protects nothing on "
			    "this kernel: use fresh",
			    release_name(j->o->release), name);
		else
			job_say(j, STATUS_MOVE, NULL,
			    "--engine=%s: %s: this system refuses it: %s",
			    engine_name(j->leg->engine), name,
			    strerror(e->reason));
		return false;
	case PUMP_MEMORY:
		job_blame(j, STATUS_MEMORY, name);
		break;
	}
	return false;
}

/* With -E twice, one message for each input. */
void
job_skip(struct job *j, const struct pump_event *e)
{
	const struct input *in = e->in;

	j->skipped = true;
	if (j->o->skip_errors > 1 && j->erring == in)
		return;
	j->erring = in;
	job_say(j, STATUS_NONE, in->name, "%s: %zu bytes at %ju are NULs now",
	    strerror(e->reason), e->len, (uintmax_t)e->at);
}

static bool
copy_one(struct job *j, const char *operand)
{
	struct input in = INPUT_INITIALIZER;
	struct pump_event e;
	bool go_on = true;

	if (job_ended())
		return false;
	while (input_open(&in, operand) == -1) {
		if (errno == EINTR && !job_on_wake(j))
			continue;
		if (job_ended())
			return false;
		job_blame(j, STATUS_OPEN, in.name);
		return true;
	}
	if (j->leg->name != NULL)
		in.name = j->leg->name;
	j->erring = NULL;
	if (reads_any_output(j, &in)) {
		job_say(j, STATUS_SAME, in.name, "input file is output file");
	} else {
		if (j->o->direct_io)
			input_direct(&in);
		pump_input(&j->leg->pump, &in);
		go_on = job_run(j, &e);
		if (j->o->explain)
			job_explain(j, &in);
		go_on = go_on && judge(j, &in, &e);
	}
	if (input_close(&in) == -1)
		job_blame(j, STATUS_CLOSE, in.name);
	return go_on;
}

bool
job_fits(struct job *j)
{
	const char *store = j->o->store;
	size_t n = store != NULL ? 1 : j->leg->nfiles;

	for (size_t i = 0; i < n && j->leg->engine != ENGINE_AUTO; i++) {
		const char *operand = store != NULL ? store : j->leg->files[i];
		enum input_kind kind = INPUT_FILE;
		const char *needs;

		if (store == NULL && input_peek(operand, &kind) == -1)
			continue; /* reported when its turn comes */
		needs = pump_misfit(&j->leg->pump, kind);
		if (needs == NULL)
			continue;
		msg_text(STATUS_USAGE, NULL, "--engine=%s: %s: it %s",
		    engine_name(j->leg->engine), input_name(operand), needs);
		return false;
	}
	return true;
}

/*
 * The transfer has stopped before input i. If --stop-at-size had to find the
 * size, it did not count the inputs that cannot be read: reports those, which
 * will never be opened.
 */
static void
report_rest(struct job *j, size_t i)
{
	if (!j->o->stop_at_size || j->tune.sized)
		return;
	for (; i < j->leg->nfiles; i++) {
		const char *operand = j->leg->files[i];

		if (input_readable(operand) == -1)
			job_blame(j, STATUS_OPEN, input_name(operand));
	}
}

void
job_copy_all(struct job *j)
{
	struct pump *p = &j->leg->pump;
	struct pump_event e;
	size_t i;

	for (i = 0; i < j->leg->nfiles && !pump_full(p); i++)
		if (!copy_one(j, j->leg->files[i]))
			return;
	report_rest(j, i);
	pump_finish(p, display_awaits(&j->display, pump_moved(p)));
	if (!job_run(j, &e) || !judge(j, NULL, &e) ||
	    !display_awaits(&j->display, pump_moved(p)))
		return;
	pump_drain(p);
	if (job_run(j, &e))
		judge(j, NULL, &e);
}
