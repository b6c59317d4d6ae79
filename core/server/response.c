/* server/response.c: answers, checked before they go to the protocol that carries the request. */
#include "server/response.h"

#include "proto/field.h"
#include "proto/http1_out.h"
#include "server/coder.h"
#include "server/state.h"

static const struct str own_fields[] = {
    {"connection", 10}, {"content-length", 14},    {"date", 4},    {"keep-alive", 10},
    {"trailer", 7},     {"transfer-encoding", 17}, {"upgrade", 7},
};

enum { OWN_LENGTHS = 1 << 4 | 1 << 7 | 1 << 10 | 1 << 14 | 1 << 17 };

static bool is_own(struct str name)
{
    if (name.n > 17 || !(1u << name.n & OWN_LENGTHS))
        return false;
    for (size_t i = 0; i < sizeof own_fields / sizeof *own_fields; i++)
        if (str_ieq(name, own_fields[i]))
            return true;
    return false;
}

const char *response_add(struct response *response, struct str name, struct str value)
{
    if (response->count == RESPONSE_FIELDS_MAX)
        return "there are too many header lines";
    if (!http_is_token(name))
        return "a header's name is not valid";
    if (!http_is_value(value))
        return "a header's value holds control characters or outer blanks";
    if (is_own(name))
        return "the header is written by the core itself";
    response->fields[response->count++] = (struct response_field){name, value};
    return NULL;
}

struct str response_find(const struct response *response, struct str name)
{
    for (unsigned i = 0; i < response->count; i++)
        if (str_ieq(response->fields[i].name, name))
            return response->fields[i].value;
    return STR_NULL;
}

/* False if it was answered already. Without a carrier the client is gone: the answer goes nowhere. */
static bool begin(struct request *r, const struct response *response)
{
    if (r->started_answer || (r->answered && !r->gone))
        return false;
    r->started_answer = true;
    if (!r->gone)
        r->status = response->status;
    return true;
}

bool response_send(struct request *r, struct response *response, struct str body)
{
    if (!begin(r, response))
        return false;
    if (!r->carrier)
        return true;
    if (r->compress_least >= 0 && body.n >= (uint64_t)r->compress_least)
        body = compress_body(r, response, body);
    r->transport->send(r, response, body);
    return true;
}

/* "Bad Request" → bad_request */
static void append_code(struct buf *out, struct str reason)
{
    for (size_t i = 0; i < reason.n; i++)
        buf_append_char(out, reason.p[i] == ' ' || reason.p[i] == '-' ? '_' : ascii_lower(reason.p[i]));
}

/* The sentences are the core's own: nothing in them needs an escape. */
bool response_problem(struct request *r, struct response *response, struct str text)
{
    struct str title = http_reason(response->status);
    char status[20];
    struct buf body = {0};
    buf_append_str(&body, STR("{\"type\":\"about:blank\",\"title\":\""));
    buf_append_str(&body, title);
    buf_append_str(&body, STR("\",\"status\":"));
    buf_append_str(&body, str_of(status, u64_to_digits((uint64_t)response->status, status)));
    buf_append_str(&body, STR(",\"code\":\""));
    append_code(&body, title);
    buf_append_str(&body, STR("\",\"detail\":\""));
    buf_append_str(&body, text.n ? text : title);
    buf_append_str(&body, STR("\"}"));
    response_add(response, STR("Content-Type"), STR("application/problem+json"));
    bool sent = response_send(r, response, buf_str(&body));
    buf_free(&body);
    return sent;
}

void response_refuse(struct request *r, int status, struct str text)
{
    struct response response;
    response_init(&response, status);
    response_problem(r, &response, text);
}

bool response_start(struct request *r, struct response *response)
{
    if (!begin(r, response))
        return false;
    if (!r->carrier)
        return true;
    if (r->compress_least >= 0)
        r->coder = compress_stream(r, response);
    r->transport->start(r, response);
    return true;
}

/* What goes out for a chunk; the client must not take a part for the whole. */
static bool write_coded(struct request *r, struct str chunk, bool last)
{
    struct buf *out = &r->server->body;
    buf_clear(out);
    if (request_is_head(r))
        return true;
    if (!coder_write(r->coder, chunk, last, out)) {
        r->transport->abort(r);
        return false;
    }
    r->transport->write(r, buf_str(out));
    return true;
}

int64_t response_write(struct request *r, struct str chunk)
{
    if (r->answered || !r->carrier)
        return -1;
    if (!r->coder)
        r->transport->write(r, chunk);
    else if (chunk.n && !write_coded(r, chunk, false))
        return -1;
    return (int64_t)r->transport->queued(r);
}

bool response_finish(struct request *r, const struct response *trailers)
{
    if (!r->started_answer || r->answered || !r->carrier)
        return false;
    if (r->coder && !write_coded(r, STR_NULL, true))
        return false;
    r->transport->finish(r, trailers);
    return true;
}

bool response_interim(struct request *r, const struct response *response)
{
    if (r->started_answer || r->answered || !r->carrier)
        return false;
    r->transport->interim(r, response);
    return true;
}

bool response_send_file(struct request *r, struct response *response, struct open_file *file, uint64_t from,
                        uint64_t size)
{
    if (!begin(r, response))
        return false;
    if (r->carrier)
        r->transport->send_file(r, response, file, from, size);
    return true;
}
