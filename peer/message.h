/* SPDX-License-Identifier: ISC */
/*
 * message: what two zpipes say to each other, and how it is written. A message
 * is a header (magic, version, type, length), the same in all versions, and the
 * fields of its type: integers of a fixed width, least byte first, and strings
 * with their length.
 */
#ifndef PEER_MESSAGE_H
#define PEER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/figures.h"

enum {
	MESSAGE_VERSION = 1,  /* that we speak */
	MESSAGE_MOST = 65536, /* bytes of any message */
	MESSAGE_ITEMS = 32,   /* options in one change */
	MESSAGE_TEXT = 16384, /* with their NULs: of one of them, */
	MESSAGE_WHY = 256,    /* of a reason, */
	MESSAGE_NAME = 64,    /* of the name in a report */
	MESSAGE_LAST = 256,   /* the last bytes in it */
};

enum message_type {
	MESSAGE_QUERY = 1, /* how far are you? A report answers it */
	MESSAGE_AWAIT,     /* send a report at the end */
	MESSAGE_CHANGE,    /* these options: done or refused */
	MESSAGE_REPORT,
	MESSAGE_DONE,
	MESSAGE_REFUSED, /* why; also to another version, whose answer it is */
};

/* A change of one option, named by its letter. */
struct message_item {
	char option;
	uint64_t number;  /* its value: a number, bits, a place in a list */
	const char *text; /* its string, or NULL */
};

struct message_change {
	size_t n;
	struct message_item items[MESSAGE_ITEMS];
};

/* How far one is. */
struct message_report {
	bool lines, bits; /* what is counted, and how it is shown */
	bool ended;       /* the last report of all */
	int status;       /* then, as wait(2) has it */
	struct figures figures;
	unsigned engine; /* enum engine */
	char name[MESSAGE_NAME];
	size_t nlast;
	unsigned char last[MESSAGE_LAST];
};

struct message {
	enum message_type type;
	unsigned version; /* of one that came */
	union {
		struct message_change change;
		struct message_report report;
		char why[MESSAGE_WHY];
	};
};

/*
 * Writes the message to bytes, which has room for MESSAGE_MOST. Its length, or
 * 0: a string is too long.
 */
size_t message_encode(const struct message *, void *bytes);

/*
 * The strings of a change stay where they are, in bytes. 0, or -1 with errno:
 * EPROTO it is none; EPROTONOSUPPORT it is of another version, which is in the
 * message. What a value means, and its range, is for the caller to check; but
 * all strings end, and each bool is one.
 */
int message_decode(struct message *, const void *bytes, size_t len);

#endif
