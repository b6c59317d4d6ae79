/* process/reload.c: a reload, from the candidate to the last worker's swap.
 *
 *   asked ─▶ candidate runs ─refused─▶ answer: error, nothing has changed
 *                 └─accepted─▶ set handed to all workers ─all swapped─▶ answer: generation
 *                                    └─ after load_timeout those that have not are replaced; they start with the new
 *                                       set
 *
 * One at a time: others wait in line and are tried anew, since files may have changed meanwhile. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "process/master.h"
#include "process/message.h"
#include "vm/settings.h"

/* Seconds more for the replacements to be up. With load_timeout's 3 s for the candidate and its grace, and again for
 * the workers, all stays below the 8 s that a reload may take from its turn. */
static const double REPLACE_LIMIT = 1.4;

static void next_reload(struct master *m);

static void count(struct master *m, const char *result)
{
    struct buf labels = {0};
    counter_label(&labels, STR("result"), str_from(result));
    counter_add(counter_get(m->segments[m->workers], COUNTER_COUNT, STR("toolbox_reloads_total"), buf_str(&labels)), 1);
    buf_free(&labels);
}

/* Ends the first in line. */
static void finish(struct master *m, bool good, const char *text)
{
    struct reload *r = m->reloads;
    m->handing_over = false;
    timer_stop(&m->reload_limit);
    count(m, good ? "accepted" : "refused");
    *(good ? &m->reloads_done : &m->reloads_refused) += 1;
    free(m->last_error);
    m->last_error = good ? NULL : mem_dup(text, strlen(text));
    if (good)
        log_write(LOG_INFO, "reload accepted", log_int("new_generation", m->generation), LOG_END);
    else
        log_write(LOG_ERROR, "reload refused", log_str("error", text), LOG_END);
    m->reloads = r->next;
    if (!m->reloads)
        m->last_reload = &m->reloads;
    if (r->client)
        control_answer(r->client, good, text);
    free(r);
    if (m->watcher)
        watcher_refresh(m->watcher);
    next_reload(m);
}

/* A worker counts once it, or its replacement, runs the new generation. */
static bool all_ready(const struct master *m)
{
    for (unsigned i = 0; i < m->workers; i++) {
        const struct worker *w = slot_serving(&m->slots[i]);
        if (!w || w->generation < m->generation)
            return false;
    }
    return true;
}

void reload_worker_ready(struct master *m)
{
    if (!m->handing_over || !all_ready(m))
        return;
    struct buf text = {0};
    buf_printf(&text, "generation %u\n", m->generation);
    finish(m, true, buf_cstr(&text));
    buf_free(&text);
}

static void on_limit(struct timer *timer)
{
    struct master *m = (struct master *)((char *)timer - offsetof(struct master, reload_limit));
    if (m->reload_stage++ > 0) {
        finish(m, false, "the scripts were accepted, but a worker did not come up with them in time; see the log\n");
        return;
    }
    timer_start(&m->reload_limit, REPLACE_LIMIT);
    for (unsigned i = 0; i < m->workers; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            if (w->state != LEAVING && !w->foreign && w->generation < m->generation)
                worker_kill(w, "it did not take over the new scripts in time");
}

static void hand_over(struct master *m)
{
    m->handing_over = true;
    m->reload_stage = 0;
    timer_init(&m->reload_limit, m->loop, on_limit);
    timer_start(&m->reload_limit, settings_real(master_settings(m), "load_timeout"));
    for (unsigned i = 0; i < m->workers; i++)
        for (struct worker *w = m->slots[i].workers; w; w = w->next)
            if (w->state != LEAVING && !w->foreign &&
                !message_send(w->channel.fd, MESSAGE_LOAD, m->generation, NULL, m->set_fd))
                worker_kill(w, "it does not read what the master sends");
}

static void on_candidate(void *arg, int fd, const char *error, int code)
{
    struct master *m = arg;
    (void)code;
    m->candidate = NULL;
    struct set *set = fd >= 0 ? set_open(fd) : NULL;
    if (!set) {
        if (fd >= 0)
            close(fd);
        struct buf text = {0};
        buf_printf(&text, "%s\n", error ? error : "the accepted set cannot be read");
        finish(m, false, buf_cstr(&text));
        buf_free(&text);
        return;
    }
    set_release(m->set);
    close(m->set_fd);
    m->set = set;
    m->set_fd = fd;
    m->generation++;
    master_count_generation(m);
    enum log_level level;
    if (log_level_from(str_from(settings_text(master_settings(m), "log_level")), &level))
        log_set_level(level);
    hand_over(m);
}

static void next_reload(struct master *m)
{
    if (!m->reloads || m->candidate || m->handing_over || m->stopping)
        return;
    double seconds = settings_real(master_settings(m), "load_timeout");
    m->candidate = candidate_start(m->loop, m->config, m->set, false, seconds, on_candidate, m);
    if (!m->candidate)
        finish(m, false, "a candidate process cannot be started\n");
}

void reload_request(struct master *m, struct control_client *client)
{
    struct reload *r = mem_zalloc(sizeof *r);
    r->client = client;
    if (!m->last_reload)
        m->last_reload = &m->reloads;
    *m->last_reload = r;
    m->last_reload = &r->next;
    next_reload(m);
}

void reload_abandon(struct master *m)
{
    if (m->candidate)
        candidate_cancel(m->candidate);
    m->candidate = NULL;
    m->handing_over = false;
    timer_stop(&m->reload_limit);
    while (m->reloads) {
        struct reload *r = m->reloads;
        m->reloads = r->next;
        if (r->client)
            control_answer(r->client, false, "the server stops\n");
        free(r);
    }
}
