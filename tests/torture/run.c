/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/check.h"
#include "tests/torture/procs.h"
#include "tests/torture/run.h"
#include "tests/torture/shared.h"
#include "tests/torture/signals.h"
#include "tests/torture/wire.h"

/* What each output of zpipe is at the descriptor that zpipe gets. */
struct ends {
	int in;            /* the standard input, or -1 */
	int out[MOST_OUT]; /* or -1 */
	int file;          /* that all jobs share, or -1 */
	int gate[2];       /* its end: all writers have ended */
};

/* The readers behind one output; returns what zpipe is to write to. */
static int
start_readers(struct plan *p, const struct job *j, const struct output *o,
    const struct ends *e)
{
	static const enum wire wires[] = { [OUT_PIPE] = W_PIPE,
		[OUT_UNIX] = W_UNIX,
		[OUT_TCP] = W_TCP,
		[OUT_PTY] = W_PTY,
		[OUT_EXEC] = W_PIPE };
	int first[2] = { -1, -1 }, next[2], in;

	if (o->kind != OUT_FIFO)
		make_wire(p, wires[o->kind], first);
	in = first[0];
	for (size_t i = 0; i < o->nchain && o->kind == OUT_PIPE; i++) {
		make_wire(p, W_PIPE, next);
		/* what never resized the pipe says so; it may have no time */
		if (start(o->chain[i], false,
			strcmp(o->chain[i], "resize") != 0) == 0)
			run_link(o->chain[i], in, next[1]);
		close(in);
		close(next[1]);
		in = next[0];
	}
	/* for a command `leave' has left already */
	if (start("reader", false, true) == 0)
		reader(o, &j->want, in, e->gate[0]);
	if (in != -1)
		close(in);
	return first[1];
}

static void
fill_file(const char *name, int flags, const struct part *part, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | flags, 0666);

	if (fd == -1)
		broken(name);
	for (size_t i = 0; i < n; i++)
		if (!put(fd, part[i].p, part[i].len, false))
			broken(name);
	close(fd);
}

/* The file as it is before; returns a descriptor, or -1 if it has a name. */
static int
start_file(const struct output *o)
{
	struct part prior = { master, o->prior };
	int fd;

	fill_file(o->name, 0, &prior, 1);
	if (o->kind == OUT_NAME || o->kind == OUT_APPEND)
		return -1;
	fd = open(o->name, O_RDWR | (o->kind == OUT_APPENDING ? O_APPEND : 0));
	if (fd == -1 || lseek(fd, (off_t)o->at, SEEK_SET) == -1)
		broken(o->name);
	return high(fd);
}

static void
start_outputs(struct plan *p, const struct job *j, struct ends *e)
{
	for (size_t i = 0; i < j->nout; i++) {
		const struct output *o = &j->out[i];

		if (o->kind == OUT_FIFO && mkfifo(o->name, 0666) == -1)
			broken(o->name);
		if (p->one_output)
			e->out[i] = e->file;
		else if (o->mark == -1)
			e->out[i] = start_file(o);
		else
			e->out[i] = start_readers(p, j, o, e);
	}
}

/* A file with the data behind what was before; a descriptor for the stdin. */
static int
start_in_file(const struct input *in)
{
	struct part parts[2] = { { master, in->at }, in->data };
	int fd;

	fill_file(in->name, 0, parts, 2);
	if (in->kind == IN_FILE)
		return -1;
	fd = open(in->name, O_RDONLY);
	if (fd == -1 || lseek(fd, (off_t)in->at, SEEK_SET) == -1)
		broken(in->name);
	return high(fd);
}

static void
start_input(struct plan *p, const struct input *in, struct ends *e)
{
	static const enum wire wires[] = { [IN_PIPE] = W_PIPE,
		[IN_RECORDS] = W_RECORDS,
		[IN_UNIX] = W_UNIX,
		[IN_TCP] = W_TCP,
		[IN_SEQPACKET] = W_SEQPACKET,
		[IN_DGRAM] = W_DGRAM };
	int fd[2] = { -1, -1 };

	if (in->kind == IN_FILE || in->kind == IN_STDIN) {
		fd[0] = start_in_file(in);
	} else {
		if (in->kind != IN_FIFO)
			make_wire(p, wires[in->kind], fd);
		else if (mkfifo(in->name, 0666) == -1)
			broken(in->name);
		if (start("writer", true, false) == 0)
			writer(in, fd[1], fd[0], e->gate[1]);
		if (fd[1] != -1)
			close(fd[1]);
	}
	if (in->kind >= IN_PIPE)
		e->in = fd[0];
}

static void
run_program(const struct plan *p, const struct job *j, const struct ends *e)
{
	char name[32];
	int fd;

	if (e->in == -1)
		fd = open("/dev/null", O_RDONLY);
	else
		fd = e->in;
	if (fd == -1 || dup2(fd, STDIN_FILENO) == -1)
		broken("stdin");
	for (size_t i = 0; i < j->nout; i++)
		if (e->out[i] != -1 && dup2(e->out[i], j->out[i].fd) == -1)
			broken("dup2");
	if (j->out[0].fd != STDOUT_FILENO) {
		fd = open("/dev/null", O_WRONLY);
		if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1)
			broken("stdout");
	}
	snprintf(name, sizeof(name), "err%zu", (size_t)(j - p->job));
	fd = open(name, O_WRONLY | O_APPEND);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		broken("stderr");
	signal(SIGPIPE, j->ignores_pipe ? SIG_IGN : SIG_DFL);
	execv(j->program != NULL ? j->program : zpipe_path,
	    (char *const *)(uintptr_t)j->argv);
	broken(zpipe_path);
}

static void
start_job(struct plan *p, struct job *j, struct ends *e)
{
	char name[32];

	start_outputs(p, j, e);
	snprintf(name, sizeof(name), "err%zu", (size_t)(j - p->job));
	fill_file(name, 0, NULL, 0);
	j->pid = fork();
	if (j->pid == -1)
		broken("fork");
	if (j->pid == 0)
		run_program(p, j, e);
	for (size_t i = 0; i < j->nout; i++)
		if (e->out[i] != -1 && !p->one_output)
			close(e->out[i]);
}

/* Who writes to the shared output beside the zpipes, and is none. */
static void
echoer(const struct plan *p, int fd)
{
	const unsigned char *t = tagged[p->njobs];

	for (size_t at = 0; at < 200; at++) {
		if (!put(fd, t + 1000 * at, 1000, false))
			broken("echo");
		nap(100);
	}
	_exit(0);
}

static void
open_shared_output(const struct plan *p, struct ends *e)
{
	int fd = open("all",
	    O_RDWR | O_CREAT | O_TRUNC | (p->appending ? O_APPEND : 0), 0666);

	e->file = high(fd);
	if (p->echo && start("echo", false, true) == 0)
		echoer(p, e->file);
}

static void
run_jobs(struct plan *p, struct ends *e)
{
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		if (k == 0 || !p->one_input)
			for (size_t i = 0; i < j->nin; i++)
				start_input(p, &j->in[i], e);
		if (k == 0 && e->gate[1] != -1) {
			close(e->gate[1]);
			e->gate[1] = -1;
		}
		start_job(p, j, e);
		if (!p->one_input && e->in != -1) {
			close(e->in);
			e->in = -1;
		}
		if (p->in_turn) {
			await_job(p, j);
			check_position(p, j, e->in);
		}
	}
	for (size_t k = 0; k < p->njobs && !p->in_turn; k++)
		await_job(p, &p->job[k]);
}

void
run_case(struct plan *p)
{
	struct ends e = { -1, { -1, -1, -1, -1 }, -1, { -1, -1 } };

	make_wire(p, W_PIPE, e.gate);
	if (p->one_output)
		open_shared_output(p, &e);
	run_jobs(p, &e);
	if (e.in != -1)
		close(e.in);
	await_others();
	for (size_t k = 0; k < p->njobs; k++) {
		struct job *j = &p->job[k];

		for (size_t i = 0; i < j->nout && !p->one_output; i++)
			if (j->out[i].mark != -1)
				check_mark(j, &j->out[i]);
			else
				check_file(j, &j->out[i]);
		check_status(p, j);
	}
	if (p->one_output)
		check_merged(p, e.file);
	if (p->job[0].out[0].need == NEED_SHARE)
		check_shares(p);
	for (size_t k = 0; k < p->njobs; k++)
		check_stderr(p, &p->job[k]);
}
