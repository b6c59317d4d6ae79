/* Seats that processes share: one at a time on each, in turn, and none is lost with a process. */
#include "base/seats.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 20, LONG = 60 /* seconds, for alarm() */ };

/* Of sitting, in seconds: longer than the kernel lets one process run when others want to. */
static const double WHILE = 0.01;

/* What the processes share. */
struct shared {
    atomic_int sitting, most, here, turns, last;
};

static struct shared *shared_new(void)
{
    return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* As hashing does, it does not sleep. */
static void sit(struct shared *shared, int who)
{
    int now = atomic_fetch_add(&shared->sitting, 1) + 1;
    if (now > atomic_load(&shared->most))
        atomic_store(&shared->most, now);
    if (atomic_exchange(&shared->last, who) != who)
        atomic_fetch_add(&shared->turns, 1);
    for (double until = clock_precise() + WHILE; clock_precise() < until;)
        ;
    atomic_fetch_sub(&shared->sitting, 1);
}

static pid_t child(struct seats *seats, struct shared *shared, unsigned number, int who)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    alarm(LONG);
    atomic_fetch_add(&shared->here, 1);
    while (atomic_load(&shared->here) < 2)
        sched_yield();
    for (int i = 0; i < ROUNDS; i++) {
        seats_take(seats, number);
        sit(shared, who);
        seats_leave(seats, number);
    }
    _exit(0);
}

static int ended(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void two_processes_take_turns(void **state)
{
    (void)state;
    struct seats *seats = seats_new(1);
    struct shared *shared = shared_new();
    pid_t one = child(seats, shared, 0, 1), other = child(seats, shared, 1, 2); /* 1 is 0: there is but one */
    assert_int_equal(ended(one), 0);
    assert_int_equal(ended(other), 0);
    assert_int_equal(atomic_load(&shared->most), 1);
    /* Else whoever leaves sits down again before the other one is awake. */
    assert_in_range(atomic_load(&shared->turns), ROUNDS, 2 * ROUNDS);
    munmap(shared, sizeof *shared);
    seats_free(seats);
}

static void other_seats_are_free(void **state)
{
    (void)state;
    struct seats *seats = seats_new(2);
    int taken[2];
    assert_int_equal(pipe(taken), 0);
    pid_t pid = fork();
    if (pid == 0) {
        seats_take(seats, 0);
        (void)!write(taken[1], "x", 1);
        pause();
    }
    char c;
    assert_int_equal(read(taken[0], &c, 1), 1);
    alarm(LONG);
    seats_take(seats, 1);
    seats_leave(seats, 1);
    kill(pid, SIGKILL);
    seats_take(seats, 0); /* who sat there is dead */
    seats_leave(seats, 0);
    alarm(0);
    ended(pid);
    close(taken[0]);
    close(taken[1]);
    seats_free(seats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_take_turns),
        cmocka_unit_test(other_seats_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
