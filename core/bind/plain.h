/* bind/plain.h: plain data (nil, booleans, numbers, strings and tables of them) as octets, so that it survives the end
 * of a Lua state. Only for this process: the octets are never read from outside. */
#ifndef BIND_PLAIN_H
#define BIND_PLAIN_H

#include <lua.h>

#include "base/buf.h"

/* Appends the value at index. NULL, or what is wrong with it ("a function", "tables nested more than 32 deep",
 * "more than 64 KiB"); out is then incomplete. */
const char *plain_write(lua_State *L, int index, size_t limit, struct buf *out);

/* Pushes the value; nil for an empty slice. */
void plain_push(lua_State *L, struct str data);

#endif
