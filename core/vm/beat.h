/* vm/beat.h: one line of memory that a worker shares with the master, so that the master can tell a worker that waits
 * from one that a script holds or that has been stopped, and can name what it was doing. The worker writes (task.c,
 * process/worker.c), the master reads (process/watchdog.c). */
#ifndef VM_BEAT_H
#define VM_BEAT_H

#include <stdatomic.h>

enum { BEAT_LABEL = 64 };

struct beat {
    _Atomic unsigned turns;      /* grows whenever the worker's loop is alive and whenever a task begins to run */
    _Atomic unsigned running;    /* 1 while Lua runs */
    _Atomic unsigned generation; /* of the task that runs */
    _Atomic unsigned swapped;    /* the generation in force */
    _Atomic unsigned alive;      /* generations */
    _Atomic unsigned replace;    /* 1: Lua memory passed 75 % of its limit, another worker should take over */
    _Atomic unsigned long lua;   /* octets of all VMs */
    _Atomic double started;      /* clock_now() of the task's start */
    char label[BEAT_LABEL];      /* of the task; torn at worst, always ended by a NUL */
};

#endif
