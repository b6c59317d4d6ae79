/* bind/socket_object.h: the Lua object of a socket, shared by sockets.c and ws.c. */
#ifndef BIND_SOCKET_OBJECT_H
#define BIND_SOCKET_OBJECT_H

#include "bind/serving.h"

/* Knows by the serial number whether its socket is still the one it was made for. */
struct socket_box {
    const char *type; /* socket_type or stream_type: what a userdata of this size must begin with to be one */
    struct socket *socket;
    uint64_t serial;
    bool has_state; /* the state lies as [1] in the object's environment */
};

/* Pushes the state table of the object at index (an absolute one). */
void socket_push_state(lua_State *L, int index, struct socket_box *box);

#endif
