/* SPDX-License-Identifier: ISC */
/*
 * Descriptors of our own: what opens and closes them keeps errno, leaves none
 * to a command, and is not cut short by a signal unless that ends us.
 */
#include "config.h"

#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/retry.h"
#include "tests/lib/tap.h"

/* So many calls are cut short by a signal, and how many there were. */
static unsigned interrupts, opens, closes;

int
open(const char *path, int flags, ...)
{
	opens++;
	if (interrupts > 0) {
		interrupts--;
		errno = EINTR;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

static int close_errno; /* what close(2) says when it has closed */

int
close(int fd)
{
	int r = (int)syscall(SYS_close, fd);

	closes++;
	if (r == -1 || close_errno == 0)
		return r;
	errno = close_errno;
	return -1;
}

static bool
is_open(int fd)
{
	int saved = errno;
	bool yes = fcntl(fd, F_GETFD) != -1;

	errno = saved;
	return yes;
}

static void
test_open(void)
{
	int fd = fd_open("/dev/null", O_RDONLY);

	ok(fd != -1 && fcntl(fd, F_GETFD) == FD_CLOEXEC,
	    "what is opened is left to no command");
	fd_close(&fd);
	ok(fd_open("/nonexistent", O_RDONLY) == -1 && errno == ENOENT,
	    "what is not there is ENOENT");
	opens = 0;
	interrupts = 3;
	fd = fd_open("/dev/null", O_RDONLY);
	ok(fd != -1 && opens == 4, "a signal does not keep it from opening");
	fd_close(&fd);
	opens = 0;
	interrupts = 3;
	retry_ended = 1;
	ok(fd_open("/dev/null", O_RDONLY) == -1 && errno == EINTR && opens == 1,
	    "one that ends us does");
	retry_ended = 0;
	interrupts = 0;
}

static void
test_text(void)
{
	char text[8] = "before";

	ok(fd_text("/proc/self/comm", text, sizeof(text)) == 0 &&
		strcmp(text, "fd\n") == 0,
	    "a small file is a string");
	ok(fd_text("/proc/self/comm", text, 2) == 0 && strcmp(text, "f") == 0,
	    "or the beginning of it");
	ok(fd_text("/dev/null", text, sizeof(text)) == 0 && text[0] == '\0',
	    "an empty one is empty");
	ok(fd_text("/", text, sizeof(text)) == -1 && errno == EISDIR,
	    "what cannot be read is an error");
}

static void
test_close(void)
{
	int fd = fd_open("/dev/null", O_RDONLY), was = fd, ends[2], copy[2];

	errno = EBUSY;
	close_errno = EIO;
	fd_close(&fd);
	close_errno = 0;
	ok(fd == -1 && !is_open(was) && errno == EBUSY,
	    "a closed one is -1, and errno is kept though close failed");
	closes = 0;
	fd_close(&fd);
	ok(fd == -1 && closes == 0 && errno == EBUSY,
	    "one that is -1 is not closed");
	if (pipe2(ends, O_CLOEXEC) == -1)
		bail("pipe2");
	copy[0] = ends[0];
	copy[1] = ends[1];
	fd_close_pair(ends);
	ok(ends[0] == -1 && ends[1] == -1 && !is_open(copy[0]) &&
		!is_open(copy[1]) && errno == EBUSY,
	    "both ends of a pipe are closed");
}

static void
test_retry_close(void)
{
	int fd = fd_open("/dev/null", O_RDONLY);

	errno = EBUSY;
	closes = 0;
	close_errno = EINTR;
	ok(retry_close(fd) == 0 && closes == 1 && errno == EBUSY,
	    "a close that a signal cut short has closed, and is not repeated");
	fd = fd_open("/dev/null", O_RDONLY);
	close_errno = EIO;
	ok(retry_close(fd) == -1 && errno == EIO, "another error is reported");
	close_errno = 0;
}

static void
test_flag(void)
{
	int ends[2], other;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		bail("pipe2");
	other = dup(ends[1]);
	ok(fd_set_flag(ends[1], O_ASYNC, true) == 0 &&
		(fcntl(other, F_GETFL) & (O_ASYNC | O_NONBLOCK)) ==
		    (O_ASYNC | O_NONBLOCK),
	    "a flag is set for all who share the description");
	ok(fd_set_flag(ends[1], O_NONBLOCK, false) == 0 &&
		(fcntl(other, F_GETFL) & (O_ASYNC | O_NONBLOCK)) == O_ASYNC,
	    "and removed, and the others stay");
	fd_close(&other);
	fd_close_pair(ends);
	ok(fd_set_flag(other, O_ASYNC, true) == -1 && errno == EBADF,
	    "of what is not open it is EBADF");
}

int
main(void)
{
	test_open();
	test_text();
	test_close();
	test_retry_close();
	test_flag();
	return tap_done();
}
