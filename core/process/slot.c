/* process/slot.c: the lives of worker processes. A worker that ends unasked is followed by another at once, later with
 * a growing pause; its listeners stay open here, so that connections wait instead of being refused. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "process/master.h"
#include "process/message.h"
#include "process/spawn.h"
#include "process/upgrade.h"
#include "process/worker.h"
#include "vm/settings.h"

static const double LOAD_GRACE = 4;  /* seconds above load_timeout: process start on a busy machine */
static const double LEAVE_GRACE = 2; /* seconds above drain_timeout */
static const double STEADY = 5;      /* a worker that lived so long starts a new count of crashes */
static const double PAUSE_MAX = 1;   /* between two starts */

static void schedule(struct slot *slot);

/* ---- beats ---- */

static struct beat *beat_take(struct master *m)
{
    for (size_t i = 0; i < m->beat_count; i++) {
        bool taken = false;
        for (unsigned s = 0; s < m->workers; s++)
            for (struct worker *w = m->slots[s].workers; w; w = w->next)
                taken = taken || w->beat == &m->beats[i];
        if (!taken) {
            memset(&m->beats[i], 0, sizeof m->beats[i]);
            return &m->beats[i];
        }
    }
    return NULL;
}

/* ---- ending ---- */

static void worker_free(struct worker *w)
{
    struct worker **link = &w->slot->workers;
    int fd = w->channel.fd;
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    timer_stop(&w->limit);
    watch_stop(&w->channel);
    close(fd);
    free(w);
}

void worker_kill(struct worker *w, const char *reason)
{
    if (w->killed)
        return;
    w->killed = true;
    log_write(LOG_ERROR, "worker is killed", log_str("reason", reason), log_int("slot", w->slot->index),
              log_int("pid", w->pid), log_int("worker_generation", w->generation), LOG_END);
    kill(w->pid, SIGKILL);
}

static void worker_leave(struct worker *w, unsigned close_code)
{
    if (w->state == LEAVING)
        return;
    w->state = LEAVING;
    message_send(w->channel.fd, MESSAGE_STOP, close_code, NULL, -1);
    timer_start(&w->limit, settings_real(master_settings(w->slot->master), "drain_timeout") + LEAVE_GRACE);
}

static void on_limit(struct timer *timer)
{
    struct worker *w = (struct worker *)((char *)timer - offsetof(struct worker, limit));
    worker_kill(w, w->state == LEAVING ? "it did not end in drain_timeout" : "it did not load in time");
}

/* ---- what a worker says ---- */

static void on_loaded(struct worker *w, unsigned generation)
{
    struct slot *slot = w->slot;
    w->generation = generation;
    if (w->state == STARTING) {
        w->state = SERVING;
        timer_stop(&w->limit);
        for (struct worker *old = slot->workers; old; old = old->next)
            if (old != w)
                worker_leave(old, WORKER_RESTARTS);
    }
    reload_worker_ready(slot->master);
}

static void on_channel(struct watch *watch, unsigned events)
{
    struct worker *w = (struct worker *)((char *)watch - offsetof(struct worker, channel));
    struct message m;
    (void)events;
    int got = message_receive(watch->fd, &m);
    if (got < 0) {
        watch_stop(watch); /* SIGCHLD follows */
        return;
    }
    if (got == 0)
        return;
    if (m.fd >= 0)
        close(m.fd);
    if (m.kind == MESSAGE_LOADED) {
        on_loaded(w, m.number);
    } else if (m.kind == MESSAGE_FAILED) {
        log_write(LOG_ERROR, "worker cannot load the accepted scripts", log_int("slot", w->slot->index),
                  log_int("worker_generation", m.number), log_str("error", m.text), LOG_END);
        worker_kill(w, "it cannot load the accepted scripts");
    }
}

/* ---- starting ---- */

static void run_child(struct slot *slot, struct beat *beat, int channel)
{
    struct master *m = slot->master;
    worker_main(&(struct worker_start){.index = slot->index,
                                       .workers = m->workers,
                                       .set_fd = m->set_fd,
                                       .generation = m->generation,
                                       .channel = channel,
                                       .beat = beat,
                                       .segments = m->segments,
                                       .segment_count = m->workers + 1,
                                       .tickets = m->tickets,
                                       .hash_seats = m->hash_seats,
                                       .listeners = &m->listeners});
}

static size_t list_kept(const struct slot *slot, int channel, int *keep)
{
    const struct listeners *all = &slot->master->listeners;
    size_t n = 0;
    keep[n++] = channel;
    keep[n++] = slot->master->set_fd;
    for (size_t r = 0; r < all->count; r++)
        keep[n++] = all->rows[r].fds[slot->index];
    return n;
}

static struct worker *add_worker(struct slot *slot, pid_t pid, struct beat *beat, int channel)
{
    struct worker *w = mem_zalloc(sizeof *w);
    w->slot = slot;
    w->pid = pid;
    w->beat = beat;
    w->started = w->moved = clock_precise();
    w->next = slot->workers;
    slot->workers = w;
    watch_start(&w->channel, slot->master->loop, channel, WATCH_READ, on_channel);
    timer_init(&w->limit, slot->master->loop, on_limit);
    return w;
}

static bool start(struct slot *slot)
{
    struct master *m = slot->master;
    struct beat *beat = beat_take(m);
    int fds[2] = {-1, -1}, *keep = mem_alloc((m->listeners.count + 2) * sizeof *keep);
    pid_t pid = -1;
    if (beat && message_pair(fds)) {
        counter_reset_gauges(m->segments[slot->index]);
        pid = spawn(keep, list_kept(slot, fds[1], keep), false);
        if (pid == 0)
            run_child(slot, beat, fds[1]);
        close(fds[1]);
    }
    free(keep);
    if (pid < 0) {
        log_write(LOG_ERROR, "a worker cannot be started", log_int("slot", slot->index),
                  log_str("error", strerror(errno)), LOG_END);
        if (fds[0] >= 0)
            close(fds[0]);
        return false;
    }
    struct worker *w = add_worker(slot, pid, beat, fds[0]);
    timer_start(&w->limit, settings_real(master_settings(m), "load_timeout") + LOAD_GRACE);
    return true;
}

static void on_respawn(struct timer *timer)
{
    struct slot *slot = (struct slot *)((char *)timer - offsetof(struct slot, respawn));
    if (!start(slot))
        timer_start(&slot->respawn, PAUSE_MAX);
}

static void count_restart(struct slot *slot)
{
    struct counter_segment *own = slot->master->segments[slot->master->workers];
    slot->restarts++;
    counter_add(counter_get(own, COUNTER_COUNT, STR("toolbox_worker_restarts_total"), STR("")), 1);
}

/* At once the first time, then after 0.05, 0.1, 0.2 … PAUSE_MAX seconds. */
static void schedule(struct slot *slot)
{
    double pause = slot->in_row <= 1 ? 0 : fmin(PAUSE_MAX, 0.05 * exp2(slot->in_row - 2));
    count_restart(slot);
    if (pause == 0)
        on_respawn(&slot->respawn);
    else
        timer_start(&slot->respawn, pause);
}

void slots_start(struct master *m, const struct inherited *in)
{
    static struct beat unseen; /* of workers from before an upgrade: the image before holds theirs */
    m->slots = mem_zalloc(m->workers * sizeof *m->slots);
    for (unsigned i = 0; i < m->workers; i++) {
        struct slot *slot = &m->slots[i];
        slot->master = m;
        slot->index = i;
        timer_init(&slot->respawn, m->loop, on_respawn);
    }
    for (size_t i = 0; i < in->old_count; i++) {
        struct worker *w = add_worker(&m->slots[in->old[i].slot], in->old[i].pid, &unseen, in->old[i].channel);
        w->state = SERVING;
        w->foreign = true;
    }
    for (unsigned i = 0; i < m->workers; i++)
        on_respawn(&m->slots[i].respawn);
}

void slot_replace(struct slot *slot, const char *reason)
{
    struct worker *w = slot_serving(slot);
    if (!w || slot->workers != w) /* another is on its way already */
        return;
    log_write(LOG_WARN, "worker is replaced", log_str("reason", reason), log_int("slot", slot->index),
              log_int("pid", w->pid), LOG_END);
    count_restart(slot);
    start(slot);
}

/* ---- reaping ---- */

static void count_crash(struct slot *slot, double lived)
{
    double now = clock_now();
    slot->in_row = lived > STEADY ? 1 : slot->in_row + 1;
    slot->crashes[slot->crash_count++ % CRASHES] = now;
    double oldest = slot->crashes[slot->crash_count % CRASHES];
    if (slot->crash_count >= CRASHES && now - oldest < CRASH_WINDOW)
        log_write(LOG_ERROR, "worker is in a crash loop", log_int("slot", slot->index),
                  log_int("crashes", slot->crash_count), LOG_END);
}

static void log_end(const struct worker *w, int status)
{
    const struct beat *b = w->beat;
    bool running = atomic_load(&b->running);
    double busy = clock_precise() - atomic_load(&b->started);
    log_write(LOG_ERROR, "worker ended", log_int("slot", w->slot->index), log_int("pid", w->pid),
              WIFSIGNALED(status) ? log_str("signal", sigabbrev_np(WTERMSIG(status)))
                                  : log_int("exit", WEXITSTATUS(status)),
              log_int("worker_generation", running ? atomic_load(&b->generation) : atomic_load(&b->swapped)),
              running ? log_str("task", b->label) : LOG_END, log_real("task_age", busy), LOG_END);
}

static void reaped(struct worker *w, int status)
{
    struct slot *slot = w->slot;
    struct master *m = slot->master;
    bool asked = w->state == LEAVING;
    double lived = clock_precise() - w->started;
    if (!asked || WIFSIGNALED(status))
        log_end(w, status);
    else
        log_write(LOG_INFO, "worker stopped", log_int("slot", slot->index), log_int("pid", w->pid), LOG_END);
    worker_free(w);
    if (m->stopping || asked)
        return;
    count_crash(slot, lived);
    if (!slot->workers || slot->workers->state == LEAVING)
        schedule(slot);
}

static struct worker *find(struct master *m, pid_t pid)
{
    for (unsigned i = 0; i < m->workers && m->slots; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            if (w->pid == pid)
                return w;
    return NULL;
}

void slots_reap(struct master *m)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct worker *w = find(m, pid);
        if (w)
            reaped(w, status);
        else
            upgrade_reaped(m, pid, status); /* or a candidate, which reports by its own channel */
    }
}

/* ---- all of them ---- */

struct worker *slot_serving(const struct slot *slot)
{
    for (struct worker *w = slot->workers; w; w = w->next)
        if (w->state == SERVING)
            return w;
    return NULL;
}

void slots_stop(struct master *m)
{
    for (unsigned i = 0; i < m->workers; i++) {
        timer_stop(&m->slots[i].respawn);
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            worker_leave(w, WORKER_STOPS);
    }
}

void slots_reopen_log(struct master *m, const char *file)
{
    for (unsigned i = 0; i < m->workers; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            message_send(w->channel.fd, MESSAGE_LOG, 0, file, -1);
}

void slots_kill(struct master *m)
{
    for (unsigned i = 0; i < m->workers; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            kill(w->pid, SIGKILL);
}

bool slots_empty(const struct master *m)
{
    for (unsigned i = 0; i < m->workers; i++)
        if (m->slots[i].workers)
            return false;
    return true;
}
