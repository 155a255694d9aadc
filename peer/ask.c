/* SPDX-License-Identifier: ISC */
/* The zpipe that asks: it finds the other one, and waits for its answer. */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/retry.h"
#include "base/rundir.h"
#include "peer/remote.h"
#include "peer/socket.h"

enum {
	CONNECT_US = 500000,
	STEP_US = 20000,
	ASK_US = 1000000,
};

/* The places where a process may listen, best first. */
struct places {
	uid_t owner; /* of the process: theirs must be its own */
	size_t n;
	char dirs[4][PATH_MAX];
};

static void __attribute__((format(printf, 2, 3)))
add_place(struct places *p, const char *fmt, ...)
{
	char *dir = p->dirs[p->n];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dir, sizeof(p->dirs[0]), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(p->dirs[0]))
		return;
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->dirs[i], dir) == 0)
			return;
	p->n++;
}

/* The directory that the process was told of when it began (proc(5)). */
static void
add_its_own(struct places *p, pid_t pid)
{
	static const char name[] = "XDG_RUNTIME_DIR=";
	char path[64], *word = NULL;
	size_t size = 0, n = sizeof(name) - 1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%jd/environ", (intmax_t)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (getdelim(&word, &size, '\0', f) != -1)
		if (strncmp(word, name, n) == 0 && word[n] == '/') {
			add_place(p, "%s/zpipe", word + n);
			break;
		}
	free(word);
	fclose(f);
}

static int
find_places(struct places *p, pid_t pid)
{
	const char *dir = rundir_base();
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%jd", (intmax_t)pid);
	if (stat(path, &st) == -1)
		return socket_refuse(errno == ENOENT ? ESRCH : errno);
	p->n = 0;
	/* kill(2) lets nobody but root through to another user's */
	p->owner = geteuid() == 0 ? st.st_uid : geteuid();
	if (dir != NULL && p->owner == geteuid())
		add_place(p, "%s/zpipe", dir);
	add_its_own(p, pid);
	add_place(p, "/run/user/%ju/zpipe", (uintmax_t)p->owner);
	add_place(p, "/tmp/zpipe-%ju", (uintmax_t)p->owner);
	return 0;
}

/*
 * Its socket in that directory, as a path (O_PATH, open(2)), so that it is the
 * one that was looked at which is then used: for root, both are somebody
 * else's to change. -1 with errno: ENOENT, or EACCES if it is not as it should.
 */
static int
open_socket(const char *dir, uid_t owner, pid_t pid)
{
	int d = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd;
	char name[32];
	struct stat st;

	if (d == -1)
		return socket_refuse(errno == ENOENT ? ENOENT : EACCES);
	if (fstat(d, &st) == -1 || st.st_uid != owner ||
	    (st.st_mode & 077) != 0) {
		fd_close(&d);
		return socket_refuse(EACCES);
	}
	snprintf(name, sizeof(name), "%jd.sock", (intmax_t)pid);
	fd = openat(d, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	fd_close(&d);
	if (fd == -1)
		return socket_refuse(errno == ENOENT ? ENOENT : EACCES);
	if (fstat(fd, &st) == -1 || !S_ISSOCK(st.st_mode) ||
	    st.st_uid != owner) {
		fd_close(&fd);
		return socket_refuse(EACCES);
	}
	return fd;
}

static int
connect_in(const char *dir, uid_t owner, pid_t pid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int path = open_socket(dir, owner, pid), fd, r;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (path == -1)
		return -1;
	fd = socket_new();
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d", path);
	r = fd == -1 ? -1 : socket_connect(fd, &sun);
	fd_close(&path);
	if (r == -1) {
		/* left by a dead one */
		if (errno == ECONNREFUSED)
			errno = ENOENT;
		fd_close(&fd);
		return -1;
	}
	/* Where PID namespaces share the directory it may be another. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    cred.pid != pid || cred.uid != owner) {
		fd_close(&fd);
		return socket_refuse(EACCES);
	}
	socket_make_room(fd);
	return fd;
}

/* One attempt. What may pass by waiting is ENOENT or EAGAIN. */
static int
try_connect(pid_t pid)
{
	struct places *p = malloc(sizeof(*p));
	int fd = -1, error = ENOENT;

	if (p == NULL)
		return -1;
	if (find_places(p, pid) == -1) {
		error = errno;
		p->n = 0;
	}
	for (size_t i = 0; i < p->n && fd == -1; i++) {
		fd = connect_in(p->dirs[i], p->owner, pid);
		if (fd == -1 && errno != ENOENT)
			error = errno;
	}
	free(p);
	return fd != -1 ? fd : socket_refuse(error);
}

static int
connect_until(pid_t pid, uint64_t end)
{
	const struct timespec step = { 0, STEP_US * 1000L };
	int fd;

	if (pid <= 0) /* kill(2) would take it for a group */
		return socket_refuse(ESRCH);
	for (;;) {
		if (kill(pid, 0) == -1)
			return socket_refuse(errno == EPERM ? EACCES : errno);
		fd = try_connect(pid);
		if (fd != -1)
			return fd;
		if (errno != ENOENT && errno != EAGAIN && errno != EINTR)
			return -1;
		if (clock_now() >= end)
			return socket_refuse(
			    errno == ENOENT ? ENOENT : ETIMEDOUT);
		nanosleep(&step, NULL); /* cut short by a signal: no harm */
	}
}

/* Until fd is ready, or the end has come. */
static int
wait_for(int fd, short events, uint64_t end)
{
	for (;;) {
		struct pollfd p = { fd, events, 0 };
		uint64_t now = clock_now();
		int n = 0;

		if (now < end)
			n = poll(&p, 1, (int)((end - now + 999) / 1000));

		if (n > 0)
			return 0;
		if (n == 0)
			return socket_refuse(ETIMEDOUT);
		if (errno != EINTR)
			return -1;
	}
}

static int
send_until(int fd, const char *msg, size_t len, uint64_t end)
{
	while (send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
		if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT, end) == -1)
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	return 0;
}

static ssize_t
ask_until(int fd, const char *msg, size_t len, char *reply, uint64_t end)
{
	ssize_t n;

	if (send_until(fd, msg, len, end) == -1)
		return -1;
	for (;;) {
		if (wait_for(fd, POLLIN, end) == -1)
			return -1;
		n = recv(fd, reply, REMOTE_MAX, MSG_DONTWAIT | MSG_TRUNC);
		if (n > REMOTE_MAX)
			return socket_refuse(EMSGSIZE);
		if (n > 0)
			return n;
		if (n == 0) /* it was heard, and that was all */
			return socket_refuse(ECONNABORTED);
		if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
}

int
remote_call(pid_t pid, const char *msg, size_t len)
{
	int fd = connect_until(pid, clock_now() + CONNECT_US);

	if (fd != -1 && send_until(fd, msg, len, clock_now() + ASK_US) == -1)
		fd_close(&fd);
	return fd;
}

ssize_t
remote_hear(int fd, char *reply)
{
	ssize_t n;

	do
		n = recv(fd, reply, REMOTE_MAX, MSG_DONTWAIT | MSG_TRUNC);
	while (retry(n));
	if (n == 0)
		return socket_refuse(ECONNRESET);
	return n > REMOTE_MAX ? socket_refuse(EMSGSIZE) : n;
}

ssize_t
remote_ask(pid_t pid, const char *msg, size_t len, char *reply)
{
	uint64_t end = clock_now() + CONNECT_US + ASK_US;
	ssize_t n;
	int fd;

	if (len == 0 || len > REMOTE_MAX)
		return socket_refuse(len == 0 ? EINVAL : EMSGSIZE);
	do {
		fd = connect_until(pid, clock_now() + CONNECT_US);
		if (fd == -1)
			return -1;
		n = ask_until(fd, msg, len, reply, clock_now() + ASK_US);
		fd_close(&fd);
		/* closed with our question unread: others took our place */
	} while (n == -1 && (errno == EPIPE || errno == ECONNRESET) &&
	    clock_now() < end);
	if (n == -1 && (errno == EPIPE || errno == ECONNABORTED))
		errno = ECONNRESET;
	return n;
}
