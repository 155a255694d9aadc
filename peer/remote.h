/* SPDX-License-Identifier: ISC */
/*
 * remote: how zpipes of one user talk to each other: through a socket named
 * after the process (AF_UNIX, SOCK_SEQPACKET; unix(7)) in the directory of
 * base/rundir.h.
 */
#ifndef PEER_REMOTE_H
#define PEER_REMOTE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer/message.h"

enum {
	REMOTE_MAX = MESSAGE_MOST,
	REMOTE_PEERS = 64,
};

/*
 * Answers a message, which a NUL follows: writes at most REMOTE_MAX bytes to
 * reply and returns their number; 0: no answer; REMOTE_KEEP: keep the peer for
 * remote_end().
 */
typedef size_t remote_answer(void *ctx, const char *msg, size_t len,
    char *reply);
#define REMOTE_KEEP SIZE_MAX

struct remote {
	int fd;                  /* the listening socket, or -1 */
	int peers[REMOTE_PEERS]; /* have not asked yet; or -1 */
	size_t next;             /* where the next of them goes */
	int kept[REMOTE_PEERS];  /* wait for the end; or -1 */
	char path[128];
	struct stat st; /* of the socket */
	pid_t owner;    /* of the socket: a child must not remove it */
};
#define REMOTE_INITIALIZER \
	{                  \
		.fd = -1,  \
	}

/*
 * Listens. SIGIO, which must have a handler, tells when to call remote_serve().
 * Also removes sockets in our directory that refuse connections: those of dead
 * processes. 0, or -1 with errno.
 */
int remote_listen(struct remote *);

/*
 * Answers questions of our own user and root (SO_PEERCRED); never blocks. Each
 * connection is for one question, and is then closed or kept, if not too many
 * are kept. A peer that does not ask is dropped after REMOTE_PEERS others.
 */
void remote_serve(struct remote *, remote_answer *, void *ctx);

/* Whether any peers are kept; sends them a last message and closes them. */
bool remote_waiting(struct remote *);
void remote_end(struct remote *, const char *msg, size_t len);

/* Closes everything, and removes the socket. */
void remote_close(struct remote *);

/*
 * Asks the zpipe with that process number, and waits at most three seconds for
 * its answer. Looks for its socket in our runtime directory, in its own, in
 * /run/user/UID and in /tmp; directory and socket must belong to the user of
 * the process, which is us unless we are root, and be closed to others. Returns
 * the length of the answer in reply, which has room for REMOTE_MAX bytes, or -1
 * with errno:
 *
 *	ESRCH		no such process
 *	ENOENT		not a zpipe, or it has not listened for half a second
 *	EACCES		not ours
 *	ETIMEDOUT	stopped, or waiting for a disk; it may answer later
 *	ECONNRESET	it has ended, or will not answer
 */
ssize_t remote_ask(pid_t, const char *msg, size_t len, char *reply);

/*
 * Sends a message that has no answer before the end. A descriptor, which the
 * caller closes, for remote_hear() when it is readable, or -1 with errno as
 * above.
 */
int remote_call(pid_t, const char *msg, size_t len);

/* The length of the message, or -1: EAGAIN not yet; ECONNABORTED closed. */
ssize_t remote_hear(int fd, char *reply);

#endif
