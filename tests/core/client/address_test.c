/* client/address: what a user's URL may reach (RFC 6890 and IANA's special-purpose registries). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "client/address.h"

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return address_is_public((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&in6);
}

static void test_public(void **state)
{
    (void)state;
    static const char *const all[] = {"1.1.1.1",      "9.255.255.255",   "11.0.0.0",   "100.63.255.255",
                                      "100.128.0.0",  "126.255.255.255", "172.15.0.1", "172.32.0.1",
                                      "192.167.0.1",  "198.17.255.255",  "198.20.0.0", "223.255.255.255",
                                      "2606:4700::1", "2001:200::1"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_true(is_public(all[i]));
}

static void test_not_public(void **state)
{
    (void)state;
    static const char *const all[] = {
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_false(is_public(all[i]));
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    assert_false(address_is_public((struct sockaddr *)&un));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_not_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
