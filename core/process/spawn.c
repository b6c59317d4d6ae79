/* process/spawn.c: see spawn.h. */
#include "process/spawn.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/background.h"
#include "base/log.h"
#include "process/signal.h"

static bool kept(int fd, const int *keep, size_t count)
{
    if (fd <= STDERR_FILENO || fd == log_fd())
        return true;
    for (size_t i = 0; i < count; i++)
        if (keep[i] == fd)
            return true;
    return false;
}

/* The parent's epoll descriptor above all must go: what is done to it here would be done to the parent's. */
static void close_others(const int *keep, size_t count)
{
    DIR *list = opendir("/proc/self/fd");
    if (!list) {
        for (int fd = 3; fd < 65536; fd++)
            if (!kept(fd, keep, count))
                close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(list));) {
        int fd = atoi(e->d_name);
        if (fd != dirfd(list) && !kept(fd, keep, count))
            close(fd);
    }
    closedir(list);
}

pid_t spawn(const int *keep, size_t count, bool background)
{
    sigset_t all, before;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* no signal of the child's may run the parent's handlers */
    pid_t pid = fork();
    if (pid == 0) {
        if (background)
            background_process();
        signals_reset();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1); /* it died before the line above */
        close_others(keep, count);
        sigemptyset(&before);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}
