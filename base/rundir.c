/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/refuse.h"
#include "base/rundir.h"

const char *
rundir_base(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

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
	if ((size_t)n >= size)
		return refuse(ENAMETOOLONG);
	/* the umask may have taken bits from ourselves */
	if (mkdir(path, 0700) == -1 ? errno != EEXIST : chmod(path, 0700) == -1)
		return -1;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return refuse(EPERM);
	return 0;
}
