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

/* Only there is everything still to be found when it has been written. */
static bool
can_store(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISBLK(st->st_mode);
}

/* 0, or -1 with errno; 0 as well, if it is there and cannot store. */
static int
open_named(struct job *j, const char *path)
{
	struct stat *st = &j->store_st;

	j->store_name = strdup(path);
	if (j->store_name == NULL)
		return -1;
	/* to open a device or a FIFO may have an effect */
	if (stat(path, st) == 0 && !can_store(st) && !S_ISDIR(st->st_mode))
		return 0;
	j->store_fd = fd_open(path, O_RDWR | O_CREAT | O_NONBLOCK);
	return j->store_fd == -1 ? -1 : fstat(j->store_fd, st);
}

/*
 * Without a name. Where the file system or the kernel has no O_TMPFILE
 * (open(2)), a name that is removed at once.
 */
static int
open_unnamed(struct job *j, const char *dir)
{
	char *path = NULL;

	if (asprintf(&j->store_name, "temporary file in %s", dir) == -1) {
		j->store_name = NULL;
		return -1;
	}
	do
		j->store_fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	while (retry(j->store_fd));
	if (j->store_fd == -1 &&
	    asprintf(&path, "%s/zpipe.XXXXXX", dir) != -1) {
		j->store_fd = mkostemp(path, O_CLOEXEC);
		if (j->store_fd != -1)
			unlink(path);
		free(path);
	}
	return j->store_fd == -1 ? -1 : fstat(j->store_fd, &j->store_st);
}

/*
 * A descriptor that we were given: from where it stands, and what lies behind
 * the bytes that are stored there is left alone. The same returns.
 */
static int
open_given(struct job *j, const char *path, int fd)
{
	struct stat *st = &j->store_st;
	int flags = fcntl(fd, F_GETFL);

	j->store_name = strdup(path);
	if (j->store_name == NULL || flags == -1 || fstat(fd, st) == -1)
		return -1;
	if (!can_store(st))
		return 0;
	errno = EBADF;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -1;
	j->store_at = lseek(fd, 0,
	    (flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
	j->store_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return j->store_at == -1 || j->store_fd == -1 ? -1 : 0;
}

/* 0, or -1: it has been said why not. */
static int
open_store(struct job *j)
{
	const char *path = j->o->store, *dir = getenv("TMPDIR");
	bool temporary = strcmp(path, "-") == 0;
	bool named = dir != NULL && *dir != '\0';
	int fd = temporary ? -1 : path_descriptor(path);

	j->store_given = fd != -1;
	if (temporary) {
		dir = named ? dir : "/tmp";
		if (open_unnamed(j, dir) == 0)
			return 0;
		msg_text(STATUS_OPEN, "--store-and-forward",
		    "cannot create a temporary file in %s (%s): %s", dir,
		    named ? "from TMPDIR" : "TMPDIR is not set",
		    strerror(errno));
	} else if (fd != -1 && open_given(j, path, fd) == -1) {
		if (errno == EBADF)
			msg_text(STATUS_OPEN, path,
			    "not open for reading and writing: use N<>FILE, "
			    "or the name of a file");
		else
			msg_errno(STATUS_OPEN, path);
	} else if (fd == -1 && open_named(j, path) == -1) {
		msg_errno(STATUS_OPEN, path);
	} else if (!can_store(&j->store_st)) {
		msg_text(STATUS_OPEN, path,
		    "cannot be read back: use a regular file or a block "
		    "device");
	} else
		return 0;
	return -1;
}

/* The output of the first half: it may be closed, the file is still needed. */
static int
store_output(const struct job *j, struct output *out)
{
	int fd = fcntl(j->store_fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (output_init(out, fd, j->store_name) == -1) {
		fd_close(&fd);
		return -1;
	}
	out->opened = !j->store_given;
	return 0;
}

static bool
is_output(struct job *j, const struct output *store)
{
	for (size_t i = 0; i < j->leg->nouts; i++) {
		if (!output_same(store, &j->leg->outs[i]))
			continue;
		msg_text(STATUS_USAGE, store->name, "the same output as %s",
		    j->leg->outs[i].name);
		return true;
	}
	return false;
}

/*
 * --store-and-forward: all inputs to a file, which then is the input. False if
 * they are not there, and nothing is to go on.
 */
static bool
store(struct job *j)
{
	struct leg *forward = j->leg, first = *forward;
	struct known known = { 0 };
	struct output out;
	int before = msg_status();
	bool good = false;

	if (store_output(j, &out) == -1) {
		msg_errno(STATUS_OPEN, j->store_name);
		return false;
	}
	if (is_output(j, &out)) {
		output_close(&out);
		return false;
	}
	first.engine = ENGINE_AUTO; /* the other is for the outputs */
	first.outs = &out;
	first.known = &known;
	first.nouts = 1;
	j->leg = &first;
	if (job_start_pump(j) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
	} else if (!job_overwrites_input(j) && output_truncate(&out) == 0) {
		pump_stop_at(&first.pump, j->stop, j->stop_lines);
		job_copy_all(j);
		good = !out.gone && !job_ended() && msg_status() == before;
	} else if (msg_status() == before)
		job_not_started(j, &out);
	/* what there is to say is about this half, while it can be counted */
	if (good)
		display_finish(&j->display, job_facts(j));
	else {
		job_say_ended(j);
		display_end(&j->display, job_facts(j));
	}
	if (!out.gone) {
		job_complete(j, &out);
		job_close_one(j, &out);
	}
	j->store_size = pump_moved(&first.pump);
	pump_release(&first.pump);
	j->leg = forward;
	return good && msg_status() == before;
}

bool
job_store_first(struct job *j)
{
	if (open_store(j) == -1 || !store(j))
		return false;
	/* the file itself, whatever has its name now */
	if (lseek(j->store_fd, j->store_at, SEEK_SET) == -1) {
		msg_errno(STATUS_MOVE, j->store_name);
		return false;
	}
	snprintf(j->store_operand, sizeof(j->store_operand), "/dev/fd/%d",
	    j->store_fd);
	j->stored[0] = j->store_operand;
	j->leg->files = j->stored;
	j->leg->nfiles = 1;
	pump_release(&j->leg->pump);
	if (job_start_pump(j) == -1 || display_again(&j->display) == -1) {
		msg_errno(STATUS_MEMORY, "setting up");
		return false;
	}
	j->tune.sized = false;
	return job_set_aims(j) == 0 && job_start_outputs(j) == 0;
}
