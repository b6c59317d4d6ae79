#include "crypto/password.h"

#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#include <openssl/evp.h>

#include <stdio.h>

enum { KEY_SIZE = 32 };

struct parameters {
    uint64_t ln, r, p;
};

/* N = 2^15, r = 8, p = 3: 32 MiB and the strength that OWASP's password storage sheet asks for. */
static const struct parameters today = {15, 8, 3};

/* A hash made elsewhere may ask for other parameters, but never for more than this. */
static const uint64_t memory_max = UINT64_C(128) << 20;

static bool derive(struct str password, const struct parameters *with, const unsigned char *salt, size_t salt_size,
                   unsigned char key[KEY_SIZE])
{
    return EVP_PBE_scrypt(password.p ? password.p : "", password.n, salt, salt_size, UINT64_C(1) << with->ln, with->r,
                          with->p, memory_max + (UINT64_C(1) << 20), key, KEY_SIZE) == 1;
}

bool password_hash(struct str password, char out[PASSWORD_HASH_SIZE])
{
    unsigned char salt[PASSWORD_SALT_SIZE], key[KEY_SIZE];
    char salt_text[32] = {0}, key_text[48] = {0};
    random_bytes(salt, sizeof salt);
    if (!derive(password, &today, salt, sizeof salt, key))
        return false;
    base64_encode(BASE64_NO_PAD, salt, sizeof salt, salt_text);
    base64_encode(BASE64_NO_PAD, key, sizeof key, key_text);
    snprintf(out, PASSWORD_HASH_SIZE, "$scrypt$ln=%u,r=%u,p=%u$%s$%s", (unsigned)today.ln, (unsigned)today.r,
             (unsigned)today.p, salt_text, key_text);
    explicit_bzero(key, sizeof key);
    return true;
}

/* "name=digits" in bounds. */
static bool read_parameter(struct str text, struct str name, uint64_t max, uint64_t *value)
{
    if (!str_starts(text, name))
        return false;
    return str_to_u64(str_of(text.p + name.n, text.n - name.n), value) && *value >= 1 && *value <= max;
}

static bool read_hash(struct str hash, struct parameters *with, unsigned char salt[64], size_t *salt_size,
                      unsigned char key[64])
{
    struct str rest = hash;
    if (str_cut(&rest, '$').n != 0 || !str_eq(str_cut(&rest, '$'), STR("scrypt")))
        return false;
    struct str list = str_cut(&rest, '$'), salt_text = str_cut(&rest, '$'), key_text = rest;
    struct str ln = str_cut(&list, ','), r = str_cut(&list, ','), p = list;
    size_t key_size = 0;
    return read_parameter(ln, STR("ln="), 20, &with->ln) && read_parameter(r, STR("r="), 32, &with->r) &&
           read_parameter(p, STR("p="), 16, &with->p) && UINT64_C(128) * with->r << with->ln <= memory_max &&
           salt_text.n <= 64 && base64_decode(BASE64_NO_PAD, salt_text, salt, salt_size) && *salt_size >= 8 &&
           key_text.n <= 64 && base64_decode(BASE64_NO_PAD, key_text, key, &key_size) && key_size == KEY_SIZE;
}

struct password_result password_verify(struct str password, struct str hash)
{
    struct parameters with = today;
    unsigned char salt[64] = {0}, expected[64] = {0}, key[KEY_SIZE];
    size_t salt_size = 0;
    bool well_formed = hash.n < PASSWORD_HASH_SIZE && read_hash(hash, &with, salt, &salt_size, expected);
    if (!well_formed) {
        with = today;
        salt_size = PASSWORD_SALT_SIZE;
    }
    bool derived = derive(password, &with, salt, salt_size, key);
    bool same = hash_equal(str_of(key, KEY_SIZE), str_of(expected, KEY_SIZE));
    explicit_bzero(key, sizeof key);
    return (struct password_result){
        .matches = well_formed && derived && same,
        .stale = well_formed && (with.ln != today.ln || with.r != today.r || with.p != today.p),
    };
}
