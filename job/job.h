/* SPDX-License-Identifier: ISC */
/*
 * job: what one invocation does, and what its files share. Only here, in
 * zpipe.c and in the files of the options are errors printed, through msg.h.
 * A function that returns no errno has printed why it failed.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pidfile.h"
#include "job/monitor.h"
#include "msg/msg.h"
#include "opts.h"
#include "peer/message.h"
#include "peer/remote.h"
#include "pump/pump.h"
#include "show/display.h"

enum {
	JOB_LISTEN_US = 100000, /* when to begin to listen for other zpipes */
	JOB_FATE = 128,         /* room for the text of job_describe() */
};

/* What the job knows of an output: outputs.c. */
struct known {
	bool said;   /* its loss has been reported */
	bool broken; /* a command that stopped reading, which is an error */
};

/*
 * From inputs to outputs. --store-and-forward has two legs, each with a pump of
 * its own.
 */
struct leg {
	struct output *outs; /* those that could be opened */
	struct known *known; /* one for each output */
	size_t nouts;
	const char *const *files; /* the inputs */
	size_t nfiles;
	const char *name;   /* of the stored file, the only input; or NULL */
	uint64_t stored;    /* bytes stored in it */
	enum engine engine; /* forced, or AUTO */
	struct pump pump;
};

/* The file of --store-and-forward: store.c. */
struct store {
	int fd; /* or -1 */
	struct stat st;
	off_t at;            /* where the stored bytes begin */
	bool given;          /* an inherited descriptor */
	char *name;          /* for messages */
	char path[32];       /* of fd */
	const char *operand; /* path, as an input */
};

/* The conversation with other zpipes: control.c. */
struct control {
	struct remote remote;
	bool tried;                 /* to listen */
	struct message_report last; /* for those who wait; unset if not final */
};

/* The size of the inputs, and where to stop: aims.c. */
struct aims {
	uint64_t stop, stop_lines;
	bool sized;     /* job_size_for_others() has run */
	off_t given_at; /* where_given() at the start */
};

struct job {
	const struct opts *o; /* as parsed; the caller's */
	struct tunables tune; /* their present values */
	struct leg forward;
	struct leg *leg; /* the one that runs now */
	struct pump_wake wake;
	struct display display;
	struct display_facts facts; /* job_facts() */
	struct monitor monitor;
	struct store store;
	struct control control;
	struct aims aims;
	struct pidfile pidfile;
	bool skipped;               /* something could not be read */
	const struct input *erring; /* the input job_skip() last reported */
	uint64_t began;             /* clock_now() */
	bool over;                  /* everything has been moved */
	unsigned closed;  /* standard descriptors that were closed, as bits */
	const char *left; /* the output whose lost reader ends us, or NULL */
};
#define JOB_INITIALIZER                                         \
	{                                                       \
		.display = DISPLAY_INITIALIZER, .store.fd = -1, \
		.control.remote = REMOTE_INITIALIZER            \
	}

/* ---- transfer.c ------------------------------------------------------- */

/*
 * The options must outlive the job. closed: a bit for each standard descriptor
 * that was closed. Starts the clock, and gives SIGCHLD its default action: if
 * it were inherited as ignored, the kernel would reap our children before we
 * could wait for them (sigaction(2)).
 */
void job_init(struct job *, const struct opts *, unsigned closed);

/*
 * Moves the inputs to the outputs, from the first check to the last close.
 * --monitor=both: a second process also returns from here.
 */
void job_transfer(struct job *);

/* For the leg that runs now. 0, or -1 with errno. */
int job_start_pump(struct job *);

/*
 * Runs the task of the pump and acts on its events. True at the end of the
 * task, which is *e; false if a signal or a lost output ends everything.
 */
bool job_run(struct job *, struct pump_event *e);

int job_write_pidfile(struct job *);

/* Releases everything but the pump and the outputs, which have been closed. */
void job_clean_up(struct job *);

/* ---- follow.c --------------------------------------------------------- */

/* --watchfd, --query and --remote, from start to end. */
void job_follow(struct job *);

/* ---- signals.c -------------------------------------------------------- */

/* Catches signals and sets j->wake. 0, or -1 with errno. */
int job_watch_signals(struct job *);

/* The signal that ends us, or 0. */
int job_ended(void);

/* Acts on the signals that have arrived. True if one of them ends us. */
bool job_on_wake(struct job *);

/*
 * Whether a lost reader ends us, as it ends cat: not if SIGPIPE was ignored or
 * blocked.
 */
bool job_dies_of_pipe(void);

/*
 * Last of all, after cleaning up: dies of the signal, or the lost reader, that
 * has ended us. Returns if there was none, or the signal cannot kill us.
 */
void job_die_of_signal(struct job *);

/* ---- say.c: messages, after clearing the line of the display ------------ */

/* As msg_text() and msg_errno(), but job_blame() does not keep errno. */
void job_say(struct job *, enum status, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void job_blame(struct job *, enum status, const char *name);

/*
 * Describes a status of wait(2): "killed by signal 9 (Killed)", or "exit status
 * 1" with the text `exits` before it.
 */
void job_describe(int status, const char *exits, char fate[JOB_FATE]);

/* One line about the whole transfer, and one per output if there are several */
void job_print_counts(struct job *, const char *cause);
void job_print_outputs(struct job *);

/* Reports the signal that ends us, once, and adds it to the exit status. */
void job_say_ended(struct job *);

/* --explain: the engine that the input got, and why. */
void job_explain(struct job *, const struct input *);

/* --probe: what this kernel and its limits allow, on stdout. */
void job_print_probe(void);

/* ---- facts.c: what the display is told -------------------------------- */

/* How far the present leg is. Valid until the next call. */
const struct display_facts *job_facts(struct job *);

/* Makes the pump scan the bytes for what the display wants. */
void job_set_scan(struct job *);

/* ---- control.c: --query and --remote ---------------------------------- */

/* What these options change in another zpipe. Borrows their strings. */
void change_tell(const struct opts *, struct message_change *);

/*
 * A copy of the tunables with that change, for tunables_release(). 0, or -1
 * with errno and nothing to release: EINVAL if no command line could have set
 * them so; ENOMEM.
 */
int change_hear(const struct message_change *, const struct tunables *from,
    struct tunables *to);

/* Copies what others may change to j->tune. 0, or -1 with errno. */
int job_tune(struct job *);

/*
 * Listens after JOB_LISTEN_US, so that a short transfer needs no socket.
 * Returns when to call it again; UINT64_MAX: never.
 */
uint64_t job_listen_to_others(struct job *, uint64_t now);

/* Answers waiting questions; never blocks. */
void job_serve_others(struct job *);

/*
 * The last report for those who wait for our end: its figures are noted while
 * the pump has them, and it is sent when the exit status is known.
 */
void job_note_the_end(struct job *);
void job_tell_the_end(struct job *);

/* ---- aims.c: the size of the input, and where to stop ------------------ */

int job_set_aims(struct job *);

/*
 * Finds the size of the inputs if nothing has needed it so far. To keep the
 * transfer going, it walks no directory and counts no lines.
 */
void job_size_for_others(struct job *);

/*
 * The total size of the inputs, in bytes and in lines. A descriptor counts once
 * and from its position, which does not change. What cannot be read counts as
 * empty: it is reported when its turn comes. 0, or -1 without a message (bytes:
 * with errno, ESPIPE for a stream). Lines are counted by reading the inputs,
 * which must be regular files; that blocks on disks until a signal ends us.
 */
int job_inputs_size(const struct job *, uint64_t *bytes);
int job_inputs_lines(struct job *, uint64_t *lines);

/* ---- inputs.c --------------------------------------------------------- */

/* Whether a forced engine fits every input. */
bool job_fits(struct job *);

/* Moves all inputs. Errors add to the status. */
void job_copy_all(struct job *);

/* PUMP_SKIPPED: reports it, and makes the exit status a failure. */
void job_skip(struct job *, const struct pump_event *);

/* ---- outputs.c -------------------------------------------------------- */

/* -1 if none could be opened, two are the same, or one is also an input. */
int job_open_outputs(struct job *);

/* True, which is an error, if it is the same as one of the n others. */
bool job_same_output(const struct output *, const struct output *others,
    size_t n);

/* True, which is an error, if an output file is also an input. */
bool job_overwrites_input(const struct job *);

/* The operand of the input that is this file, or NULL. Prints nothing. */
const char *job_input_at(const struct job *, const struct stat *);

/* Whether a descriptor is left for an input. */
bool job_one_is_left(const struct job *);

/* Starts commands, then truncates files. 0, or -1 if no output may be used. */
int job_start_outputs(struct job *);

/* An output could not be started: errno. True if that ends the transfer. */
bool job_not_started(struct job *, struct output *);

/* PUMP_LOST: reports and closes it. False if that ends the transfer. */
bool job_lose(struct job *, const struct pump_event *);

/*
 * PUMP_FINISHED: gives a file its length, syncs it and closes it. The others do
 * that in two steps for all outputs that are left, and wait for their commands.
 */
void job_finish_output(struct job *, struct output *);
void job_complete_outputs(struct job *);
void job_close_outputs(struct job *);

/* Opens FIFOs whose readers still wait for a writer: they see the end. */
void job_release_readers(struct job *);

/* Waits for the process. False if a signal ends us first, or on an error. */
bool job_await(struct job *, pid_t, const char *name, int *status);

/* Waits for the command and reports how it failed, if it did. */
void job_wait_for_command(struct job *, pid_t, const char *name, bool broken);

/* ---- store.c ---------------------------------------------------------- */

/*
 * --store-and-forward: stores all inputs, then starts the outputs with the
 * stored file as the only input. False if the transfer must not go on.
 */
bool job_store_first(struct job *);
void job_release_store(struct job *);

#endif
