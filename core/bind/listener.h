/* bind/listener.h: a Lua function that is called for each message of a channel, each time as a task. It belongs to its
 * generation: it begins when that takes over and ends when it is replaced. Used by bind/pg.c and bind/redis.c. */
#ifndef BIND_LISTENER_H
#define BIND_LISTENER_H

#include <lua.h>

#include "base/str.h"
#include "vm/vm.h"

enum { LISTENER_CHANNEL_MAX = 63 };

/* First member of what a binding keeps per listener. */
struct listener {
    struct vm_hook life;
    struct vm *vm;
    void (*begin)(struct listener *l);
    void (*end)(struct listener *l);
    int fn, self; /* registry references */
    char channel[LISTENER_CHANNEL_MAX + 1];
};

/* A zeroed listener of size octets for the channel's name and the function at these indices (raises if they are none);
 * the value at keep, if that is not 0, lives as long. begin is called now if the generation is in force. */
void *listener_new(lua_State *L, size_t size, int channel, int fn, int keep);
void listener_start(struct listener *l, void (*begin)(struct listener *l), void (*end)(struct listener *l));

/* Calls the function with the payload, or with nil if payload.p is NULL. On the loop, between begin and end. */
void listener_deliver(struct listener *l, struct str payload);

#endif
