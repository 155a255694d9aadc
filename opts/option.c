/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/refuse.h"
#include "msg/msg.h"
#include "opts/option.h"
#include "show/show.h"

int
option_blame(const struct option *t, const char *fmt, ...)
{
	char name[OPTION_NAME + sizeof("--")];
	va_list ap;

	if (t != NULL)
		snprintf(name, sizeof(name), "--%s", t->name);
	va_start(ap, fmt);
	msg_vtext(STATUS_USAGE, t == NULL ? NULL : name, fmt, ap);
	va_end(ap);
	return -1;
}

int
option_no_memory(void)
{
	return option_blame(NULL, "no memory for the options");
}

const struct option *
option_row(size_t i)
{
	const struct option *t = &option_table[i];

	while (t->alias)
		t--;
	return t;
}

const struct option *
option_tunable(char letter)
{
	for (const struct option *t = option_table; t->name != NULL; t++)
		if (t->letter == letter && (t->remote & REMOTE_CHANGES) != 0)
			return t;
	return NULL;
}

/* ---- fields ----------------------------------------------------------- */

/* The offset of the string, or 0. */
static size_t
text_at(const struct option *t)
{
	return t->type >= TYPE_STRING ? t->at : t->text;
}

static const char **
text_field(struct opts *o, size_t at)
{
	return (const char **)(void *)((char *)o + at);
}

static void
put_number(const struct option *t, void *field, uint64_t n)
{
	switch (t->type) {
	case TYPE_FLAG:
		*(bool *)field = n != 0;
		break;
	case TYPE_SIZE:
	case TYPE_SECONDS:
		*(uint64_t *)field = n;
		break;
	case TYPE_MEMORY:
		*(size_t *)field = (size_t)n;
		break;
	case TYPE_STRING:
	case TYPE_TEXT:
	case TYPE_FORMAT:
		break;
	default:
		*(unsigned *)field = (unsigned)n;
	}
}

/* 0 for a string. */
static uint64_t
get_number(const struct option *t, const void *field)
{
	switch (t->type) {
	case TYPE_FLAG:
		return *(const bool *)field;
	case TYPE_SIZE:
	case TYPE_SECONDS:
		return *(const uint64_t *)field;
	case TYPE_MEMORY:
		return *(const size_t *)field;
	case TYPE_STRING:
	case TYPE_TEXT:
	case TYPE_FORMAT:
		return 0;
	default:
		return *(const unsigned *)field;
	}
}

/* ---- values ----------------------------------------------------------- */

char *
option_keep(struct opts *o, const char *before, const char *text)
{
	size_t size = strlen(before) + strlen(text) + 1;
	char **more = realloc(o->kept, (o->nkept + 1) * sizeof(*more));
	char *copy = malloc(size);

	if (more != NULL)
		o->kept = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		option_no_memory();
		return NULL;
	}
	strlcpy(copy, before, size); /* printf(3) would touch two more pages */
	strlcat(copy, text, size);
	o->kept[o->nkept++] = copy;
	return copy;
}

int
option_format(struct opts *o, const struct option *t, const char *arg,
    const char **formatp)
{
	size_t n;
	const char *at = show_misfit(arg, &n);

	if (at != NULL)
		return option_blame(t,
		    "'%.*s' is not a sequence: see FORMAT in zpipe(1)", (int)n,
		    at);
	*formatp = option_keep(o, "", arg);
	return *formatp == NULL ? -1 : 0;
}

/* A size, or a number of lines. */
static int
take_size(const struct opts *o, const struct option *t, const char *arg,
    uint64_t *np)
{
	switch (number_size(arg, o->tune.display.show.si, np)) {
	case NUMBER_GOOD:
		break;
	case NUMBER_NONE:
		return option_blame(t,
		    "'%s' is not a size: digits and perhaps a unit, such as "
		    "64k or 1.5GiB",
		    arg);
	case NUMBER_LARGE:
		return option_blame(t,
		    "'%s' is too large: it must be less than 8E", arg);
	case NUMBER_FINE:
		return option_blame(t,
		    "'%s' is not a whole number: use fewer decimals", arg);
	}
	/* more than malloc(3) could ever return */
	if (t->type == TYPE_MEMORY && *np > SIZE_MAX / 2)
		return option_blame(t,
		    "'%s' is too large: it must be at most %zu", arg,
		    SIZE_MAX / 2);
	return 0;
}

static int
take_seconds(const struct option *t, const char *arg, uint64_t *np)
{
	enum number_end end = number_seconds(arg, np);

	if (end == NUMBER_NONE)
		return option_blame(t,
		    "'%s' is not a time: seconds, such as 2 or 0.5", arg);
	/* a value out of range becomes the nearest one in any case */
	if (end == NUMBER_FINE && *np >= t->least && *np < t->most)
		return option_blame(t,
		    "'%s' is too precise: use at most six decimals", arg);
	return 0;
}

static int
take_name(const struct option *t, const char *arg, uint64_t *np)
{
	char all[128] = "";

	for (size_t i = 0; t->names[i] != NULL; i++) {
		if (*arg != '\0' && strcmp(arg, t->names[i]) == 0) {
			*np = i;
			return 0;
		}
		strlcat(all, *all == '\0' ? "" : ", ", sizeof(all));
		strlcat(all, t->names[i], sizeof(all));
	}
	return option_blame(t, "'%s' is none of %s", arg, all);
}

static int
take_number(const struct opts *o, const struct option *t, const char *arg,
    uint64_t *np)
{
	switch (t->type) {
	case TYPE_FLAG:
		*np = 1;
		return 0;
	case TYPE_COUNTER:
		++*np;
		return 0;
	case TYPE_SIZE:
	case TYPE_MEMORY:
		return take_size(o, t, arg, np);
	case TYPE_SECONDS:
		return take_seconds(t, arg, np);
	case TYPE_NAME:
		return take_name(t, arg, np);
	case TYPE_PID:
		if (number_count(arg, INT_MAX, np) == NUMBER_GOOD && *np != 0)
			return 0;
		return option_blame(t, "'%s' is not a process number", arg);
	default:
		if (number_count(arg, t->most, np) != NUMBER_NONE)
			return 0;
		return option_blame(t,
		    "'%s' is not a number: digits, such as 20", arg);
	}
}

/* As in pv, a value out of range becomes the nearest one within it. */
static int
hold(const struct option *t, const char *arg, uint64_t *np)
{
	if (*np == 0 && t->zero != 0)
		*np = t->zero;
	else if (*np < t->least && t->strict)
		return option_blame(t,
		    "'%s' is too small: it must be at least %juk", arg,
		    (uintmax_t)t->least / 1024);
	else if (*np < t->least)
		*np = t->least;
	else if (t->most != 0 && *np > t->most)
		*np = t->most;
	return 0;
}

/* The last of several counts; `first`, if any, keeps the first. */
static int
take_text(struct opts *o, const struct option *t, const char *arg)
{
	const char **field = text_field(o, t->at), *was = *field;
	const char **first = text_field(o, t->first);

	if (t->type == TYPE_STRING && *arg == '\0')
		return option_blame(t, "'' is empty");
	if (t->type == TYPE_FORMAT && option_format(o, t, arg, field) == -1)
		return -1;
	if (t->type != TYPE_FORMAT)
		*field = option_keep(o, "", arg);
	if (t->first != 0 && *first == NULL)
		*first = was;
	return *field == NULL ? -1 : 0;
}

int
option_value(struct opts *o, const struct option *t, const char *arg)
{
	void *field = (char *)o + t->at;
	uint64_t n;
	bool zero;

	if (t->type >= TYPE_STRING)
		return take_text(o, t, arg);
	n = get_number(t, field); /* where a counter goes on */
	if (take_number(o, t, arg, &n) == -1)
		return -1;
	zero = n == 0;
	if (hold(t, arg, &n) == -1)
		return -1;
	put_number(t, field, n);
	if (zero && t->type == TYPE_COUNT)
		o->given[t - option_table] = false;
	if (t->given != 0)
		*(bool *)((char *)o + t->given) = !zero || t->zero == 0;
	return 0;
}

/* ---- what --remote changes -------------------------------------------- */

/* A field of struct opts in a copy of its tunables; NULL if it is not there. */
static void *
tuned(const struct tunables *tune, size_t at)
{
	size_t first = offsetof(struct opts, tune);

	if (at < first || at >= first + sizeof(*tune))
		return NULL;
	return (char *)(uintptr_t)tune + (at - first);
}

uint64_t
option_number(const struct option *t, const struct tunables *tune)
{
	return get_number(t, tuned(tune, t->at));
}

const char **
option_string(const struct option *t, const struct tunables *tune)
{
	return tuned(tune, text_at(t));
}

/* Whether a command line could have set the option so. */
static bool
is_valid(const struct option *t, uint64_t n, const char *text)
{
	uint64_t names = 0, most = t->most != 0 ? t->most : INT64_MAX;

	if (text != NULL && text_at(t) == 0)
		return false;
	if (text != NULL && t->type != TYPE_TEXT &&
	    show_misfit(text, &(size_t){ 0 }) != NULL)
		return false;
	switch (t->type) {
	case TYPE_FLAG:
		return n == 1;
	case TYPE_NAME:
		while (t->names[names] != NULL)
			names++;
		return n < names && t->names[n][0] != '\0';
	case TYPE_COUNT:
		return n > 0 && n <= most;
	default:
		return t->type >= TYPE_STRING ? text != NULL && n == 0 :
						n >= t->least && n <= most;
	}
}

static int
put_text(const char **field, const char *text)
{
	char *copy = text == NULL ? NULL : strdup(text);

	if (text != NULL && copy == NULL)
		return -1;
	free((char *)(uintptr_t)*field);
	*field = copy;
	return 0;
}

int
option_tune(const struct option *t, struct tunables *tune, uint64_t n,
    const char *text)
{
	const char **string = option_string(t, tune);
	bool *given = tuned(tune, t->given);

	if (!is_valid(t, n, text))
		return refuse(EINVAL);
	if (string != NULL && put_text(string, text) == -1)
		return -1;
	put_number(t, tuned(tune, t->at), n);
	if (given != NULL)
		*given = true;
	return 0;
}

void
option_clear(const struct option *t, struct tunables *tune)
{
	const char **string = option_string(t, tune);

	if (string != NULL)
		put_text(string, NULL);
	put_number(t, tuned(tune, t->at), 0);
}
