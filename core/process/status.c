/* process/status.c: what `toolboxd status` prints: a line for the server, one per worker, one for the last reload;
 * words of the form key=value, so that programs read it too. */
#include <unistd.h>

#include "base/clock.h"
#include "process/master.h"
#include "vm/settings.h"

static bool in_crash_loop(const struct slot *slot, double now)
{
    return slot->crash_count >= CRASHES && now - slot->crashes[slot->crash_count % CRASHES] < CRASH_WINDOW;
}

static void write_worker(const struct slot *slot, const struct worker *w, struct buf *out, double now)
{
    static const char *const states[] = {"starting", "serving", "leaving"};
    buf_printf(out, "worker=%u pid=%d state=%s generation=%u generations=%u lua_kib=%lu age=%.1f restarts=%u%s\n",
               slot->index, (int)w->pid, states[w->state], atomic_load(&w->beat->swapped), atomic_load(&w->beat->alive),
               atomic_load(&w->beat->lua) / 1024, now - w->started, slot->restarts,
               in_crash_loop(slot, now) ? " crash-loop" : "");
}

void status_write(const struct master *m, struct buf *out)
{
    double now = clock_precise();
    buf_printf(out, "pid=%d generation=%u workers=%u age=%.1f config=%s%s\n", (int)getpid(), m->generation, m->workers,
               now - m->started, settings_file(master_settings(m)), m->stopping ? " stopping" : "");
    for (size_t i = 0; i < m->listeners.count; i++)
        buf_printf(out, "listen=%s service=%s\n", m->listeners.rows[i].address,
                   *m->listeners.rows[i].service ? m->listeners.rows[i].service : "(admin)");
    for (unsigned i = 0; i < m->workers; i++) {
        const struct slot *slot = &m->slots[i];
        for (const struct worker *w = slot->workers; w; w = w->next)
            write_worker(slot, w, out, now);
        if (!slot->workers)
            buf_printf(out, "worker=%u state=waiting restarts=%u%s\n", i, slot->restarts,
                       in_crash_loop(slot, now) ? " crash-loop" : "");
    }
    buf_printf(out, "reloads=%lu refused=%lu last_reload=%s\n", m->reloads_done, m->reloads_refused,
               m->last_error     ? "refused"
               : m->reloads_done ? "accepted"
                                 : "none");
    if (m->last_error)
        buf_printf(out, "last_error: %s", m->last_error);
}
