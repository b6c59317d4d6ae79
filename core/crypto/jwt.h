/* crypto/jwt.h: signed tokens (JWS compact form, RFC 7515; RFC 7519, 8725), HS256, RS256 and ES256, by libjwt. Called
 * by bind/jwt.c; fuzzed. What the claims say (exp, aud …) is the caller's to check.
 *
 * libjwt takes the algorithm from the token and reads base64 and JSON generously, so a token reaches it only after it
 * was found to be canonical, unambiguous, and signed the way that the key is made for. */
#ifndef CRYPTO_JWT_H
#define CRYPTO_JWT_H

#include "base/buf.h"

enum token_alg { TOKEN_HS256, TOKEN_RS256, TOKEN_ES256 };

enum {
    TOKEN_MAX = 8192,   /* octets of a token */
    TOKEN_KID_MAX = 128 /* of a key id */
};

struct token_key;

bool token_alg_from(struct str name, enum token_alg *alg);

/* A key: a secret of at least 32 octets, or PEM, private (to sign and verify) or public. NULL with a sentence in error
 * if it does not fit the algorithm (RS256: 2048 bits or more, ES256: P-256). The text is copied. */
struct token_key *token_key_new(enum token_alg alg, struct str text, const char **error);
void token_key_free(struct token_key *key);

enum token_result { TOKEN_OK, TOKEN_MALFORMED, TOKEN_SIGNATURE, TOKEN_KEY };

/* The three parts, decoded but not verified. kid: NULL if the header has none. */
struct token_parts {
    struct str header, claims; /* JSON, in the buffers given to token_split */
    struct str kid;
    enum token_alg alg;
};

/* Splits a token into canonical parts and reads its header, into buffer. False if it is malformed, asks for extensions
 * (crit), or names another algorithm than the three. */
bool token_split(struct str token, struct buf *buffer, struct token_parts *parts);

/* Is token, which was split into parts, signed with key? TOKEN_KEY: key is for another algorithm. */
enum token_result token_verify(struct str token, const struct token_parts *parts, const struct token_key *key);

/* Appends the token of claims (a JSON object) to out. kid may be STR_NULL. False if the key cannot sign (public) or the
 * claims are no JSON object to libjwt. */
bool token_sign(const struct token_key *key, struct str claims, struct str kid, struct buf *out);

/* ---- Tokens that were verified, so that the same token's next request costs no signature ---- */

struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *cache);

/* The claims of a token that was verified with key, or STR_NULL. Valid until the next put. */
struct str token_cache_get(struct token_cache *cache, struct str token, const struct token_key *key);
void token_cache_put(struct token_cache *cache, struct str token, const struct token_key *key, struct str claims);

#endif
