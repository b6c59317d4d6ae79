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

/* The same with the members of objects in the order of their names. */
void json_encode_canonical(lua_State *L, int index, struct buf *out);

/* The names of the table on top of the stack, sorted, in memory that is left there; NULL if a key is no text. */
const struct str *json_names(lua_State *L, size_t *count);

/* The VM's memory for a text that is written, empty; what owns it is left on the stack, so that it stays meanwhile.
 * json_push_text() pushes what was written. */
struct buf *json_text(lua_State *L);
void json_push_text(lua_State *L, struct buf *out);

/* writer(plan) of the module: see json_writer.c. */
int json_writer(lua_State *L);

/* Pushes the value that `text` says, and returns 1; or pushes nil and an error table {code="json", message, offset},
 * and returns 2. `text` must stay in place meanwhile. */
int json_decode(lua_State *L, struct str text);

#endif
