/* Messages between master and children, with a descriptor (process/message.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/message.h"

static void a_message_arrives_whole(void **state)
{
    int fds[2];
    static struct message m;
    (void)state;
    assert_true(message_pair(fds));
    assert_int_equal(message_receive(fds[0], &m), 0);
    assert_true(message_send(fds[1], MESSAGE_REFUSED, 2, "x.lua:1: broken", -1));
    assert_true(message_send(fds[1], MESSAGE_LOADED, 9, NULL, -1));
    assert_int_equal(message_receive(fds[0], &m), 1);
    assert_int_equal(m.kind, MESSAGE_REFUSED);
    assert_int_equal(m.number, 2);
    assert_string_equal(m.text, "x.lua:1: broken");
    assert_int_equal(m.fd, -1);
    assert_int_equal(message_receive(fds[0], &m), 1);
    assert_int_equal(m.kind, MESSAGE_LOADED);
    assert_string_equal(m.text, "");
    close(fds[1]);
    assert_int_equal(message_receive(fds[0], &m), -1);
    close(fds[0]);
}

static void a_descriptor_comes_along(void **state)
{
    int fds[2], pipe_fds[2];
    static struct message m;
    char got[3] = "";
    (void)state;
    assert_true(message_pair(fds));
    assert_int_equal(pipe(pipe_fds), 0);
    assert_true(message_send(fds[0], MESSAGE_ACCEPTED, 0, NULL, pipe_fds[0]));
    close(pipe_fds[0]);
    assert_int_equal(message_receive(fds[1], &m), 1);
    assert_true(m.fd >= 0);
    assert_int_equal(write(pipe_fds[1], "hi", 2), 2);
    assert_int_equal(read(m.fd, got, 2), 2);
    assert_string_equal(got, "hi");
    close(m.fd);
    close(pipe_fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void a_long_text_is_cut(void **state)
{
    int fds[2];
    static struct message m;
    static char text[MESSAGE_TEXT * 2];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_true(message_pair(fds));
    assert_true(message_send(fds[0], MESSAGE_FAILED, 1, text, -1));
    assert_int_equal(message_receive(fds[1], &m), 1);
    assert_int_equal(strlen(m.text), MESSAGE_TEXT - 1);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives_whole),
        cmocka_unit_test(a_descriptor_comes_along),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
