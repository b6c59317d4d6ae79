/* bind/pg.h: what bind/pg.c (databases) and bind/pg_hold.c (held connections) share. */
#ifndef BIND_PG_H
#define BIND_PG_H

#include <lua.h>

#include "client/pg_pool.h"
#include "vm/task.h"

/* A query that a task waits for. */
struct pg_query {
    struct wait wait;
    struct pg_request *request; /* NULL: answered */
    struct counter *seconds;    /* histogram; NULL: not counted */
    bool batch;
};

/* The pool of the database at index 1, opened at its first use. */
struct pg_pool *pg_check_pool(lua_State *L);

/* pg_hold.c: the class host.pg.connection; leaves the functions acquire and release in the table on top. */
void pg_hold_open(lua_State *L);

#endif
