/* Static files, content coding, addresses (RFC 9110 §8, §12, §13, §14). */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/static.h"

static char folder[64];

static void put_file(const char *name, const char *content, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, n, f), n);
    fclose(f);
}

static void remove_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static int up(void **state)
{
    static char text[5000];
    memset(text, 'a', sizeof text);
    strcpy(folder, "/tmp/static_test.XXXXXX");
    if (!mkdtemp(folder) || fixture_up(state) != 0)
        return -1;
    put_file("ten.bin", "0123456789", 10);
    put_file("long.css", text, sizeof text);
    server_set_static(fx.server, "test", "/static/", folder);
    return 0;
}

static int down(void **state)
{
    remove_file("ten.bin");
    remove_file("long.css");
    rmdir(folder);
    return fixture_down(state);
}

/* Sends a request with these lines and Connection: close; c then holds the whole answer. */
static void ask(struct client *c, const char *line, const char *fields)
{
    char text[1024];
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s\r\n", line, fields);
    client_connect(c);
    client_send(c, text);
    client_expect_end(c);
}

static void expect(const char *line, const char *fields, const char *status, const char *part)
{
    struct client c;
    char wanted[32];
    ask(&c, line, fields);
    snprintf(wanted, sizeof wanted, "HTTP/1.1 %s ", status);
    if (!client_has(&c, wanted) || !client_has(&c, part))
        fail_msg("%s: wanted %s and \"%s\" in: %.*s", line, status, part, (int)c.in.len, c.in.data);
    client_close(&c);
}

static void files_are_served_with_their_type(void **state)
{
    (void)state;
    expect("GET /static/ten.bin", "", "200", "\r\n\r\n0123456789");
    expect("GET /static/ten.bin", "", "200", "Content-Type: application/octet-stream\r\n");
    expect("GET /static/long.css", "", "200", "Content-Type: text/css; charset=utf-8\r\n");
    expect("HEAD /static/ten.bin", "", "200", "Content-Length: 10\r\n");
    expect("POST /static/ten.bin", "", "405", "Allow: GET, HEAD\r\n");
    assert_int_equal(fx.requests, 0);
    expect("GET /elsewhere", "", "200", "/elsewhere");
    assert_int_equal(fx.requests, 1);
}

static void nothing_outside_the_folder_is_served(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/static/",       "/static/none",    "/static/../ten.bin", "/static/%2e%2e/etc/passwd", "/static//etc/passwd",
        "/static/..%2fx", "/static/a\\..\\b"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char line[128];
        struct client c;
        snprintf(line, sizeof line, "GET %s", paths[i]);
        ask(&c, line, "");
        assert_true(client_has(&c, "HTTP/1.1 404 ") || client_has(&c, "HTTP/1.1 400 "));
        client_close(&c);
    }
}

static void conditions_and_ranges(void **state)
{
    (void)state;
    struct client c;
    char field[160];
    ask(&c, "GET /static/ten.bin", "");
    char *etag = memmem(c.in.data, c.in.len, "ETag: ", 6);
    assert_non_null(etag);
    snprintf(field, sizeof field, "If-None-Match: %.*s\r\n", (int)(strcspn(etag + 6, "\r")), etag + 6);
    client_close(&c);
    expect("GET /static/ten.bin", field, "304", "ETag: ");
    expect("GET /static/ten.bin", "If-None-Match: \"other\"\r\n", "200", "0123456789");
    expect("GET /static/ten.bin", "If-Match: \"other\"\r\n", "412", "");
    expect("GET /static/ten.bin", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n", "304", "");
    expect("GET /static/ten.bin", "Range: bytes=2-4\r\n", "206", "Content-Range: bytes 2-4/10\r\n");
    expect("GET /static/ten.bin", "Range: bytes=2-4\r\n", "206", "\r\n\r\n234");
    expect("GET /static/ten.bin", "Range: bytes=-3\r\n", "206", "\r\n\r\n789");
    expect("GET /static/ten.bin", "Range: bytes=10-\r\n", "416", "Content-Range: bytes */10\r\n");
}

static void a_changed_file_is_seen(void **state)
{
    (void)state;
    expect("GET /static/ten.bin", "", "200", "0123456789");
    char path[256];
    snprintf(path, sizeof path, "%s/ten.bin", folder);
    unlink(path);
    put_file("ten.bin", "abcde", 5);
    double until = fixture_deadline();
    struct client c;
    for (bool seen = false; !seen;) { /* the cache looks again after a second */
        ask(&c, "GET /static/ten.bin", "");
        seen = client_has(&c, "\r\n\r\nabcde");
        client_close(&c);
        fixture_turn(until, "the new content");
    }
}

static void text_is_compressed_as_the_client_likes(void **state)
{
    (void)state;
    expect("GET /static/long.css", "Accept-Encoding: gzip\r\n", "200", "Content-Encoding: gzip\r\n");
    expect("GET /static/long.css", "Accept-Encoding: gzip, br\r\n", "200", "Content-Encoding: br\r\n");
    expect("GET /static/long.css", "Accept-Encoding: br;q=0, gzip;q=0.1\r\n", "200", "Content-Encoding: gzip\r\n");
    expect("GET /static/long.css", "Accept-Encoding: gzip\r\n", "200", "Vary: Accept-Encoding\r\n");
    /* RFC 9110 §12.5.5: a cache must know it of each answer, whichever came first. */
    expect("GET /static/long.css", "", "200", "Vary: Accept-Encoding\r\n");
    expect("GET /static/long.css", "Range: bytes=0-1\r\n", "206", "Vary: Accept-Encoding\r\n");
    expect("GET /static/long.css", "If-None-Match: *\r\n", "304", "Vary: Accept-Encoding\r\n");
    struct client c;
    ask(&c, "GET /static/long.css", "Accept-Encoding: gzip;q=0\r\n");
    assert_false(client_has(&c, "Content-Encoding"));
    client_close(&c);
    ask(&c, "GET /static/ten.bin", "Accept-Encoding: gzip\r\n");
    assert_false(client_has(&c, "Content-Encoding"));
    assert_false(client_has(&c, "Vary"));
    client_close(&c);
}

static void addresses_and_networks(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool inside;
    } cases[] = {
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"::1", "::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network n;
        struct peer_address a;
        assert_true(network_parse(str_from(cases[i].network), &n));
        assert_true(peer_address_parse(str_from(cases[i].address), &a));
        assert_int_equal(network_has(&n, &a), cases[i].inside);
    }
    struct network n;
    struct peer_address a;
    char text[ADDRESS_TEXT_MAX];
    assert_false(network_parse(STR("10.0.0.0/33"), &n));
    assert_false(network_parse(STR("host"), &n));
    assert_true(peer_address_parse(STR(" [2001:db8::1]:443"), &a));
    peer_address_text(&a, text);
    assert_string_equal(text, "2001:db8::1");
    assert_true(peer_address_parse(STR("192.0.2.1:8080"), &a));
    peer_address_text(&a, text);
    assert_string_equal(text, "192.0.2.1");
    assert_false(peer_address_parse(STR("unknown"), &a));
}

static void say_remote(struct request *r)
{
    struct str remote = request_remote(r);
    char text[ADDRESS_TEXT_MAX + 1] = "";
    memcpy(text, remote.p, remote.n);
    answer(r, 200, text);
}

static void the_client_behind_a_trusted_proxy_is_named(void **state)
{
    (void)state;
    static const char *const proxies[] = {"127.0.0.1", "10.0.0.0/8", NULL};
    fx.on_request = say_remote;
    expect("GET /", "X-Forwarded-For: 192.0.2.7\r\n", "200", "\r\n\r\n127.0.0.1");
    fx.options.trusted_proxies = proxies;
    server_configure(fx.server, &fx.options);
    expect("GET /", "X-Forwarded-For: 192.0.2.7\r\n", "200", "\r\n\r\n192.0.2.7");
    expect("GET /", "X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.1.1.1\r\n", "200", "\r\n\r\n192.0.2.7");
    expect("GET /", "", "200", "\r\n\r\n127.0.0.1");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
    const struct CMUnitTest tests[] = {
        T(files_are_served_with_their_type),
        T(nothing_outside_the_folder_is_served),
        T(conditions_and_ranges),
        T(a_changed_file_is_seen),
        T(text_is_compressed_as_the_client_likes),
        T(addresses_and_networks),
        T(the_client_behind_a_trusted_proxy_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
