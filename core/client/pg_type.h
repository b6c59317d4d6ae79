/* client/pg_type.h: values of PostgreSQL as they come over the wire, text or binary, by type. Pure: no connection, no
 * Lua. Called by bind/pg_value.c; fuzzed. */
#ifndef CLIENT_PG_TYPE_H
#define CLIENT_PG_TYPE_H

#include "base/buf.h"

enum pg_kind {
    PG_BAD,     /* not what the type's format allows */
    PG_RANGE,   /* an int8 that a double cannot hold, a date outside of the years 1 to 9999 */
    PG_NUMBER,  /* int2, int4, int8, oid, float4, float8 */
    PG_BOOLEAN, /* bool */
    PG_TEXT,    /* everything with no kind of its own; times as RFC 3339 */
    PG_JSON,    /* json, jsonb: text to be decoded */
    PG_ARRAY,   /* to be walked with pg_array_next */
};

struct pg_value {
    enum pg_kind kind;
    bool boolean;
    double number;
    struct str text;  /* in the data or in scratch: valid until the next decode */
    uint32_t element; /* PG_ARRAY: type of the elements */
};

/* True if pg_decode reads the type's binary format. */
bool pg_type_has_binary(uint32_t type);

/* Decodes a value that is not NULL. type: its OID in pg_type; binary: its format. scratch is overwritten. */
struct pg_value pg_decode(uint32_t type, bool binary, struct str data, struct buf *scratch);

/* An array as a stream: OPEN, elements, CLOSE, nested as deep as it has dimensions; then END, or BAD at any point. */
enum pg_array_event { PG_ARRAY_END, PG_ARRAY_OPEN, PG_ARRAY_CLOSE, PG_ARRAY_ELEMENT, PG_ARRAY_NULL, PG_ARRAY_BAD };

enum { PG_ARRAY_DIMENSIONS = 6 }; /* PostgreSQL's MAXDIM */

struct pg_array {
    bool binary, started, comma; /* comma: text: one must come before the next value */
    struct str rest;
    uint32_t element;
    int dimensions, depth;
    uint32_t size[PG_ARRAY_DIMENSIONS], done[PG_ARRAY_DIMENSIONS]; /* binary: elements in all and so far, by depth */
    struct buf token;                                              /* text: the present element, unescaped */
};

/* Begins to walk a value whose kind was PG_ARRAY. pg_array_free when done. */
void pg_array_open(struct pg_array *a, uint32_t element, bool binary, struct str data);

/* The next event; of an ELEMENT the octets, in the array's own format, go to *data (valid until the next call). */
enum pg_array_event pg_array_next(struct pg_array *a, struct str *data);
void pg_array_free(struct pg_array *a);

#endif
