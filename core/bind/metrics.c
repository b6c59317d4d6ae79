/* bind/metrics.c: host.metrics. Names of this VM for counters in the worker's shared segment, which outlives it. A
 * metric's environment holds its label names (1, 2, …) and its counters by label text, so that a known combination
 * costs one table lookup. */
#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "bind/bind.h"
#include "vm/env.h"

enum { LABELS_MAX = 8 };

static const char TYPE[] = "host.metric";

struct metric {
    enum counter_kind kind;
    size_t labels;
    size_t bounds;
    double bound[COUNTER_BUCKETS];
    struct counter *plain; /* of a metric without labels */
    char name[COUNTER_NAME_MAX + 1];
};

static struct counter *make_counter(lua_State *L, struct metric *m, struct str labels)
{
    struct counter_segment *segment = vm_env(vm_of(L))->counters;
    struct str name = {m->name, strlen(m->name)};
    if (!segment)
        luaL_error(L, "metrics: this process keeps none");
    if (m->kind == COUNTER_HISTOGRAM)
        return counter_histogram(segment, name, labels, m->bound, m->bounds);
    return counter_get(segment, m->kind, name, labels);
}

/* The text of the labels whose values begin at index first, as counter_get wants it; left on the stack. */
static struct str push_labels(lua_State *L, struct metric *m, int first)
{
    char text[COUNTER_LABELS_MAX + 1];
    struct buf labels = {0};
    for (size_t i = 0; i < m->labels; i++) {
        struct str value, name;
        value.p = luaL_checklstring(L, first + (int)i, &value.n);
        lua_getfenv(L, 1);
        lua_rawgeti(L, -1, (int)i + 1);
        name.p = lua_tolstring(L, -1, &name.n);
        counter_label(&labels, name, value);
        lua_pop(L, 2);
    }
    size_t n = labels.len < sizeof text ? labels.len : sizeof text;
    memcpy(text, labels.data, n);
    buf_free(&labels);
    lua_pushlstring(L, text, n);
    return (struct str){lua_tostring(L, -1), n};
}

static void check_labels(lua_State *L, struct metric *m, int first)
{
    if (lua_gettop(L) - first + 1 != (int)m->labels)
        luaL_error(L, "metric %s takes %d label values, got %d", m->name, (int)m->labels, lua_gettop(L) - first + 1);
    for (size_t i = 0; i < m->labels; i++)
        luaL_checkstring(L, first + (int)i);
}

static struct counter *counter_of(lua_State *L, struct metric *m, int first)
{
    check_labels(L, m, first);
    if (m->labels == 0)
        return m->plain ? m->plain : (m->plain = make_counter(L, m, (struct str){"", 0}));

    struct str labels = push_labels(L, m, first);
    lua_getfenv(L, 1);
    lua_pushvalue(L, -2);
    lua_rawget(L, -2);
    struct counter *counter = lua_touserdata(L, -1);
    if (!counter) {
        counter = make_counter(L, m, labels);
        lua_pushvalue(L, -3);
        lua_pushlightuserdata(L, counter);
        lua_rawset(L, -4);
    }
    return counter;
}

static struct metric *check_metric(lua_State *L, enum counter_kind kind, enum counter_kind other)
{
    struct metric *m = luaL_checkudata(L, 1, TYPE);
    if (m->kind != kind && m->kind != other)
        luaL_error(L, "metric %s is of another kind", m->name);
    return m;
}

static int l_add(lua_State *L)
{
    struct metric *m = check_metric(L, COUNTER_COUNT, COUNTER_GAUGE);
    double n = luaL_optnumber(L, 2, 1);
    if (m->kind == COUNTER_COUNT && !(n >= 0))
        return luaL_argerror(L, 2, "a counter only grows");
    if (lua_gettop(L) < 2)
        lua_settop(L, 2);
    counter_add(counter_of(L, m, 3), n);
    return 0;
}

static int l_set(lua_State *L)
{
    struct metric *m = check_metric(L, COUNTER_GAUGE, COUNTER_GAUGE);
    double value = luaL_checknumber(L, 2);
    counter_set(counter_of(L, m, 3), value);
    return 0;
}

static int l_observe(lua_State *L)
{
    struct metric *m = check_metric(L, COUNTER_HISTOGRAM, COUNTER_HISTOGRAM);
    double value = luaL_checknumber(L, 2);
    counter_observe(counter_of(L, m, 3), value);
    return 0;
}

static void check_name(lua_State *L, const char *name)
{
    size_t n = strlen(name);
    bool good = n > 0 && n <= COUNTER_NAME_MAX && !(name[0] >= '0' && name[0] <= '9');
    if (!good || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:") != n)
        luaL_error(L, "\"%s\" is no name of a metric", name);
}

static void take_bounds(lua_State *L, struct metric *m)
{
    m->bounds = COUNTER_BUCKETS;
    memcpy(m->bound, counter_seconds, sizeof m->bound);
    if (lua_isnoneornil(L, 4))
        return;
    luaL_checktype(L, 4, LUA_TTABLE);
    m->bounds = lua_objlen(L, 4);
    luaL_argcheck(L, m->bounds > 0 && m->bounds <= COUNTER_BUCKETS, 4, "1 to 15 bounds");
    for (size_t i = 0; i < m->bounds; i++) {
        lua_rawgeti(L, 4, (int)i + 1);
        m->bound[i] = luaL_checknumber(L, -1);
        luaL_argcheck(L, i == 0 || m->bound[i] > m->bound[i - 1], 4, "bounds must ascend");
        lua_pop(L, 1);
    }
}

/* metrics.counter(name, help, labels, buckets): help is for readers of the code; the text format gets the name. */
static int new_metric(lua_State *L, enum counter_kind kind)
{
    const char *name = luaL_checkstring(L, 1);
    check_name(L, name);
    luaL_checkstring(L, 2);
    if (!lua_isnoneornil(L, 3))
        luaL_checktype(L, 3, LUA_TTABLE);
    struct metric *m = lua_newuserdata(L, sizeof *m);
    memset(m, 0, sizeof *m);
    m->kind = kind;
    snprintf(m->name, sizeof m->name, "%s", name);
    if (kind == COUNTER_HISTOGRAM)
        take_bounds(L, m);
    lua_newtable(L);
    m->labels = lua_istable(L, 3) ? lua_objlen(L, 3) : 0;
    luaL_argcheck(L, m->labels <= LABELS_MAX, 3, "at most 8 labels");
    for (size_t i = 1; i <= m->labels; i++) {
        lua_rawgeti(L, 3, (int)i);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 3, "label names are strings");
        lua_rawseti(L, -2, (int)i);
    }
    lua_setfenv(L, -2);
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    return 1;
}

static int l_counter(lua_State *L)
{
    return new_metric(L, COUNTER_COUNT);
}

static int l_gauge(lua_State *L)
{
    return new_metric(L, COUNTER_GAUGE);
}

static int l_histogram(lua_State *L)
{
    return new_metric(L, COUNTER_HISTOGRAM);
}

static int l_render(lua_State *L)
{
    struct worker_env *env = vm_env(vm_of(L));
    struct buf text = {0};
    if (env->segments)
        counter_dump(env->segments, env->segment_count, &text);
    else if (env->counters)
        counter_dump(&env->counters, 1, &text);
    lua_pushlstring(L, text.data ? text.data : "", text.len);
    buf_free(&text);
    return 1;
}

int luaopen_host_metrics(lua_State *L)
{
    static const luaL_Reg methods[] = {{"add", l_add}, {"set", l_set}, {"observe", l_observe}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"counter", l_counter}, {"gauge", l_gauge}, {"histogram", l_histogram}, {"render", l_render}, {NULL, NULL}};
    bind_class(L, TYPE, methods, NULL, NULL);
    lua_pop(L, 1);
    lua_newtable(L);
    luaL_register(L, NULL, functions);
    return 1;
}
