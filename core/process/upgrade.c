/* process/upgrade.c: see upgrade.h. The memory file is text, a line each:
 *   server WORKERS GENERATION CONTROL LOCK
 *   listen SERVICE CONFIGURED BOUND FD …      (SERVICE "-" is the admin listener; one FD per worker)
 *   worker SLOT PID CHANNEL */
#include "process/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "process/spawn.h"

static const char variable[] = "TOOLBOX_UPGRADE_FD";

static char program[PATH_MAX];
static const char *config_file;
static bool watching;
static pid_t check_pid;

void upgrade_prepare(const char *config, bool watch)
{
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    config_file = config;
    watching = watch;
}

/* ---- in the old image ---- */

void upgrade_start(struct master *m)
{
    if (check_pid > 0 || m->stopping)
        return;
    log_write(LOG_INFO, "upgrade is checked", log_str("program", program), LOG_END);
    pid_t pid = spawn(NULL, 0, true);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
            dup2(null, STDOUT_FILENO);
        execl(program, "toolboxd", "check", "--start", "--config", config_file, (char *)NULL);
        _exit(127);
    }
    if (pid < 0)
        log_write(LOG_ERROR, "upgrade cannot be checked", log_str("error", strerror(errno)), LOG_END);
    check_pid = pid;
}

static void keep_open(int fd, bool keep)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0)
        fcntl(fd, F_SETFD, keep ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC);
}

/* Writes the lines, and makes what they name survive the exec (or not, after a failed one). */
static void describe(struct master *m, struct buf *out, bool keep)
{
    int control, lock;
    control_descriptors(m->control, &control, &lock);
    keep_open(control, keep);
    keep_open(lock, keep);
    buf_printf(out, "server %u %u %d %d\n", m->workers, m->generation, control, lock);
    for (size_t r = 0; r < m->listeners.count; r++) {
        const struct listener_row *row = &m->listeners.rows[r];
        buf_printf(out, "listen %s %s %s", *row->service ? row->service : "-", row->configured, row->address);
        for (unsigned i = 0; i < m->workers; i++) {
            keep_open(row->fds[i], keep);
            buf_printf(out, " %d", row->fds[i]);
        }
        buf_append_char(out, '\n');
    }
    for (unsigned i = 0; i < m->workers; i++)
        for (const struct worker *w = m->slots[i].workers; w; w = w->next) {
            keep_open(w->channel.fd, keep);
            buf_printf(out, "worker %u %d %d\n", i, (int)w->pid, w->channel.fd);
        }
}

static void become(struct master *m)
{
    struct buf text = {0};
    char number[16];
    int fd = memfd_create("toolbox-upgrade", 0);
    describe(m, &text, true);
    if (fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len) {
        snprintf(number, sizeof number, "%d", fd);
        setenv(variable, number, 1);
        execl(program, "toolboxd", "serve", "--config", config_file, watching ? "--watch" : (char *)NULL, (char *)NULL);
    }
    log_write(LOG_ERROR, "upgrade failed", log_str("error", strerror(errno)), LOG_END);
    unsetenv(variable);
    text.len = 0;
    describe(m, &text, false);
    buf_free(&text);
    if (fd >= 0)
        close(fd);
}

bool upgrade_reaped(struct master *m, pid_t pid, int status)
{
    if (pid != check_pid)
        return false;
    check_pid = 0;
    if (m->stopping)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        become(m);
    else
        log_write(LOG_ERROR, "upgrade refused: the new program does not accept the configuration",
                  log_int("exit", WIFEXITED(status) ? WEXITSTATUS(status) : -1), LOG_END);
    return true;
}

/* ---- in the new image ---- */

static bool read_listener(struct inherited *in, char *line)
{
    char *rest = line;
    const char *service = strsep(&rest, " "), *configured = strsep(&rest, " "), *bound = strsep(&rest, " ");
    if (!bound || !rest)
        return false;
    struct listeners *all = &in->listeners;
    all->rows = mem_realloc(all->rows, (all->count + 1) * sizeof *all->rows);
    struct listener_row *row = &all->rows[all->count++];
    service = strcmp(service, "-") == 0 ? "" : service;
    *row = (struct listener_row){.service = mem_dup(service, strlen(service)),
                                 .configured = mem_dup(configured, strlen(configured)),
                                 .address = mem_dup(bound, strlen(bound)),
                                 .fds = mem_alloc(in->workers * sizeof(int))};
    for (unsigned i = 0; i < in->workers; i++) {
        char *fd = strsep(&rest, " ");
        row->fds[i] = fd ? atoi(fd) : -1;
        keep_open(row->fds[i], false);
    }
    return true;
}

static bool read_worker(struct inherited *in, const char *line)
{
    struct inherited_worker w;
    int pid;
    if (sscanf(line, "%u %d %d", &w.slot, &pid, &w.channel) != 3 || w.slot >= in->workers)
        return false;
    w.pid = pid;
    keep_open(w.channel, false);
    in->old = mem_realloc(in->old, (in->old_count + 1) * sizeof *in->old);
    in->old[in->old_count++] = w;
    return true;
}

static bool read_line(struct inherited *in, char *line)
{
    char *rest = line, *word = strsep(&rest, " ");
    if (!rest)
        return false;
    if (strcmp(word, "listen") == 0)
        return in->any && read_listener(in, rest);
    if (strcmp(word, "worker") == 0)
        return in->any && read_worker(in, rest);
    in->any = sscanf(rest, "%u %u %d %d", &in->workers, &in->generation, &in->control, &in->lock) == 4;
    if (in->any) {
        in->listeners.workers = in->workers;
        keep_open(in->control, false);
        keep_open(in->lock, false);
    }
    return in->any;
}

bool upgrade_inherit(struct inherited *in)
{
    const char *number = getenv(variable);
    struct buf text = {0};
    bool good = true;
    ssize_t n = 0;
    *in = (struct inherited){.control = -1, .lock = -1};
    if (!number)
        return true;
    int fd = atoi(number);
    unsetenv(variable);
    lseek(fd, 0, SEEK_SET);
    while ((n = read(fd, buf_reserve(&text, 4096), 4096)) > 0)
        text.len += (size_t)n;
    close(fd);
    for (char *rest = buf_cstr(&text), *line; good && (line = strsep(&rest, "\n"));)
        good = *line == '\0' || read_line(in, line);
    buf_free(&text);
    return good && in->any;
}

void inherited_free(struct inherited *in)
{
    free(in->old);
    listeners_close(&in->listeners); /* those that the configuration still lists have been taken out */
}
