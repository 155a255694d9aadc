/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "size.h"

/* ---- files and devices ------------------------------------------------ */

static bool
is_made_up(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 &&
	    (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

int
size_path(const char *path, uint64_t *bytes)
{
	struct stat st;
	int fd, saved;
	off_t end;

	if (stat(path, &st) == -1)
		return -1;
	/* the files of /proc and /sys say 0, whatever is in them */
	if (S_ISREG(st.st_mode) && st.st_size == 0 && is_made_up(path)) {
		errno = ESPIPE;
		return -1;
	}
	if (S_ISREG(st.st_mode)) {
		*bytes = (uint64_t)st.st_size;
		return 0;
	}
	if (!S_ISBLK(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	end = lseek(fd, 0, SEEK_END);
	saved = errno;
	close(fd);
	errno = saved;
	if (end == -1)
		return -1;
	*bytes = (uint64_t)end;
	return 0;
}

/* ---- inputs ----------------------------------------------------------- */

int
size_inputs(const char *const *operands, size_t n, uint64_t *bytes)
{
	uint64_t size;

	*bytes = 0;
	for (size_t i = 0; i < n; i++) {
		bool in = strcmp(operands[i], "-") == 0;
		off_t at = in ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;

		if (at == -1 ||
		    size_path(in ? "/dev/stdin" : operands[i], &size) == -1)
			return -1;
		if (size > (uint64_t)at)
			*bytes += size - (uint64_t)at;
	}
	return 0;
}
