/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/rundir.h"

const char *
rundir_base(void)
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
rundir_make(char *path, size_t size)
{
	const char *dir = rundir_base();
	struct stat st;
	int n;

	if (dir != NULL)
		n = snprintf(path, size, "%s/zpipe", dir);
	else
		n = snprintf(path, size, "/tmp/zpipe-%ju",
		    (uintmax_t)geteuid());
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdir(path, 0700) == 0) {
		if (chmod(path, 0700) == -1) /* whatever the umask is */
			return -1;
	} else if (errno != EEXIST)
		return -1;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}
