/* bind/ws.c: host.ws, and the objects of WebSockets and event streams. Called only from Lua. */
#include <string.h>

#include "bind/plain.h"
#include "bind/serving.h"
#include "bind/socket_object.h"

enum { ROOM_NAME_MAX = 200 };

/* Objects. --- */

static struct socket_box *check_box(lua_State *L)
{
    struct socket_box *box = lua_touserdata(L, 1);
    if (lua_type(L, 1) != LUA_TUSERDATA || lua_objlen(L, 1) != sizeof *box ||
        (box->type != socket_type && box->type != stream_type))
        luaL_error(L, "expected a WebSocket or an event stream");
    return box;
}

/* The socket, or NULL if it is over. */
static struct socket *check_socket(lua_State *L)
{
    struct socket_box *box = check_box(L);
    return box->socket->serial == box->serial ? box->socket : NULL;
}

static struct str check_str(lua_State *L, int index)
{
    struct str s;
    s.p = luaL_checklstring(L, index, &s.n);
    return s;
}

static struct str optional_str(lua_State *L, int index, const char *name)
{
    struct str s = STR_NULL;
    lua_getfield(L, index, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.n);
    else if (!lua_isnil(L, -1))
        luaL_error(L, "%s is no string", name);
    lua_pop(L, 1); /* the table keeps it */
    return s;
}

static struct str check_room(lua_State *L, int index)
{
    struct str room = check_str(L, index);
    luaL_argcheck(L, room.n > 0 && room.n <= ROOM_NAME_MAX, index, "a room's name has 1 to 200 octets");
    return room;
}

static int push_sent(lua_State *L, enum socket_result result)
{
    if (result == SOCKET_CLOSED)
        return push_failure(L, "closed", "the connection is closed");
    if (result == SOCKET_FULL)
        return push_failure(L, "full", "the client reads too slowly; it is being closed");
    lua_pushboolean(L, true);
    return 1;
}

static int l_send(lua_State *L)
{
    struct socket *s = check_socket(L);
    struct str data = check_str(L, 2);
    return push_sent(L, s ? websocket_send(s, data, lua_toboolean(L, 3)) : SOCKET_CLOSED);
}

static bool has_line_break(struct str s)
{
    return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n) || memchr(s.p, '\0', s.n));
}

static int l_send_event(lua_State *L)
{
    struct socket *s = check_socket(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct str data = optional_str(L, 2, "data"), event = optional_str(L, 2, "event"), id = optional_str(L, 2, "id");
    luaL_argcheck(L, data.p, 2, "an event has data");
    luaL_argcheck(L, !has_line_break(event) && !has_line_break(id), 2, "event and id hold no line breaks");
    return push_sent(L, s ? stream_send(s, data, event, id) : SOCKET_CLOSED);
}

static int l_close(lua_State *L)
{
    struct socket *s = check_socket(L);
    int code = luaL_optint(L, 2, WS_NORMAL);
    size_t n;
    const char *reason = luaL_optlstring(L, 3, "", &n);
    luaL_argcheck(L, ws_close_code_valid((unsigned)code), 2, "not a code that a close frame may carry");
    luaL_argcheck(L, n <= 123, 3, "a reason has at most 123 octets");
    if (s)
        socket_close(s, code, str_of(reason, n));
    return 0;
}

static int l_join(lua_State *L)
{
    struct socket *s = check_socket(L);
    struct str room = check_room(L, 2);
    if (s)
        room_join(s, room);
    return 0;
}

static int l_leave(lua_State *L)
{
    struct socket *s = check_socket(L);
    struct str room = check_room(L, 2);
    if (s)
        room_leave(s, room);
    return 0;
}

enum field { ID = 1, STATE, HANDLER, PROTOCOL, SERVICE, REMOTE };

static void push_field(lua_State *L, const struct socket *s, enum field field)
{
    char id[SOCKET_ID_MAX];
    struct str service = socket_service(s);
    switch (field) {
    case ID:
        socket_id(s, id);
        lua_pushstring(L, id);
        break;
    case HANDLER:
        lua_pushstring(L, s->handler);
        break;
    case PROTOCOL:
        lua_pushstring(L, s->protocol);
        break;
    case SERVICE:
        lua_pushlstring(L, service.p, service.n);
        break;
    case REMOTE:
        lua_pushstring(L, s->remote);
        break;
    case STATE:
        break;
    }
}

/* Upvalue 1 maps names to methods and to the numbers of fields. Only the metatable has this function. */
static int l_index(lua_State *L)
{
    struct socket_box *box = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_type(L, -1) != LUA_TNUMBER)
        return 1;
    enum field field = (enum field)lua_tointeger(L, -1);
    bool live = box->socket->serial == box->serial;
    if (field == STATE && (live || box->has_state))
        socket_push_state(L, 1, box);
    else if (live)
        push_field(L, box->socket, field);
    else
        lua_pushnil(L);
    return 1;
}

static int l_newindex(lua_State *L)
{
    struct socket_box *box = lua_touserdata(L, 1);
    const char *name = lua_tostring(L, 2);
    if (!name || strcmp(name, "state") != 0)
        return luaL_error(L, "only state can be set; what a socket keeps lies in it");
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, 1);
    box->has_state = true;
    return 0;
}

static const luaL_Reg socket_methods[] = {
    {"send", l_send}, {"close", l_close}, {"join", l_join}, {"leave", l_leave}, {NULL, NULL}};
static const luaL_Reg stream_methods[] = {
    {"send", l_send_event}, {"close", l_close}, {"join", l_join}, {"leave", l_leave}, {NULL, NULL}};

static void make_class(lua_State *L, const char *type, const luaL_Reg *methods, bool web)
{
    static const char *const names[] = {NULL, "id", "state", "handler", "protocol", "service", "remote"};
    if (!luaL_newmetatable(L, type))
        return;
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    for (int field = ID; field <= REMOTE; field++) {
        if (field == PROTOCOL && !web)
            continue;
        lua_pushinteger(L, field);
        lua_setfield(L, -2, names[field]);
    }
    lua_pushcclosure(L, l_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
}

void socket_class(lua_State *L)
{
    make_class(L, socket_type, socket_methods, true);
}

void stream_class(lua_State *L)
{
    make_class(L, stream_type, stream_methods, false);
}

/* Opening: req:websocket and req:events. --- */

static struct str check_handler(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    struct str handler = optional_str(L, 2, "handler");
    if (!handler.n || handler.n >= SOCKET_HANDLER_MAX)
        luaL_error(L, "handler names a row of the service's sockets or streams, at most 63 octets");
    return handler;
}

static void check_state(lua_State *L, struct buf *state)
{
    lua_getfield(L, 2, "state");
    if (!lua_isnil(L, -1)) {
        const char *wrong = lua_istable(L, -1) ? plain_write(L, -1, SOCKET_STATE_MAX, state) : "no table";
        if (wrong) {
            buf_free(state);
            luaL_error(L, "state is a table of plain data: found %s", wrong);
        }
    }
    lua_pop(L, 1);
}

static void check_headers(lua_State *L, struct request *r, struct response *response)
{
    response_init(response, 200);
    lua_getfield(L, 2, "headers");
    const char *wrong = answer_headers(L, lua_gettop(L), &r->arena, response);
    if (wrong)
        luaL_error(L, "%s", wrong);
    lua_pop(L, 1);
}

/* The first of protocols (the server's order) that the client offers, or NULL. */
static const char *choose_protocol(lua_State *L, struct request *r)
{
    const char *chosen = NULL;
    lua_getfield(L, 2, "protocols");
    struct str offered = request_header(r, STR("sec-websocket-protocol"));
    for (int i = 1; lua_istable(L, -1) && offered.p && !chosen; i++) {
        lua_rawgeti(L, -1, i);
        const char *name = lua_tostring(L, -1);
        if (name && http_list_has(offered, str_from(name)))
            chosen = name;
        lua_pop(L, 1); /* the table keeps it */
        if (!name)
            break;
    }
    lua_pop(L, 1);
    return chosen;
}

static int refuse(lua_State *L, struct request *r, int status, struct str reason)
{
    struct response response;
    response_init(&response, status);
    if (status == 426)
        response_add(&response, STR("Sec-WebSocket-Version"), STR("13"));
    response_problem(r, &response, reason);
    return push_failure(L, "refused", "the request is no WebSocket that may be opened; it is answered");
}

int l_websocket(lua_State *L)
{
    struct request *r = check_request(L);
    struct str handler = check_handler(L), reason;
    struct response response;
    struct buf state = {0};
    if (r->started_answer)
        return luaL_error(L, "the request is answered already");
    check_headers(L, r, &response);
    int status = websocket_refusal(r, &reason);
    if (status)
        return refuse(L, r, status, reason);
    const char *protocol = choose_protocol(L, r);
    check_state(L, &state);
    struct socket *s = websocket_open(r, handler, protocol, &state, &response);
    if (!s) {
        buf_free(&state);
        return push_failure(L, "closed", "the client went away");
    }
    push_socket(L, s);
    return 1;
}

int l_events(lua_State *L)
{
    struct request *r = check_request(L);
    struct str handler = check_handler(L);
    struct response response;
    struct buf state = {0};
    if (r->started_answer)
        return luaL_error(L, "the request is answered already");
    check_headers(L, r, &response);
    check_state(L, &state);
    struct socket *s = stream_open(r, handler, &state, &response);
    if (!s) {
        buf_free(&state);
        return push_failure(L, "closed", "the client went away");
    }
    push_socket(L, s);
    return 1;
}

/* The module. --- */

static int l_broadcast(lua_State *L)
{
    struct serving *serving = serving_of(L);
    struct str room = check_room(L, 1), data = check_str(L, 2), event = STR_NULL, id = STR_NULL;
    bool binary = false;
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        event = optional_str(L, 3, "event");
        id = optional_str(L, 3, "id");
        lua_getfield(L, 3, "binary");
        binary = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    long sent = room_broadcast(serving->server, room, data, binary, event, id);
    if (sent < 0)
        return luaL_error(L, "event and id hold no line breaks");
    lua_pushinteger(L, sent);
    return 1;
}

static int l_find(lua_State *L)
{
    struct socket *s = socket_find(serving_of(L)->server, check_str(L, 1));
    if (s)
        push_socket(L, s);
    else
        lua_pushnil(L);
    return 1;
}

static int l_members(lua_State *L)
{
    struct server *server = serving_of(L)->server;
    struct str room = check_room(L, 1);
    size_t count = room_count(server, room);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_socket(L, room_member(server, room, i));
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static int l_count(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)room_count(serving_of(L)->server, check_room(L, 1)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"broadcast", l_broadcast}, {"count", l_count}, {"find", l_find}, {"members", l_members}, {NULL, NULL}};

int luaopen_host_ws(lua_State *L)
{
    socket_class(L);
    stream_class(L);
    lua_settop(L, 0);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
