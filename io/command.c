/* SPDX-License-Identifier: ISC */
/* What an output that is a command needs: its pipe and its process. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "io/output.h"
#include "base/fd.h"

int
output_pipe(struct output *o, const char *command, const char *name)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	/* the command's end is another description, and stays blocking */
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1 ||
	    output_init(o, ends[1], name) == -1) {
		fd_close_pair(ends);
		return -1;
	}
	o->child_end = ends[0];
	o->command = command;
	return 0;
}

int
output_spawn(struct output *o)
{
	const char *const argv[] = { "sh", "-c", o->command, NULL };
	posix_spawn_file_actions_t acts;
	int r;

	r = posix_spawn_file_actions_init(&acts);
	if (r == 0) {
		r = posix_spawn_file_actions_adddup2(&acts, o->child_end,
		    STDIN_FILENO);
		if (r == 0)
			r = posix_spawn(&o->child, "/bin/sh", &acts, NULL,
			    (char *const *)(uintptr_t)argv, environ);
		posix_spawn_file_actions_destroy(&acts);
	}
	fd_close(&o->child_end);
	if (r == 0)
		return 0;
	o->child = 0;
	errno = r;
	return -1;
}
