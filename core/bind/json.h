/* bind/json.h: what other bindings share with host.json: the mark of arrays, and encoding into a buffer of theirs. */
#ifndef BIND_JSON_H
#define BIND_JSON_H

#include <lua.h>

#include "base/buf.h"

/* Marks the table at `index` as an array, so that it is [] even when it is empty. */
void json_mark_array(lua_State *L, int index);

/* True if the value at `index` is a table with the mark. */
int json_has_mark(lua_State *L, int index);

/* The address of the metatable that is the mark, for whoever looks at many tables. */
const void *json_mark(lua_State *L);

/* Appends the value at `index` as JSON; raises a Lua error that names the path of what cannot be encoded (then `out`
 * holds a part of it). Needs a few stack slots. */
void json_encode(lua_State *L, int index, struct buf *out);

/* Pushes the value that `text` says, and returns 1; or pushes nil and an error table {code="json", message, offset},
 * and returns 2. `text` must stay in place meanwhile. */
int json_decode(lua_State *L, struct str text);

#endif
