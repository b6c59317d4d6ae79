/* base/background.h: work that gives way to what serves, here and in other processes. Used by loop/work.c for its
 * threads and by process/candidate.c. */
#ifndef BASE_BACKGROUND_H
#define BASE_BACKGROUND_H

/* The calling thread gets what processor time others leave, and gives way at once to a thread that wakes up: it has a
 * lower priority, and longer slices than others, since Linux lets the shorter slice in first (6.12; earlier kernels
 * look at the priority alone). Cannot be undone. What the kernel does not know or permit is left out. */
void background_thread(void);

/* The same for a whole process that has one thread yet. It becomes a session of its own, because Linux weighs
 * interactive sessions against each other and not their processes (sched(7), autogroup). */
void background_process(void);

#endif
