/* SPDX-License-Identifier: ISC */
/* The directory of our sockets, and those that are refused. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/rundir.h"
#include "tests/lib/tap.h"

static char base[] = "/tmp/unit-rundir.XXXXXX", dir[64], fallback[64];

static bool
fails(char *path, size_t size, int error)
{
	return rundir_make(path, size) == -1 && errno == error;
}

static void
test_directory(void)
{
	char path[128], small[8];
	struct stat st;
	mode_t mask = umask(0277);

	ok(rundir_make(path, sizeof(path)) == 0 && strcmp(path, dir) == 0,
	    "the directory is in XDG_RUNTIME_DIR");
	umask(mask);
	ok(lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
		(st.st_mode & 07777) == 0700,
	    "it is made with mode 0700, whatever the umask is");
	ok(rundir_make(path, sizeof(path)) == 0, "and taken if it is there");
	ok(fails(small, sizeof(small), ENAMETOOLONG),
	    "a path that does not fit is an error");
	for (mode_t m = 01; m <= 040; m <<= 1) {
		chmod(dir, 0700 | m);
		ok(fails(path, sizeof(path), EPERM), "mode %04o is refused",
		    0700 | m);
	}
	rmdir(dir);
	if (symlink(base, dir) == -1)
		bail("symlink");
	ok(fails(path, sizeof(path), EPERM), "a link is refused");
	unlink(dir);
}

static void
test_without_runtime_dir(void)
{
	static const struct {
		const char *xdg, *what;
	} t[] = {
		{ "", "an empty XDG_RUNTIME_DIR is none" },
		{ ".", "nor is a relative one" },
		{ "/nonexistent/run", "nor one that does not exist" },
		{ "/dev/null", "nor one that is no directory" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		setenv("XDG_RUNTIME_DIR", t[i].xdg, 1);
		rundir_make(path, sizeof(path));
		ok(strcmp(path, fallback) == 0, "%s", t[i].what);
	}
	unsetenv("XDG_RUNTIME_DIR");
	ok(rundir_make(path, sizeof(path)) == 0 && strcmp(path, fallback) == 0,
	    "nor none");
	setenv("XDG_RUNTIME_DIR", base, 1);
}

static void
test_owners(void)
{
	char path[128];

	if (geteuid() != 0) {
		skip("a directory of another user is refused", "not root");
		skip("another user's XDG_RUNTIME_DIR is none", "not root");
		return;
	}
	if (mkdir(dir, 0700) == -1 || chown(dir, 65534, 65534) == -1)
		bail("chown");
	ok(fails(path, sizeof(path), EPERM),
	    "a directory of another user is refused");
	rmdir(dir);
	if (chown(base, 65534, 65534) == -1)
		bail("chown");
	rundir_make(path, sizeof(path));
	ok(strcmp(path, fallback) == 0,
	    "another user's XDG_RUNTIME_DIR is none");
	if (chown(base, geteuid(), getegid()) == -1)
		bail("chown");
}

int
main(void)
{
	struct stat st;
	bool used;

	if (mkdtemp(base) == NULL || chdir(base) == -1)
		bail("mkdtemp");
	setenv("XDG_RUNTIME_DIR", base, 1);
	snprintf(dir, sizeof(dir), "%s/zpipe", base);
	snprintf(fallback, sizeof(fallback), "/tmp/zpipe-%u",
	    (unsigned)geteuid());
	used = lstat(fallback, &st) == 0;
	test_directory();
	test_without_runtime_dir();
	test_owners();
	if (!used)
		rmdir(fallback);
	ok(rmdir(base) == 0, "all is removed");
	return tap_done();
}
