/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/torture/procs.h"
#include "tests/torture/shared.h"
#include "tests/torture/wire.h"
#include "tests/lib/tap.h"

enum {
	MOST_PROCS = 64
};

static struct proc {
	pid_t pid;
	const char *name;
	bool writer;
	bool must_succeed;
} procs[MOST_PROCS];
static size_t nprocs;

pid_t
start(const char *name, bool writer, bool must_succeed)
{
	pid_t pid = fork();

	if (pid == -1)
		broken("fork");
	if (pid > 0) {
		if (nprocs == MOST_PROCS)
			bail("too many processes");
		procs[nprocs++] = (struct proc){ pid, name, writer,
			must_succeed };
	}
	return pid;
}

bool
put(int fd, const unsigned char *p, size_t len, bool vmsplices)
{
	while (len > 0) {
		struct iovec v = { (void *)(uintptr_t)p, len };
		ssize_t n = vmsplices ? vmsplice(fd, &v, 1, 0) :
					write(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false; /* zpipe has gone, as it may */
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* A datagram socket knows no end but that of its reader. */
static void
end_writer(const struct input *in, int fd, int reader)
{
	struct linger hard = { 1, 0 };

	while (in->stays && shared->over == 0 && shared->close == 0)
		nap(500);
	if (in->resets)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (in->kind == IN_DGRAM)
		shutdown(reader, SHUT_RD);
	close(fd);
	_exit(0);
}

void
writer(const struct input *in, int fd, int reader, int gate)
{
	size_t at = 0;
	unsigned turn = 0;

	signal(SIGPIPE, SIG_IGN);
	keep_only(fd, in->kind == IN_DGRAM ? reader : -1, gate);
	if (in->kind == IN_FIFO) {
		fd = open(in->name, O_WRONLY);
		if (fd == -1)
			broken(in->name);
	}
	while (at < in->data.len) {
		size_t n = in->data.len - at;

		if (n > in->size)
			n = in->size;
		if (!put(fd, in->data.p + at, n, in->vmsplices))
			break;
		at += n;
		if (in->pause > 0 && ++turn % in->every == 0)
			nap(in->pause);
	}
	end_writer(in, fd, reader);
}

/* Looks at what has come, and counts it. */
static bool
look(struct mark *m, const struct text *want, enum need need,
    const unsigned char *buf, size_t n)
{
	size_t same;

	if (need == NEED_SHARE) {
		for (size_t i = 0; i < n; i++)
			m->count[buf[i]]++;
		m->got += n;
		return true;
	}
	same = text_same(want, m->got, buf, n);
	if (same < n) {
		size_t word = (same + m->got) % 8 == 0 ?
		    same :
		    same + 8 - (same + m->got) % 8;

		m->bad = m->got + same;
		m->from = word + 16 <= n ?
		    text_find(want, buf + word, n - word) :
		    NONE;
		if (m->from != NONE)
			m->from -= word - same;
	}
	m->got += n;
	return same == n;
}

/* A FIFO's first writer may never come; then nobody reports its end. */
static ssize_t
get(const struct output *o, int fd, unsigned char *buf, size_t size)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	ssize_t n;

	for (;;) {
		bool over = shared->over != 0;

		n = 0;
		if (o->kind == OUT_FIFO && poll(&pfd, 1, 5) == 0 && !over)
			continue;
		n = read(fd, buf, size);
		if (n == -1 && errno == EAGAIN) {
			poll(&pfd, 1, 50);
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		/* before its first writer a FIFO looks ended */
		if (n == 0 && o->kind == OUT_FIFO && pfd.revents == 0 && !over)
			continue;
		return n;
	}
}

void
reader(const struct output *o, const struct text *want, int fd, int gate)
{
	static unsigned char buf[MIB];
	struct mark *m = &shared->marks[o->mark];
	uint64_t next = o->size; /* a small pipe gives it in small pieces */
	ssize_t n = 1;
	char c;

	keep_only(fd, gate, -1);
	nap(o->wait);
	if (o->kind == OUT_FIFO &&
	    (fd = open(o->name, O_RDONLY | O_NONBLOCK)) == -1)
		broken(o->name);
	while (m->got < o->leave) {
		size_t size = o->size;

		if (size > o->leave - m->got)
			size = (size_t)(o->leave - m->got);
		n = get(o, fd, buf, size);
		if (n <= 0)
			break;
		if (!look(m, want, o->need, buf, (size_t)n))
			break;
		if (m->got >= next) {
			nap(o->pause);
			next = m->got + o->size;
		}
	}
	/* a terminal that was closed says EIO */
	if (n == -1 && (o->kind != OUT_PTY || errno != EIO))
		m->error = errno;
	/* wrong bytes must not end zpipe as well */
	while (m->bad != NONE && read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (o->at_end && read(gate, &c, 1) == -1)
		broken("gate");
	_exit(0);
}

void
run_link(const char *text, int in, int out)
{
	char path[PATH_MAX], words[40], *argv[8], *save = NULL;
	size_t n = 0;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	snprintf(words, sizeof(words), "%s", text);
	for (char *w = strtok_r(words, " ", &save); w != NULL && n < 7;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
	if (strcmp(argv[0], "zpipe") == 0)
		snprintf(path, sizeof(path), "%s", zpipe_path);
	else
		snprintf(path, sizeof(path), "%s/%s", zoo_path, argv[0]);
	/* its status says enough */
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		broken("dup2");
	execv(path, argv);
	broken(path);
}

void
await_all(void)
{
	int status;

	for (size_t i = 0; i < nprocs; i++)
		if (waitpid(procs[i].pid, &status, 0) == -1)
			broken("waitpid");
	nprocs = 0;
}

void
await_others(void)
{
	int status;

	shared->over = 1;
	snprintf(shared->phase, sizeof(shared->phase), "the readers");
	for (size_t i = 0; i < nprocs; i++) {
		struct proc *q = &procs[i];

		if (q->writer)
			kill(q->pid, SIGKILL);
		if (waitpid(q->pid, &status, 0) == -1)
			broken("waitpid");
		if (q->must_succeed && status != 0)
			fault("%s: status %#x\n", q->name, status);
	}
}
