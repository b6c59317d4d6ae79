/* client/transfer.h: libcurl's multi interface on the loop: its sockets and its timer. Used by http_client.c and
 * mail.c, which own the easy handles; all of a worker's share one set, and with it connections and limits. */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

#include <curl/curl.h>

#include <stdbool.h>

struct loop;
struct transfers;

/* Embedded in what it belongs to. The owner sets easy and on_result. */
struct transfer {
    CURL *easy;
    /* Called from the loop once it has ended, never from within libcurl; it does not run any more. */
    void (*on_result)(struct transfer *t, CURLcode result);
    struct transfers *all;
    struct transfer *next, **link;
    bool running;
};

struct transfers *transfers_new(struct loop *loop);

/* Ends what runs with CURLE_ABORTED_BY_CALLBACK. NULL is allowed. */
void transfers_free(struct transfers *all);

/* t and what easy refers to must live until on_result or transfer_stop. */
void transfer_start(struct transfers *all, struct transfer *t);

/* Without a call of on_result; nothing if it does not run. */
void transfer_stop(struct transfer *t);

/* What went wrong, in the words of host.http and host.mail: "bad_url", "dns", "refused", "timeout", "tls", "closed";
 * NULL for CURLE_OK. */
const char *transfer_code(CURLcode result);

#endif
