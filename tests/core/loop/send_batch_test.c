/* Sends on many sockets at once: what each took, and the same where a sandbox forbids io_submit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sandbox.h"
#include "loop/send_batch.h"

enum { OURS, THEIRS, LONG_PIECE = 4 * 1024 * 1024 };

static int pairs[SEND_BATCH_MAX][2];

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < SEND_BATCH_MAX; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) != 0)
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < SEND_BATCH_MAX; i++) {
        close(pairs[i][OURS]);
        close(pairs[i][THEIRS]);
    }
    return 0;
}

static void run(struct send_piece *pieces, unsigned count)
{
    struct send_batch *b = send_batch_new();
    send_batch_run(b, pieces, count);
    send_batch_free(b);
}

static void each_socket_gets_its_piece(void **state)
{
    (void)state;
    char texts[SEND_BATCH_MAX][16], got[16];
    struct send_piece pieces[SEND_BATCH_MAX];
    for (unsigned count = 0; count <= SEND_BATCH_MAX; count++) {
        for (unsigned i = 0; i < count; i++) {
            snprintf(texts[i], sizeof texts[i], "%u of %u", i, count);
            pieces[i] = (struct send_piece){.fd = pairs[i][OURS], .data = str_from(texts[i])};
        }
        run(pieces, count);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(pieces[i].taken, strlen(texts[i]));
            assert_int_equal(read(pairs[i][THEIRS], got, sizeof got), strlen(texts[i]));
            assert_memory_equal(got, texts[i], strlen(texts[i]));
        }
    }
}

static void a_socket_takes_what_it_has_room_for(void **state)
{
    (void)state;
    char *piece = calloc(1, LONG_PIECE);
    struct send_piece pieces[2];
    for (int i = 0; i < 2; i++)
        pieces[i] = (struct send_piece){.fd = pairs[i][OURS], .data = str_of(piece, i ? LONG_PIECE : 1)};
    run(pieces, 2);
    assert_int_equal(pieces[0].taken, 1);
    assert_in_range(pieces[1].taken, 1, LONG_PIECE - 1);
    run(pieces, 2);
    assert_int_equal(pieces[0].taken, 1);
    assert_int_equal(pieces[1].taken, 0);
    free(piece);
}

static void a_broken_connection_hinders_no_other(void **state)
{
    (void)state;
    struct send_piece pieces[3];
    shutdown(pairs[0][THEIRS], SHUT_RD);
    for (int i = 0; i < 3; i++)
        pieces[i] = (struct send_piece){.fd = i < 2 ? pairs[i][OURS] : -1, .data = STR("piece")};
    run(pieces, 3);
    assert_int_equal(pieces[0].taken, 0);
    assert_int_equal(pieces[1].taken, 5);
    assert_int_equal(pieces[2].taken, 0); /* no descriptor at all: io_submit stops there */
}

static void in_sandbox(unsigned call)
{
    pid_t child = fork();
    if (child == 0) {
        bool forbidden = forbid(call);
        struct send_piece pieces[2] = {{.fd = pairs[0][OURS], .data = STR("first")},
                                       {.fd = pairs[1][OURS], .data = STR("second")}};
        run(pieces, 2);
        _exit(forbidden && pieces[0].taken == 5 && pieces[1].taken == 6 ? 0 : 1);
    }
    int status;
    char got[16];
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(pairs[0][THEIRS], got, sizeof got), 5);
    assert_int_equal(read(pairs[1][THEIRS], got, sizeof got), 6);
}

static void a_sandbox_may_forbid_it(void **state)
{
    (void)state;
    in_sandbox(SYS_io_setup);
    in_sandbox(SYS_io_submit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_socket_gets_its_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_takes_what_it_has_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_connection_hinders_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sandbox_may_forbid_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
