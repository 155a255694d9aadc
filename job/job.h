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

/* What the job knows of an output. */
struct known {
	bool said;   /* it has been said that it is lost */
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
	enum engine engine; /* that is forced, or AUTO */
	struct pump pump;
};

struct job {
	const struct opts *o; /* as they were parsed: the caller's */
	struct tunables tune; /* as they are now */
	struct leg forward;
	struct leg *leg; /* that runs now */
	struct pump_wake wake;
	struct display display;
	struct display_facts facts; /* job_facts() */
	struct remote remote;
	struct monitor monitor;
	const char *command; /* that is monitored */
	/* --store-and-forward: what is stored first is the only input then */
	int store_fd;           /* of the file, or -1 */
	struct stat store_st;   /* of it */
	off_t store_at;         /* where what was stored begins */
	bool store_given;       /* it is a descriptor that we were given */
	char *store_name;       /* for messages */
	char store_operand[32]; /* names the descriptor */
	const char *stored[2];
	uint64_t store_size; /* bytes that were stored */
	struct pidfile pidfile;
	bool skipped;               /* something could not be read */
	const struct input *erring; /* its skipped errors have been told */
	uint64_t began;             /* clock_now() */
	bool told;                  /* that others may talk to us */
	bool titled;                /* the process title is ours to write */
	bool sized;                 /* the inputs have been, for others */
	uint64_t stop, stop_lines;  /* where the inputs are to end */
	off_t given_at;             /* where_given() first */
	bool over;                  /* everything has been moved */
	bool noted;                 /* `last` is, for those who wait */
	struct message_report last; /* for the end */
	unsigned closed;  /* standard descriptors that we were not given */
	const char *left; /* an output whose reader has gone, and we follow */
};
#define JOB_INITIALIZER                                                       \
	{                                                                     \
		.display = DISPLAY_INITIALIZER, .remote = REMOTE_INITIALIZER, \
		.store_fd = -1,                                               \
	}

/* ---- transfer.c ------------------------------------------------------- */

/* Before all else. The options are the caller's, and must stay. */
void job_init(struct job *, const struct opts *);

/* Moves the inputs to the outputs, from the first check to the last close. */
void job_transfer(struct job *);

/*
 * --monitor: starts the command and, for both sides, a second process, which
 * returns from here as well. False if it could not be; that has been said.
 */
bool job_stand_beside(struct job *);

/* For the leg that runs now: 0, or -1 with errno. */
int job_start_pump(struct job *);

/*
 * Goes on with the task of the pump, and acts on its events. True at the end of
 * the task, which is *e; false if a signal or a lost output ends all.
 */
bool job_run(struct job *, struct pump_event *e);

/* ---- follow.c --------------------------------------------------------- */

/* --watchfd, --query and --remote, from start to end. */
void job_follow(struct job *);

/* ---- signals.c -------------------------------------------------------- */

/*
 * First of all: starts the clock, and gives SIGCHLD its default. Whoever
 * started us may have ignored it, and the kernel would forget our children
 * before we have waited for them (sigaction(2)).
 */
void job_begin(struct job *);

/* 0, or -1 with errno. */
int job_watch_signals(struct job *);

/* The signal that ends us, or 0; one has come; what is readable then. */
int job_ended(void);
bool job_woken(void);
int job_wake_fd(void);

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

/* As msg_text() and msg_errno(). */
void job_say(struct job *, enum status, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void job_blame(struct job *, enum status, const char *name);

/*
 * What a status of wait(2) says: "killed by signal 9 (Killed)", or "exit status
 * 1" behind those words.
 */
void job_describe(int status, const char *exits, char fate[JOB_FATE]);

/* Why an output is lost: errno, and how much a file has got. */
void job_blame_output(struct job *, const struct output *);

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

/* ---- control.c: --query and --remote of another zpipe ------------------ */

/* Our copy of what others may change. 0, or -1 with errno. */
int job_tune(struct job *);

/* Listens when it is worth while: a short transfer is to cost no socket. */
void job_listen_to_others(struct job *, uint64_t now);

/* As remote_serve() wants it. */
size_t job_on_message(void *job, const char *msg, size_t len, char *reply);

/*
 * Those who watch us get the last figures, which are noted while they are
 * known, and are told when it is known how it has ended.
 */
void job_note_the_end(struct job *);
void job_tell_the_end(struct job *);

/* ---- aims.c: the size of the input, and where to stop ------------------ */

/* 0, or -1: it has been said why not. */
int job_set_aims(struct job *);

/* What the inputs come to; 0, or -1 with errno. */
int job_inputs_size(const struct job *, uint64_t *bytes);

/*
 * Where the descriptors among the inputs stand, all together; -1 if there are
 * none, or one has no position.
 */
off_t job_where_given(const struct job *);

/* ---- pidfile.c -------------------------------------------------------- */

/* 0, or -1: it has been said why not. */
int job_write_pidfile(struct job *);

/* Display, socket, temporary and pid file; the outputs are closed. */
void job_clean_up(struct job *);

/* ---- inputs.c --------------------------------------------------------- */

/* True if a forced engine fits every input; if not, an error is printed. */
bool job_fits(struct job *);

/* Moves all inputs. Errors are printed, and add to the status. */
void job_copy_all(struct job *);

/* ---- outputs.c -------------------------------------------------------- */

/* Opens the outputs. 0, or -1 if none can be used; the error is printed. */
int job_open_outputs(struct job *);

/* True, with an error printed, if two outputs, or both sides, are one file. */
bool job_clashes(struct job *);

/* True if a descriptor is left for an input; if not, an error is printed. */
bool job_one_is_left(struct job *);

/* Starts commands, then empties files. 0, or -1 if no output may be used. */
int job_start_outputs(struct job *);

/* It could not be started (errno). True: the transfer ends. */
bool job_not_started(struct job *, struct output *);

/* True, with an error printed, if an output file is also an input. */
bool job_overwrites_input(struct job *);

/* PUMP_LOST: reports it and closes it. False: the transfer ends. */
bool job_lose(struct job *, const struct pump_event *);

/* Gives a file its length and syncs it; closes it. Errors are printed. */
void job_complete(struct job *, struct output *);
void job_close_one(struct job *, struct output *);

/* However this ends, a reader that waits for a FIFO's writer sees the end. */
void job_release_readers(struct job *);

/* Waits for the process. False if a signal ends us first, or on an error. */
bool job_await(struct job *, pid_t, const char *name, int *status);

/* Waits for the command, and reports how it failed, if it did. */
void job_wait_for_command(struct job *, pid_t, const char *name, bool broken);

/* As stat(2) and fstat(2), of what the operand names. */
int job_stat_input(const char *operand, struct stat *);

/* ---- store.c ---------------------------------------------------------- */

/*
 * --store-and-forward: stores all inputs, then starts the outputs, with what
 * was stored as the only input. False: nothing is to go on.
 */
bool job_store_first(struct job *);

#endif
