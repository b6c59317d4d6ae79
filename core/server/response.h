/* server/response.h: answers. Filled by bind/server.c and static.c, sent through the request's transport. */
#ifndef SERVER_RESPONSE_H
#define SERVER_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct request;
struct open_file;

enum { RESPONSE_FIELDS_MAX = 96 };

struct response_field {
    struct str name, value; /* somebody else's octets, valid while the response is being sent */
};

struct response {
    int status;
    unsigned count;
    struct response_field fields[RESPONSE_FIELDS_MAX];
};

static inline void response_init(struct response *response, int status)
{
    response->status = status;
    response->count = 0;
}

/* Adds a field line. Returns NULL, or a sentence: name or value is malformed, too many lines, or one that the core
 * writes itself (Content-Length, Transfer-Encoding, Connection, Date, Upgrade, Keep-Alive). */
const char *response_add(struct response *response, struct str name, struct str value);

/* The value of the first line of that name (lower case), STR_NULL if there is none. */
struct str response_find(const struct response *response, struct str name);

/* The whole answer. A HEAD request gets the head alone. False if r was answered before. */
bool response_send(struct request *r, struct response *response, struct str body);

/* A problem (RFC 9457) with a sentence, "" for the status's own words: for what the core refuses by itself. The
 * sentence has no character that JSON escapes. */
bool response_problem(struct request *r, struct response *response, struct str text);
void response_refuse(struct request *r, int status, struct str text);

/* The same in pieces. response_write returns the octets that the client has not yet taken, -1 if it is gone. */
bool response_start(struct request *r, struct response *response);
int64_t response_write(struct request *r, struct str chunk);
bool response_finish(struct request *r, const struct response *trailers);

/* 1xx. */
bool response_interim(struct request *r, const struct response *response);

/* size octets of a file from offset on. */
bool response_send_file(struct request *r, struct response *response, struct open_file *file, uint64_t from,
                        uint64_t size);

/* What goes on is too much for the output: stop until request_event(). */
enum { RESPONSE_QUEUE_MAX = 256 * 1024 };

#endif
