/* bind/answer.c: answers from Lua: what a handler returns, and the methods of the request that answer piece by piece.
 */
#include <string.h>

#include "base/log.h"
#include "bind/serving.h"
#include "server/static.h"

/* Header tables. --- */

static const char *add_text(lua_State *L, struct arena *arena, struct response *response, struct str name, int index)
{
    size_t n;
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &n);
        return response_add(response, name, str_of(text, n));
    }
    if (lua_type(L, index) != LUA_TNUMBER)
        return "a header's value is neither a string nor a number nor an array of strings";
    lua_pushvalue(L, index);
    const char *text = lua_tolstring(L, -1, &n);
    const char *wrong = response_add(response, name, arena_dup_str(arena, str_of(text, n)));
    lua_pop(L, 1);
    return wrong;
}

static const char *add_lines(lua_State *L, struct arena *arena, struct response *response, struct str name, int index)
{
    const char *wrong = NULL;
    int count = (int)lua_objlen(L, index);
    for (int i = 1; i <= count && !wrong; i++) {
        lua_rawgeti(L, index, i);
        wrong = add_text(L, arena, response, name, lua_gettop(L));
        lua_pop(L, 1);
    }
    return wrong;
}

/* Prepared headers: lines that were checked once, for answers that say the same every time. --- */

static const char headers_type[] = "host.headers";

struct header_block {
    const char *type; /* headers_type: what a userdata must begin with to be one */
    unsigned count;
    struct response_field fields[]; /* … and their octets */
};

static const char *add_block(lua_State *L, int index, struct response *response)
{
    const struct header_block *block = lua_touserdata(L, index);
    if (lua_objlen(L, index) < sizeof *block || block->type != headers_type)
        return "the headers are neither a table nor made by server.headers";
    if (block->count > RESPONSE_FIELDS_MAX - response->count)
        return "there are too many header lines";
    memcpy(response->fields + response->count, block->fields, block->count * sizeof *block->fields);
    response->count += block->count;
    return NULL;
}

int l_prepare_headers(lua_State *L)
{
    struct response lines;
    size_t size = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    response_init(&lines, 200);
    struct arena numbers;
    arena_init(&numbers, 256);
    const char *wrong = answer_headers(L, 1, &numbers, &lines);
    if (wrong) {
        arena_free(&numbers);
        return luaL_error(L, "%s", wrong);
    }
    for (unsigned i = 0; i < lines.count; i++)
        size += lines.fields[i].name.n + lines.fields[i].value.n;
    struct header_block *block = lua_newuserdata(L, sizeof *block + lines.count * sizeof *lines.fields + size);
    *block = (struct header_block){.type = headers_type, .count = lines.count};
    char *text = (char *)(block->fields + lines.count);
    for (unsigned i = 0; i < lines.count; i++) {
        struct str name = lines.fields[i].name, value = lines.fields[i].value;
        block->fields[i] = (struct response_field){str_of(text, name.n), str_of(text + name.n, value.n)};
        text = (char *)memcpy(text, name.p, name.n) + name.n;
        text = (char *)memcpy(text, value.p, value.n) + value.n;
    }
    arena_free(&numbers);
    return 1;
}

const char *answer_headers(lua_State *L, int index, struct arena *arena, struct response *response)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
        return NULL;
    case LUA_TUSERDATA:
        return add_block(L, index, response);
    case LUA_TTABLE:
        break;
    default:
        return "the headers are no table";
    }
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        size_t n;
        const char *wrong = "a header's name is no string";
        int top = lua_gettop(L);
        if (lua_type(L, top - 1) == LUA_TSTRING) {
            const char *name = lua_tolstring(L, top - 1, &n);
            wrong = lua_istable(L, top) ? add_lines(L, arena, response, str_of(name, n), top)
                                        : add_text(L, arena, response, str_of(name, n), top);
        }
        if (wrong) {
            lua_pop(L, 2);
            return wrong;
        }
    }
    return NULL;
}

/* Return values of handle. --- */

static void refuse(struct request *r, const char *wrong)
{
    log_write(LOG_ERROR, "a handler's answer cannot be sent", log_slice("service", request_service(r)),
              log_str("route", r->label), log_slice("target", request_target(r)), log_str("error", wrong),
              log_str("request", request_id(r)), LOG_END);
    response_refuse(r, 500, STR_NULL);
}

void answer_results(lua_State *L, int count, struct request *r)
{
    int first = lua_gettop(L) - count + 1;
    struct response response;
    size_t n = 0;
    const char *body = "";
    if (count < 1 || lua_type(L, first) != LUA_TNUMBER) {
        refuse(r, "handle returned no status and has not answered either");
        return;
    }
    int status = (int)lua_tointeger(L, first);
    if (status < 200 || status > 599) {
        refuse(r, "the status is not between 200 and 599");
        return;
    }
    response_init(&response, status);
    if (count > 1 && lua_type(L, first + 1) == LUA_TSTRING) {
        body = lua_tolstring(L, first + 1, &n);
    } else if (count > 1 && !lua_isnil(L, first + 1)) {
        refuse(r, "the body is no string");
        return;
    }
    const char *wrong = count > 2 ? answer_headers(L, first + 2, &r->arena, &response) : NULL;
    if (wrong)
        refuse(r, wrong);
    else
        response_send(r, &response, str_of(body, n));
}

/* Methods. --- */

static void check_answer(lua_State *L, struct request *r, struct response *response, int status_index, int least,
                         int most)
{
    int status = luaL_checkint(L, status_index);
    if (status < least || status > most)
        luaL_error(L, "the status is not between %d and %d", least, most);
    response_init(response, status);
    const char *wrong = answer_headers(L, status_index + 1, &r->arena, response);
    if (wrong)
        luaL_error(L, "%s", wrong);
}

static int l_start(lua_State *L)
{
    struct request *r = check_request(L);
    struct response response;
    check_answer(L, r, &response, 2, 200, 599);
    if (!response_start(r, &response))
        return luaL_error(L, "the request is answered already");
    return 0;
}

static int l_interim(lua_State *L)
{
    struct request *r = check_request(L);
    struct response response;
    check_answer(L, r, &response, 2, 102, 199);
    if (!response_interim(r, &response) && !r->gone)
        return luaL_error(L, "the request is answered already");
    return 0;
}

static int l_finish(lua_State *L)
{
    struct request *r = check_request(L);
    struct response trailers;
    response_init(&trailers, 0);
    const char *wrong = answer_headers(L, 2, &r->arena, &trailers);
    if (wrong)
        return luaL_error(L, "%s", wrong);
    if (!r->started_answer)
        return luaL_error(L, "finish comes after start");
    response_finish(r, &trailers);
    return 0;
}

static int l_file(lua_State *L)
{
    struct request *r = check_request(L);
    struct response response;
    size_t n;
    const char *path = luaL_checklstring(L, 2, &n);
    response_init(&response, 200);
    const char *wrong = answer_headers(L, 3, &r->arena, &response);
    if (wrong)
        return luaL_error(L, "%s", wrong);
    if (r->started_answer)
        return luaL_error(L, "the request is answered already");
    struct str named = str_of(path, n);
    if (n == 0 || path[0] != '/') { /* "logo.svg" is "/logo.svg" */
        char *rooted = arena_alloc(&r->arena, n + 1);
        rooted[0] = '/';
        memcpy(rooted + 1, path, n);
        named = str_of(rooted, n + 1);
    }
    if (!static_send(r, &response, named))
        return push_failure(L, "not_found", "there is no such file");
    lua_pushboolean(L, true);
    return 1;
}

const luaL_Reg answer_methods[] = {
    {"file", l_file}, {"finish", l_finish}, {"interim", l_interim}, {"start", l_start}, {NULL, NULL}};
