/* SPDX-License-Identifier: ISC */
/* size: what files and stdin come to */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../size.h"
#include "tap.h"

static void
put(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		bail(path);
}

/* stdin is this file then, and stands there. */
static void
be_stdin(const char *path, off_t at)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || lseek(fd, at, SEEK_SET) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1)
		bail(path);
	close(fd);
}

/* ---- a path ------------------------------------------------------------ */

static void
test_path(void)
{
	uint64_t n = 0;

	ok(size_path("five", &n) == 0 && n == 5, "a file");
	ok(size_path("none", &n) == -1 && errno == ENOENT, "no file");
	ok(size_path("fifo", &n) == -1 && errno == ESPIPE,
	    "a FIFO has none, and nobody waits for its writer");
	ok(size_path("/dev/null", &n) == -1 && errno == ESPIPE, "nor a device");
	ok(size_path("/proc/version", &n) == -1 && errno == ESPIPE,
	    "nor what says 0 and has more");
}

/* ---- inputs ------------------------------------------------------------ */

static void
test_inputs(void)
{
	static const char *const two[] = { "five", "six", "-" };
	static const char *const pipe[] = { "five", "fifo" };
	static const char *const dir[] = { "five", "d" };
	uint64_t n = 0;

	be_stdin("six", 2);
	ok(size_inputs(two, 2, &n) == 0 && n == 11, "their sum");
	ok(size_inputs(two, 3, &n) == 0 && n == 15, "stdin, from there on");
	ok(lseek(STDIN_FILENO, 0, SEEK_CUR) == 2, "where it still stands");
	be_stdin("six", 8);
	ok(size_inputs(two + 2, 1, &n) == 0 && n == 0, "behind its end");
	ok(size_inputs(pipe, 2, &n) == -1 && errno == ESPIPE, "not of a FIFO");
	ok(size_inputs(dir, 2, &n) == -1 && errno == EISDIR,
	    "nor of a directory, which is no input");
}

int
main(void)
{
	char dir[] = "/tmp/unit-size.XXXXXX";
	char sweep[sizeof("rm -rf ") + sizeof(dir)];

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		bail("mkdtemp");
	put("five", "12345", 5);
	put("six", "123456", 6);
	if (mkdir("d", 0755) == -1 || mkfifo("fifo", 0644) == -1)
		bail("mkfifo");
	test_path();
	test_inputs();
	snprintf(sweep, sizeof(sweep), "rm -rf %s", dir);
	if (system(sweep) != 0)
		bail(sweep);
	return tap_done();
}
