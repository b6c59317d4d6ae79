/* client/mail.h: one message to an SMTP server (RFC 5321) by libcurl, on the loop. Called by bind/mail.c. Composing the
 * message (RFC 5322) is the caller's; dots at the beginning of lines are doubled here. */
#ifndef CLIENT_MAIL_H
#define CLIENT_MAIL_H

#include "base/str.h"

#include <stdbool.h>

struct transfers;
struct mail;

enum mail_tls {
    MAIL_TLS_NONE, /* never STARTTLS: a server on this machine */
    MAIL_TLS_IF_OFFERED,
    MAIL_TLS_REQUIRED /* STARTTLS or the end; smtps: has TLS from its first octet in any case */
};

struct mail_options {
    const char *server;          /* smtp://host[:port] or smtps://host[:port] */
    const char *user, *password; /* NULL: no log-in */
    const char *from, *to;       /* addresses of the envelope */
    struct str message;          /* head and body, lines end in CRLF; must live until on_done or mail_cancel */
    enum mail_tls tls;
    double timeout; /* seconds for all of it */
};

/* What is wrong with the options (static), or NULL. */
const char *mail_fault(const struct mail_options *options);

/* Sends. on_done comes from the loop, once, never from within: code NULL: the server has taken it; "rejected": it never
 * will (a reply 5yz); "deferred": not now (4yz); "denied": the log-in; else as transfer_code. The mail is gone after
 * on_done. Strings but for the message are copied. */
struct mail *mail_start(struct transfers *all, const struct mail_options *options,
                        void (*on_done)(void *arg, const char *code, const char *message), void *arg);

/* Ends it without a call of on_done. Whether the server has it may be unknown. */
void mail_cancel(struct mail *mail);

#endif
