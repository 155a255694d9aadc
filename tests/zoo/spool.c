/* SPDX-License-Identifier: ISC */
/*
 * spool: splice(2)s stdin into a file without a name, all of it, and only then
 * sends that to stdout with sendfile(2).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#define SIZE (1 << 20)

int
main(void)
{
	int fd = memfd_create("spool", MFD_CLOEXEC);
	off_t at = 0;
	ssize_t n;

	if (fd == -1)
		err(1, "memfd_create");
	while ((n = splice(STDIN_FILENO, NULL, fd, NULL, SIZE, 0)) > 0)
		;
	if (n == -1)
		err(1, "splice");
	while ((n = sendfile(STDOUT_FILENO, fd, &at, SIZE)) > 0)
		;
	if (n == -1)
		err(1, "sendfile");
	return 0;
}
