/* bind/mail.c: host.mail. One message to an SMTP server; the task waits until the server has taken it. Called only from
 * Lua. */
#include <string.h>

#include "bind/bind.h"
#include "client/http_client.h"
#include "client/mail.h"

static const double timeout_default = 60, timeout_max = 3600;

struct sending {
    struct wait wait;
    struct mail *mail;
};

static void on_cancel(struct wait *wait)
{
    mail_cancel(((struct sending *)wait)->mail);
}

static void on_done(void *arg, const char *code, const char *message)
{
    struct sending *s = arg;
    if (code) {
        wait_fail(&s->wait, code, message);
        return;
    }
    lua_pushboolean(wait_state(&s->wait), true);
    task_wake(&s->wait, 1);
}

/* ---- send(options): the options at index 1 keep the strings alive ---- */

static const char *text_field(lua_State *L, const char *name, bool needed)
{
    size_t n = 0;
    lua_getfield(L, 1, name);
    if (!lua_isnil(L, -1) || needed)
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "server, from, to, user and password are strings");
    const char *text = lua_tolstring(L, -1, &n);
    luaL_argcheck(L, !text || strlen(text) == n, 1, "a NUL in server, from, to, user or password");
    lua_pop(L, 1);
    return text;
}

static struct str message_field(lua_State *L)
{
    struct str message;
    lua_getfield(L, 1, "message");
    luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "message is a string");
    message.p = lua_tolstring(L, -1, &message.n);
    lua_pop(L, 1);
    return message;
}

static enum mail_tls tls_field(lua_State *L)
{
    static const char *const words[] = {"none", "offered", "required", NULL};
    lua_getfield(L, 1, "tls");
    int tls = luaL_checkoption(L, -1, "required", words);
    lua_pop(L, 1);
    return (enum mail_tls)tls;
}

static double timeout_field(lua_State *L)
{
    lua_getfield(L, 1, "timeout");
    double seconds = lua_isnil(L, -1) ? timeout_default : lua_tonumber(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, seconds >= 0.001 && seconds <= timeout_max, 1, "timeout is seconds, at most 3600");
    return seconds;
}

static int l_send(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct mail_options o = {
        .server = text_field(L, "server", true),
        .user = text_field(L, "user", false),
        .password = text_field(L, "password", false),
        .from = text_field(L, "from", true),
        .to = text_field(L, "to", true),
        .message = message_field(L),
        .tls = tls_field(L),
        .timeout = timeout_field(L),
    };
    struct http_client *client = vm_env(vm_of(L))->http;
    if (!client)
        return luaL_error(L, "this process sends no mail");
    const char *fault = mail_fault(&o);
    if (fault)
        return push_failure(L, "bad_mail", fault);
    struct sending *s = wait_new(L, sizeof *s, on_cancel);
    wait_anchor(L, &s->wait, 1);
    s->mail = mail_start(http_client_transfers(client), &o, on_done, s);
    return task_wait(L, &s->wait);
}

int luaopen_host_mail(lua_State *L)
{
    lua_newtable(L);
    bind_waiting(L, "send", l_send);
    return 1;
}
