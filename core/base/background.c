/* base/background.c: see background.h. */
#include "base/background.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Low enough to come last, high enough to come to an end on a machine that is busy with other things. */
#define NICE 5

/* sched_setattr(2), for which libc has no function here. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period; /* nanoseconds */
};

enum { SLICE = 100000000 }; /* the longest that Linux takes */

static bool set(int nice, uint64_t flags)
{
    struct attributes a = {.size = sizeof a, .policy = SCHED_OTHER, .flags = flags, .nice = nice, .runtime = SLICE};
    return syscall(SYS_sched_setattr, 0, &a, 0U) == 0;
}

void background_patient(void)
{
    set(getpriority(PRIO_PROCESS, 0), SCHED_FLAG_RESET_ON_FORK);
}

void background_thread(void)
{
    int now = getpriority(PRIO_PROCESS, 0), nice = now > NICE ? now : NICE;
    if (!set(nice, 0))
        setpriority(PRIO_PROCESS, 0, nice);
}

void background_process(void)
{
    background_thread();
    int fd = setsid() >= 0 ? open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    static const char nice[] = {'0' + NICE, '\n'};
    ssize_t n = write(fd, nice, sizeof nice);
    (void)n;
    close(fd);
}
