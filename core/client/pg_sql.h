/* client/pg_sql.h: what an SQL text does to the session that runs it, judged by its first words. Called by pg_pool.c,
 * which lets only statements without such an effect run on shared connections. */
#ifndef CLIENT_PG_SQL_H
#define CLIENT_PG_SQL_H

#include "base/str.h"

enum pg_sql {
    PG_SQL_PLAIN,       /* leaves nothing behind in the session */
    PG_SQL_TRANSACTION, /* BEGIN, COMMIT, SAVEPOINT …: on held connections */
    PG_SQL_SESSION,     /* SET, LISTEN, DECLARE, a temporary table, a session's lock …: held, and undone afterwards */
    PG_SQL_COPY,        /* COPY: by copy() only */
};

enum pg_sql pg_sql_kind(struct str sql);

#endif
