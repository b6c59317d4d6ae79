/* Watches, the thread pool, listeners and plain sockets together, over real descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/listen.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/sock.h"
#include "loop/work.h"

static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    loop = loop_new();
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void run_until(const int *value, int wanted)
{
    clock_refresh();
    double deadline = clock_now() + 20;
    while (*value < wanted && clock_now() < deadline)
        loop_turn(loop, true);
    assert_int_equal(*value, wanted);
}

static unsigned seen;
static int seen_count;

static void on_watch(struct watch *w, unsigned events)
{
    seen |= events;
    seen_count++;
    watch_stop(w);
}

static void watch_tells_readable_writable_and_closed(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct watch w = {0};
    seen = 0;
    seen_count = 0;
    watch_start(&w, loop, fds[0], WATCH_READ, on_watch);
    watch_start(&w, loop, fds[0], WATCH_WRITE, on_watch); /* a change in the same turn */
    run_until(&seen_count, 1);
    assert_int_equal(seen, WATCH_WRITE);
    watch_start(&w, loop, fds[0], WATCH_READ, on_watch);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_until(&seen_count, 2);
    assert_int_equal(seen, WATCH_WRITE | WATCH_READ);
    watch_start(&w, loop, fds[0], WATCH_CLOSED, on_watch);
    loop_turn(loop, false);
    assert_int_equal(seen_count, 2); /* the octet that nobody reads does not count */
    shutdown(fds[1], SHUT_WR);
    run_until(&seen_count, 3);
    assert_true(seen & WATCH_CLOSED);
    close(fds[0]);
    close(fds[1]);
}

static atomic_int ran;
static int done_count;

static void run_job(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ran, 1);
}

static void job_done(void *arg)
{
    (void)arg;
    done_count++;
}

static void pool_runs_every_job_and_tells_the_loop(void **state)
{
    (void)state;
    ran = 0;
    done_count = 0;
    struct work *pool = work_new(loop, 2, 100);
    for (int i = 0; i < 50; i++)
        assert_true(work_submit(pool, run_job, job_done, NULL));
    run_until(&done_count, 50);
    assert_int_equal(ran, 50);
    assert_int_equal(work_pending(pool), 0);
    assert_true(work_submit(pool, run_job, job_done, NULL));
    work_free(pool); /* what was accepted is finished */
    assert_int_equal(done_count, 51);
}

static void read_priority(void *arg)
{
    *(int *)arg = getpriority(PRIO_PROCESS, 0);
}

static void its_threads_give_way(void **state)
{
    int priority = -20;
    (void)state;
    struct work *pool = work_new(loop, 1, 1);
    assert_true(work_submit(pool, read_priority, job_done, &priority));
    work_free(pool);
    assert_true(priority >= 5);
}

static int gate[2];

static void run_blocked(void *arg)
{
    (void)arg;
    char c;
    ssize_t n = read(gate[0], &c, 1);
    (void)n;
}

static void full_queue_refuses(void **state)
{
    (void)state;
    assert_int_equal(pipe(gate), 0);
    done_count = 0;
    struct work *pool = work_new(loop, 1, 1);
    assert_true(work_submit(pool, run_blocked, job_done, NULL));
    assert_true(work_submit(pool, run_blocked, job_done, NULL));
    assert_false(work_submit(pool, run_blocked, job_done, NULL));
    assert_int_equal(write(gate[1], "xx", 2), 2);
    run_until(&done_count, 2);
    work_free(pool);
    close(gate[0]);
    close(gate[1]);
}

struct server {
    int accepted;
    int fds[8];
    char peer[64];
};

static void on_accept(void *arg, int fd, const struct sockaddr *peer, size_t peer_length)
{
    struct server *s = arg;
    listen_address_text(peer, peer_length, s->peer, sizeof s->peer);
    s->fds[s->accepted++ % 8] = fd;
}

static int connect_to(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(strchr(address, ':') + 1))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void listener_accepts_and_sockets_carry(void **state)
{
    (void)state;
    char error[200], address[64];
    int listening = listen_open("127.0.0.1:0", false, error, sizeof error);
    assert_true(listening >= 0);
    assert_true(listen_address(listening, address, sizeof address));
    struct server server = {0};
    struct listener *l = listener_new(loop, listening, on_accept, &server);
    int client = connect_to(address);
    run_until(&server.accepted, 1);
    assert_memory_equal(server.peer, "127.0.0.1:", 10);

    struct sock s;
    char data[16];
    sock_plain(&s, server.fds[0]);
    assert_int_equal(sock_read(&s, data, sizeof data), SOCK_AGAIN);
    const struct iovec parts[] = {{(char *)"he", 2}, {(char *)"llo", 3}};
    assert_int_equal(sock_writev(&s, parts, 2), 5);
    assert_int_equal(recv(client, data, 5, MSG_WAITALL), 5);
    assert_memory_equal(data, "hello", 5);
    sock_shutdown(&s);
    assert_int_equal(recv(client, data, 5, 0), 0);
    struct linger reset = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    assert_int_equal(sock_read(&s, data, sizeof data), SOCK_BROKEN);
    sock_close(&s);
    listener_free(l);
    close(listening);
}

static void listener_pauses_when_descriptors_run_out(void **state)
{
    (void)state;
    char error[200], address[64];
    int listening = listen_open("127.0.0.1:0", false, error, sizeof error);
    listen_address(listening, address, sizeof address);
    struct server server = {0};
    struct listener *l = listener_new(loop, listening, on_accept, &server);
    int client = connect_to(address);

    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(listening);
    close(next);
    struct rlimit none = {(rlim_t)next, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    clock_refresh();
    double until = clock_now() + 20;
    while (listener_exhausted(l) == 0 && clock_now() < until)
        loop_turn(loop, true);
    assert_int_equal(server.accepted, 0);
    unsigned long pauses = listener_exhausted(l);
    for (int i = 0; i < 100; i++) /* a waiting connection does not make it try in every turn */
        loop_turn(loop, false);
    assert_true(listener_exhausted(l) <= pauses + 2);
    setrlimit(RLIMIT_NOFILE, &before);
    run_until(&server.accepted, 1);
    close(server.fds[0]);
    close(client);
    listener_free(l);
    close(listening);
}

static void bad_addresses_are_told(void **state)
{
    (void)state;
    const char *bad[] = {"",        "8008", "localhost:8008", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                         "[::1:80", "unix:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char error[300] = "";
        assert_int_equal(listen_open(bad[i], false, error, sizeof error), -1);
        assert_non_null(strstr(error, "expected an address"));
    }
    char error[300] = "", taken[64];
    int fd = listen_open("127.0.0.1:0", false, error, sizeof error);
    listen_address(fd, taken, sizeof taken);
    assert_int_equal(listen_open(taken, false, error, sizeof error), -1);
    assert_non_null(strstr(error, "in use"));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(watch_tells_readable_writable_and_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool_runs_every_job_and_tells_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_threads_give_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_queue_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listener_accepts_and_sockets_carry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listener_pauses_when_descriptors_run_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_addresses_are_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
