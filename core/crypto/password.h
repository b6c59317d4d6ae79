/* crypto/password.h: password hashes by scrypt (RFC 7914). Each call takes a good part of a second and 32 MiB: only in
 * the thread pool. Called by bind/crypto.c.
 *
 * A hash is text in the PHC form, "$scrypt$ln=15,r=8,p=3$salt$hash": it carries its parameters, so that they can be
 * raised later while old hashes still verify. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/str.h"

enum {
    PASSWORD_MAX = 4096,      /* octets of a password: 1024 characters of UTF-8 */
    PASSWORD_SALT_SIZE = 16,  /* octets */
    PASSWORD_HASH_SIZE = 128, /* room for a hash's text with its NUL */
};

struct password_result {
    bool matches;
    bool stale; /* made with other parameters than today's: hash anew at the next log-in */
};

/* Writes the hash of password (at most PASSWORD_MAX octets) as text with a NUL. False without memory. */
bool password_hash(struct str password, char out[PASSWORD_HASH_SIZE]);

/* Does password belong to hash? A malformed hash takes the time of a good one and does not match. */
struct password_result password_verify(struct str password, struct str hash);

#endif
