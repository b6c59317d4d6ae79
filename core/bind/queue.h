/* bind/queue.h: task.queue and task.semaphore, for bind/task.c. */
#ifndef BIND_QUEUE_H
#define BIND_QUEUE_H

#include <lua.h>

/* Adds queue and semaphore to the module's table on top. */
void queue_open(lua_State *L);

#endif
