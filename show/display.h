/* SPDX-License-Identifier: ISC */
/*
 * display: what a person sees of our own transfer: it samples the pump, keeps
 * the meter, and draws a line on stderr when it is due. It never blocks and
 * prints no errors.
 */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdatomic.h>

#include "show/meter.h"
#include "opts.h"
#include "pump/pump.h"
#include "show/show.h"
#include "show/term.h"

struct display {
	const struct opts *o;
	const struct tunables *tune; /* as they are now */
	struct show *show;
	struct show *extra;      /* of --extra-display, if that has its own */
	_Atomic uint64_t *other; /* --monitor=both: the bytes there; or NULL */
	struct term term;
	struct meter meter;
	bool visible;  /* there is a place to draw on, and nobody forbids it */
	bool drawn;    /* it has been, at least once */
	bool stored;   /* --store-and-forward: it is, and goes on from there */
	bool begun;    /* --wait: the first byte has been delivered */
	uint64_t came; /* --wait: when the first byte was read; 0: not yet */
	uint64_t due;  /* when it is to be drawn; UINT64_MAX: never */
};
#define DISPLAY_INITIALIZER                                  \
	{                                                    \
		.term = TERM_INITIALIZER, .due = UINT64_MAX, \
	}

/* What one has to say of itself: --query. Without pointers. */
struct display_report {
	bool lines, bits;
	struct show_state state; /* its pointers are NULL */
	char name[64];
	unsigned char last[SHOW_LAST];
};

/*
 * 0, or -1 with errno and nothing to close. The tunables are the caller's, who
 * may change them: display_change() then looks again.
 */
int display_open(struct display *, const struct opts *, const struct tunables *,
    uint64_t now);

/* --store-and-forward: the second half begins. 0, or -1 with errno. */
int display_again(struct display *);

/* The tunables have changed. 0, or -1 with errno: the line is as it was. */
int display_change(struct display *);

/* Tells the pump what the line needs of the bytes. */
void display_wants(const struct display *, struct view *);

/* There is a line, and something in it depends on the size. */
bool display_wants_size(const struct display *);

/*
 * Draws if it is due. When to come back; UINT64_MAX: never, or (with --wait)
 * when the first byte has been read.
 */
uint64_t display_tick(struct display *, const struct pump *, uint64_t now);

/* Draws now if it may at all; note: what keeps us, or NULL. */
void display_draw(struct display *, const struct pump *, const char *note);

/* The terminal may have another size: draws again then. */
void display_resized(struct display *, const struct pump *);

/*
 * The last line, if there has been one or one was asked for: of a part of the
 * work, or of all of it.
 */
void display_finish(struct display *, const struct pump *);
void display_end(struct display *, const struct pump *);

/* It draws, somewhere: a change of what is shown has an effect. */
bool display_draws(const struct display *);

/* A person has seen it, or will see the last line. */
bool display_shown(const struct display *);

/* The same, when the readers have taken something: so await them. */
bool display_awaits(const struct display *, const struct pump *);

/* What one says of itself. */
void display_report(struct display *, const struct pump *,
    struct display_report *);

/* A message is about to be written on stderr. */
void display_clear(struct display *);

/* We are about to be stopped, and others will have the terminal. */
void display_yield(struct display *);

void display_close(struct display *);

#endif
