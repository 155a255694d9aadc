/* SPDX-License-Identifier: ISC */
/*
 * display: what a person sees of our own transfer: it keeps the meter, and
 * draws a line on stderr when it is due. It blocks no longer than term.h says.
 */
#ifndef SHOW_DISPLAY_H
#define SHOW_DISPLAY_H

#include "show/conf.h"
#include "show/meter.h"
#include "show/show.h"
#include "show/term.h"

/* How far the transfer is. What it points at is the caller's. */
struct display_facts {
	uint64_t moved; /* bytes that have been taken from the inputs */
	uint64_t taken; /* of those, what every reader is known to have */
	struct show_state state; /* without what a meter knows, and the time */
	char outputs[SHOW_OUTPUTS]; /* for that: a few words on each */
};

struct display {
	const struct display_conf *conf;
	struct show *show;
	struct show *extra; /* of --extra-display, if that has its own */
	struct term term;
	struct meter meter;
	bool visible;  /* there is a place to draw on, and nobody forbids it */
	bool drawn;    /* it has been, at least once */
	bool again;    /* the second half, of what was stored first */
	bool begun;    /* --wait: the first byte has been delivered */
	uint64_t came; /* --wait: when the first byte was read; 0: not yet */
	uint64_t due;  /* when it is to be drawn; UINT64_MAX: never */
};
#define DISPLAY_INITIALIZER                                  \
	{                                                    \
		.term = TERM_INITIALIZER, .due = UINT64_MAX, \
	}

/*
 * Opens stderr for lines; share: as -c has it. False if none may be drawn: it
 * is closed, or no terminal without -f or -n, or -q was given. term_close() is
 * the caller's in either case.
 */
bool display_place(struct term *, const struct display_conf *, bool share);

/*
 * The conf stays the caller's, who may change it and then calls
 * display_change(). 0, or -1 with errno and nothing to close.
 */
int display_open(struct display *, const struct display_conf *, uint64_t now);

/* With conf.stores: the second half begins. 0, or -1 with errno. */
int display_again(struct display *);

/* The conf has changed. 0, or -1 with errno: the line is as it was. */
int display_change(struct display *);

/* size: the bytes, or lines, that are to come; 0: unknown. */
void display_expect(struct display *, uint64_t size);

/* What its lines want, as show_wants(). */
unsigned display_wants(const struct display *);

/* When display_tick() has something to do; UINT64_MAX: never. */
uint64_t display_due(const struct display *);

/*
 * Draws if it is due. Returns when to come back; UINT64_MAX: never, or, with
 * --wait, when the first byte has been read.
 */
uint64_t display_tick(struct display *, const struct display_facts *,
    uint64_t now);

/* Draws now if it may at all; note: what keeps us, or NULL. */
void display_draw(struct display *, const struct display_facts *,
    const char *note);

/* The terminal may have another size. True: so draw again. */
bool display_resized(struct display *);

/*
 * The last line, if there has been one or one was asked for: of a part of the
 * work, or of all of it.
 */
void display_finish(struct display *, const struct display_facts *);
void display_end(struct display *, const struct display_facts *);

/* It draws, somewhere: a change of what is shown has an effect. */
bool display_draws(const struct display *);

/* It draws lines on stderr, or will; and that is a terminal. */
bool display_visible(const struct display *);
bool display_on_terminal(const struct display *);

/* A person has seen it, or will see the last line. */
bool display_shown(const struct display *);

/* The same, when the readers have taken something of that: so await them. */
bool display_awaits(const struct display *, uint64_t moved);

/* The figures of this moment. Its pointers are those of the facts. */
struct show_state display_state(struct display *, const struct display_facts *);

/* The time from the one to the other is no part of any figure. */
void display_stop(struct display *);
void display_go(struct display *);

/* A message is about to be written on stderr. */
void display_clear(struct display *);

/* We are about to be stopped, and others will have the terminal. */
void display_yield(struct display *);

void display_close(struct display *);

#endif
