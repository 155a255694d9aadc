/* SPDX-License-Identifier: ISC */
/*
 * message: what two zpipes send each other. A message is a header (magic,
 * version, type, length), which is the same in all versions, and the fields of
 * its type: little-endian integers, and strings preceded by their length.
 */
#ifndef PEER_MESSAGE_H
#define PEER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/figures.h"

enum {
	MESSAGE_VERSION = 1,
	MESSAGE_MOST = 65536, /* bytes of any message */
	MESSAGE_ITEMS = 32,   /* options in one change */
	MESSAGE_TEXT = 16384, /* bytes with the NUL: a string of an option, */
	MESSAGE_WHY = 256,    /* a reason, */
	MESSAGE_NAME = 64,    /* the name in a report */
	MESSAGE_LAST = 256,   /* last bytes in a report */
};

enum message_type {
	MESSAGE_QUERY = 1, /* asks for a report */
	MESSAGE_AWAIT,     /* asks for a report at the end */
	MESSAGE_CHANGE,    /* of options; answered by the last two */
	MESSAGE_REPORT,
	MESSAGE_DONE,
	MESSAGE_REFUSED, /* why; also answers other versions */
};

/* A change of one option: option_number() and option_string(). */
struct message_item {
	char option; /* its letter */
	uint64_t number;
	const char *text; /* or NULL */
};

struct message_change {
	size_t n;
	struct message_item items[MESSAGE_ITEMS];
};

struct message_report {
	bool lines, bits; /* as in show_conf */
	bool ended;       /* the last report */
	int status;       /* if ended: that of wait(2) */
	struct figures figures;
	unsigned engine; /* enum engine */
	char name[MESSAGE_NAME];
	size_t nlast;
	unsigned char last[MESSAGE_LAST];
};

struct message {
	enum message_type type;
	unsigned version; /* set by message_decode() */
	union {
		struct message_change change;
		struct message_report report;
		char why[MESSAGE_WHY];
	};
};

/*
 * Writes a message to bytes, which must have room for MESSAGE_MOST. Returns its
 * length, or 0 if a string is too long.
 */
size_t message_encode(const struct message *, void *bytes);

/*
 * Reads a message. The strings of a change point into bytes. 0, or -1 with
 * errno: EPROTO if it is malformed; EPROTONOSUPPORT if it is of another
 * version, which is then set. Strings are terminated and bools valid; other
 * values are for the caller to check.
 */
int message_decode(struct message *, const void *bytes, size_t len);

#endif
