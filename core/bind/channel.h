/* bind/channel.h: a Lua function that is called for each message of a channel, each time as a task. It belongs to its
 * generation: it begins when that takes over and ends when it is replaced. Used by bind/pg.c and bind/redis.c. */
#ifndef BIND_CHANNEL_H
#define BIND_CHANNEL_H

#include <lua.h>

#include "base/str.h"
#include "vm/vm.h"

enum { CHANNEL_NAME_MAX = 63 };

/* First member of what a binding keeps per listener. */
struct channel {
    struct vm_hook life;
    struct vm *vm;
    void (*begin)(struct channel *l);
    void (*end)(struct channel *l);
    int fn, self; /* registry references */
    char name[CHANNEL_NAME_MAX + 1];
};

/* A zeroed listener of size octets for the channel's name and the function at these indices (raises if they are none);
 * the value at keep, if that is not 0, lives as long. begin is called now if the generation is in force. */
void *channel_new(lua_State *L, size_t size, int channel, int fn, int keep);
void channel_start(struct channel *l, void (*begin)(struct channel *l), void (*end)(struct channel *l));

/* Calls the function with the payload, or with nil if payload.p is NULL. On the loop, between begin and end. */
void channel_deliver(struct channel *l, struct str payload);

#endif
