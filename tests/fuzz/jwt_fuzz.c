/* Tokens: whatever the text, splitting and verifying stay in bounds; a token of ours, changed by one octet, is refused.
 */
#include "fuzz.h"

#include "crypto/jwt.h"

static struct token_key *hs256_key(void)
{
    static struct token_key *key;
    const char *error = NULL;
    if (!key)
        key = token_key_new(TOKEN_HS256, STR("0123456789abcdef0123456789abcdef"), &error);
    PROMISE(key);
    return key;
}

static void check(struct str token)
{
    static struct buf buffer;
    struct token_parts parts;
    if (!token_split(token, &buffer, &parts))
        return;
    PROMISE(parts.header.n > 0 && parts.claims.n > 0 && parts.kid.n <= TOKEN_KID_MAX);
    token_verify(token, &parts, hs256_key());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *block = exact_copy(data, size);
    check(str_of(block, size));
    free(block);

    /* The first octets say where and how a good token is changed. */
    static struct buf token;
    static struct buf buffer;
    struct token_parts parts;
    if (token.len == 0)
        PROMISE(token_sign(hs256_key(), STR("{\"sub\":\"a\",\"exp\":1}"), STR("k"), &token));
    if (size < 3 || data[2] == 0)
        return 0;
    size_t at = (size_t)(data[0] << 8 | data[1]) % token.len;
    token.data[at] = (char)(token.data[at] ^ data[2]);
    char *changed = exact_copy(token.data, token.len);
    token.data[at] = (char)(token.data[at] ^ data[2]);
    struct str text = {changed, token.len};
    PROMISE(!token_split(text, &buffer, &parts) || token_verify(text, &parts, hs256_key()) != TOKEN_OK);
    free(changed);
    return 0;
}
