/* client/pg_statement.h: the statements that a pool has seen, so that each connection prepares them once. Bounded: the
 * one unused for longest makes room. Called by pg_conn.c and pg_pool.c.
 *
 * A statement has a place (its index) and a number, unique for the pool's life; connections remember which number they
 * have prepared at which place. Results are asked for in text at first; once the column types are known, in binary if
 * all of them can be decoded from it, which is cheaper for both sides. */
#ifndef CLIENT_PG_STATEMENT_H
#define CLIENT_PG_STATEMENT_H

#include "client/pg_sql.h"

#include <libpq-fe.h>

enum { PG_STATEMENTS_MAX = 256 };

struct pg_statement {
    struct str sql;
    uint64_t hash;
    uint32_t number; /* 0: the place is free */
    uint32_t index;
    uint64_t used;
    enum pg_sql kind;
    bool known, binary; /* known: the column types have been seen */
    uint32_t next;      /* in its chain: index + 1 */
    char name[16];      /* "s" and its number: how the server knows it */
};

struct pg_statements {
    struct pg_statement at[PG_STATEMENTS_MAX];
    uint32_t heads[PG_STATEMENTS_MAX]; /* by hash: index + 1 */
    uint32_t last_number;
    uint32_t count;
    uint64_t clock;
    struct pg_statement *last; /* found last: the same statement comes often many times in a row */
};

/* The statement of this text, made if it is new. Valid until the next call. */
struct pg_statement *pg_statement_get(struct pg_statements *all, struct str sql);

/* The statement at that place, or NULL if it has made room for another. */
struct pg_statement *pg_statement_find(struct pg_statements *all, uint32_t index, uint32_t number);

/* Gives it a new number, so that every connection prepares it anew. */
void pg_statement_renumber(struct pg_statements *all, struct pg_statement *s);

/* Learns from a result of the statement which format to ask for. */
void pg_statement_learn(struct pg_statement *s, const PGresult *result);

void pg_statements_free(struct pg_statements *all);

#endif
