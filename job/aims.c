/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/clock.h"
#include "base/size.h"
#include "job/job.h"
#include "job/total.h"
#include "msg/msg.h"

int
job_inputs_size(const struct job *j, uint64_t *bytes)
{
	if (j->leg->files != j->stored)
		return total_bytes(j->leg->files, j->leg->nfiles, bytes);
	*bytes = j->store_size;
	return 0;
}

/* Between two reads, before anything is moved. */
static bool
counts_on(void *ctx)
{
	struct job *j = ctx;

	job_listen_to_others(j, clock_now());
	if (!job_woken())
		return true;
	if (job_on_wake(j))
		return false;
	display_stop(&j->display); /* a stop by a signal ends that */
	return true;
}

/* The lines of all inputs. It is no time in which they move. */
static bool
count_lines(struct job *j, uint64_t *lines)
{
	int r;

	display_stop(&j->display);
	r = total_lines(j->leg->files, j->leg->nfiles, j->o->null ? '\0' : '\n',
	    counts_on, j, lines);
	display_go(&j->display);
	return r == 0;
}

/* The only output is a block device; *room is what fits on it. */
static bool
has_room(const struct job *j, uint64_t *room)
{
	const struct output *o = &j->leg->outs[0];

	return j->leg->nouts == 1 && S_ISBLK(o->st.st_mode) && !o->append &&
	    !j->tune.display.show.lines && size_room(o->fd, room) == 0;
}

/* Finds the size of the input and where to stop; false if it is unknown. */
static bool
find_size(struct job *j)
{
	struct tunables *tune = &j->tune;
	bool lines = tune->display.show.lines, device;
	uint64_t room, bytes;

	j->stop = j->stop_lines = UINT64_MAX;
	if (tune->sized) {
		if (j->o->stop_at_size)
			*(lines ? &j->stop_lines : &j->stop) = tune->size;
		return true;
	}
	tune->size = 0;
	j->sized = false;
	j->given_at = job_where_given(j);
	device = has_room(j, &room);
	if (!display_draws(&j->display) && !j->o->stop_at_size && !device)
		return false;
	if (job_inputs_size(j, &bytes) == -1) {
		if (device)
			tune->size = room;
		/* one byte more, to learn whether there is one */
		if (device)
			j->stop = j->o->stop_at_size ? room : room + 1;
		return device;
	}
	/* the last line of all may have no end: it comes as well */
	if (j->o->stop_at_size)
		j->stop = device && room < bytes ? room : bytes;
	if (!lines)
		tune->size = bytes;
	else if (!display_draws(&j->display) ||
	    (display_wants(&j->display) & SHOW_WANTS_SIZE) == 0 ||
	    !count_lines(j, &tune->size))
		tune->size = 0;
	return true;
}

int
job_set_aims(struct job *j)
{
	bool known = find_size(j);

	/* there may be more in it than was stored */
	if (j->leg->files == j->stored && j->stop > j->store_size)
		j->stop = j->store_size;
	pump_stop_at(&j->leg->pump, j->stop, j->stop_lines);
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

off_t
job_where_given(const struct job *j)
{
	off_t sum = 0, at;
	bool any = false;

	for (size_t i = 0; i < j->leg->nfiles; i++) {
		int fd = input_descriptor(j->leg->files[i]);
		bool again = false;

		for (size_t k = 0; k < i && fd != -1 && !again; k++)
			again = input_descriptor(j->leg->files[k]) == fd;
		if (fd == -1 || again)
			continue;
		at = lseek(fd, 0, SEEK_CUR);
		if (at == -1)
			return -1;
		sum += at;
		any = true;
	}
	return any ? sum : -1;
}
