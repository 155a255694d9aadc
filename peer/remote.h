/* SPDX-License-Identifier: ISC */
/*
 * remote: how one zpipe talks to another of the same user: by a socket named
 * after the process (AF_UNIX, SOCK_SEQPACKET; unix(7)), in the directory of
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
 * Leaves the answer to a message, which a NUL follows, in reply (at most
 * REMOTE_MAX bytes) and returns its length; 0: no answer; REMOTE_KEEP: not yet,
 * the peer is kept until remote_end().
 */
typedef size_t remote_answer(void *ctx, const char *msg, size_t len,
    char *reply);
#define REMOTE_KEEP SIZE_MAX

struct remote {
	int fd;                  /* that listens, or -1 */
	int peers[REMOTE_PEERS]; /* that have not asked yet, or -1 */
	size_t next;             /* the place of the next of them */
	int kept[REMOTE_PEERS];  /* that wait for the end, or -1 */
	char path[128];
	struct stat st; /* of the socket */
	pid_t owner;    /* who made the socket; a child does not remove it */
};
#define REMOTE_INITIALIZER \
	{                  \
		.fd = -1,  \
	}

/*
 * Listens for the others; SIGIO, which must not be left to its default, says
 * that it is time for remote_serve(). Removes the sockets in our directory that
 * refuse connections, which are those of dead processes. 0, or -1 with errno:
 * then nobody can talk to us.
 */
int remote_listen(struct remote *);

/*
 * Answers what others ask, who must be the same user or root (SO_PEERCRED), and
 * never blocks. Then it hangs up, as each connection is for one question, or
 * keeps the peer if not too many are kept. A silent one loses its place when
 * REMOTE_PEERS have come after it.
 */
void remote_serve(struct remote *, remote_answer *, void *ctx);

/* Whether anybody is kept, and the last words for all of them. */
bool remote_waiting(struct remote *);
void remote_end(struct remote *, const char *msg, size_t len);

/* Closes all, and removes the socket. */
void remote_close(struct remote *);

/*
 * The other side: finds the zpipe of that process where it may listen: in our
 * runtime directory or its own, in /run/user/UID or in /tmp. Root finds those
 * of all users; the directory and the socket must belong to the user of the
 * process, and be closed to others. Asks it and waits for its answer, for three
 * seconds at most. The answer's length, or -1 with errno: ESRCH no such
 * process; ENOENT not a zpipe, or it does not listen within half a second;
 * EACCES it is not ours; ETIMEDOUT it is stopped, or waits for a disk, and may
 * still hear us later; ECONNRESET it has ended, or will not answer. reply has
 * room for REMOTE_MAX bytes; no NUL follows the answer.
 */
ssize_t remote_ask(pid_t, const char *msg, size_t len, char *reply);

/*
 * The same for those that will be kept: a descriptor, the caller's to close,
 * which is readable when the end is told, or -1 with errno as above.
 */
int remote_call(pid_t, const char *msg, size_t len);

/* What is told there: its length, or -1 with EAGAIN; ECONNABORTED: nothing. */
ssize_t remote_hear(int fd, char *reply);

#endif
