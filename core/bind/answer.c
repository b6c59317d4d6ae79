/* bind/answer.c: answers from Lua: what a handler returns, and the methods of the request that answer piece by piece.
 */
#include <string.h>

#include "base/log.h"
#include "bind/serving.h"
#include "server/static.h"

/* Header tables. --- */

static const char *add_text(lua_State *L, struct request *r, struct response *response, struct str name, int index)
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
    const char *wrong = response_add(response, name, arena_dup_str(&r->arena, str_of(text, n)));
    lua_pop(L, 1);
    return wrong;
}

static const char *add_lines(lua_State *L, struct request *r, struct response *response, struct str name, int index)
{
    const char *wrong = NULL;
    int count = (int)lua_objlen(L, index);
    for (int i = 1; i <= count && !wrong; i++) {
        lua_rawgeti(L, index, i);
        wrong = add_text(L, r, response, name, lua_gettop(L));
        lua_pop(L, 1);
    }
    return wrong;
}

const char *answer_headers(lua_State *L, int index, struct request *r, struct response *response)
{
    if (lua_isnoneornil(L, index))
        return NULL;
    if (!lua_istable(L, index))
        return "the headers are no table";
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        size_t n;
        const char *wrong = "a header's name is no string";
        int top = lua_gettop(L);
        if (lua_type(L, top - 1) == LUA_TSTRING) {
            const char *name = lua_tolstring(L, top - 1, &n);
            wrong = lua_istable(L, top) ? add_lines(L, r, response, str_of(name, n), top)
                                        : add_text(L, r, response, str_of(name, n), top);
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
    const char *wrong = count > 2 ? answer_headers(L, first + 2, r, &response) : NULL;
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
    const char *wrong = answer_headers(L, status_index + 1, r, response);
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
    const char *wrong = answer_headers(L, 2, r, &trailers);
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
    const char *wrong = answer_headers(L, 3, r, &response);
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
