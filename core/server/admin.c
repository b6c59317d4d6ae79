/* server/admin.c: the admin listener: /metrics in Prometheus' text format and /healthz, in C alone, so that they answer
 * whatever the scripts do. */
#include "server/state.h"

void admin_answer(struct request *r)
{
    struct http1_head *head = &r->parser.head;
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        response_refuse(r, 405, STR("Only GET is known here."));
        return;
    }
    if (str_eq(r->path, STR("/healthz"))) {
        struct response response;
        response_init(&response, 200);
        response_add(&response, STR("Content-Type"), STR("text/plain; charset=utf-8"));
        response_send(r, &response, STR("ok\n"));
        return;
    }
    if (!str_eq(r->path, STR("/metrics"))) {
        response_refuse(r, 404, STR("There are /metrics and /healthz."));
        return;
    }
    struct buf text = {0};
    r->service->admin(r->service->admin_arg, &text);
    struct response response;
    response_init(&response, 200);
    response_add(&response, STR("Content-Type"), STR("text/plain; version=0.0.4; charset=utf-8"));
    response_send(r, &response, buf_str(&text));
    buf_free(&text);
}
