/* SPDX-License-Identifier: ISC */
/*
 * socket: what both sides of a talk between two zpipes need (unix(7)). It
 * prints nothing.
 */
#ifndef PEER_SOCKET_H
#define PEER_SOCKET_H

#include <sys/un.h>

/* Of type SOCK_SEQPACKET, with O_NONBLOCK. -1 with errno. */
int socket_new(void);

/* A whole message fits, whatever net.core.wmem_default is. */
void socket_make_room(int fd);

/*
 * A new one that is connected as by connect(2), again after a signal that does
 * not end us; the caller's to close. -1 with errno.
 */
int socket_connect(const struct sockaddr_un *);

#endif
