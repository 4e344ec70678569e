/* Signals set one flag, read in one place. */
#ifndef PGRETAIN_BASE_SIG_H
#define PGRETAIN_BASE_SIG_H

#include "base/util.h"

/* For every command: a closed pipe is a write error, not a death; so is a file that may grow no further. */
void sig_ignore_pipe(void);
/* For commands that stop resumably: SIGINT, SIGTERM and SIGHUP set the flag. The third one kills.
 * Signals that come on each other's heels are one: a service manager and a scheduler may both pass one on. */
void sig_catch_stop(void);

/* 0: go on. 1: finish or cancel the unit in flight, then stop. 2 (asked twice): cancel it now. */
int sig_stop_requested(void);
/* Readable once a stop was requested, for a poll() loop; -1 before sig_catch_stop(). Never read it. */
int sig_stop_fd(void);

#endif
