/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/retry.h"
#include "base/size.h"
#include "engine/scan.h"
#include "io/input.h"
#include "job/job.h"
#include "msg/msg.h"

/* Read at once to count lines: small enough for the cache. */
enum {
	PIECE = 128 << 10
};

/* ---- the size of the inputs ------------------------------------------- */

/* Whether an earlier operand names the same descriptor. */
static bool
named_before(const struct leg *leg, size_t at)
{
	int fd = input_descriptor(leg->files[at]);

	for (size_t i = 0; i < at && fd != -1; i++)
		if (input_descriptor(leg->files[i]) == fd)
			return true;
	return false;
}

/*
 * Whether the input will give any bytes: not if it cannot be read, nor if it is
 * a descriptor that will have been read to its end by then.
 */
static bool
adds(const struct leg *leg, size_t at)
{
	return !named_before(leg, at) && input_readable(leg->files[at]) == 0;
}

/* The position of an input, and the bytes from there to its end. */
static int
measure(const char *operand, off_t *at, uint64_t *bytes)
{
	int fd = input_descriptor(operand);
	uint64_t size;

	*at = fd != -1 ? lseek(fd, 0, SEEK_CUR) : 0;
	if (*at == -1 ||
	    (fd != -1 ? size_open(fd, &size) : size_file(operand, &size)) == -1)
		return -1;
	*bytes = size > (uint64_t)*at ? size - (uint64_t)*at : 0;
	return 0;
}

int
job_inputs_size(const struct job *j, uint64_t *bytes)
{
	uint64_t more;
	off_t at;

	*bytes = j->leg->stored;
	for (size_t i = 0; i < j->leg->nfiles && j->leg->name == NULL; i++) {
		if (!adds(j->leg, i))
			continue;
		if (measure(j->leg->files[i], &at, &more) == -1)
			return -1;
		*bytes += more;
	}
	return 0;
}

/*
 * The sum of the positions of inputs that are descriptors; -1 if there are
 * none, or one has no position.
 */
static off_t
where_given(const struct leg *leg)
{
	off_t sum = -1, at;

	for (size_t i = 0; i < leg->nfiles; i++) {
		int fd = input_descriptor(leg->files[i]);

		if (fd == -1 || named_before(leg, i))
			continue;
		at = lseek(fd, 0, SEEK_CUR);
		if (at == -1)
			return -1;
		sum = sum == -1 ? at : sum + at;
	}
	return sum;
}

/* Called between two reads: false if a signal ends us. */
static bool
counts_on(struct job *j)
{
	job_listen_to_others(j, clock_now());
	if (!*j->wake.woken)
		return true;
	if (job_on_wake(j))
		return false;
	display_stop(&j->display); /* SIGTSTP has started the clock again */
	return true;
}

/* By pread(2), as other processes may share the offset. */
static int
count_one(struct job *j, const char *operand, char *room, uint64_t *lines)
{
	int given = input_descriptor(operand), own = -1;
	char end = j->o->null ? '\0' : '\n';
	uint64_t left;
	off_t at;
	ssize_t n = 1;

	if (measure(operand, &at, &left) == -1)
		return -1;
	/* it may have become a FIFO, whose writer must not be waited for */
	if (given == -1)
		own = fd_open(operand, O_RDONLY | O_NONBLOCK);
	while (left > 0 && n > 0) {
		do
			n = pread(given != -1 ? given : own, room,
			    left < PIECE ? left : PIECE, at);
		while (retry(n));
		if (n > 0) { /* 0: it was truncated */
			*lines += scan_count(room, (size_t)n, end);
			at += n;
			left -= (uint64_t)n;
		}
		if (!counts_on(j))
			n = -1;
	}
	fd_close(&own);
	return n == -1 ? -1 : 0;
}

int
job_inputs_lines(struct job *j, uint64_t *lines)
{
	const struct leg *leg = j->leg;
	enum input_kind kind;
	uint64_t n = 0;
	char *room;
	int r = 0;

	for (size_t i = 0; i < leg->nfiles; i++)
		if (adds(leg, i) &&
		    (input_peek(leg->files[i], &kind) == -1 ||
			kind != INPUT_FILE))
			return -1;
	room = malloc(PIECE);
	if (room == NULL)
		return -1;
	/* nothing is moved while lines are counted */
	display_stop(&j->display);
	for (size_t i = 0; i < leg->nfiles && r == 0; i++)
		if (adds(leg, i))
			r = count_one(j, leg->files[i], room, &n);
	display_go(&j->display);
	free(room);
	*lines = n;
	return r;
}

/* ---- where to stop ---------------------------------------------------- */

/* Whether the only output is a block device; *room: how much it takes. */
static bool
has_room(const struct job *j, uint64_t *room)
{
	const struct output *o = &j->leg->outs[0];

	return j->leg->nouts == 1 && S_ISBLK(o->st.st_mode) && !o->append &&
	    !j->tune.display.show.lines && size_room(o->fd, room) == 0;
}

/* Finds the size of the input and where to stop. False if it is unknown. */
static bool
find_size(struct job *j)
{
	struct tunables *tune = &j->tune;
	bool lines = tune->display.show.lines, device;
	uint64_t room, size;

	j->aims.stop = j->aims.stop_lines = UINT64_MAX;
	if (tune->sized) {
		if (j->o->stop_at_size)
			*(lines ? &j->aims.stop_lines :
				  &j->aims.stop) = tune->size;
		return true;
	}
	tune->size = 0;
	j->aims.sized = false;
	j->aims.given_at = where_given(j->leg);
	device = has_room(j, &room);
	if (!display_draws(&j->display) && !j->o->stop_at_size && !device)
		return false;
	if (job_inputs_size(j, &size) == -1) {
		if (device) {
			tune->size = room;
			/* one byte more tells whether there is more */
			j->aims.stop = j->o->stop_at_size ? room : room + 1;
		}
		return device;
	}
	/* also with lines: the last one may be incomplete, but counts */
	if (j->o->stop_at_size)
		j->aims.stop = device && room < size ? room : size;
	if (lines &&
	    (!display_draws(&j->display) ||
		(display_wants(&j->display) & SHOW_WANTS_SIZE) == 0 ||
		job_inputs_lines(j, &size) == -1))
		size = 0;
	/* unless another zpipe has set it while lines were counted */
	if (!tune->sized)
		tune->size = size;
	return true;
}

int
job_set_aims(struct job *j)
{
	bool known = find_size(j);

	/* the file may hold more than was stored */
	if (j->leg->name != NULL && j->aims.stop > j->leg->stored)
		j->aims.stop = j->leg->stored;
	pump_stop_at(&j->leg->pump, j->aims.stop, j->aims.stop_lines);
	if (job_ended()) {
		job_say_ended(j);
		display_end(&j->display, job_facts(j));
		return -1;
	}
	display_expect(&j->display, j->tune.size);
	if (j->o->stop_at_size && !known) {
		msg_text(STATUS_USAGE, "--stop-at-size",
		    "the size is not known: use --size");
		return -1;
	}
	return 0;
}

void
job_size_for_others(struct job *j)
{
	uint64_t bytes;
	off_t at;

	if (j->aims.sized || j->tune.sized || j->tune.size != 0 ||
	    j->tune.display.show.lines)
		return;
	j->aims.sized = true;
	if (job_inputs_size(j, &bytes) == -1)
		return;
	/* descriptors have moved from where they were at the start */
	at = j->aims.given_at == -1 ? -1 : where_given(j->leg);
	if (at > j->aims.given_at && j->leg->name == NULL)
		bytes += (uint64_t)(at - j->aims.given_at);
	j->tune.size = bytes;
	display_expect(&j->display, bytes);
}
