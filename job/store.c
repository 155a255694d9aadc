/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/retry.h"
#include "job/job.h"
#include "msg/msg.h"

/* Whether what is written there can be read back. */
static bool
can_store(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISBLK(st->st_mode);
}

/* 0, or -1 with errno. Also 0 if it exists but can_store() is false. */
static int
open_named(struct store *s, const char *path)
{
	s->name = strdup(path);
	if (s->name == NULL)
		return -1;
	/* to open a device or a FIFO may have side effects */
	if (stat(path, &s->st) == 0 && !can_store(&s->st) &&
	    !S_ISDIR(s->st.st_mode))
		return 0;
	s->fd = fd_open(path, O_RDWR | O_CREAT | O_NONBLOCK);
	return s->fd == -1 ? -1 : fstat(s->fd, &s->st);
}

/*
 * A file without a name or, where O_TMPFILE (open(2)) is not supported, one
 * whose name is removed at once.
 */
static int
open_unnamed(struct store *s, const char *dir)
{
	char *path = NULL;

	if (asprintf(&s->name, "temporary file in %s", dir) == -1) {
		s->name = NULL;
		return -1;
	}
	do
		s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	while (retry(s->fd));
	if (s->fd == -1 && asprintf(&path, "%s/zpipe.XXXXXX", dir) != -1) {
		s->fd = mkostemp(path, O_CLOEXEC);
		if (s->fd != -1)
			unlink(path);
		free(path);
	}
	return s->fd == -1 ? -1 : fstat(s->fd, &s->st);
}

/*
 * An inherited descriptor: from its position, and without truncating the file.
 * Returns as open_named().
 */
static int
open_given(struct store *s, const char *path, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	s->given = true;
	s->name = strdup(path);
	if (s->name == NULL || flags == -1 || fstat(fd, &s->st) == -1)
		return -1;
	if (!can_store(&s->st))
		return 0;
	errno = EBADF;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -1;
	s->at = lseek(fd, 0, (flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
	s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return s->at == -1 || s->fd == -1 ? -1 : 0;
}

/* 0, or -1 after printing an error. */
static int
open_store(struct store *s, const char *path)
{
	const char *dir = getenv("TMPDIR");
	bool named = dir != NULL && *dir != '\0';
	int fd;

	if (strcmp(path, "-") == 0) {
		dir = named ? dir : "/tmp";
		if (open_unnamed(s, dir) == 0)
			return 0;
		msg_text(STATUS_OPEN, "--store-and-forward",
		    "cannot create a temporary file in %s (%s): %s", dir,
		    named ? "from TMPDIR" : "TMPDIR is not set",
		    strerror(errno));
		return -1;
	}
	fd = path_descriptor(path);
	if ((fd != -1 ? open_given(s, path, fd) : open_named(s, path)) == -1) {
		if (fd != -1 && errno == EBADF)
			msg_text(STATUS_OPEN, path,
			    "not open for reading and writing: use N<>FILE, "
			    "or the name of a file");
		else
			msg_errno(STATUS_OPEN, path);
		return -1;
	}
	if (can_store(&s->st))
		return 0;
	msg_text(STATUS_OPEN, path,
	    "cannot be read back: use a regular file or a block device");
	return -1;
}

/* The output of the first leg: a descriptor that may be closed. */
static int
store_output(const struct store *s, struct output *out)
{
	int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (output_init(out, fd, s->name) == -1) {
		fd_close(&fd);
		return -1;
	}
	out->opened = !s->given;
	return 0;
}

/* Moves all inputs to the file. False after printing an error. */
static bool
fill(struct job *j, struct store *s)
{
	struct leg *forward = j->leg, first = *forward;
	struct known known = { 0 };
	struct output out;
	int before = msg_status();
	bool good = false;

	if (store_output(s, &out) == -1) {
		msg_errno(STATUS_OPEN, s->name);
		return false;
	}
	if (job_same_output(&out, forward->outs, forward->nouts)) {
		output_close(&out);
		return false;
	}
	first.engine = ENGINE_AUTO; /* a forced one is for the outputs */
	first.outs = &out;
	first.known = &known;
	first.nouts = 1;
	j->leg = &first;
	if (job_start_pump(j) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
	} else if (!job_overwrites_input(j) && output_truncate(&out) == 0) {
		pump_stop_at(&first.pump, j->aims.stop, j->aims.stop_lines);
		job_copy_all(j);
		good = !out.gone && !job_ended() && msg_status() == before;
	} else if (msg_status() == before)
		job_not_started(j, &out);
	/* the last line is about this leg, while its pump has the figures */
	if (good)
		display_finish(&j->display, job_facts(j));
	else {
		job_say_ended(j);
		display_end(&j->display, job_facts(j));
	}
	job_complete_outputs(j);
	job_close_outputs(j);
	forward->stored = pump_moved(&first.pump);
	pump_release(&first.pump);
	j->leg = forward;
	return good && msg_status() == before;
}

bool
job_store_first(struct job *j)
{
	struct store *s = &j->store;
	struct leg *leg = j->leg;

	if (open_store(s, j->o->store) == -1 || !fill(j, s))
		return false;
	/* by its descriptor: the name may be another file's by now */
	if (lseek(s->fd, s->at, SEEK_SET) == -1) {
		msg_errno(STATUS_MOVE, s->name);
		return false;
	}
	snprintf(s->path, sizeof(s->path), "/dev/fd/%d", s->fd);
	s->operand = s->path;
	leg->files = &s->operand;
	leg->nfiles = 1;
	leg->name = s->name;
	pump_release(&leg->pump);
	if (job_start_pump(j) == -1 || display_again(&j->display) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
		return false;
	}
	j->tune.sized = false;
	return job_set_aims(j) == 0 && job_start_outputs(j) == 0;
}

void
job_release_store(struct job *j)
{
	fd_close(&j->store.fd);
	free(j->store.name);
	j->store.name = NULL;
}
