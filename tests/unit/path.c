/* SPDX-License-Identifier: ISC */
/*
 * Paths: which of them name a descriptor of ours, however they are spelled,
 * and that opening one again makes a description of its own.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "tests/lib/tap.h"

static void
names(const char *path, int fd)
{
	errno = EBUSY;
	ok(path_descriptor(path) == fd && errno == EBUSY, "%s is %d", path, fd);
}

static void
test_spellings(void)
{
	char ours[64], parents[64];

	names("/dev/stdin", 0);
	names("/dev/stdout", 1);
	names("/dev/stderr", 2);
	names("/dev/fd/0", 0);
	names("/dev/fd/17", 17);
	names("//dev/./fd///17", 17);
	names("/proc/self/fd/999", 999);
	names("/proc/./self//fd/1", 1);
	names("/proc/thread-self/fd/2", 2);
	snprintf(ours, sizeof(ours), "/proc/%d/fd/3", (int)getpid());
	names(ours, 3);
	names("/dev/fd/2147483647", INT_MAX);

	names("", -1);
	names("0", -1);
	names("-", -1);
	names("/dev/null", -1);
	names("/dev/fd", -1);
	names("/dev/fd/", -1);
	names("/dev/fd/01", -1);
	names("/dev/fd/-1", -1);
	names("/dev/fd/1x", -1);
	names("/dev/fd/2147483648", -1);
	names("/nonexistent/dev/fd/1", -1);
	snprintf(parents, sizeof(parents), "/proc/%d/fd/1", (int)getppid());
	names(parents, -1);
}

static void
link_to(const char *target, const char *name)
{
	if (symlink(target, name) == -1)
		bail("symlink");
}

static void
test_links(void)
{
	char name[16], next[16], longest[PATH_MAX + 8];

	link_to("/dev/fd/7", "seven");
	names("seven", 7);
	names("./seven", 7);
	link_to("seven", "again");
	names("again", 7);
	link_to("/dev/stdin", "first");
	names("first", 0);
	link_to("/proc/self/fd", "list");
	names("list/1", 1);
	link_to("/dev/null", "nobody");
	names("nobody", -1);
	link_to("loop", "loop");
	names("loop", -1);
	if (mkdir("fd", 0700) == -1 || mkdir("fd/1", 0700) == -1)
		bail("mkdir");
	names("fd/1", -1);

	/* 40 links end, as they do for the kernel */
	link_to("/dev/fd/5", "l0");
	for (int i = 1; i <= 40; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(next, sizeof(next), "l%d", i - 1);
		link_to(next, name);
	}
	names("l38", 5);
	names("l40", -1);

	memset(longest, '/', sizeof(longest));
	strlcpy(longest + PATH_MAX - 1 - 8, "dev/fd/5", 16);
	ok(path_descriptor(longest) == 5,
	    "the longest path that the kernel takes is understood");
	strlcat(longest, "6", sizeof(longest));
	errno = EBUSY;
	ok(path_descriptor(longest) == -1 && errno == EBUSY,
	    "one that is longer is not cut to fit");
}

static void
test_reopen(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600), again, p[2];
	char got[8];

	if (fd == -1 || write(fd, "abcdef", 6) != 6 ||
	    pipe2(p, O_CLOEXEC) == -1)
		bail("file");
	again = path_reopen(fd, O_RDONLY);
	ok(again != -1 && again != fd && fcntl(again, F_GETFD) == FD_CLOEXEC,
	    "a file is opened again, for no command");
	ok(lseek(fd, 0, SEEK_CUR) == 6 && lseek(again, 0, SEEK_CUR) == 0 &&
		read(again, got, 3) == 3 && lseek(fd, 0, SEEK_CUR) == 6,
	    "with a position of its own");
	fd_close(&again);
	unlink("file");
	again = path_reopen(fd, O_RDONLY);
	ok(again != -1 && read(again, got, 6) == 6, "even if its name is gone");
	fd_close(&again);
	fd_close(&fd);
	again = path_reopen(p[1], O_WRONLY | O_NONBLOCK);
	ok(again != -1 && (fcntl(again, F_GETFL) & O_NONBLOCK) != 0 &&
		(fcntl(p[1], F_GETFL) & O_NONBLOCK) == 0,
	    "a pipe gets flags that its others do not see");
	fd_close(&again);
	fd_close_pair(p);
	ok(path_reopen(fd, O_RDONLY) == -1 && errno == ENOENT,
	    "what is not open is ENOENT");
}

static void
test_same(void)
{
	struct stat a, b, c;

	if (close(creat("one", 0600)) == -1 ||
	    close(creat("two", 0600)) == -1 || link("one", "other") == -1 ||
	    stat("one", &a) == -1 || stat("other", &b) == -1 ||
	    stat("two", &c) == -1)
		bail("files");
	ok(path_same(&a, &b), "two names of a file are the same");
	ok(!path_same(&a, &c), "two files are not");
	a.st_mode = b.st_mode = c.st_mode = S_IFBLK;
	a.st_rdev = c.st_rdev = makedev(8, 1);
	b.st_rdev = makedev(8, 2);
	ok(path_same(&a, &c), "two files of a block device are");
	ok(!path_same(&a, &b), "of two block devices, not");
	c.st_mode = S_IFCHR;
	ok(!path_same(&a, &c) && !path_same(&c, &a),
	    "nor is a character device of that number");
}

int
main(void)
{
	char dir[] = "/tmp/unit-path.XXXXXX", clean[64];

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		bail(dir);
	test_spellings();
	test_links();
	test_reopen();
	test_same();
	snprintf(clean, sizeof(clean), "rm -r %s", dir);
	if (chdir("/") == -1 || system(clean) != 0)
		bail(clean);
	return tap_done();
}
