#include "client/pg_statement.h"

#include "base/mem.h"
#include "client/pg_type.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t *chain_of(struct pg_statements *all, uint64_t hash)
{
    return &all->heads[hash % PG_STATEMENTS_MAX];
}

static void forget(struct pg_statements *all, struct pg_statement *s)
{
    uint32_t *link = chain_of(all, s->hash);
    while (*link != s->index + 1)
        link = &all->at[*link - 1].next;
    *link = s->next;
    free((char *)s->sql.p);
    s->number = 0;
}

/* A free place, or that of the statement unused for longest. */
static struct pg_statement *take_place(struct pg_statements *all)
{
    if (all->count < PG_STATEMENTS_MAX) {
        all->at[all->count].index = all->count;
        return &all->at[all->count++];
    }
    struct pg_statement *oldest = &all->at[0];
    for (uint32_t i = 1; i < PG_STATEMENTS_MAX; i++)
        if (all->at[i].used < oldest->used)
            oldest = &all->at[i];
    forget(all, oldest);
    return oldest;
}

struct pg_statement *pg_statement_get(struct pg_statements *all, struct str sql)
{
    if (all->last && str_eq(all->last->sql, sql)) {
        all->last->used = ++all->clock;
        return all->last;
    }
    uint64_t hash = str_hash(sql);
    for (uint32_t i = *chain_of(all, hash); i; i = all->at[i - 1].next) {
        struct pg_statement *s = &all->at[i - 1];
        if (s->hash == hash && str_eq(s->sql, sql)) {
            s->used = ++all->clock;
            all->last = s;
            return s;
        }
    }
    struct pg_statement *s = take_place(all);
    uint32_t index = s->index;
    *s = (struct pg_statement){
        .sql = {mem_dup(sql.p, sql.n), sql.n},
        .hash = hash,
        .index = index,
        .used = ++all->clock,
        .kind = pg_sql_kind(sql),
        .next = *chain_of(all, hash),
    };
    *chain_of(all, hash) = index + 1;
    all->last = s;
    pg_statement_renumber(all, s);
    return s;
}

void pg_statement_renumber(struct pg_statements *all, struct pg_statement *s)
{
    s->number = ++all->last_number;
    s->known = false;
    snprintf(s->name, sizeof s->name, "s%u", s->number);
}

struct pg_statement *pg_statement_find(struct pg_statements *all, uint32_t index, uint32_t number)
{
    return number && all->at[index].number == number ? &all->at[index] : NULL;
}

void pg_statement_learn(struct pg_statement *s, const PGresult *result)
{
    s->known = s->binary = true;
    for (int i = 0; i < PQnfields(result); i++)
        s->binary = s->binary && pg_type_has_binary(PQftype(result, i));
}

void pg_statements_free(struct pg_statements *all)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (all->at[i].number)
            free((char *)all->at[i].sql.p);
}
