/* base/background.h: work that gives way to what serves, here and in other processes. Used by loop/work.c for its
 * threads, by process/spawn.c for the candidate and by process/master.c. What the kernel does not know or permit is
 * left out. */
#ifndef BASE_BACKGROUND_H
#define BASE_BACKGROUND_H

/* The calling thread gives way at once to a thread that wakes up: its slices are longer than others', and Linux lets
 * the shorter one in first (6.12). It gets its share all the same, and its children do not inherit this. */
void background_patient(void);

/* The same with a lower priority, which earlier kernels look at: it gets little of a processor that others want. Cannot
 * be undone, and children inherit it. */
void background_thread(void);

/* The same for a whole process that has one thread yet. It becomes a session of its own, because Linux weighs
 * interactive sessions against each other and not their processes (sched(7), autogroup). */
void background_process(void);

#endif
