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
 * NUMBER: more than the digits of a number and a newline.
 * TRIES, PAUSE_US: others may create, replace and remove the file meanwhile.
 */
enum {
	NUMBER = 16,
	TRIES = 100,
	PAUSE_US = 1000,
};

/* What the handler of fatal signals removes, and whose it is. */
static struct pidfile *volatile ours;
static volatile pid_t owner;

/*
 * The number that an open file consists of, with or without a newline; 0 if
 * there is anything else in it, -1 with errno. Safe in a signal handler.
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

/* An existing file, without a side effect: no FIFO or device is waited for. */
static int
open_existing(const char *path, struct stat *st)
{
	int fd = open(path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd != -1 && fstat(fd, st) == -1)
		fd_close(&fd);
	return fd;
}

/* Safe in a signal handler. */
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

/* The signal's default is in force again (SA_RESETHAND). */
static void
on_fatal(int sig)
{
	struct pidfile *p = ours;

	/* a child that has not called exec(3) yet has our handlers */
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

/* Where nobody has set another action; SIGKILL and SIGSTOP take none. */
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

/* Writes the number to a file that is new; removes it if that fails. */
static int
write_number(struct pidfile *p, int fd)
{
	char text[NUMBER];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int saved, r = fstat(fd, &p->st);

	if (r == 0) {
		errno = ENOSPC; /* if it takes less than all */
		r = write(fd, text, (size_t)len) == len ? 0 : -1;
	}
	saved = errno;
	if (close(fd) == -1 && r == 0) { /* where NFS reports it */
		r = -1;
		saved = errno;
	}
	if (r == -1)
		unlink(p->path);
	errno = saved;
	return r;
}

/* An open file that may be stale: PIDFILE_OK if it is. */
static enum pidfile_end
examine(int fd, pid_t *running)
{
	pid_t pid = read_number(fd);

	if (pid <= 0)
		return pid == -1 ? PIDFILE_ERROR : PIDFILE_HOLDS;
	*running = pid;
	/* our own number is that of a process before us */
	if (pid != getpid() && (kill(pid, 0) == 0 || errno != ESRCH))
		return PIDFILE_RUNNING;
	return PIDFILE_OK;
}

/*
 * Removes a file that is left from a process that is gone. PIDFILE_OK: try
 * to create it again. The lock makes sure that of two who found it stale the
 * second does not remove the file that the first has made in its place.
 */
static enum pidfile_end
remove_stale(const char *path, pid_t *running)
{
	enum pidfile_end end;
	struct stat st, now;
	bool locked;
	int fd;

	/* what is no file is not even opened */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return PIDFILE_OTHER;
	fd = open_existing(path, &st);
	if (fd == -1)
		return errno == ENOENT ? PIDFILE_OK : PIDFILE_ERROR;
	/* one who holds the lock replaces the file just now, or runs */
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

	/* none may come between the file and the handler that removes it */
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
