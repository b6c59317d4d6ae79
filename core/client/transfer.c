#include "client/transfer.h"

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"

#include <stddef.h>
#include <stdlib.h>

enum { KEPT_CONNECTIONS = 64, CONNECTIONS_MAX = 512 };

struct transfers {
    struct loop *loop;
    CURLM *multi;
    struct timer timer; /* what libcurl asked for */
    struct transfer *first;
};

void transfer_stop(struct transfer *t)
{
    if (!t->running)
        return;
    t->running = false;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    curl_multi_remove_handle(t->all->multi, t->easy);
}

static void end(struct transfer *t, CURLcode result)
{
    transfer_stop(t);
    t->on_result(t, result);
}

static void take_results(struct transfers *all)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(all->multi, &left)) != NULL) {
        struct transfer *t;
        CURLcode result = message->data.result; /* the message goes with its handle */
        if (message->msg == CURLMSG_DONE && curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t) == CURLE_OK)
            end(t, result);
    }
}

struct watched {
    struct watch watch;
    struct transfers *all;
};

static void on_event(struct watch *w, unsigned events)
{
    struct transfers *all = ((struct watched *)w)->all; /* w may be gone after this */
    int running, mask = (events & WATCH_READ ? CURL_CSELECT_IN : 0) | (events & WATCH_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(all->multi, w->fd, mask, &running);
    take_results(all);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *old)
{
    (void)easy;
    struct transfers *all = arg;
    struct watched *s = old;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            watch_stop(&s->watch);
        free(s);
        return 0;
    }
    if (!s) {
        s = mem_zalloc(sizeof *s);
        s->all = all;
        curl_multi_assign(all->multi, fd, s);
    }
    unsigned events = (what & CURL_POLL_IN ? WATCH_READ : 0) | (what & CURL_POLL_OUT ? WATCH_WRITE : 0);
    watch_start(&s->watch, all->loop, fd, events, on_event);
    return 0;
}

/* Its time has come; at once means at the end of this turn, as libcurl may not be called from its own callback. */
static void kick(void *arg)
{
    struct transfers *all = arg;
    int running;
    curl_multi_socket_action(all->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_results(all);
}

static void on_timer(struct timer *t)
{
    kick((char *)t - offsetof(struct transfers, timer));
}

static int on_timeout_change(CURLM *multi, long milliseconds, void *arg)
{
    (void)multi;
    struct transfers *all = arg;
    timer_stop(&all->timer);
    if (milliseconds == 0)
        loop_defer(all->loop, kick, all);
    else if (milliseconds > 0)
        timer_start(&all->timer, (double)milliseconds / 1000);
    return 0;
}

void transfer_start(struct transfers *all, struct transfer *t)
{
    t->all = all;
    t->running = true;
    t->next = all->first;
    t->link = &all->first;
    if (t->next)
        t->next->link = &t->next;
    all->first = t;
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_multi_add_handle(all->multi, t->easy);
}

const char *transfer_code(CURLcode result)
{
    switch (result) {
    case CURLE_OK:
        return NULL;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "bad_url";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "dns";
    case CURLE_COULDNT_CONNECT:
        return "refused";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return "tls";
    default:
        return "closed";
    }
}

struct transfers *transfers_new(struct loop *loop)
{
    struct transfers *all = mem_zalloc(sizeof *all);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    all->loop = loop;
    all->multi = curl_multi_init();
    if (!all->multi)
        abort(); /* without memory; see base/mem.h */
    timer_init(&all->timer, loop, on_timer);
    curl_multi_setopt(all->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
    curl_multi_setopt(all->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    curl_multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
    curl_multi_setopt(all->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    curl_multi_setopt(all->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    return all;
}

void transfers_free(struct transfers *all)
{
    if (!all)
        return;
    while (all->first)
        end(all->first, CURLE_ABORTED_BY_CALLBACK);
    curl_multi_cleanup(all->multi);
    loop_undefer(all->loop, kick, all);
    timer_stop(&all->timer);
    free(all);
}
