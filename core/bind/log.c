/* bind/log.c: host.log. Lines of scripts, with the task they come from. */
#include "base/log.h"
#include "bind/bind.h"

enum { FIELDS_MAX = 24 };

/* Fields of other types than the log's are told as their type's name, never dropped silently. */
static struct log_field field_of(lua_State *L, const char *name)
{
    size_t n;
    const char *text;
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        return log_bool(name, lua_toboolean(L, -1));
    case LUA_TNUMBER: {
        double value = lua_tonumber(L, -1);
        bool whole = value > -9e15 && value < 9e15 && value == (double)(int64_t)value;
        return whole ? log_int(name, (int64_t)value) : log_real(name, value);
    }
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &n);
        return log_slice(name, (struct str){text, n});
    default:
        return log_str(name, luaL_typename(L, -1));
    }
}

static size_t add_task(lua_State *L, struct log_field *fields)
{
    struct task *task = task_current(L);
    size_t count = 0;
    if (!task)
        return 0;
    fields[count++] = log_str("task", task_label(task));
    if (task_trace(task))
        fields[count++] = log_str("request", task_trace(task));
    return count;
}

static int write_line(lua_State *L, enum log_level level)
{
    size_t n;
    const char *message = luaL_checklstring(L, 1, &n);
    struct log_field fields[FIELDS_MAX + 2];
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TTABLE);
    if (!log_enabled(level))
        return 0;
    size_t count = add_task(L, fields);
    if (lua_istable(L, 2)) {
        for (lua_pushnil(L); lua_next(L, 2) && count < FIELDS_MAX; lua_pop(L, 1))
            if (lua_type(L, -2) == LUA_TSTRING)
                fields[count++] = field_of(L, lua_tostring(L, -2));
    }
    log_fields(level, (struct str){message, n}, fields, count);
    return 0;
}

static int l_debug(lua_State *L)
{
    return write_line(L, LOG_DEBUG);
}

static int l_info(lua_State *L)
{
    return write_line(L, LOG_INFO);
}

static int l_warn(lua_State *L)
{
    return write_line(L, LOG_WARN);
}

static int l_error(lua_State *L)
{
    return write_line(L, LOG_ERROR);
}

int luaopen_host_log(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"debug", l_debug}, {"info", l_info}, {"warn", l_warn}, {"error", l_error}, {NULL, NULL}};
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
