/* process/worker.c: see worker.h. Follows what the master says on the channel; ends when that breaks. */
#include "process/worker.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "bind/bind.h"
#include "bind/serve.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"
#include "loop/work.h"
#include "process/message.h"
#include "process/signal.h"
#include "process/stores.h"
#include "process/threads.h"
#include "process/worker.h"
#include "vm/beat.h"
#include "vm/generation.h"
#include "vm/settings.h"
#include "vm/vm.h"

static const double BEAT = 0.1;        /* seconds between two beats of an idle worker */
static const double CLOSE_GRACE = 0.5; /* for connections, once all tasks have ended or their time is over */

static struct {
    const struct worker_start *start;
    struct worker_env env;
    struct generations *generations;
    struct watch channel;
    struct timer beat, limit;
    bool tasks_ended, connections_closed;
} worker;

/* ---- beat ---- */

static void on_beat(struct timer *timer)
{
    struct beat *beat = worker.env.beat;
    timer_start(timer, BEAT);
    atomic_fetch_add(&beat->turns, 1);
    atomic_store(&beat->alive, worker.env.generations);
    atomic_store(&beat->lua, generations_memory(worker.generations));
    generations_balance(worker.generations);
}

/* ---- loading ---- */

static void report(unsigned generation, const char *error)
{
    message_send(worker.start->channel, error ? MESSAGE_FAILED : MESSAGE_LOADED, generation, error, -1);
}

static void apply_log_level(void)
{
    enum log_level level;
    if (log_level_from(str_from(settings_text(worker.env.settings, "log_level")), &level))
        log_set_level(level);
}

static void on_loaded(void *arg, const char *error)
{
    if (!error)
        apply_log_level();
    report((unsigned)(uintptr_t)arg, error);
}

static void load(const struct message *m)
{
    struct set *set = set_open(m->fd);
    if (set)
        generations_load(worker.generations, set, m->number, on_loaded, (void *)(uintptr_t)m->number);
    else
        report(m->number, "the accepted set cannot be read");
}

/* ---- ending: when no task runs and no connection is open, or their time is over ---- */

static void end(void)
{
    loop_stop(worker.env.loop);
}

static void on_end_limit(struct timer *timer)
{
    (void)timer;
    end();
}

static void check_ended(void)
{
    if (worker.tasks_ended && worker.connections_closed)
        end();
}

static void on_tasks_ended(void *arg)
{
    (void)arg;
    worker.tasks_ended = true;
    check_ended();
}

static void on_connections_closed(void *arg)
{
    (void)arg;
    worker.connections_closed = true;
    check_ended();
}

/* The queues are empty, and nobody shall be let into one that is never emptied again: the kernel refuses at once when
 * the master stops too; else what comes waits in the master's descriptor for the successor. */
static void close_listeners(void)
{
    const struct listeners *all = worker.start->listeners;
    for (size_t r = 0; r < all->count; r++)
        close(all->rows[r].fds[worker.start->index]);
}

static void stop(unsigned close_code)
{
    if (worker.env.draining)
        return;
    double seconds = settings_real(worker.env.settings, "drain_timeout");
    worker.env.draining = true;
    timer_start(&worker.limit, seconds + CLOSE_GRACE);
    server_drain(worker.env.server, (int)close_code, on_connections_closed, NULL);
    close_listeners();
    generations_stop(worker.generations, seconds, on_tasks_ended, NULL);
}

/* ---- what comes in ---- */

static void on_channel(struct watch *w, unsigned events)
{
    struct message m;
    (void)events;
    int got = message_receive(w->fd, &m);
    if (got < 0)
        _exit(1); /* the master is gone, and with it the right to serve */
    if (got == 0)
        return;
    if (m.kind == MESSAGE_LOAD && m.fd >= 0 && !worker.env.draining)
        load(&m);
    else if (m.kind == MESSAGE_STOP)
        stop(m.number);
    else if (m.kind == MESSAGE_LOG)
        log_open(m.text);
    if (m.fd >= 0)
        close(m.fd);
}

static void on_signal(void *arg)
{
    (void)arg;
    if (signal_taken(SIGTERM))
        stop(WORKER_RESTARTS);
}

/* The watchdog's wish. The handler itself must do it: the loop does not turn. */
static void on_interrupt(int signal)
{
    (void)signal;
    vm_interrupt("the script held the loop longer than script_timeout");
}

static void metrics(void *arg, struct buf *out)
{
    (void)arg;
    counter_dump(worker.env.segments, worker.env.segment_count, out);
}

/* ---- start ---- */

static bool listen_all(void)
{
    const struct listeners *all = worker.start->listeners;
    struct server *server = worker.env.server;
    bool good = true;
    for (size_t r = 0; r < all->count; r++) {
        const struct listener_row *row = &all->rows[r];
        int fd = row->fds[worker.start->index];
        struct buf tls = {0};
        buf_printf(&tls, "services.%s.tls.1.certificate", row->service);
        if (*row->service)
            good = server_listen(server, fd, row->service, settings_text(worker.env.settings, buf_cstr(&tls))) && good;
        else
            good = server_listen_admin(server, fd, metrics, NULL) && good;
        buf_free(&tls);
    }
    return good;
}

static bool open_all(struct buf *error)
{
    struct worker_env *env = &worker.env;
    struct set *set = set_open(worker.start->set_fd);
    close(worker.start->set_fd);
    env->loop = loop_new();
    if (!set || !env->loop || !threads_open(env)) {
        buf_printf(error, "no memory or no descriptors to start with");
        return false;
    }
    work_share(env->hashing, worker.start->hash_seats, worker.start->index);
    env->settings = set_settings(set);
    env->set = set;
    env->lua_limit = (size_t)settings_int(env->settings, "lua_memory");
    env->server = serve_new(env);
    serve_set_tickets(env->server, worker.start->tickets);
    stores_open(env);
    worker.generations = generations_new(env, serve_set_generation);
    return worker.generations && generations_load_now(worker.generations, set, worker.start->generation, error);
}

static void prepare(void)
{
    static const int caught[] = {SIGTERM, 0};
    struct sigaction interrupt = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    mallopt(M_ARENA_MAX, 2); /* threads come and go with reloads; arenas would stay */
    log_set_context((int)worker.start->index, worker.start->generation);
    prctl(PR_SET_NAME, "toolboxd worker");
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group: the master decides */
    signal(SIGHUP, SIG_IGN);
    sigaction(SIGUSR1, &interrupt, NULL);
    signals_catch(worker.env.loop, caught, on_signal, NULL);
}

static void close_all(void)
{
    timer_stop(&worker.beat);
    timer_stop(&worker.limit);
    serve_free(&worker.env);
    if (worker.tasks_ended) /* else what is left ends with the process */
        generations_free(worker.generations);
    stores_close(&worker.env); /* after the generations, which give back what they hold */
    if (!worker.tasks_ended)
        return;
    threads_close(&worker.env);
    watch_stop(&worker.channel);
}

_Noreturn void worker_main(const struct worker_start *start)
{
    struct buf error = {0};
    worker.start = start;
    worker.env = (struct worker_env){.bind = bind_all,
                                     .beat = start->beat,
                                     .worker = (int)start->index,
                                     .counters = start->segments[start->index],
                                     .segments = start->segments,
                                     .segment_count = start->segment_count};
    log_set_context((int)start->index, start->generation);
    if (!open_all(&error)) {
        report(start->generation, error.len ? buf_cstr(&error) : "no descriptors to start with");
        _exit(1);
    }
    prepare();
    timer_init(&worker.beat, worker.env.loop, on_beat);
    timer_init(&worker.limit, worker.env.loop, on_end_limit);
    on_beat(&worker.beat);
    if (!listen_all()) {
        report(start->generation, "no descriptors to listen with");
        _exit(1);
    }
    watch_start(&worker.channel, worker.env.loop, start->channel, WATCH_READ, on_channel);
    report(start->generation, NULL);
    log_write(LOG_INFO, "worker started", log_int("pid", getpid()), LOG_END);
    loop_run(worker.env.loop);
    close_all();
    exit(0);
}
