/* process/signal.h: signal handlers that only set flags and wake the loop; what they ask for is done there, in a fixed
 * order (nginx does it so). Called by master.c, worker.c and command.c. */
#ifndef PROCESS_SIGNAL_H
#define PROCESS_SIGNAL_H

#include <stdbool.h>

struct loop;

/* Catches the signals of the list (ended by 0) and ignores SIGPIPE. fn runs on the loop after any of them came. One
 * set per process; a forked process sets its own. */
void signals_catch(struct loop *loop, const int *signals, void (*fn)(void *arg), void *arg);

/* True once after that signal came. */
bool signal_taken(int signal);

/* Back to the defaults, in a forked process that has not caught its own yet. */
void signals_reset(void);

#endif
