/* SPDX-License-Identifier: ISC */
/*
 * job: what one invocation does, and what its files share. Only here, in
 * zpipe.c and in the files of the options are errors reported, by msg.h.
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

/*
 * JOB_TELL_US: after this time we listen for --query and --remote.
 * JOB_FATE: room for what job_describe() says.
 */
enum {
	JOB_TELL_US = 100000,
	JOB_FATE = 128,
};

/* What the job knows of an output: outputs.c. */
struct known {
	bool said;   /* that it is lost */
	bool broken; /* a command that has left, which is an error */
};

/*
 * From inputs to outputs. --store-and-forward has two of them, each with a pump
 * of its own.
 */
struct leg {
	struct output *outs; /* those that could be opened */
	struct known *known; /* one for each of them */
	size_t nouts;
	const char *const *files; /* its inputs */
	size_t nfiles;
	const char *name;   /* of what was stored, its only input; or NULL */
	uint64_t stored;    /* the bytes of that */
	enum engine engine; /* that is forced, or AUTO */
	struct pump pump;
};

/* The file of --store-and-forward: store.c. */
struct store {
	int fd; /* or -1 */
	struct stat st;
	off_t at;            /* where what is stored begins */
	bool given;          /* it is a descriptor that we were given */
	char *name;          /* for messages */
	char path[32];       /* of the descriptor */
	const char *operand; /* that path, as an input */
};

/* The talk with others: control.c. */
struct control {
	struct remote remote;
	bool told;                  /* that they may talk to us */
	struct message_report last; /* for those who wait: final if it is set */
};

/* The size of the inputs: aims.c. */
struct aims {
	uint64_t stop, stop_lines; /* where they are to end */
	bool sized;                /* the inputs have been, for them */
	off_t given_at;            /* where_given() first */
};

struct job {
	const struct opts *o; /* as they were parsed: the caller's */
	struct tunables tune; /* as they are now */
	struct leg forward;
	struct leg *leg; /* that runs now */
	struct pump_wake wake;
	struct display display;
	struct display_facts facts; /* job_facts() */
	struct monitor monitor;
	struct store store;
	struct control control;
	struct aims aims;
	struct pidfile pidfile;
	bool skipped;               /* something could not be read */
	const struct input *erring; /* its skipped errors have been told */
	uint64_t began;             /* clock_now() */
	bool over;                  /* everything has been moved */
	unsigned closed;  /* standard descriptors that we were not given */
	const char *left; /* an output whose reader has gone, and we follow */
};
#define JOB_INITIALIZER                                         \
	{                                                       \
		.display = DISPLAY_INITIALIZER, .store.fd = -1, \
		.control.remote = REMOTE_INITIALIZER            \
	}

/* ---- transfer.c ------------------------------------------------------- */

/*
 * The options are the caller's, and must stay. closed: a bit for each standard
 * descriptor that we were not given. Starts the clock, and gives SIGCHLD its
 * default: whoever started us may have ignored it, and the kernel would forget
 * our children before we have waited for them (sigaction(2)).
 */
void job_init(struct job *, const struct opts *, unsigned closed);

/* Moves the inputs to the outputs, from the first check to the last close. */
void job_transfer(struct job *);

/*
 * --monitor: starts the command and, for both sides, a second process, which
 * returns from here as well. False, with an error printed, if it could not be.
 */
bool job_stand_beside(struct job *);

/* For the leg that runs now: 0, or -1 with errno. */
int job_start_pump(struct job *);

/*
 * Goes on with the task of the pump, and acts on its events. True at the end of
 * the task, which is *e; false if a signal or a lost output ends all.
 */
bool job_run(struct job *, struct pump_event *e);

/* 0, or -1: it has been said why not. */
int job_write_pidfile(struct job *);

/* Display, socket, temporary and pid file; the outputs are closed. */
void job_clean_up(struct job *);

/* ---- follow.c --------------------------------------------------------- */

/* --watchfd, --query and --remote, from start to end. */
void job_follow(struct job *);

/* ---- signals.c -------------------------------------------------------- */

/* Sets j->wake. 0, or -1 with errno. */
int job_watch_signals(struct job *);

/* The signal that ends us, or 0. */
int job_ended(void);

/* Acts on the signals that have come. True if one of them ends us. */
bool job_on_wake(struct job *);

/*
 * A vanished reader ends us as it does cat, unless SIGPIPE is ignored or
 * blocked; but by our own hand, when all has been said.
 */
bool job_dies_of_pipe(void);

/*
 * All has been said and cleaned up: ends by the signal that has ended us, as
 * cat does. Returns where there was none, or it cannot end us.
 */
void job_follow_signal(struct job *);

/* ---- say.c: messages, which first clear the line of the display -------- */

/* As msg_text() and msg_errno(); the second does not keep errno. */
void job_say(struct job *, enum status, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void job_blame(struct job *, enum status, const char *name);

/*
 * What a status of wait(2) says: "killed by signal 9 (Killed)", or "exit status
 * 1" behind the words of `exits`.
 */
void job_describe(int status, const char *exits, char fate[JOB_FATE]);

void job_print_counts(struct job *, const char *cause);
void job_print_outputs(struct job *);

/* That a signal ends us, once, and its bit of the status. */
void job_say_ended(struct job *);

/* --explain */
void job_explain(struct job *, const struct input *);

/* ---- facts.c: what the display is told -------------------------------- */

/* How far the leg that runs is now: *j's, until the next call. */
const struct display_facts *job_facts(struct job *);

/* The pump looks for what the lines want of the bytes. */
void job_set_scan(struct job *);

/* ---- control.c: --query and --remote ---------------------------------- */

/* What these options change in another zpipe. The strings are theirs. */
void change_tell(const struct opts *, struct message_change *);

/*
 * What the tunables are after that change: a copy that owns its strings, to be
 * released. 0, or -1 with errno and nothing to release: EINVAL the command line
 * could not have said so; ENOMEM.
 */
int change_hear(const struct message_change *, const struct tunables *from,
    struct tunables *to);

/* Our copy of what others may change. 0, or -1 with errno. */
int job_tune(struct job *);

/*
 * Listens when it is worth while: a short transfer is to cost no socket.
 * Returns when to call it again; UINT64_MAX: never.
 */
uint64_t job_listen_to_others(struct job *, uint64_t now);

/* Answers those who have asked. */
void job_serve_others(struct job *);

/*
 * Those who wait for our end get the last figures, which are noted while they
 * are known, and are told when it is known how it has ended.
 */
void job_note_the_end(struct job *);
void job_tell_the_end(struct job *);

/* ---- aims.c: the size of the input, and where to stop ------------------ */

/* 0, or -1: it has been said why not. */
int job_set_aims(struct job *);

/*
 * Sizes the inputs if nobody wanted to know it before. It must not keep the
 * bytes waiting: so no directory is walked, and no line is counted.
 */
void job_size_for_others(struct job *);

/*
 * What the inputs come to, in bytes and in lines. A descriptor counts from
 * where it stands, which does not change, and once. What cannot be read adds
 * nothing: it is reported in its turn. 0, or -1 (bytes: with errno, ESPIPE for
 * a stream). Lines are counted by reading the inputs, which must be regular
 * files; that blocks on disks, and a signal that ends us ends it.
 */
int job_inputs_size(const struct job *, uint64_t *bytes);
int job_inputs_lines(struct job *, uint64_t *lines);

/* ---- inputs.c --------------------------------------------------------- */

/* True if a forced engine fits every input; if not, an error is printed. */
bool job_fits(struct job *);

/* Moves all inputs. Errors are printed, and add to the status. */
void job_copy_all(struct job *);

/* PUMP_SKIPPED: says so, and that it is a failure in the end. */
void job_skip(struct job *, const struct pump_event *);

/* ---- outputs.c: where it says false or true, an error is printed ------- */

/* 0, or -1 if none can be used, or two, or one and an input, are one file. */
int job_open_outputs(struct job *);

/* True if it is the same as one of the n others. */
bool job_same_output(const struct output *, const struct output *others,
    size_t n);

/* True if an output file is also an input. */
bool job_overwrites_input(const struct job *);

/* The input that is this file, by its operand, or NULL; nothing is printed. */
const char *job_input_at(const struct job *, const struct stat *);

/* False if no descriptor is left for an input. */
bool job_one_is_left(const struct job *);

/* Starts commands, then empties files. 0, or -1 if no output may be used. */
int job_start_outputs(struct job *);

/* It could not be started (errno). True: the transfer ends. */
bool job_not_started(struct job *, struct output *);

/* PUMP_LOST: reports it and closes it. False: the transfer ends. */
bool job_lose(struct job *, const struct pump_event *);

/*
 * PUMP_FINISHED: gives a file its length and syncs it, then closes it. The same
 * in two steps for all that are left; their commands are waited for.
 */
void job_finish_output(struct job *, struct output *);
void job_complete_outputs(struct job *);
void job_close_outputs(struct job *);

/* However this ends, a reader that waits for a FIFO's writer sees the end. */
void job_release_readers(struct job *);

/* Waits for the process. False if a signal ends us first, or on an error. */
bool job_await(struct job *, pid_t, const char *name, int *status);

/* Waits for the command, and reports how it failed, if it did. */
void job_wait_for_command(struct job *, pid_t, const char *name, bool broken);

/* ---- store.c ---------------------------------------------------------- */

/*
 * --store-and-forward: stores all inputs, then starts the outputs, with what
 * was stored as the only input. False: nothing is to go on.
 */
bool job_store_first(struct job *);
void job_release_store(struct job *);

#endif
