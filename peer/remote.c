/* SPDX-License-Identifier: ISC */
/* The zpipe that listens, and the one that asks. */
#include "config.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
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
#include "base/path.h"
#include "base/refuse.h"
#include "base/retry.h"
#include "base/rundir.h"
#include "peer/remote.h"
#include "peer/watch.h"

enum {
	BACKLOG = 64,
	BRIEF_S = 60,      /* after this, a temporary name is stale */
	SWEEP_MOST = 1000, /* names to look at */
	PLACES = 4,        /* where a process may listen */
	CONNECT_US = 500000,
	STEP_US = 20000,
	ASK_US = 1000000,
};

static int
new_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
}

/*
 * Makes room for a whole message, whatever net.core.wmem_default is; the kernel
 * also counts its own overhead.
 */
static void
make_room(int fd)
{
	int size = 2 * REMOTE_MAX;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* A connected socket, or -1 with errno. */
static int
connect_at(const struct sockaddr_un *sun)
{
	int fd = new_socket(), r;

	if (fd == -1)
		return -1;
	do
		r = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	while (retry(r));
	if (r == -1)
		fd_close(&fd);
	return fd;
}

/* ---- the one that listens --------------------------------------------- */

/* Asks for SIGIO when the socket is readable (fcntl(2), O_ASYNC). */
static int
ask_for_signal(int fd)
{
	if (fcntl(fd, F_SETOWN, getpid()) == -1)
		return -1;
	return fd_set_flag(fd, O_ASYNC, true);
}

/* dir/name as an address. 0, or -1 with ENAMETOOLONG. */
static int
address_in(struct sockaddr_un *sun, const char *dir, const char *name)
{
	int n;

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s", dir, name);
	return n < (int)sizeof(sun->sun_path) ? 0 : refuse(ENAMETOOLONG);
}

/* A socket listens before it gets its name: if it refuses, it is dead. */
static bool
is_stale(const struct sockaddr_un *sun)
{
	int fd = connect_at(sun);
	bool stale = fd == -1 && errno == ECONNREFUSED;

	fd_close(&fd);
	return stale;
}

/* Gives the socket its name, which must not be in use. */
static int
publish(const struct sockaddr_un *from, const struct sockaddr_un *to)
{
	if (link(from->sun_path, to->sun_path) == 0)
		return 0;
	if (errno == EEXIST && !is_stale(to))
		return refuse(EADDRINUSE);
	/* the name is stale; or the file system has no links */
	return rename(from->sun_path, to->sun_path);
}

/* Binds to a temporary name, listens, and takes the final name. */
static int
listen_at(int fd, const struct sockaddr_un *first,
    const struct sockaddr_un *sun)
{
	int r, saved;

	unlink(first->sun_path);
	do
		r = bind(fd, (const struct sockaddr *)first, sizeof(*first));
	while (retry(r));
	if (r == -1)
		return -1;
	/* the umask may have denied ourselves the right to connect */
	r = -1;
	if (chmod(first->sun_path, 0600) == 0 && ask_for_signal(fd) == 0 &&
	    listen(fd, BACKLOG) == 0)
		r = publish(first, sun);
	saved = errno;
	unlink(first->sun_path);
	errno = saved;
	return r;
}

/* A process with our name may be a zpipe: its socket is left alone. */
static bool
may_listen(pid_t pid)
{
	char ours[16]; /* prctl(2) */

	return prctl(PR_GET_NAME, ours) == 0 && watch_is_called(pid, ours);
}

/*
 * Removes a stale socket. Since is_stale() a new process with the same number
 * may have made its own: moves the socket aside, and puts it back if it is
 * another one.
 */
static void
remove_stale(int dir, const char *name, const struct stat *was)
{
	char aside[32];
	struct stat st;

	snprintf(aside, sizeof(aside), ".%jd.old", (intmax_t)getpid());
	if (renameat(dir, name, dir, aside) == -1)
		return;
	if (fstatat(dir, aside, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !path_same(&st, was))
		(void)!linkat(dir, aside, dir, name, 0);
	unlinkat(dir, aside, 0);
}

/* The process a name stands for, or 0. Temporary names begin with a period. */
static pid_t
pid_of(const char *name)
{
	bool brief = name[0] == '.', ours;
	char *end;
	long pid;

	name += brief;
	if (name[0] < '1' || name[0] > '9')
		return 0;
	pid = strtol(name, &end, 10); /* LONG_MAX if it is too large */
	ours = brief ? strcmp(end, ".new") == 0 || strcmp(end, ".old") == 0 :
		       strcmp(end, ".sock") == 0;
	return ours && pid < INT_MAX ? (pid_t)pid : 0;
}

static void
sweep_one(int dir, const char *path, const char *name)
{
	struct sockaddr_un sun;
	struct stat st;
	pid_t pid = pid_of(name);

	if (pid == 0 || pid == getpid() || may_listen(pid) ||
	    address_in(&sun, path, name) == -1 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return;
	/* a zpipe in another PID namespace may be about to listen */
	if (name[0] == '.' && time(NULL) - st.st_ctime < BRIEF_S)
		return;
	if (is_stale(&sun))
		remove_stale(dir, name, &st);
}

static void
sweep(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int left = SWEEP_MOST; /* the transfer waits meanwhile */

	if (dir == NULL)
		return;
	while (left-- > 0 && (e = readdir(dir)) != NULL)
		sweep_one(dirfd(dir), path, e->d_name);
	closedir(dir);
}

int
remote_listen(struct remote *r)
{
	char dir[sizeof(r->path)], name[32], first[32];
	struct sockaddr_un sun, before;

	*r = (struct remote)REMOTE_INITIALIZER;
	for (size_t i = 0; i < REMOTE_PEERS; i++)
		r->peers[i] = r->kept[i] = -1;
	snprintf(name, sizeof(name), "%jd.sock", (intmax_t)getpid());
	snprintf(first, sizeof(first), ".%jd.new", (intmax_t)getpid());
	if (rundir_make(dir, sizeof(dir)) == -1 ||
	    address_in(&sun, dir, name) == -1 ||
	    address_in(&before, dir, first) == -1)
		return -1;
	r->fd = new_socket();
	if (r->fd == -1 || listen_at(r->fd, &before, &sun) == -1) {
		fd_close(&r->fd);
		return -1;
	}
	r->owner = getpid();
	memcpy(r->path, sun.sun_path, sizeof(sun.sun_path));
	(void)lstat(r->path, &r->st);
	sweep(dir);
	return 0;
}

/* Of our own user, or of root. */
static bool
may_ask(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    (cred.uid == geteuid() || cred.uid == 0);
}

/* False if nobody waits, or on an error. */
static bool
accept_peer(struct remote *r)
{
	int *place = &r->peers[r->next], fd;

	fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1)
		return false;
	if (!may_ask(fd) || ask_for_signal(fd) == -1) {
		fd_close(&fd);
		return true;
	}
	make_room(fd);
	fd_close(place); /* the one that has been silent longest */
	*place = fd;
	r->next = (r->next + 1) % REMOTE_PEERS;
	return true;
}

/* Closes kept peers that have gone. Returns whether any is left. */
static bool
drop_gone(struct remote *r)
{
	bool any = false;

	for (int i = 0; i < REMOTE_PEERS; i++) {
		struct pollfd p = { r->kept[i], 0, 0 };

		if (r->kept[i] != -1 && poll(&p, 1, 0) > 0)
			fd_close(&r->kept[i]);
		any = any || r->kept[i] != -1;
	}
	return any;
}

/* Keeps the peer for remote_end(). False if too many are kept. */
static bool
keep(struct remote *r, int *peer)
{
	drop_gone(r);
	for (int i = 0; i < REMOTE_PEERS; i++)
		if (r->kept[i] == -1) {
			r->kept[i] = *peer;
			*peer = -1;
			return true;
		}
	return false;
}

/* msg and reply have room for REMOTE_MAX + 1. */
static void
serve_peer(struct remote *r, int *peer, remote_answer *answer, void *ctx,
    char *msg, char *reply)
{
	ssize_t n = recv(*peer, msg, REMOTE_MAX, MSG_DONTWAIT | MSG_TRUNC);
	size_t len;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && n <= REMOTE_MAX) {
		msg[n] = '\0';
		len = answer(ctx, msg, (size_t)n, reply);
		if (len == REMOTE_KEEP && keep(r, peer))
			return;
		if (len > 0 && len <= REMOTE_MAX)
			(void)send(*peer, reply, len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	fd_close(peer);
}

/* Whether there is anything to do, by one call, as each wake-up asks. */
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
remote_serve(struct remote *r, remote_answer *answer, void *ctx)
{
	int callers = 0;
	bool more;
	char *room;

	if (r->fd == -1 || !anything_new(r))
		return;
	room = malloc(2 * (REMOTE_MAX + 1));
	if (room == NULL)
		return;
	do {
		more = accept_peer(r);
		for (int i = 0; i < REMOTE_PEERS; i++) {
			if (r->peers[i] != -1)
				serve_peer(r, &r->peers[i], answer, ctx, room,
				    room + REMOTE_MAX + 1);
		}
	} while (more && ++callers < 2 * BACKLOG);
	free(room);
}

bool
remote_waiting(struct remote *r)
{
	return r->fd != -1 && drop_gone(r);
}

void
remote_end(struct remote *r, const char *msg, size_t len)
{
	for (int i = 0; r->fd != -1 && i < REMOTE_PEERS; i++) {
		if (r->kept[i] == -1)
			continue;
		(void)send(r->kept[i], msg, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		fd_close(&r->kept[i]);
	}
}

void
remote_close(struct remote *r)
{
	struct stat st;

	if (r->fd == -1)
		return;
	for (int i = 0; i < REMOTE_PEERS; i++) {
		fd_close(&r->peers[i]);
		fd_close(&r->kept[i]);
	}
	/*
	 * Removed before it is closed, so that nobody finds it refusing; but
	 * not that of a process in another PID namespace with our number.
	 */
	if (r->owner == getpid() && lstat(r->path, &st) == 0 &&
	    path_same(&st, &r->st))
		unlink(r->path);
	fd_close(&r->fd);
	*r = (struct remote)REMOTE_INITIALIZER;
}

/* ---- the one that asks ------------------------------------------------ */

/* By the XDG_RUNTIME_DIR that the process was started with (proc(5)). */
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

/* Place i where a process may listen. False if there is none. */
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
		return snprintf(dir, PATH_MAX, "/run/user/%ju/zpipe",
			   (uintmax_t)owner) < PATH_MAX;
	default:
		return snprintf(dir, PATH_MAX, "/tmp/zpipe-%ju",
			   (uintmax_t)owner) < PATH_MAX;
	}
}

/*
 * Opens a directory or a socket with O_PATH, so that what was checked is what
 * is used: if we are root, the owner can replace both. -1 with errno: ENOENT,
 * or EACCES if it is not the owner's or is open to others.
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
	fd = connect_at(&sun);
	fd_close(&path);
	if (fd == -1) /* a socket that refuses is stale */
		return refuse(errno == ECONNREFUSED ? ENOENT : errno);
	/* it may be another process, if PID namespaces share the directory */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    cred.pid != pid || cred.uid != owner) {
		fd_close(&fd);
		return refuse(EACCES);
	}
	make_room(fd);
	return fd;
}

/* One attempt. After ENOENT and EAGAIN another may succeed. */
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
	/* only root gets past kill(2) for another user's process */
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

	if (pid <= 0) /* a process group to kill(2) */
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
		nanosleep(&step, NULL);
	}
}

/* Waits until an answer can be read, or time is up. */
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
		/* closed before our question was read: more peers came */
	} while (n == -1 && (errno == EPIPE || errno == ECONNRESET) &&
	    clock_now() < end);
	if (n == -1 && (errno == EPIPE || errno == ECONNABORTED))
		errno = ECONNRESET;
	return n;
}
