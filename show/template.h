/* SPDX-License-Identifier: ISC */
/*
 * template: the fields of a line, in their order: pv's format sequences, or
 * what the switches choose. It knows no figures.
 */
#ifndef SHOW_TEMPLATE_H
#define SHOW_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "show/conf.h"

enum field {
	FIELD_TEXT, /* what stands between the sequences */
	FIELD_PROGRESS,
	FIELD_BAR,
	FIELD_PERCENT,
	FIELD_TIMER,
	FIELD_ETA,
	FIELD_FINETA,
	FIELD_RATE,
	FIELD_AVERAGE,
	FIELD_COUNT,
	FIELD_BUFFER,
	FIELD_LAST,
	FIELD_PREVIOUS,
	FIELD_NAME,
	FIELD_ENGINE,
	FIELD_OUTPUTS,
	FIELD_RATIO,
	FIELD_SGR,
	FIELD_CONEMU, /* nothing in the line: SHOW_WANTS_CONEMU */
	FIELD_MISFIT,
};

struct item {
	enum field field;
	int style;        /* of a bar; -1: the one that was asked for */
	unsigned n;       /* the number in front; 0: none */
	const char *text; /* of FIELD_TEXT and FIELD_SGR, borrowed */
	size_t len;
	bool apart; /* a blank that goes if the next one has nothing to say */
	unsigned widest; /* columns so far: a field never shrinks */
};

/*
 * NULL if the template is right, or where it is wrong: the sequence there is
 * unknown or not finished, and *np bytes long.
 */
const char *template_misfit(const char *format, size_t *np);

/*
 * The items that the conf asks for: at most so many, and how many they are.
 * Their text is the conf's. template_misfit() has looked at the format.
 */
size_t template_most(const struct show_conf *);
size_t template_items(const struct show_conf *, struct item *);

#endif
