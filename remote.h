/* SPDX-License-Identifier: ISC */
/*
 * remote: how one zpipe talks to another of the same user: a socket
 * (AF_UNIX, SOCK_SEQPACKET; unix(7)) named after the process, in a directory
 * that nobody else can enter. It prints nothing.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

enum {
	REMOTE_MAX = 65536, /* the longest message */
};

struct remote {
	int fd;       /* that listens, or -1 */
	int peers[4]; /* that have connected, or -1 */
	char path[128];
	pid_t owner; /* who made the socket; a child does not remove it */
};
#define REMOTE_INITIALIZER                                                    \
	{                                                                     \
		.fd = -1, .peers = { -1, -1, -1, -1 }, .path = "", .owner = 0 \
	}

/*
 * The directory: $XDG_RUNTIME_DIR/zpipe, or /tmp/zpipe-UID without that (or
 * if that is no absolute path, or no directory of ours: sudo -E); made if it
 * is not there. It must belong to us, mode 0700, and be no link.
 * 0 and its path, or -1 with errno (EPERM if it is somebody else's, or open
 * to others; ENAMETOOLONG).
 */
int remote_directory(char *path, size_t size);

/*
 * Listens for the others; SIGIO, which must not be left to its default, says
 * that it is time for remote_serve(). 0, or -1 with errno: then nobody can talk
 * to us.
 */
int remote_listen(struct remote *);

/*
 * Takes what others ask, and never blocks. For each message calls answer(),
 * which leaves its answer in reply (at most REMOTE_MAX bytes) and returns its
 * length; 0 hangs up. A NUL follows the message. SO_PEERCRED must be the same
 * user, or root. At most one message of each peer is taken in one call; a peer
 * that does not take its answer is dropped.
 */
void remote_serve(struct remote *,
    size_t (*answer)(void *ctx, const char *msg, size_t len, char *reply),
    void *ctx);

/* Closes all, and removes the socket. */
void remote_close(struct remote *);

/*
 * The other side: a connection to the zpipe of that process. -1 with errno:
 * ESRCH no such process, ENOENT it is no zpipe (or one of another user, or
 * one that has only just begun: it is tried for half a second), EACCES it
 * is not ours, ETIMEDOUT it has too many peers.
 */
int remote_connect(pid_t);

/*
 * Sends a message and waits for the answer, for at most a second. Its length,
 * or -1 with errno: EPIPE or ECONNRESET if the other one has ended, ETIMEDOUT.
 * reply has room for REMOTE_MAX bytes; no NUL follows the answer. After a
 * failure the connection is shut down: a late answer would be taken for that
 * to the next question. The caller closes it.
 */
ssize_t remote_ask(int fd, const char *msg, size_t len, char *reply);

#endif
