/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opts/option.h"
#include "opts/optname.h"

/* Wrong letters in a name that is still recognized. */
enum {
	TYPO = 2
};

/* The name of a long option, up to a "="; NULL for any other word. */
static const char *
long_name(const char *word, size_t *len)
{
	if (word == NULL || strncmp(word, "--", 2) != 0)
		return NULL;
	*len = strcspn(word + 2, "=");
	return *len > 0 ? word + 2 : NULL;
}

static bool
begins_with(const struct option *t, const char *name, size_t len)
{
	return strncmp(t->name, name, len) == 0;
}

/* The only option, not counting aliases, that begins with the name, or NULL. */
static const struct option *
unabbreviated(const char *name, size_t len)
{
	const struct option *found = NULL;

	for (const struct option *t = option_table; t->name != NULL; t++) {
		if (!begins_with(t, name, len))
			continue;
		if (found == NULL)
			found = t;
		else if (option_row((size_t)(t - option_table)) != found)
			return NULL;
	}
	return found;
}

/* popt knows only complete names: it gets those to read instead. */
int
optname_next(poptContext pc)
{
	int opt = poptGetNextOpt(pc);
	const struct option *found;
	const char *name;
	char *whole;
	size_t len;

	while (opt == POPT_ERROR_BADOPT) {
		name = long_name(poptBadOption(pc, 0), &len);
		found = name == NULL ? NULL : unabbreviated(name, len);
		if (found == NULL)
			break;
		if (asprintf(&whole, "--%s%s", found->name, name + len) == -1)
			return POPT_ERROR_MALLOC;
		/* copies the word */
		opt = poptStuffArgs(pc, (const char *[]){ whole, NULL });
		free(whole);
		if (opt == 0)
			opt = poptGetNextOpt(pc);
	}
	return opt;
}

/* The number of letters to add, remove or change to get from a to b. */
static unsigned
distance(const char *a, size_t len, const char *b)
{
	unsigned row[OPTION_NAME], above, left, best;
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < len; i++) {
		above = row[0];
		left = row[0] = (unsigned)i + 1;
		for (size_t j = 1; j <= n; j++) {
			best = above + (a[i] != b[j - 1]);
			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = left + 1 < best ? left + 1 : best;
			above = row[j];
			left = row[j] = best;
		}
	}
	return row[n];
}

/* The option with the nearest name, or NULL if none is near. */
static const char *
nearest(const char *name, size_t len)
{
	unsigned most = TYPO + 1, far;
	const char *found = NULL;

	if (len >= OPTION_NAME || len <= 2 * TYPO)
		return NULL;
	for (const struct option *t = option_table; t->name != NULL; t++) {
		far = distance(name, len, t->name);
		if (far < most) {
			most = far;
			found = t->name;
		}
	}
	return found;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The options that begin with the name, sorted. Returns text. */
static const char *
candidates(const char *name, size_t len, char *text, size_t size)
{
	const char *names[OPTION_MOST];
	size_t n = 0;

	for (const struct option *t = option_table; t->name != NULL; t++)
		if (begins_with(t, name, len))
			names[n++] = t->name;
	qsort(names, n, sizeof(names[0]), by_name);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strlcat(text, i == 0 ? "--" : ", --", size);
		strlcat(text, names[i], size);
	}
	return text;
}

void
optname_blame(const char *word, int error)
{
	char all[2 * OPTION_NAME * OPTION_MOST];
	size_t n = 0;
	const char *name = long_name(word, &n), *meant;
	int len = name == NULL ? (int)strlen(word) : (int)n + 2; /* to a "=" */

	if (error != POPT_ERROR_BADOPT)
		option_blame(NULL, "%.*s: %s", len, word,
		    error == POPT_ERROR_NOARG           ? "requires a value" :
			error == POPT_ERROR_UNWANTEDARG ? "takes no value" :
							  poptStrerror(error));
	else if (name != NULL && *candidates(name, n, all, sizeof(all)) != '\0')
		option_blame(NULL, "%.*s: ambiguous: %s", len, word, all);
	else if (name != NULL && (meant = nearest(name, n)) != NULL)
		option_blame(NULL, "unknown option %.*s: did you mean --%s?",
		    len, word, meant);
	else
		option_blame(NULL, "unknown option %.*s: see zpipe --help", len,
		    word);
}
