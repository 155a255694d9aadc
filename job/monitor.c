/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

#include "job/monitor.h"
#include "base/fd.h"

static int
spawn(pid_t *pidp, const char *const argv[], const int in[2], const int out[2])
{
	posix_spawn_file_actions_t acts;
	int r = posix_spawn_file_actions_init(&acts);

	if (r == 0 && in[0] != -1)
		r = posix_spawn_file_actions_adddup2(&acts, in[0],
		    STDIN_FILENO);
	if (r == 0 && out[1] != -1)
		r = posix_spawn_file_actions_adddup2(&acts, out[1],
		    STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(pidp, argv[0], &acts, NULL,
		    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	errno = r;
	return r == 0 ? 0 : -1;
}

/* Makes our end of the pipe a standard descriptor. */
static int
take_place(struct monitor *m, enum side side, const int in[2], const int out[2])
{
	m->side = side;
	if (side == SIDE_IN)
		return dup2(in[1], STDOUT_FILENO);
	return dup2(out[0], STDIN_FILENO);
}

/* Shared by both processes; never unmapped. */
struct shared {
	_Atomic uint64_t counts[2];
	atomic_bool left;
};

static int
share(struct monitor *m, enum monitored what)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		return -1;
	m->left = &s->left;
	if (what == MONITOR_BOTH)
		m->counts = s->counts;
	return 0;
}

int
monitor_start(struct monitor *m, enum monitored what, const char *const argv[])
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, r = -1;

	*m = (struct monitor){ .side = SIDE_IN, .stdout_fd = -1 };
	if (share(m, what) == -1)
		return -1;
	if (what == MONITOR_IN)
		/* as a shell would: if the command is killed, its reader must
		   not see the end before we have */
		m->stdout_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (what != MONITOR_OUT && pipe2(in, O_CLOEXEC) == -1)
		goto out;
	if (what != MONITOR_IN && pipe2(out, O_CLOEXEC) == -1)
		goto out;
	if (spawn(&m->command, argv, in, out) == -1)
		goto out;
	if (what == MONITOR_BOTH) {
		m->other = fork();
		if (m->other == 0) {
			m->command = 0;
			r = take_place(m, SIDE_OUT, in, out);
			goto out;
		}
		if (m->other == -1) {
			/* the command finds its pipes closed, and ends */
			m->other = 0;
			goto out;
		}
	}
	r = take_place(m, what == MONITOR_OUT ? SIDE_OUT : SIDE_IN, in, out);
out:
	fd_close_pair(in);
	fd_close_pair(out);
	return r == -1 ? -1 : 0;
}

void
monitor_leave(struct monitor *m)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };

	if (m->left == NULL || m->side != SIDE_OUT)
		return;
	/* before the command can find its pipe broken */
	if (poll(&p, 1, 0) != 1 || (p.revents & POLLHUP) == 0)
		atomic_store(m->left, true);
	close(STDIN_FILENO);
}

bool
monitor_unread(const struct monitor *m)
{
	struct pollfd p = { m->stdout_fd, POLLOUT, 0 };

	if (m->stdout_fd == -1)
		return m->left != NULL && atomic_load(m->left);
	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

void
monitor_release(struct monitor *m)
{
	if (m->left != NULL)
		fd_close(&m->stdout_fd);
}
