/* SPDX-License-Identifier: ISC */
/* file: a file of no name, and where one stands. */
#ifndef FILE_H
#define FILE_H

#include <sys/syscall.h>
#include <sys/types.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/tap.h"

__attribute__((unused)) static int
file_make(void)
{
	char path[] = "unit-file.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd == -1 || unlink(path) == -1)
		bail("a file");
	return fd;
}

/* Its position; not by lseek(3), which a test may replace. */
__attribute__((unused)) static off_t
position(int fd)
{
	return (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
}

#endif
