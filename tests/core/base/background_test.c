/* Work that gives way: seen by what the kernel says of the thread and the process. */
#include "base/background.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int in_child(int (*check)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(check());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int thread(void)
{
    background_thread();
    return getpriority(PRIO_PROCESS, 0);
}

static int low_already(void)
{
    setpriority(PRIO_PROCESS, 0, 15);
    return thread();
}

static int process(void)
{
    background_process();
    return getsid(0) == getpid() ? getpriority(PRIO_PROCESS, 0) : 0;
}

static void it_has_a_lower_priority(void **state)
{
    (void)state;
    assert_true(in_child(thread) >= 5);
}

static void it_is_never_raised(void **state)
{
    (void)state;
    assert_int_equal(in_child(low_already), 15);
}

static void a_process_is_a_session_of_its_own(void **state)
{
    (void)state;
    assert_true(in_child(process) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_a_lower_priority),
        cmocka_unit_test(it_is_never_raised),
        cmocka_unit_test(a_process_is_a_session_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
