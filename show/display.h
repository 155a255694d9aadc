/* SPDX-License-Identifier: ISC */
/*
 * display: shows our own transfer: keeps its meter, and draws a line on stderr
 * when one is due. Blocks no longer than term.h says.
 */
#ifndef SHOW_DISPLAY_H
#define SHOW_DISPLAY_H

#include "show/conf.h"
#include "show/meter.h"
#include "show/show.h"
#include "show/term.h"

/* How far the transfer is. Pointers are borrowed. */
struct display_facts {
	uint64_t moved;          /* bytes read from the inputs */
	uint64_t taken;          /* bytes that every reader is known to have */
	struct show_state state; /* what the meter does not know */
	char outputs[SHOW_OUTPUTS]; /* state.outputs */
};

struct display {
	const struct display_conf *conf;
	struct show *show;
	struct show *extra; /* for --extra-display with a format, or NULL */
	struct term term;
	struct meter meter;
	bool visible;  /* may draw on stderr */
	bool drawn;    /* at least once */
	bool again;    /* display_again() */
	bool begun;    /* --wait: the first byte has been delivered */
	uint64_t came; /* --wait: when the first byte was read; 0: not yet */
	uint64_t due;  /* when to draw; UINT64_MAX: never */
};
#define DISPLAY_INITIALIZER                                  \
	{                                                    \
		.term = TERM_INITIALIZER, .due = UINT64_MAX, \
	}

/*
 * Opens stderr for lines; share: --cursor. False if none may be drawn: it is
 * closed, or not a terminal (without -f or -n), or -q was given. Call
 * term_close() in either case.
 */
bool display_place(struct term *, const struct display_conf *, bool share);

/*
 * Borrows the conf, which may be changed before display_change(). 0, or -1 with
 * errno and nothing to close.
 */
int display_open(struct display *, const struct display_conf *, uint64_t now);

/* With conf.stores, begins the second leg. 0, or -1 with errno. */
int display_again(struct display *);

/* The conf has changed. 0, or -1 with errno and the line unchanged. */
int display_change(struct display *);

/* Sets the expected size in bytes or lines; 0: unknown. */
void display_expect(struct display *, uint64_t size);

/* As show_wants(), for all its lines. */
unsigned display_wants(const struct display *);

/* When to call display_tick(); UINT64_MAX: never. */
uint64_t display_due(const struct display *);

/*
 * Draws if it is time. Returns when to call it again; UINT64_MAX: never or,
 * with --wait, when the first byte has been read.
 */
uint64_t display_tick(struct display *, const struct display_facts *,
    uint64_t now);

/* Draws now, unless it is too early to; note: what zpipe waits for, or NULL. */
void display_draw(struct display *, const struct display_facts *,
    const char *note);

/* Asks the terminal for its size. True if the line must be drawn again. */
bool display_resized(struct display *);

/*
 * Draws the last line, if any was drawn or asked for: of the present leg, or of
 * everything.
 */
void display_finish(struct display *, const struct display_facts *);
void display_end(struct display *, const struct display_facts *);

/* Whether it draws anywhere, so that a change of the line has an effect. */
bool display_draws(const struct display *);

/* Whether it draws on stderr, now or later; and that is a terminal. */
bool display_visible(const struct display *);
bool display_on_terminal(const struct display *);

/* Whether a line has been drawn on stderr, or the last one will be. */
bool display_shown(const struct display *);

/* Whether it is worth waiting until the readers have taken everything. */
bool display_awaits(const struct display *, uint64_t moved);

/* The present figures. Borrows the pointers of the facts. */
struct show_state display_state(struct display *, const struct display_facts *);

/* Stop and start the clock of all figures. */
void display_stop(struct display *);
void display_go(struct display *);

/* Makes room for a message on stderr. */
void display_clear(struct display *);

/* Leaves the terminal to others: we are about to be stopped. */
void display_yield(struct display *);

void display_close(struct display *);

#endif
