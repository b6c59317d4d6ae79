/* process/watchdog.c: looks at the workers' beats. A script that holds the loop for script_timeout is interrupted where
 * LuaJIT allows that; a worker that still does not move, or has been stopped, is replaced.
 *
 * On a busy machine a worker may stand still for want of a core, so what counts is the CPU time that it has used since
 * its last beat, and the wall clock only when it is far beyond. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/master.h"
#include "vm/settings.h"

static const double INTERVAL = 0.05;  /* seconds between two looks */
static const double AFTER_ASK = 0.15; /* what an interrupted script gets to end in */
static const double STOPPED = 1;      /* a worker in state T (SIGSTOP) so long is replaced */
static const double SILENT = 15;      /* no sign of life at all, whatever the reason */

static double cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The state letter of /proc/PID/stat, behind the name in parentheses. */
static bool is_stopped(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' && (end[2] == 'T' || end[2] == 't');
}

static void moved(struct worker *w, unsigned turns, double now)
{
    w->turns = turns;
    w->moved = now;
    w->cpu = cpu_seconds(w->pid);
    w->asked = false;
}

static void interrupt(struct worker *w)
{
    w->asked = true;
    log_write(LOG_WARN, "a script holds the loop", log_int("slot", w->slot->index), log_int("pid", w->pid),
              log_str("task", w->beat->label), log_int("worker_generation", atomic_load(&w->beat->generation)),
              log_real("task_age", clock_precise() - atomic_load(&w->beat->started)), LOG_END);
    kill(w->pid, SIGUSR1);
}

static void look(struct worker *w, double timeout, double now)
{
    unsigned turns = atomic_load(&w->beat->turns);
    if (atomic_load(&w->beat->replace) && w->state == SERVING)
        slot_replace(w->slot, "its Lua memory passed 75 % of lua_memory");
    if (turns != w->turns || w->state == STARTING) {
        moved(w, turns, now);
        return;
    }
    double still = now - w->moved;
    if (still > STOPPED && is_stopped(w->pid)) {
        worker_kill(w, "it has been stopped");
    } else if (atomic_load(&w->beat->running)) {
        double used = cpu_seconds(w->pid) - w->cpu;
        if (used < timeout * 0.6 && still < timeout + SILENT)
            return;
        if (!w->asked && still > timeout)
            interrupt(w);
        else if (w->asked && still > timeout + AFTER_ASK)
            worker_kill(w, "a script holds the loop and cannot be interrupted");
    } else if (still > SILENT) {
        worker_kill(w, "it shows no sign of life");
    }
}

static void on_tick(struct timer *timer)
{
    struct master *m = (struct master *)((char *)timer - offsetof(struct master, watchdog));
    double timeout = settings_real(master_settings(m), "script_timeout"), now = clock_precise();
    timer_start(&m->watchdog, INTERVAL);
    for (unsigned i = 0; i < m->workers; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            if (!w->foreign)
                look(w, timeout, now);
}

void watchdog_start(struct master *m)
{
    timer_init(&m->watchdog, m->loop, on_tick);
    timer_start(&m->watchdog, INTERVAL);
}
