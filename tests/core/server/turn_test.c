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

/* In a process of its own that has no send(2). */
static bool answered_without_send(int count)
{
    ask(count);
    if (!forbid(SYS_sendto) || !forbid(SYS_sendmsg))
        return false;
    for (int turn = 0; turn < 100 && fx.requests < count; turn++)
        loop_turn(fx.loop, false);
    for (int i = 0; i < count; i++)
        if (!has_answer(i))
            return false;
    return true;
}

static void answers_of_one_turn_take_one_system_call(void **state)
{
    pid_t child = fork();
    if (child == 0)
        _exit(fixture_up(state) == 0 && answered_without_send(20) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    const struct CMUnitTest tests[] = {
        T(each_client_gets_its_own_answer),
        T(a_client_that_has_gone_hinders_no_other),
        cmocka_unit_test(answers_of_one_turn_take_one_system_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
