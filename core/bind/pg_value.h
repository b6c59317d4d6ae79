/* bind/pg_value.h: Lua values as parameters, results and errors of PostgreSQL as Lua values. Used by bind/pg.c and
 * bind/pg_hold.c. */
#ifndef BIND_PG_VALUE_H
#define BIND_PG_VALUE_H

#include <lua.h>

#include "client/pg_request.h"

enum { PG_BATCH_MAX = 1000 };

/* text (for pg.json), array, bytes: parameters that need more than their Lua type says. Adds them to the table on top.
 */
void pg_value_open(lua_State *L);

/* Checks the SQL text at index and its parameters behind it, up to the top of the stack: raises on a bad one. */
void pg_check_statement(lua_State *L, int index);

/* The same for the array of statements at index, each { sql, … }. refusal, if any, says what is wrong with a text. */
void pg_check_batch(lua_State *L, int index, const char *(*refusal)(void *arg, struct str sql), void *arg);

/* A request of what was checked, which does not raise. */
struct pg_request *pg_request_of_statement(lua_State *L, int index);
struct pg_request *pg_request_of_batch(lua_State *L, int index);

/* Pushes what a finished request gave: the rows (batch: an array of them), or nil and the error; returns 1 or 2. */
int pg_push_outcome(lua_State *L, const struct pg_request *r, bool batch);

/* Pushes nil and the error; returns 2. */
int pg_push_error(lua_State *L, const struct pg_error *error);

#endif
