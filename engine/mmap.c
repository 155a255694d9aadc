/* SPDX-License-Identifier: ISC */
/* mmap: the page cache itself into the pipe. */
#include "config.h"

#include <sys/mman.h>
#include <sys/param.h>

#include <errno.h>
#include <unistd.h>

#include "engine/engine.h"

enum {
	WINDOW = 64 << 20,
	FILL = 1 << 20,
};

/*
 * How much of what the file still has may be sent now; 0 with errno 0 if it has
 * been shortened to here. The rest of its last page would go along as NULs, so
 * this is asked just before each send.
 */
static size_t
left(const struct input *in, size_t want)
{
	struct stat st;

	if (fstat(in->fd, &st) == -1)
		return 0;
	errno = 0;
	if (st.st_size <= in->at)
		return 0;
	return MIN(want, (size_t)(st.st_size - in->at));
}

/*
 * Gives some of the window to the pipe; its bytes are those that the input has
 * reserved. They are never rewritten by us, so nothing needs release. A file
 * that has been shortened is EFAULT, from MADV_POPULATE_READ or from
 * vmsplice(2), never SIGBUS: we do not touch them.
 */
static enum step
send(struct flow *f, struct input *in, struct window *w)
{
	struct output *o = &f->outs[0];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t want = MIN(w->len - w->at, FILL);
	enum step s;
	ssize_t n;

	if (o->full)
		return flow_wait(f, NULL, -1);
	s = flow_may(f, &want);
	if (s != STEP_MOVED)
		return s;
#ifdef MADV_POPULATE_READ
	/* vmsplice faults with the pipe's lock held; so fault first */
	madvise(w->map + (w->at & ~(page - 1)), want + (w->at & (page - 1)),
	    MADV_POPULATE_READ);
#endif
	want = left(in, want);
	if (want == 0)
		return STEP_FALL;
	n = output_share(o, w->map + w->at, want);
	if (n > 0) {
		input_took(in, (size_t)n);
		limit_took(&f->limit, (size_t)n);
		flow_passed(f, (size_t)n);
		w->at += (size_t)n;
		return STEP_MOVED;
	}
	if (errno == EAGAIN || errno == EINTR)
		return STEP_MOVED;
	if (errno == EPIPE)
		return flow_lose(f, o, LOSS_ERROR);
	return STEP_FALL;
}

void
window_close(struct window *w)
{
	if (w->map != NULL)
		munmap(w->map, w->len);
	*w = (struct window){ 0 };
}

/* The next part of the file; STEP_MOVED. */
static enum step
open_window(struct window *w, struct input *in)
{
	off_t page = sysconf(_SC_PAGESIZE), from;

	window_close(w); /* the last one has been sent */
	if (input_reserve(in, WINDOW) == -1)
		return STEP_FALL;
	errno = 0;
	if (in->reserved == 0)
		return STEP_FALL;
	from = in->at & ~(page - 1);
	w->at = (size_t)(in->at - from);
	w->len = w->at + in->reserved;
	w->map = mmap(NULL, w->len, PROT_READ, MAP_SHARED, in->fd, from);
	if (w->map != MAP_FAILED)
		return STEP_MOVED;
	w->map = NULL;
	return STEP_FALL;
}

enum step
mmap_step(struct engines *e, struct flow *f, struct input *in)
{
	struct window *w = &e->window;
	enum step s = STEP_MOVED;

	flow_grow_pipes(f, in);
	if (w->map == NULL || w->at == w->len)
		s = open_window(w, in);
	return s == STEP_MOVED ? send(f, in, w) : s;
}
