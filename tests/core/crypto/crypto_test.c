/* crypto: digests and MACs against published vectors, sealing, password hashes, random values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/aead.h"
#include "crypto/encoding.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "crypto/random.h"

#include <sys/wait.h>
#include <unistd.h>

static void expect_hex(const unsigned char *octets, size_t n, const char *hex)
{
    char text[2 * HASH_MAX + 1] = {0};
    hex_encode(octets, n, text);
    assert_string_equal(text, hex);
}

/* FIPS 180-4 examples. */
static void test_digests(void **state)
{
    (void)state;
    unsigned char out[HASH_MAX];
    expect_hex(out, hash_digest(HASH_SHA1, STR("abc"), out), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_hex(out, hash_digest(HASH_SHA256, STR("abc"), out),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_hex(out, hash_digest(HASH_SHA256, STR_NULL, out),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(hash_digest(HASH_SHA512, STR("abc"), out), 64);
}

/* RFC 4231 §4.3 and RFC 2202 §3 case 2. */
static void test_hmac(void **state)
{
    (void)state;
    unsigned char out[HASH_MAX];
    struct str data = STR("what do ya want for nothing?");
    expect_hex(out, hash_hmac(HASH_SHA256, STR("Jefe"), data, out),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect_hex(out, hash_hmac(HASH_SHA1, STR("Jefe"), data, out), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    unsigned char again[HASH_MAX];
    hash_hmac(HASH_SHA256, STR_NULL, data, out);
    hash_hmac(HASH_SHA256, STR("Jefe"), data, again);
    hash_hmac(HASH_SHA256, STR_NULL, data, again);
    assert_memory_equal(out, again, 32); /* an absent key is an empty one, not the last */
}

static void test_sealing(void **state)
{
    (void)state;
    unsigned char key[AEAD_KEY_SIZE] = {7}, sealed[10 + AEAD_OVERHEAD], again[10 + AEAD_OVERHEAD], plain[10];
    struct str text = STR("birth date"), context = STR("user 1"), all = {(const char *)sealed, sizeof sealed};
    aead_seal(key, text, context, sealed);
    aead_seal(key, text, context, again);
    assert_memory_not_equal(sealed, again, sizeof sealed);
    assert_true(aead_unseal(key, all, context, plain));
    assert_memory_equal(plain, text.p, text.n);

    static const unsigned char zeros[10];
    assert_false(aead_unseal(key, all, STR("user 2"), plain));
    assert_memory_equal(plain, zeros, sizeof plain);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(aead_unseal(key, all, context, plain));
        sealed[i] ^= 1;
    }
    assert_false(aead_unseal(key, str_of(all.p, AEAD_OVERHEAD - 1), context, plain));
    key[0]++;
    assert_false(aead_unseal(key, all, context, plain));

    aead_seal(key, STR_NULL, STR_NULL, sealed);
    assert_true(aead_unseal(key, str_of(all.p, AEAD_OVERHEAD), STR_NULL, plain));
}

static void test_passwords(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_SIZE];
    assert_true(password_hash(STR("correct horse"), hash));
    struct password_result result = password_verify(STR("correct horse"), str_from(hash));
    assert_true(result.matches);
    assert_false(result.stale);
    assert_false(password_verify(STR("correct horsf"), str_from(hash)).matches);
    assert_false(password_verify(STR(""), STR("")).matches);
    assert_false(password_verify(STR(""), STR("$scrypt$ln=15,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA$AAAA")).matches);
    assert_false(password_verify(STR("x"), STR("$scrypt$ln=63,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA$AAAA")).matches);
}

/* The parameters of RFC 7914 §12, second vector, with a key of 32 octets by Python's hashlib.scrypt. */
static void test_password_of_other_parameters(void **state)
{
    (void)state;
    struct str hash = STR("$scrypt$ln=10,r=8,p=16$TmFDbE5hQ2xOYUNs$bQNKUNQ6n3SiREiYkGZa6mSKPfaLtUtI7fYgx1nsd9c");
    struct password_result result = password_verify(STR("password"), hash);
    assert_true(result.matches);
    assert_true(result.stale);
    assert_false(password_verify(STR("passwort"), hash).matches);
}

static void test_random_values(void **state)
{
    (void)state;
    unsigned char a[300], b[300];
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* A forked child must not repeat what its parent draws next. */
static void test_fork_draws_anew(void **state)
{
    (void)state;
    unsigned char mine[16], theirs[16];
    int ends[2];
    random_bytes(mine, sizeof mine);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        random_bytes(theirs, sizeof theirs);
        _exit(write(ends[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, NULL, 0), child);
    random_bytes(mine, sizeof mine);
    assert_memory_not_equal(mine, theirs, sizeof mine);
    close(ends[0]);
    close(ends[1]);
}

/* RFC 9562 §5.7: version, variant, and the order of making. */
static void test_uuid(void **state)
{
    (void)state;
    char last[UUID_TEXT_SIZE] = {0}, next[UUID_TEXT_SIZE];
    for (int i = 0; i < 10000; i++) {
        random_uuid(next);
        assert_true(memcmp(last, next, UUID_TEXT_SIZE) < 0);
        memcpy(last, next, UUID_TEXT_SIZE);
    }
    assert_int_equal(last[8], '-');
    assert_int_equal(last[14], '7');
    assert_non_null(strchr("89ab", last[19]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_sealing),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_password_of_other_parameters),
        cmocka_unit_test(test_random_values),
        cmocka_unit_test(test_fork_draws_anew),
        cmocka_unit_test(test_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
