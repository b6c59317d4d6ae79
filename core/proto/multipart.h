/* proto/multipart.h: multipart/form-data as it arrives (RFC 7578, RFC 2046 §5.1). Called by bind/; no I/O.
 *
 * Feed pieces of the body in order and take events until MORE; a part's content comes out in pieces and is never kept.
 */
#ifndef PROTO_MULTIPART_H
#define PROTO_MULTIPART_H

#include "base/buf.h"

enum { MULTIPART_BOUNDARY_MAX = 70, MULTIPART_HEAD_MAX = 8192 };

enum multipart_event {
    MULTIPART_MORE,
    MULTIPART_PART,  /* a part begins: name, filename, type are set, valid until the next PART */
    MULTIPART_DATA,  /* a piece of its content */
    MULTIPART_LAST,  /* the part is complete */
    MULTIPART_END,   /* the closing delimiter was read; what follows is ignored */
    MULTIPART_ERROR, /* m.reason says why */
};

struct multipart {
    struct buf head;                 /* of the part under way */
    struct str name, filename, type; /* filename STR_NULL: not a file; type STR_NULL: not stated */
    const char *reason;
    uint32_t parts, parts_max;
    uint8_t state, matched; /* bytes of the delimiter seen so far */
    uint8_t delimiter_size; /* "\r\n--" and the boundary */
    char delimiter[MULTIPART_BOUNDARY_MAX + 4];
};

/* `content_type` is the request's field; false if it is no multipart/form-data with a valid boundary. */
bool multipart_init(struct multipart *m, struct str content_type, uint32_t parts_max);
void multipart_free(struct multipart *m);

/* Reads `input` up to the next event; *consumed says how far. A DATA slice lies in `input` or in `m`, until the next
 * call. */
enum multipart_event multipart_next(struct multipart *m, struct str input, size_t *consumed, struct str *data);

/* True once END was given: a body that ends before is truncated. */
bool multipart_complete(const struct multipart *m);

#endif
