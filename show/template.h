/* SPDX-License-Identifier: ISC */
/*
 * template: the fields of a line, in their order: pv's format sequences, or
 * what the switches choose. It knows no figures.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

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

struct template
{
	struct item *items;
	size_t nitems;
};

/*
 * NULL if the template is right, or where it is wrong: the sequence there is
 * unknown or not finished, and *np bytes long.
 */
const char *template_misfit(const char *format, size_t *np);

/*
 * 0, or -1 with errno ENOMEM and nothing to release. Strings stay those of the
 * conf. The format has been looked at by template_misfit().
 */
int template_init(struct template *, const struct show_conf *);
void template_release(struct template *);

#endif
