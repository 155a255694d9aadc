/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "remote.h"

enum {
	BACKLOG = 64,
	CONNECT_MS = 500,
	STEP_MS = 20,
	ASK_MS = 1000,
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
refuse(int error)
{
	errno = error;
	return -1;
}

static int
close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
	return -1;
}

/* The user's own directory, or NULL if there is none to rely on. */
static const char *
runtime_dir(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	/* After su or sudo -E it is that of another user. */
	if (dir == NULL || dir[0] != '/' || stat(dir, &st) == -1 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return NULL;
	return dir;
}

int
remote_directory(char *path, size_t size)
{
	const char *dir = runtime_dir();
	struct stat st;
	int n;

	if (dir != NULL)
		n = snprintf(path, size, "%s/zpipe", dir);
	else
		n = snprintf(path, size, "/tmp/zpipe-%ju",
		    (uintmax_t)geteuid());
	if (n < 0 || (size_t)n >= size)
		return refuse(ENAMETOOLONG);
	if (mkdir(path, 0700) == 0) {
		if (chmod(path, 0700) == -1) /* whatever the umask is */
			return -1;
	} else if (errno != EEXIST)
		return -1;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return refuse(EPERM);
	return 0;
}

/* Where the zpipe with that number listens. */
static int
address_of(struct sockaddr_un *sun, pid_t pid)
{
	char dir[sizeof(sun->sun_path)];
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (remote_directory(dir, sizeof(dir)) == -1)
		return -1;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%jd.sock", dir,
	    (intmax_t)pid);
	if (n < 0 || (size_t)n >= sizeof(sun->sun_path))
		return refuse(ENAMETOOLONG);
	return 0;
}

static int
new_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
}

/*
 * A whole message must fit, whatever net.core.wmem_default is; the kernel
 * counts its own overhead as well.
 */
static void
make_room(int fd)
{
	int size = 2 * REMOTE_MAX;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* The socket of a dead process that had our number refuses connections. */
static bool
is_stale(const struct sockaddr_un *sun)
{
	int fd = new_socket();
	bool stale;

	if (fd == -1)
		return false;
	stale = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == -1 &&
	    errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static int
bind_to(int fd, const struct sockaddr_un *sun)
{
	const struct sockaddr *sa = (const struct sockaddr *)sun;

	if (bind(fd, sa, sizeof(*sun)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!is_stale(sun))
		return refuse(EADDRINUSE);
	if (unlink(sun->sun_path) == -1 && errno != ENOENT)
		return -1;
	return bind(fd, sa, sizeof(*sun));
}

/* SIGIO when somebody comes or says something (fcntl(2), O_ASYNC). */
static int
call(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETOWN, getpid()) == -1)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_ASYNC);
}

int
remote_listen(struct remote *r)
{
	struct sockaddr_un sun;
	int fd;

	*r = (struct remote)REMOTE_INITIALIZER;
	for (size_t i = 0; i < REMOTE_PEERS; i++)
		r->peers[i] = -1;
	if (address_of(&sun, getpid()) == -1)
		return -1;
	fd = new_socket();
	if (fd == -1 || bind_to(fd, &sun) == -1)
		return close_keeping_errno(fd);
	r->fd = fd;
	r->owner = getpid();
	memcpy(r->path, sun.sun_path, sizeof(sun.sun_path));
	/* The umask may have left ourselves without the right to connect. */
	if (chmod(r->path, 0600) == -1 || call(fd) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		int saved = errno;

		remote_close(r);
		return refuse(saved);
	}
	return 0;
}

static void
drop(int *peer)
{
	close(*peer);
	*peer = -1;
}

static bool
get_peer(int fd, struct ucred *cred)
{
	socklen_t len = sizeof(*cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &len) == 0 &&
	    (cred->uid == geteuid() || cred->uid == 0);
}

/* False when nobody waits, or for a reason that may pass. */
static bool
accept_peer(struct remote *r)
{
	int *place = &r->peers[r->next], fd;
	struct ucred cred;

	fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1)
		return false;
	if (!get_peer(fd, &cred) || call(fd) == -1) {
		close(fd);
		return true;
	}
	make_room(fd);
	if (*place != -1)
		drop(place); /* of all, it has been silent for longest */
	*place = fd;
	r->next = (r->next + 1) % REMOTE_PEERS;
	return true;
}

/* A question and its answer; msg and reply have room for REMOTE_MAX + 1. */
static void
serve_peer(int *peer, size_t (*answer)(void *, const char *, size_t, char *),
    void *ctx, char *msg, char *reply)
{
	ssize_t n = recv(*peer, msg, REMOTE_MAX, MSG_DONTWAIT | MSG_TRUNC);
	size_t len;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && n <= REMOTE_MAX) {
		msg[n] = '\0';
		len = answer(ctx, msg, (size_t)n, reply);
		if (len > 0 && len <= REMOTE_MAX)
			(void)send(*peer, reply, len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	drop(peer);
}

/* Is there anything to do? This is called on each wake-up: one system call. */
static bool
anything_new(const struct remote *r)
{
	struct pollfd p[1 + REMOTE_PEERS];

	for (int i = 0; i < REMOTE_PEERS; i++)
		p[1 + i] = (struct pollfd){ r->peers[i], POLLIN, 0 };
	p[0] = (struct pollfd){ r->fd, POLLIN, 0 };
	return poll(p, 1 + REMOTE_PEERS, 0) > 0;
}

void
remote_serve(struct remote *r,
    size_t (*answer)(void *ctx, const char *msg, size_t len, char *reply),
    void *ctx)
{
	int callers = 0;
	bool more;
	char *room;

	if (r->fd == -1 || !anything_new(r))
		return;
	/* Too much for a stack, and hardly ever wanted. */
	room = malloc(2 * (REMOTE_MAX + 1));
	if (room == NULL)
		return;
	do {
		more = accept_peer(r);
		for (int i = 0; i < REMOTE_PEERS; i++) {
			if (r->peers[i] != -1)
				serve_peer(&r->peers[i], answer, ctx, room,
				    room + REMOTE_MAX + 1);
		}
	} while (more && ++callers < 2 * BACKLOG);
	free(room);
}

void
remote_close(struct remote *r)
{
	if (r->fd == -1)
		return;
	for (int i = 0; i < REMOTE_PEERS; i++) {
		if (r->peers[i] != -1)
			drop(&r->peers[i]);
	}
	/* Removed first: nobody shall find one that refuses. */
	if (r->path[0] != '\0' && r->owner == getpid())
		unlink(r->path);
	close(r->fd);
	*r = (struct remote)REMOTE_INITIALIZER;
}

/* One attempt. What may pass by waiting is ENOENT or EAGAIN. */
static int
try_connect(pid_t pid)
{
	struct sockaddr_un sun;
	struct ucred cred;
	int fd;

	if (address_of(&sun, pid) == -1)
		return refuse(errno == EPERM ? EACCES : errno);
	fd = new_socket();
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		/* Bound but not yet listening, or left by a dead one. */
		if (errno == ECONNREFUSED)
			errno = ENOENT;
		return close_keeping_errno(fd);
	}
	/* Where PID namespaces share the directory it may be another. */
	if (!get_peer(fd, &cred) || cred.pid != pid) {
		close(fd);
		return refuse(EACCES);
	}
	make_room(fd);
	return fd;
}

static int
connect_until(pid_t pid, int64_t end)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
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
		if (now_ms() >= end)
			return refuse(errno == ENOENT ? ENOENT : ETIMEDOUT);
		nanosleep(&step, NULL); /* cut short by a signal: no harm */
	}
}

/* Until fd is ready, or the end has come. */
static int
wait_for(int fd, short events, int64_t end)
{
	for (;;) {
		struct pollfd p = { fd, events, 0 };
		int64_t left = end - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return refuse(ETIMEDOUT);
		if (errno != EINTR)
			return -1;
	}
}

static ssize_t
ask_until(int fd, const char *msg, size_t len, char *reply, int64_t end)
{
	ssize_t n;

	while (send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
		if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT, end) == -1)
				return -1;
		} else if (errno != EINTR)
			return -1;
	}
	for (;;) {
		if (wait_for(fd, POLLIN, end) == -1)
			return -1;
		n = recv(fd, reply, REMOTE_MAX, MSG_DONTWAIT | MSG_TRUNC);
		if (n > REMOTE_MAX)
			return refuse(EMSGSIZE);
		if (n > 0)
			return n;
		if (n == 0) /* it was heard, and that was all */
			return refuse(ECONNABORTED);
		if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
}

ssize_t
remote_ask(pid_t pid, const char *msg, size_t len, char *reply)
{
	int64_t end = now_ms() + CONNECT_MS + ASK_MS;
	ssize_t n;
	int fd;

	if (len == 0 || len > REMOTE_MAX)
		return refuse(len == 0 ? EINVAL : EMSGSIZE);
	do {
		fd = connect_until(pid, now_ms() + CONNECT_MS);
		if (fd == -1)
			return -1;
		n = ask_until(fd, msg, len, reply, now_ms() + ASK_MS);
		close_keeping_errno(fd);
		/* closed with our question unread: others took our place */
	} while (n == -1 && (errno == EPIPE || errno == ECONNRESET) &&
	    now_ms() < end);
	if (n == -1 && (errno == EPIPE || errno == ECONNABORTED))
		errno = ECONNRESET;
	return n;
}
