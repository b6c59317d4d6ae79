/* The control socket: its lock, its answers, and clients that say nonsense (process/control.h). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "process/control.h"

struct fixture {
    struct loop *loop;
    char folder[32], path[64];
    struct control *control;
    struct buf error;
    int commands;
};

static void on_command(void *arg, struct control_client *client, const char *line)
{
    struct fixture *f = arg;
    f->commands++;
    if (strcmp(line, "status") == 0)
        control_answer(client, true, "all is well\n");
    else
        control_answer(client, false, "unknown command\n");
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/control-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/deep/er/c.sock", f->folder); /* folders are made */
    f->loop = loop_new();
    f->control = control_new(f->loop, f->path, on_command, f, &f->error);
    assert_non_null(f->control);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[64];
    if (f->control)
        control_free(f->control);
    loop_free(f->loop);
    buf_free(&f->error);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    int failed = system(command);
    free(f);
    return failed;
}

struct question {
    const char *path, *word;
    struct buf answer;
    int result;
    volatile bool done;
};

static void *ask(void *arg)
{
    struct question *q = arg;
    q->result = control_ask(q->path, q->word, 10, &q->answer);
    q->done = true;
    return NULL;
}

static void assert_answer(struct fixture *f, const char *word, int result, const char *text)
{
    struct question q = {.path = f->path, .word = word};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, &q), 0);
    while (!q.done)
        loop_turn(f->loop, false);
    pthread_join(thread, NULL);
    assert_int_equal(q.result, result);
    assert_string_equal(buf_cstr(&q.answer), text);
    buf_free(&q.answer);
}

static void it_answers(void **state)
{
    assert_answer(*state, "status", 0, "all is well\n");
    assert_answer(*state, "dance", 1, "unknown command\n");
}

static void only_its_owner_may_speak_to_it(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_second_server_is_refused_and_a_left_socket_is_not(void **state)
{
    struct fixture *f = *state;
    assert_null(control_new(f->loop, f->path, on_command, f, &f->error));
    assert_non_null(strstr(buf_cstr(&f->error), "another server uses it"));
    control_free(f->control);
    FILE *left = fopen(f->path, "w"); /* as a crash leaves one behind */
    assert_non_null(left);
    fclose(left);
    f->control = control_new(f->loop, f->path, on_command, f, &f->error);
    assert_non_null(f->control);
    assert_answer(f, "status", 0, "all is well\n");
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[300] = "/tmp/";
    memset(path + 5, 'x', 200);
    assert_null(control_new(f->loop, path, on_command, f, &f->error));
    assert_non_null(strstr(buf_cstr(&f->error), "longer than"));
    strcat(path, ".lock");
    unlink(path);
}

static void nonsense_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char noise[500], answer[100] = "";
    strcpy(address.sun_path, f->path);
    memset(noise, 'n', sizeof noise);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), silent = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(connect(silent, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
    for (int i = 0; i < 10; i++)
        loop_turn(f->loop, false);
    assert_true(read(fd, answer, sizeof answer - 1) > 0);
    assert_non_null(strstr(answer, "unknown command"));
    close(fd);
    close(silent); /* says nothing and goes */
    for (int i = 0; i < 10; i++)
        loop_turn(f->loop, false);
    assert_int_equal(f->commands, 0);
}

static void nobody_there_is_told(void **state)
{
    struct buf answer = {0};
    (void)state;
    assert_int_equal(control_ask("/tmp/no/such.sock", "status", 1, &answer), 2);
    assert_non_null(strstr(buf_cstr(&answer), "no server answers at /tmp/no/such.sock"));
    buf_free(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_answers),
        TEST(only_its_owner_may_speak_to_it),
        TEST(a_second_server_is_refused_and_a_left_socket_is_not),
        TEST(a_path_that_does_not_fit_is_refused),
        TEST(nonsense_is_bounded),
        cmocka_unit_test(nobody_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
