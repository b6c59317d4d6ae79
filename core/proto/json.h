/* proto/json.h: strict JSON (RFC 8259) into a list of tokens, and the text of strings and numbers out. Called by
 * bind/json.c and the fuzzer; knows nothing of Lua.
 *
 * One pass checks the whole text and writes the tokens in reading order; arrays and objects say how many members
 * follow, so that whoever builds values from them can make containers of the right size and meets no error on the way.
 */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "base/buf.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_token {
    union {
        double number;
        struct {
            uint32_t at;        /* string: where it begins in the text, behind the quote */
            uint32_t unescaped; /* string with escapes: where its octets begin in json.unescaped */
        } text;
    } as;
    uint32_t size; /* string: octets; array: members; object: pairs, each a string token and a value */
    uint8_t kind;
    bool escaped;
};

struct json {
    struct json_token *tokens; /* the value and all that is in it */
    uint32_t count, capacity;
    struct buf unescaped; /* strings that had escapes, decoded */
    const char *message;  /* after a failure: what is wrong, static text … */
    size_t offset;        /* … and at which octet */
};

/* Reads one value; {0} is a fresh `struct json`, and one may be used again and again. False for anything that RFC
 * 8259's grammar does not have, and for depth over JSON_DEPTH_MAX, invalid UTF-8, lone surrogates, numbers beyond a
 * double (overflow, or underflow to zero), and integers that a double would round. Equal names in an object are left
 * for the caller to find. */
bool json_parse(struct json *j, struct str text);

void json_free(struct json *j);

/* The octets of a string token of `text`. */
static inline struct str json_string(const struct json *j, struct str text, const struct json_token *token)
{
    return token->escaped ? str_of(j->unescaped.data + token->as.text.unescaped, token->size)
                          : str_of(text.p + token->as.text.at, token->size);
}

/* Appends `s` in quotes; false if it is not UTF-8 (what was appended is then to be thrown away). */
bool json_write_string(struct buf *out, struct str s);

/* Appends a text of at most 17 digits that reads as `number` again, a short one for short decimals; false for NaN and
 * infinities, which JSON does not have. */
bool json_write_number(struct buf *out, double number);

#endif
