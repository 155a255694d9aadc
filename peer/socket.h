/* SPDX-License-Identifier: ISC */
/*
 * socket: what both sides of a talk between two zpipes need (unix(7)). It
 * prints nothing.
 */
#ifndef SOCKET_H
#define SOCKET_H

#include <sys/un.h>

/* Of type SOCK_SEQPACKET, with O_NONBLOCK. -1 with errno. */
int socket_new(void);

/* A whole message fits, whatever net.core.wmem_default is. */
void socket_make_room(int fd);

/* As connect(2), again after a signal that does not end us. */
int socket_connect(int fd, const struct sockaddr_un *);

/* Returns -1 with that errno. */
int socket_refuse(int error);

#endif
