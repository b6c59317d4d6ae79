/* proto/field.h: names of HTTP fields that the core itself looks at, recognised while a head is read. Used by the
 * HTTP/1.1 parser, by HTTP/2, and by whoever asks a head for a field. */
#ifndef PROTO_FIELD_H
#define PROTO_FIELD_H

#include "base/str.h"

#define HTTP_FIELDS(X)                                                                                                 \
    X(ACCEPT, "accept")                                                                                                \
    X(ACCEPT_ENCODING, "accept-encoding")                                                                              \
    X(AUTHORIZATION, "authorization")                                                                                  \
    X(CONNECTION, "connection")                                                                                        \
    X(CONTENT_LENGTH, "content-length")                                                                                \
    X(CONTENT_TYPE, "content-type")                                                                                    \
    X(COOKIE, "cookie")                                                                                                \
    X(EXPECT, "expect")                                                                                                \
    X(FORWARDED, "forwarded")                                                                                          \
    X(HOST, "host")                                                                                                    \
    X(IF_MATCH, "if-match")                                                                                            \
    X(IF_MODIFIED_SINCE, "if-modified-since")                                                                          \
    X(IF_NONE_MATCH, "if-none-match")                                                                                  \
    X(IF_RANGE, "if-range")                                                                                            \
    X(IF_UNMODIFIED_SINCE, "if-unmodified-since")                                                                      \
    X(LAST_EVENT_ID, "last-event-id")                                                                                  \
    X(ORIGIN, "origin")                                                                                                \
    X(RANGE, "range")                                                                                                  \
    X(REFERER, "referer")                                                                                              \
    X(SEC_WEBSOCKET_EXTENSIONS, "sec-websocket-extensions")                                                            \
    X(SEC_WEBSOCKET_KEY, "sec-websocket-key")                                                                          \
    X(SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol")                                                                \
    X(SEC_WEBSOCKET_VERSION, "sec-websocket-version")                                                                  \
    X(TE, "te")                                                                                                        \
    X(TRACEPARENT, "traceparent")                                                                                      \
    X(TRAILER, "trailer")                                                                                              \
    X(TRANSFER_ENCODING, "transfer-encoding")                                                                          \
    X(UPGRADE, "upgrade")                                                                                              \
    X(USER_AGENT, "user-agent")                                                                                        \
    X(X_FORWARDED_FOR, "x-forwarded-for")                                                                              \
    X(X_FORWARDED_PROTO, "x-forwarded-proto")                                                                          \
    X(X_REAL_IP, "x-real-ip")

enum http_field {
    HTTP_FIELD_OTHER,
#define X(id, name) HTTP_FIELD_##id,
    HTTP_FIELDS(X)
#undef X
        HTTP_FIELD_COUNT
};

/* Which field this name (any case) is; HTTP_FIELD_OTHER if none of the table. */
enum http_field http_field_id(struct str name);

/* The name in lower case; "" for HTTP_FIELD_OTHER. */
struct str http_field_name(enum http_field id);

/* True if `s` is a token: a valid method or field name (RFC 9110 §5.6.2). */
bool http_is_token(struct str s);

/* True if `s` may stand as a field value: no control characters but tab, no outer blanks (RFC 9110 §5.5). */
bool http_is_value(struct str s);

/* True if the comma-separated list `value` has the member `token`, in any case (RFC 9110 §5.6.1). */
bool http_list_has(struct str value, struct str token);

#endif
