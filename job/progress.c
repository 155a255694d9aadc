/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "job/progress.h"

int
progress_open(struct progress *p, pid_t pid, int only, uint64_t window)
{
	*p = (struct progress){ .window = window };
	return watch_open(&p->watch, pid, only);
}

/* What the last look made of this one, among the rows from there on; or NULL */
static const struct progress_row *
find(const struct progress *p, size_t from, const struct watched *f)
{
	for (size_t i = from; i < p->nrows && p->rows[i].file.fd <= f->fd; i++)
		if (!p->rows[i].file.closed && watch_same(&p->rows[i].file, f))
			return &p->rows[i];
	return NULL;
}

static void
update(const struct progress *p, struct progress_row *row, uint64_t now)
{
	const struct watched *f = &row->file;

	if (!f->seen)
		return;
	meter_set_size(&row->meter,
	    p->expected != 0 ? p->expected :
		f->writing   ? 0 :
			       f->size);
	meter_sample(&row->meter, now, f->pos);
}

bool
progress_look(struct progress *p, uint64_t now)
{
	bool there = watch_look(&p->watch);
	size_t n = p->watch.nfds, from = 0;
	struct progress_row *rows = calloc(n + 1, sizeof(*rows));

	if (rows == NULL)
		return there;
	for (size_t i = 0; i < n; i++) {
		const struct watched *f = &p->watch.fds[i];
		const struct progress_row *old;

		while (from < p->nrows && p->rows[from].file.fd < f->fd)
			from++;
		old = find(p, from, f);
		rows[i].file = *f;
		if (old != NULL)
			rows[i].meter = old->meter;
		else
			meter_init(&rows[i].meter, now, p->window);
		update(p, &rows[i], now);
	}
	free(p->rows);
	p->rows = rows;
	p->nrows = n;
	return there;
}

void
progress_close(struct progress *p)
{
	watch_close(&p->watch);
	free(p->rows);
	p->rows = NULL;
	p->nrows = 0;
}
