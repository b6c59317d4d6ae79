#include "client/pg_sql.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without spaces, comments and opening parentheses in front. Block comments nest in PostgreSQL. */
static struct str skip_blank(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        char next = i + 1 < s.n ? s.p[i + 1] : '\0';
        if (is_space(s.p[i]) || s.p[i] == '(') {
            i++;
        } else if (s.p[i] == '-' && next == '-') {
            while (i < s.n && s.p[i] != '\n')
                i++;
        } else if (s.p[i] == '/' && next == '*') {
            int depth = 0;
            do {
                bool opens = i + 1 < s.n && s.p[i] == '/' && s.p[i + 1] == '*';
                bool closes = i + 1 < s.n && s.p[i] == '*' && s.p[i + 1] == '/';
                depth += opens ? 1 : closes ? -1 : 0;
                i += opens || closes ? 2 : 1;
            } while (depth > 0 && i < s.n);
        } else {
            break;
        }
    }
    return i < s.n ? str_of(s.p + i, s.n - i) : STR_NULL;
}

static struct str take_word(struct str *s)
{
    *s = skip_blank(*s);
    size_t n = 0;
    while (n < s->n && ((s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
        n++;
    struct str word = {s->p, n};
    if (n > 0)
        *s = str_of(s->p + n, s->n - n);
    return word;
}

static bool is_one_of(struct str word, const char *const *words)
{
    for (; *words; words++)
        if (str_ieq(word, str_from(*words)))
            return true;
    return false;
}

static bool contains(struct str s, struct str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++)
        if (ascii_lower(s.p[i]) == part.p[0] && str_ieq(str_of(s.p + i, part.n), part))
            return true;
    return false;
}

enum pg_sql pg_sql_kind(struct str sql)
{
    static const char *const transaction[] = {"begin", "start",     "commit",  "end", "rollback",
                                              "abort", "savepoint", "release", NULL};
    static const char *const session[] = {"set",     "reset",      "listen",  "unlisten", "prepare",
                                          "execute", "deallocate", "declare", "fetch",    "move",
                                          "close",   "load",       "discard", "lock",     NULL};
    static const char *const temporary[] = {"temp", "temporary", NULL};
    struct str rest = sql, first = take_word(&rest), second = take_word(&rest);
    if (is_one_of(first, transaction))
        return PG_SQL_TRANSACTION;
    if (is_one_of(first, session))
        return PG_SQL_SESSION;
    if (str_ieq(first, STR("copy")))
        return PG_SQL_COPY;
    if (str_ieq(first, STR("create")) && is_one_of(second, temporary))
        return PG_SQL_SESSION;
    bool keeps = contains(sql, STR("set_config")) || contains(sql, STR("pg_advisory_lock")) ||
                 contains(sql, STR("pg_try_advisory_lock"));
    return keeps ? PG_SQL_SESSION : PG_SQL_PLAIN;
}
