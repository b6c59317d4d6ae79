/* process/master.c: starts the server, turns signals and control commands into what the other files do, stops it. See
 * master.h.
 *
 * Start: candidate ─▶ log, control socket, listeners, shared memory ─▶ workers. Whatever fails before the workers is
 * one line on standard error and an exit code. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/background.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/seats.h"
#include "loop/loop.h"
#include "loop/tls_tickets.h"
#include "process/master.h"
#include "process/serve.h"
#include "process/signal.h"
#include "process/upgrade.h"
#include "vm/settings.h"
#include "vm/settings_type.h"

static const double FIRST_LOAD = 10; /* seconds, see first_load() */
static const double STOP_GRACE = 3;  /* seconds above drain_timeout */

static const double TICKET_PERIOD = 12.0 * 3600; /* seconds: a session can be resumed for half a day to a day */

enum { BEATS_PER_WORKER = 4 }; /* a worker, its replacement, and what is still leaving */

const struct settings *master_settings(const struct master *m)
{
    return set_settings(m->set);
}

void master_count_generation(struct master *m)
{
    struct counter_segment *own = m->segments[m->workers];
    counter_set(counter_get(own, COUNTER_GAUGE, STR("toolbox_generation"), STR("")), m->generation);
}

/* ---- commands ---- */

static void on_command(void *arg, struct control_client *client, const char *line)
{
    struct master *m = arg;
    if (strcmp(line, "reload") == 0) {
        reload_request(m, client);
    } else if (strcmp(line, "status") == 0) {
        struct buf text = {0};
        status_write(m, &text);
        control_answer(client, true, buf_cstr(&text));
        buf_free(&text);
    } else if (strcmp(line, "stop") == 0) {
        master_stop(m, client);
    } else {
        control_answer(client, false, "unknown command\n");
    }
}

/* ---- stop ---- */

static void check_stopped(struct master *m)
{
    if (m->stopping && slots_empty(m))
        loop_stop(m->loop);
}

static void on_stop_limit(struct timer *timer)
{
    struct master *m = (struct master *)((char *)timer - offsetof(struct master, stop_limit));
    log_write(LOG_ERROR, "workers did not end in drain_timeout and are killed", LOG_END);
    slots_kill(m);
}

/* A second request does not wait for what is in flight. */
void master_stop(struct master *m, struct control_client *client)
{
    if (m->stopping) {
        if (client)
            control_answer(client, false, "the server stops already\n");
        else
            slots_kill(m);
        return;
    }
    log_write(LOG_INFO, "server stops", LOG_END);
    m->stopping = true;
    m->stop_client = client;
    reload_abandon(m);
    listeners_close(&m->listeners); /* first: the workers' close is the last, after they have emptied the queues */
    slots_stop(m);
    timer_init(&m->stop_limit, m->loop, on_stop_limit);
    timer_start(&m->stop_limit, settings_real(master_settings(m), "drain_timeout") + STOP_GRACE);
    check_stopped(m);
}

/* ---- signals: one list, in order of urgency ---- */

static const int caught[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0};

/* After a rotation: the file of that name is another one now, for the workers too. */
static void reopen_log(struct master *m)
{
    const char *file = settings_text(master_settings(m), "log_file");
    if (file && log_open(file))
        slots_reopen_log(m, file);
    else if (file)
        log_write(LOG_ERROR, "the log file cannot be opened again", log_str("error", strerror(errno)), LOG_END);
}

static void on_signal(void *arg)
{
    struct master *m = arg;
    if (signal_taken(SIGCHLD)) {
        slots_reap(m);
        check_stopped(m);
    }
    if (signal_taken(SIGTERM) || signal_taken(SIGINT))
        master_stop(m, NULL);
    if (signal_taken(SIGUSR1))
        reopen_log(m);
    if (signal_taken(SIGHUP) && !m->stopping)
        reload_request(m, NULL);
    if (signal_taken(SIGUSR2))
        upgrade_start(m);
}

/* ---- start ---- */

static int complain(const char *line, int code)
{
    fprintf(stderr, "toolboxd: %s\n", line);
    return code;
}

static void on_first_candidate(void *arg, int fd, const char *error, int code)
{
    struct master *m = arg;
    m->candidate = NULL;
    m->set_fd = fd;
    m->set = fd >= 0 ? set_open(fd) : NULL;
    if (!m->set)
        m->exit_code = complain(error ? error : "the accepted set cannot be read", code ? code : 1);
    loop_stop(m->loop);
}

/* Signals before the workers run: only an end is meant. */
static void on_early_signal(void *arg)
{
    struct master *m = arg;
    if (!signal_taken(SIGTERM) && !signal_taken(SIGINT))
        return;
    candidate_cancel(m->candidate);
    m->candidate = NULL;
    m->exit_code = 1;
    loop_stop(m->loop);
}

/* The first load is what finds out the configuration's load_timeout; one in the environment is known before. */
static double first_load(void)
{
    const char *text = getenv("TOOLBOX_LOAD_TIMEOUT");
    double seconds;
    return text && settings_parse_duration(text, strlen(text), &seconds) && seconds > FIRST_LOAD ? seconds : FIRST_LOAD;
}

static bool try_configuration(struct master *m)
{
    static const int early[] = {SIGTERM, SIGINT, 0};
    signals_catch(m->loop, early, on_early_signal, m);
    m->candidate = candidate_start(m->loop, m->config, NULL, !m->inherited->any, first_load(), on_first_candidate, m);
    if (!m->candidate) {
        m->exit_code = complain("a candidate process cannot be started", 1);
        return false;
    }
    loop_run(m->loop);
    return m->set != NULL;
}

static unsigned core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (unsigned)cores : 1;
}

static unsigned worker_count(const struct settings *settings)
{
    int64_t wanted = settings_int(settings, "workers");
    return wanted > 0 ? (unsigned)wanted : core_count();
}

static bool open_log(struct master *m)
{
    const struct settings *settings = master_settings(m);
    const char *file = settings_text(settings, "log_file");
    enum log_level level;
    if (log_level_from(str_from(settings_text(settings, "log_level")), &level))
        log_set_level(level);
    if (!file || log_open(file))
        return true;
    struct buf line = {0};
    buf_printf(&line, "%s: log_file: %s cannot be opened", settings_file(settings), file);
    m->exit_code = complain(buf_cstr(&line), 2);
    buf_free(&line);
    return false;
}

static bool open_memory(struct master *m)
{
    m->beat_count = (size_t)m->workers * BEATS_PER_WORKER;
    m->beats = mmap(NULL, m->beat_count * sizeof *m->beats, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    m->segments = mem_zalloc((m->workers + 1) * sizeof *m->segments);
    m->tickets = tls_tickets_new(TICKET_PERIOD);
    m->hash_seats = seats_new(core_count() > 1 ? core_count() - 1 : 1);
    bool good = m->beats != MAP_FAILED && m->tickets && m->hash_seats;
    for (unsigned i = 0; i <= m->workers; i++)
        good = (m->segments[i] = counter_segment_new()) && good;
    if (!good)
        m->exit_code = complain("no memory or no descriptor to share with the workers", 1);
    return good;
}

static bool open_all(struct master *m)
{
    const struct settings *settings = master_settings(m);
    struct buf error = {0};
    m->workers = m->inherited->any ? m->inherited->workers : worker_count(settings);
    if (!open_log(m) || !open_memory(m))
        return false;
    const char *path = settings_text(settings, "control");
    struct inherited *in = m->inherited;
    if (in->any)
        m->control = control_adopt(m->loop, path, in->control, in->lock, on_command, m);
    else
        m->control = control_new(m->loop, path, on_command, m, &error);
    bool good = m->control && listeners_open(&m->listeners, settings, m->workers, &in->listeners, &error);
    if (!good)
        m->exit_code = complain(buf_cstr(&error), 1);
    buf_free(&error);
    return good;
}

static void run(struct master *m)
{
    m->generation = m->inherited->generation + 1;
    m->started = clock_precise();
    master_count_generation(m);
    signals_catch(m->loop, caught, on_signal, m);
    for (size_t i = 0; i < m->listeners.count; i++)
        log_write(LOG_INFO, "listening", log_str("service", m->listeners.rows[i].service),
                  log_str("address", m->listeners.rows[i].address), LOG_END);
    background_patient(); /* a fork takes a millisecond or two, which those that serve need not wait for */
    slots_start(m, m->inherited);
    inherited_free(m->inherited);
    slots_reap(m); /* who ended during an upgrade */
    watchdog_start(m);
    loop_run(m->loop);
    log_write(LOG_INFO, "server stopped", LOG_END);
}

static void close_all(struct master *m)
{
    if (m->watcher)
        watcher_stop(m->watcher);
    timer_stop(&m->watchdog);
    timer_stop(&m->stop_limit);
    listeners_close(&m->listeners);
    if (m->stop_client)
        control_answer(m->stop_client, true, "stopped\n");
    if (m->control)
        control_free(m->control);
    for (unsigned i = 0; m->segments && i <= m->workers; i++)
        if (m->segments[i])
            counter_segment_free(m->segments[i]);
    tls_tickets_free(m->tickets);
    seats_free(m->hash_seats);
    free(m->segments);
    free(m->slots);
    free(m->last_error);
    set_release(m->set);
}

int serve(const char *config, bool watch)
{
    struct inherited in;
    struct master m = {.config = config, .set_fd = -1, .inherited = &in, .loop = loop_new()};
    if (!m.loop)
        return complain("no event loop: out of descriptors", 1);
    if (!upgrade_inherit(&in))
        return complain("what the program before this one left cannot be read", 1);
    upgrade_prepare(config, watch);
    if (try_configuration(&m) && open_all(&m)) {
        if (watch)
            m.watcher = watcher_start(&m);
        run(&m);
    }
    close_all(&m);
    return m.exit_code;
}
