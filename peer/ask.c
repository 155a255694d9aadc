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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/refuse.h"
#include "base/retry.h"
#include "base/rundir.h"
#include "peer/remote.h"
#include "peer/socket.h"

enum {
	PLACES = 4,
	CONNECT_US = 500000,
	STEP_US = 20000,
	ASK_US = 1000000,
};

/* The directory that the process was told of when it began (proc(5)). */
static bool
its_own(pid_t pid, char dir[PATH_MAX])
{
	static const char name[] = "XDG_RUNTIME_DIR=";
	char path[64], *word = NULL;
	size_t size = 0, n = sizeof(name) - 1;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%jd/environ", (intmax_t)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!found && getdelim(&word, &size, '\0', f) != -1)
		found = strncmp(word, name, n) == 0 && word[n] == '/' &&
		    snprintf(dir, PATH_MAX, "%s/zpipe", word + n) < PATH_MAX;
	free(word);
	fclose(f);
	return found;
}

/* One of the places where a process may listen, best first. False: none. */
static bool
get_place(int i, pid_t pid, uid_t owner, char dir[PATH_MAX])
{
	const char *base;

	switch (i) {
	case 0:
		base = rundir_base();
		return base != NULL && owner == geteuid() &&
		    snprintf(dir, PATH_MAX, "%s/zpipe", base) < PATH_MAX;
	case 1:
		return its_own(pid, dir);
	case 2:
		snprintf(dir, PATH_MAX, "/run/user/%ju/zpipe",
		    (uintmax_t)owner);
		return true;
	default:
		snprintf(dir, PATH_MAX, "/tmp/zpipe-%ju", (uintmax_t)owner);
		return true;
	}
}

/*
 * Opens a directory or a socket as a path (O_PATH, open(2)), so that what was
 * checked is what is then used: for root, both can be changed by others. -1
 * with errno: ENOENT, or EACCES if it is not the owner's, or open to others.
 */
static int
open_owned(int at, const char *name, mode_t type, uid_t owner)
{
	int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd == -1)
		return refuse(errno == ENOENT ? ENOENT : EACCES);
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	    st.st_uid == owner && (type == S_IFSOCK || (st.st_mode & 077) == 0))
		return fd;
	fd_close(&fd);
	return refuse(EACCES);
}

static int
connect_in(const char *dir, uid_t owner, pid_t pid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int d = open_owned(AT_FDCWD, dir, S_IFDIR, owner), path, fd;
	char name[32];
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (d == -1)
		return -1;
	snprintf(name, sizeof(name), "%jd.sock", (intmax_t)pid);
	path = open_owned(d, name, S_IFSOCK, owner);
	fd_close(&d);
	if (path == -1)
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d", path);
	fd = socket_connect(&sun);
	fd_close(&path);
	if (fd == -1) /* a process that is gone has left one that refuses */
		return refuse(errno == ECONNREFUSED ? ENOENT : errno);
	/* where PID namespaces share the directory it may be another */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    cred.pid != pid || cred.uid != owner) {
		fd_close(&fd);
		return refuse(EACCES);
	}
	socket_make_room(fd);
	return fd;
}

/* One attempt. ENOENT and EAGAIN may pass by waiting. */
static int
try_connect(pid_t pid)
{
	char path[64], dir[PATH_MAX];
	int fd = -1, error = ENOENT;
	struct stat st;
	uid_t owner;

	snprintf(path, sizeof(path), "/proc/%jd", (intmax_t)pid);
	if (stat(path, &st) == -1)
		return refuse(errno == ENOENT ? ESRCH : errno);
	/* kill(2) lets nobody but root through to another user's */
	owner = geteuid() == 0 ? st.st_uid : geteuid();
	for (int i = 0; i < PLACES && fd == -1; i++) {
		if (!get_place(i, pid, owner, dir))
			continue;
		fd = connect_in(dir, owner, pid);
		if (fd == -1 && errno != ENOENT)
			error = errno;
	}
	return fd != -1 ? fd : refuse(error);
}

static int
connect_to(pid_t pid)
{
	const struct timespec step = { 0, STEP_US * 1000L };
	uint64_t end = clock_now() + CONNECT_US;
	int fd;

	if (pid <= 0) /* kill(2) would take it for a group */
		return refuse(ESRCH);
	for (;;) {
		if (kill(pid, 0) == -1)
			return refuse(errno == EPERM ? EACCES : errno);
		fd = try_connect(pid);
		if (fd != -1)
			return fd;
		if (errno != ENOENT && errno != EAGAIN && errno != EINTR)
			return -1;
		if (clock_now() >= end)
			return refuse(errno == ENOENT ? ENOENT : ETIMEDOUT);
		nanosleep(&step, NULL); /* cut short by a signal: no harm */
	}
}

/* Until an answer can be read, or the time is over. */
static int
wait_for_answer(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t end = clock_now() + ASK_US, now;
	int n;

	do {
		now = clock_now();
		if (now >= end)
			return refuse(ETIMEDOUT);
		n = poll(&p, 1, (int)((end - now + 999) / 1000));
	} while (n == 0 || (n == -1 && errno == EINTR));
	return n == -1 ? -1 : 0;
}

int
remote_call(pid_t pid, const char *msg, size_t len)
{
	int fd = connect_to(pid);

	/* the first message of a connection never waits for room (unix(7)) */
	if (fd != -1 && send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
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
		return refuse(ECONNABORTED);
	return n > REMOTE_MAX ? refuse(EMSGSIZE) : n;
}

ssize_t
remote_ask(pid_t pid, const char *msg, size_t len, char *reply)
{
	uint64_t end = clock_now() + CONNECT_US + ASK_US;
	ssize_t n;
	int fd;

	if (len == 0 || len > REMOTE_MAX)
		return refuse(len == 0 ? EINVAL : EMSGSIZE);
	do {
		n = -1;
		fd = remote_call(pid, msg, len);
		if (fd != -1 && wait_for_answer(fd) == 0)
			n = remote_hear(fd, reply);
		fd_close(&fd);
		/* closed with our question unread: others took our place */
	} while (n == -1 && (errno == EPIPE || errno == ECONNRESET) &&
	    clock_now() < end);
	if (n == -1 && (errno == EPIPE || errno == ECONNABORTED))
		errno = ECONNRESET;
	return n;
}
