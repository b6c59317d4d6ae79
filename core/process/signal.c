/* process/signal.c: see signal.h. */
#include "process/signal.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/poll.h"

enum { SIGNALS = 65 };

static volatile sig_atomic_t flags[SIGNALS];
static int wake_fd = -1;
static struct watch watch;
static void (*notify)(void *arg);
static void *notify_arg;

static void handler(int signal)
{
    int saved = errno;
    uint64_t one = 1;
    flags[signal] = 1;
    if (wake_fd >= 0 && write(wake_fd, &one, sizeof one) < 0)
        errno = saved; /* the counter is full: it is awake already */
    errno = saved;
}

static void on_wake(struct watch *w, unsigned events)
{
    uint64_t count;
    (void)events;
    if (read(w->fd, &count, sizeof count) > 0)
        notify(notify_arg);
}

void signals_catch(struct loop *loop, const int *signals, void (*fn)(void *arg), void *arg)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    notify = fn;
    notify_arg = arg;
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    memset(&watch, 0, sizeof watch);
    watch_start(&watch, loop, wake_fd, WATCH_READ, on_wake);
    sigemptyset(&action.sa_mask);
    for (; *signals; signals++)
        sigaction(*signals, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool signal_taken(int signal)
{
    if (!flags[signal])
        return false;
    flags[signal] = 0;
    return true;
}

void signals_reset(void)
{
    wake_fd = -1;
    for (int s = 1; s < SIGNALS; s++) {
        flags[s] = 0;
        if (s != SIGKILL && s != SIGSTOP)
            signal(s, SIG_DFL);
    }
    signal(SIGPIPE, SIG_IGN);
}
