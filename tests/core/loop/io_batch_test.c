/* Reads and writes of many sockets at once: what each gave or took, and the same where a sandbox forbids io_submit. */
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
#include "loop/io_batch.h"
#include "loop/sock.h"

enum { OURS, THEIRS, LONG_PIECE = 4 * 1024 * 1024, TEXT_MAX = 16 };

static int pairs[IO_BATCH_MAX][2];

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < IO_BATCH_MAX; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) != 0)
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < IO_BATCH_MAX; i++) {
        close(pairs[i][OURS]);
        close(pairs[i][THEIRS]);
    }
    return 0;
}

static void run(enum io_kind kind, struct io_piece *pieces, unsigned count)
{
    struct io_batch *b = io_batch_new();
    io_batch_run(b, kind, pieces, count);
    io_batch_free(b);
}

static struct io_piece piece(int i, void *data, size_t size)
{
    return (struct io_piece){.fd = pairs[i][OURS], .data = data, .size = size};
}

static void each_socket_takes_its_piece(void **state)
{
    (void)state;
    char texts[IO_BATCH_MAX][TEXT_MAX], got[TEXT_MAX];
    struct io_piece pieces[IO_BATCH_MAX];
    for (unsigned count = 0; count <= IO_BATCH_MAX; count++) {
        for (unsigned i = 0; i < count; i++) {
            snprintf(texts[i], TEXT_MAX, "%u of %u", i, count);
            pieces[i] = piece((int)i, texts[i], strlen(texts[i]));
        }
        run(IO_WRITE, pieces, count);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(pieces[i].result, strlen(texts[i]));
            assert_int_equal(read(pairs[i][THEIRS], got, sizeof got), strlen(texts[i]));
            assert_memory_equal(got, texts[i], strlen(texts[i]));
        }
    }
}

static void a_socket_takes_what_it_has_room_for(void **state)
{
    (void)state;
    char *zeros = calloc(1, LONG_PIECE);
    struct io_piece pieces[2] = {piece(0, zeros, 1), piece(1, zeros, LONG_PIECE)};
    run(IO_WRITE, pieces, 2);
    assert_int_equal(pieces[0].result, 1);
    assert_in_range(pieces[1].result, 1, LONG_PIECE - 1);
    run(IO_WRITE, pieces, 2);
    assert_int_equal(pieces[0].result, 1);
    assert_int_equal(pieces[1].result, SOCK_AGAIN);
    free(zeros);
}

static void a_broken_connection_hinders_no_other(void **state)
{
    (void)state;
    char text[] = "piece";
    struct io_piece pieces[3] = {piece(0, text, 5), piece(1, text, 5), piece(2, text, 5)};
    shutdown(pairs[0][THEIRS], SHUT_RD);
    pieces[2].fd = -1; /* io_submit stops at what is no descriptor */
    run(IO_WRITE, pieces, 3);
    assert_int_equal(pieces[0].result, SOCK_BROKEN);
    assert_int_equal(pieces[1].result, 5);
    assert_int_equal(pieces[2].result, SOCK_BROKEN);
}

static void each_socket_gives_what_it_has(void **state)
{
    (void)state;
    char got[3][TEXT_MAX];
    struct io_piece pieces[3];
    for (int i = 0; i < 3; i++)
        pieces[i] = piece(i, got[i], TEXT_MAX);
    assert_int_equal(write(pairs[0][THEIRS], "some", 4), 4);
    shutdown(pairs[2][THEIRS], SHUT_WR);
    run(IO_READ, pieces, 3);
    assert_int_equal(pieces[0].result, 4);
    assert_memory_equal(got[0], "some", 4);
    assert_int_equal(pieces[1].result, SOCK_AGAIN);
    assert_int_equal(pieces[2].result, SOCK_EOF);
}

static bool writes_in_sandbox(unsigned call)
{
    char first[] = "first", second[] = "second";
    struct io_piece pieces[2] = {piece(0, first, 5), piece(1, second, 6)};
    if (!forbid(call))
        return false;
    run(IO_WRITE, pieces, 2);
    return pieces[0].result == 5 && pieces[1].result == 6;
}

static void a_sandbox_may_forbid_it(void **state)
{
    (void)state;
    static const unsigned calls[] = {SYS_io_setup, SYS_io_submit, SYS_io_getevents};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int status;
        char got[TEXT_MAX];
        pid_t child = fork();
        if (child == 0)
            _exit(writes_in_sandbox(calls[i]) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(read(pairs[0][THEIRS], got, sizeof got), 5);
        assert_int_equal(read(pairs[1][THEIRS], got, sizeof got), 6);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(each_socket_takes_its_piece),
        T(a_socket_takes_what_it_has_room_for),
        T(a_broken_connection_hinders_no_other),
        T(each_socket_gives_what_it_has),
        T(a_sandbox_may_forbid_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
