/* SPDX-License-Identifier: ISC */
/* size: what files, directories and stdin come to, in bytes and in lines */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/retry.h"
#include "base/size.h"
#include "job/job.h"
#include "tests/lib/tap.h"

static char bytes[300000];

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

/* A job of these operands. */
static volatile sig_atomic_t woken;
static struct opts o;
static struct job j;

static struct job *
job_of(const char *const *operands, size_t n)
{
	j = (struct job)JOB_INITIALIZER;
	j.o = &o;
	j.leg = &j.forward;
	j.leg->files = operands;
	j.leg->nfiles = n;
	j.wake = (struct pump_wake){ &woken, &woken, -1, NULL };
	j.control.tried = true; /* nobody is to ask */
	return &j;
}

static int
total(const char *const *operands, size_t n, uint64_t *total)
{
	return job_inputs_size(job_of(operands, n), total);
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

static void
test_tree(void)
{
	uint64_t n = 9;

	if (mkdir("d", 0755) == -1 || mkdir("d/e", 0755) == -1)
		bail("mkdir");
	ok(size_path("d", &n) == 0 && n == 0, "an empty directory");
	put("d/a", bytes, 1000);
	put("d/e/b", bytes, 70000);
	put("d/e/.c", bytes, 7);
	ok(size_path("d", &n) == 0 && n == 71007, "all files below it");
	if (symlink("../five", "d/l") == -1 || symlink("e", "d/m") == -1 ||
	    symlink("d", "dl") == -1 || mkfifo("d/f", 0644) == -1)
		bail("symlink");
	ok(size_path("d", &n) == 0 && n == 71007, "what is none adds nothing");
	ok(size_path("dl", &n) == 0 && n == 71007, "by a link that is named");
	if (link("d/a", "d/e/again") == -1 || link("five", "d/five") == -1 ||
	    link("d/a", "d/thrice") == -1)
		bail("link");
	ok(size_path("d", &n) == 0 && n == 71012,
	    "a file with several names counts once");
}

static void
test_unreadable(void)
{
	uint64_t n = 9;

	if (chmod("d/e", 0) == -1)
		bail("chmod");
	if (access("d/e", R_OK) == 0) {
		skip("a directory that cannot be read", "root reads it");
		skip("one below", "root reads it");
	} else {
		ok(size_path("d/e", &n) == -1 && errno == EACCES,
		    "a directory that cannot be read");
		ok(size_path("d", &n) == 0 && n == 1005,
		    "one below is left out");
	}
	chmod("d/e", 0755);
}

/* ---- inputs ------------------------------------------------------------ */

static void
test_inputs(void)
{
	static const char *const two[] = { "five", "six", "-" };
	static const char *const pipe[] = { "five", "fifo" };
	static const char *const left[] = { "none", "five", "d", "socket",
		"none/such", "six" };
	static const char *const twice[] = { "-", "six", "-" };
	uint64_t n = 0;
	int closed;

	be_stdin("six", 2);
	ok(total(two, 2, &n) == 0 && n == 11, "their sum");
	ok(total(two, 3, &n) == 0 && n == 15, "stdin, from there on");
	ok(lseek(STDIN_FILENO, 0, SEEK_CUR) == 2, "where it still stands");
	ok(total(twice, 3, &n) == 0 && n == 10, "which counts once");
	be_stdin("six", 8);
	ok(total(two + 2, 1, &n) == 0 && n == 0, "behind its end");
	ok(total(pipe, 2, &n) == -1 && errno == ESPIPE, "not of a FIFO");
	ok(total(left, 6, &n) == 0 && n == 11, "what is no input adds nothing");
	ok(total(left, 1, &n) == 0 && n == 0, "and if that is all");
	closed = open("five", O_WRONLY | O_CLOEXEC);
	if (closed == -1 || dup2(closed, STDIN_FILENO) == -1)
		bail("five");
	close(closed);
	ok(total(twice, 3, &n) == 0 && n == 6,
	    "nor a stdin that cannot be read");
}

/* ---- lines ------------------------------------------------------------- */

/* The lines of these operands; UINT64_MAX if nobody knows. */
static uint64_t
lines(const char *a, const char *b, char end)
{
	const char *const operands[] = { a, b };
	uint64_t n = 0;

	o.null = end == '\0';
	if (job_inputs_lines(job_of(operands, b != NULL ? 2 : 1), &n) == -1)
		return UINT64_MAX;
	return n;
}

static void
test_lines(void)
{
	size_t n = 0;

	put("text", "a\nb\n\nc", 6);
	put("nuls", "a\0b\nc\0", 6);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = i % 7 == 6 || i % 65536 == 0 ? '\n' : 'x';
		n += bytes[i] == '\n';
	}
	put("large", bytes, sizeof(bytes));
	ok(lines("text", NULL, '\n') == 3, "what has no end is no line");
	ok(lines("nuls", NULL, '\0') == 2, "a NUL ends them if it is to");
	ok(lines("/dev/null", NULL, '\n') == UINT64_MAX, "not of a device");
	ok(lines("large", NULL, '\n') == n, "of more than one piece");
	ok(lines("large", "text", '\n') == n + 3, "of two files");
	be_stdin("text", 2);
	ok(lines("nuls", "-", '\n') == 3, "of stdin, from there on");
	ok(lseek(STDIN_FILENO, 0, SEEK_CUR) == 2, "where it still stands");
	ok(lines("text", "none", '\n') == 3, "what is missing adds none");
	ok(lines("d", "text", '\n') == 3, "nor does a directory");
	ok(lines("text", "fifo", '\n') == UINT64_MAX, "nor of a FIFO");
}

/* What may not be read adds nothing; who may read everything is no test. */
static void
test_forbidden(void)
{
	static const char *const two[] = { "secret", "five" };
	uint64_t n = 0;

	put("secret", "abc\n", 4);
	if (chmod("secret", 0) == -1)
		bail("chmod");
	if (access("secret", R_OK) == 0) {
		skip("a file that may not be read", "root reads it");
		skip("its lines", "root reads it");
	} else {
		ok(total(two, 2, &n) == 0 && n == 5,
		    "a file that may not be read adds nothing");
		ok(lines("secret", "text", '\n') == 3, "nor do its lines");
	}
}

static void
test_interrupt(void)
{
	retry_ended = SIGTERM;
	woken = 1;
	ok(lines("large", "text", '\n') == UINT64_MAX,
	    "a signal that ends us is heard");
}

int
main(void)
{
	char dir[] = "/tmp/unit-size.XXXXXX";
	char sweep[sizeof("rm -rf ") + sizeof(dir)];
	uint64_t n;
	int fd;

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		bail("mkdtemp");
	put("five", "12345", 5);
	put("six", "123456", 6);
	if (mkfifo("fifo", 0644) == -1 ||
	    mknod("socket", S_IFSOCK | 0644, 0) == -1)
		bail("mkfifo");
	test_path();
	test_tree();
	test_unreadable();
	test_inputs();
	test_lines();
	test_forbidden();
	test_interrupt();
	fd = open("five", O_RDWR | O_CLOEXEC);
	ok(size_room(fd, &n) == -1 && errno == ENOTBLK,
	    "a file has room for anything");
	close(fd);
	snprintf(sweep, sizeof(sweep), "rm -rf %s", dir);
	if (system(sweep) != 0)
		bail(sweep);
	return tap_done();
}
