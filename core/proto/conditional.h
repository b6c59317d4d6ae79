/* proto/conditional.h: entity tags, preconditions and ranges (RFC 9110 §8.8, §13, §14). */
#ifndef PROTO_CONDITIONAL_H
#define PROTO_CONDITIONAL_H

#include "base/str.h"

#include <time.h>

/* Reads an HTTP date in any of the three forms (RFC 9110 §5.6.7); false if it is none. */
bool http_date_parse(struct str s, time_t *t);

/* True if `s` is an entity-tag, `"…"` or `W/"…"`. */
bool etag_valid(struct str s);

/* Weak comparison: the opaque parts are equal (RFC 9110 §8.8.3.2). */
bool etag_weak_equal(struct str a, struct str b);

/* Strong comparison: equal and neither is weak. */
bool etag_strong_equal(struct str a, struct str b);

/* What a request may say and what the resource is. Absent fields are STR_NULL; without an ETag etag is STR_NULL,
 * without Last-Modified modified is -1. `exists` false: there is no current representation. Several lines of a list are
 * joined with commas by the caller. */
struct preconditions {
    struct str if_match, if_none_match, if_modified_since, if_unmodified_since;
};

struct validators {
    struct str etag;
    time_t modified;
    bool exists;
};

/* 0: go on; 304 or 412: answer that (RFC 9110 §13.2.2). `safe`: the method is GET or HEAD. */
int precondition_check(const struct preconditions *p, const struct validators *v, bool safe);

enum range_result { RANGE_NONE, RANGE_ONE, RANGE_UNSATISFIABLE };

/* Range: one byte range of a representation of `size` octets, only for GET. NONE: send all of it (no range, another
 * unit, malformed, several ranges, or If-Range that does not match); UNSATISFIABLE: 416 with Content-Range: bytes *
 * /size. `if_range` STR_NULL if absent. ONE: octets first … last (RFC 9110 §14.1.2, §13.1.5). */
enum range_result range_parse(struct str range, struct str if_range, const struct validators *v, uint64_t size,
                              uint64_t *first, uint64_t *last);

#endif
