/* base/str.h: a slice of bytes that somebody else owns. Used by every layer.
 *
 * A slice is valid as long as the memory it points into; it needs no NUL at its end and may hold any byte. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A literal as a slice, without its NUL. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NULL ((struct str){NULL, 0})

/* For printf's "%.*s". */
#define STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")

static inline struct str str_of(const void *p, size_t n)
{
    return (struct str){p, n};
}

/* A C string as a slice; NULL becomes the empty slice. */
static inline struct str str_from(const char *text)
{
    return text ? (struct str){text, strlen(text)} : STR_NULL;
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Equal but for the case of ASCII letters, as field names and tokens are compared (RFC 9110 §5.1). */
bool str_ieq(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);

/* Without spaces and tabs (OWS, RFC 9110 §5.6.3) at both ends. */
struct str str_trim(struct str s);

/* Cuts the part before the first `separator` off `*rest` and returns it; without one, all of it, and `*rest` becomes
 * STR_NULL. Loop: while (rest.p) { part = str_cut(&rest, ','); … } */
struct str str_cut(struct str *rest, char separator);

/* Decimal digits only, at least one; false if anything else stands there or the value is above UINT64_MAX. */
bool str_to_u64(struct str s, uint64_t *value);

/* Hash for tables in memory, eight octets at a time; not for keys that an attacker chooses. */
uint64_t str_hash(struct str s);

#endif
