/* loop/work.h: a pool of threads for what would block the loop: password hashes, name resolution, file reads, building
 * a generation. They give way to the loop when both want the processor. */
#ifndef LOOP_WORK_H
#define LOOP_WORK_H

#include <stdbool.h>

struct loop;
struct seats;
struct work;

/* threads: how many run at once (they start at the first job, so a process that forks has none yet); queue: how many
 * jobs may wait. Returns NULL when out of memory or descriptors. */
struct work *work_new(struct loop *loop, unsigned threads, unsigned queue);

/* From now on a job runs only while the process has this seat (base/seats.h), which must outlive the pool. For pools of
 * one thread, before the first job. */
void work_share(struct work *pool, struct seats *seats, unsigned number);

/* Finishes every accepted job, calls its done, then ends the threads. Blocks while jobs run. */
void work_free(struct work *pool);

/* Runs run(arg) on a thread, then done(arg) on the loop, exactly once each. Whatever arg points to must live until
 * done. Returns false, and calls neither, when the queue is full or no thread can be started. */
bool work_submit(struct work *pool, void (*run)(void *arg), void (*done)(void *arg), void *arg);

/* Jobs that wait or run. */
unsigned work_pending(const struct work *pool);

#endif
