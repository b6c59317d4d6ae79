/* Many connections that are answered in the same turn. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sandbox.h"
#include "loop/loop.h"
#include "loop/io_batch.h"

enum { CLIENTS = 2 * IO_BATCH_MAX + 7 };

static struct client clients[CLIENTS];

/* Every client's request is there before the server turns again. */
static void ask(int count)
{
    for (int i = 0; i < count; i++)
        client_connect(&clients[i]);
    wait_for(server_counts(fx.server).connections == (unsigned)count);
    for (int i = 0; i < count; i++) {
        char request[100];
        snprintf(request, sizeof request, "GET /client/%d. HTTP/1.1\r\nHost: test\r\n\r\n", i);
        client_send(&clients[i], request);
    }
}

static bool has_answer(int i)
{
    char path[32];
    snprintf(path, sizeof path, "/client/%d.", i);
    return client_has(&clients[i], path);
}

static void hang_up(int count)
{
    for (int i = 0; i < count; i++)
        client_close(&clients[i]);
}

static void each_client_gets_its_own_answer(void **state)
{
    (void)state;
    ask(CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        wait_for(has_answer(i));
    hang_up(CLIENTS);
}

static void a_client_that_has_gone_hinders_no_other(void **state)
{
    (void)state;
    ask(CLIENTS);
    for (int i = 0; i < CLIENTS; i += 5)
        client_reset(&clients[i]);
    for (int i = 0; i < CLIENTS; i++)
        if (i % 5)
            wait_for(has_answer(i));
    wait_for(server_counts(fx.server).connections == CLIENTS - (CLIENTS + 4) / 5);
    hang_up(CLIENTS);
}

/* What has come for a client, by a call that nobody forbids. */
static bool reads_answer(int i)
{
    char path[32], got[1024];
    ssize_t n = read(clients[i].fd, got, sizeof got);
    snprintf(path, sizeof path, "/client/%d.", i);
    return n > 0 && memmem(got, (size_t)n, path, strlen(path));
}

/* In a process of its own that has no recv(2) and no send(2). */
static bool served_by_batches_alone(int count)
{
    ask(count);
    if (!forbid(SYS_recvfrom) || !forbid(SYS_sendto) || !forbid(SYS_sendmsg))
        return false;
    for (int turn = 0; turn < 100 && fx.requests < count; turn++)
        loop_turn(fx.loop, false);
    for (int i = 0; i < count; i++)
        if (fx.requests < count || !reads_answer(i))
            return false;
    return true;
}

static void a_turn_reads_and_writes_by_one_system_call_each(void **state)
{
    pid_t child = fork();
    if (child == 0)
        _exit(fixture_up(state) == 0 && served_by_batches_alone(20) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_request_in_pieces_is_put_together(void **state)
{
    (void)state;
    static char body[10000];
    char head[100];
    memset(body, 'x', sizeof body);
    for (int i = 0; i < 3; i++)
        client_connect(&clients[i]);
    wait_for(server_counts(fx.server).connections == 3);
    for (int i = 0; i < 3; i++) { /* more than a batch reads of one connection */
        snprintf(head, sizeof head, "POST /client/%d. HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n", i,
                 sizeof body);
        client_send(&clients[i], head);
        client_send_octets(&clients[i], body, sizeof body);
        client_send(&clients[i], "GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    for (int i = 0; i < 3; i++) {
        wait_for(has_answer(i));
        client_expect(&clients[i], "/next");
    }
    hang_up(3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    const struct CMUnitTest tests[] = {
        T(each_client_gets_its_own_answer),
        T(a_client_that_has_gone_hinders_no_other),
        T(a_request_in_pieces_is_put_together),
        cmocka_unit_test(a_turn_reads_and_writes_by_one_system_call_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
