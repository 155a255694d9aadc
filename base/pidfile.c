/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/pidfile.h"

/*
 * NUMBER: more than a process number and a newline.
 * TRIES, PAUSE_US: for a file that other processes create or replace as well.
 */
enum {
	NUMBER = 16,
	TRIES = 100,
	PAUSE_US = 1000,
};

/* The file that the signal handler removes, and the process that made it. */
static struct pidfile *volatile ours;
static volatile pid_t owner;

/*
 * The number in a file, which a newline may follow; 0 if it holds anything
 * else, or -1 with errno. Async-signal-safe.
 */
static pid_t
read_number(int fd)
{
	char text[NUMBER];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	pid_t pid = 0;

	if (n == -1)
		return -1;
	if (n == sizeof(text))
		return 0;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9' || pid > (INT_MAX - 9) / 10)
			return 0;
		pid = pid * 10 + (text[i] - '0');
	}
	return pid;
}

/* Opens an existing file; never waits for a FIFO or a device. */
static int
open_existing(const char *path, struct stat *st)
{
	int fd = open(path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd != -1 && fstat(fd, st) == -1)
		fd_close(&fd);
	return fd;
}

/* Async-signal-safe. */
static void
remove_own(const struct pidfile *p)
{
	struct stat st;
	int fd = open_existing(p->path, &st);

	if (fd == -1)
		return;
	if (path_same(&st, &p->st) && read_number(fd) == owner)
		unlink(p->path);
	close(fd);
}

/* Raises the signal again: SA_RESETHAND has restored its default. */
static void
on_fatal(int sig)
{
	struct pidfile *p = ours;

	/* a child before exec(3) has our handlers */
	if (p != NULL && owner == getpid())
		remove_own(p);
	raise(sig);
}

static bool
ends_process(int sig)
{
	static const int harmless[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT,
		SIGCHLD, SIGURG, SIGWINCH };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (sig == harmless[i])
			return false;
	return true;
}

/* Handles signals that have no handler; SIGKILL and SIGSTOP cannot have one. */
static void
watch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_fatal,
		.sa_flags = (int)SA_RESETHAND | SA_NODEFER },
			 old;

	sigemptyset(&sa.sa_mask);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (ends_process(sig) && sigaction(sig, NULL, &old) == 0 &&
		    old.sa_handler == SIG_DFL)
			sigaction(sig, &sa, NULL);
}

/* Writes our number to the new file; removes the file if that fails. */
static int
write_number(struct pidfile *p, int fd)
{
	char text[NUMBER];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int saved, r = fstat(fd, &p->st);

	if (r == 0) {
		errno = ENOSPC; /* for a short write */
		r = write(fd, text, (size_t)len) == len ? 0 : -1;
	}
	saved = errno;
	if (close(fd) == -1 && r == 0) { /* NFS reports errors here */
		r = -1;
		saved = errno;
	}
	if (r == -1)
		unlink(p->path);
	errno = saved;
	return r;
}

/* PIDFILE_OK if the file is stale. */
static enum pidfile_end
examine(int fd, pid_t *running)
{
	pid_t pid = read_number(fd);

	if (pid <= 0)
		return pid == -1 ? PIDFILE_ERROR : PIDFILE_HOLDS;
	*running = pid;
	/* our own number was that of an earlier process */
	if (pid != getpid() && (kill(pid, 0) == 0 || errno != ESRCH))
		return PIDFILE_RUNNING;
	return PIDFILE_OK;
}

/*
 * Removes a stale file. PIDFILE_OK: try to create it again. If two processes
 * find it stale, the lock keeps the second from removing the first one's file.
 */
static enum pidfile_end
remove_stale(const char *path, pid_t *running)
{
	enum pidfile_end end;
	struct stat st, now;
	bool locked;
	int fd;

	/* to open anything but a file may have side effects */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return PIDFILE_OTHER;
	fd = open_existing(path, &st);
	if (fd == -1)
		return errno == ENOENT ? PIDFILE_OK : PIDFILE_ERROR;
	/* whoever holds the lock is replacing the file, or runs */
	locked = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
	end = examine(fd, running);
	if (end == PIDFILE_OK && !locked)
		usleep(PAUSE_US);
	else if (end == PIDFILE_OK && lstat(path, &now) == 0 &&
	    path_same(&st, &now) && unlink(path) == -1 && errno != ENOENT)
		end = PIDFILE_ERROR;
	fd_close(&fd);
	return end;
}

static enum pidfile_end
create(struct pidfile *p, const char *path, pid_t *running)
{
	enum pidfile_end end = PIDFILE_OK;
	int fd = -1;

	*p = (struct pidfile){ .path = path };
	for (int i = 0; i < TRIES && end == PIDFILE_OK; i++) {
		fd = open(path,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd != -1)
			break;
		end = errno == EEXIST ? remove_stale(path, running) :
					PIDFILE_ERROR;
	}
	if (end == PIDFILE_OK && (fd == -1 || write_number(p, fd) == -1))
		end = PIDFILE_ERROR;
	if (end != PIDFILE_OK) {
		p->path = NULL;
		return end;
	}
	owner = getpid();
	ours = p;
	watch_signals();
	return PIDFILE_OK;
}

enum pidfile_end
pidfile_create(struct pidfile *p, const char *path, pid_t *running)
{
	enum pidfile_end end;
	sigset_t all, before;
	int saved;

	/* no signal between the file and the handler that removes it */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	end = create(p, path, running);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return end;
}

void
pidfile_delete(struct pidfile *p)
{
	if (p->path == NULL)
		return;
	if (owner == getpid())
		remove_own(p);
	ours = NULL;
	p->path = NULL;
}
