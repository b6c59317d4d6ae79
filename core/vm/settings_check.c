/* vm/settings_check.c: rows and types. Each check_x takes the value on top of the stack and the row at index row. */
#include "vm/settings_check.h"

#include <lauxlib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/settings_type.h"

enum { DEPTH_MAX = 8 };

bool settings_fail(struct load *load, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_clear(load->error);
    buf_printf(load->error, "%s: ", load->source);
    if (path)
        buf_printf(load->error, "%s: ", path);
    buf_vprintf(load->error, format, args);
    va_end(args);
    return false;
}

/* What the value on top of the stack looks like in an error; a secret is not shown. */
static const char *shown(lua_State *L, bool secret)
{
    static char text[80];
    if (secret)
        return "something else";
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        snprintf(text, sizeof text, "\"%.60s\"", lua_tostring(L, -1));
        return text;
    case LUA_TNUMBER:
        snprintf(text, sizeof text, "%.14g", lua_tonumber(L, -1));
        return text;
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? "true" : "false";
    default:
        return luaL_typename(L, -1);
    }
}

/* A text field of the row at index row, or NULL. The row keeps it alive. */
static const char *row_text(lua_State *L, int row, const char *name)
{
    lua_getfield(L, row, name);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    lua_pop(L, 1);
    return text;
}

static bool row_flag(lua_State *L, int row, const char *name, bool otherwise)
{
    lua_getfield(L, row, name);
    bool flag = lua_isnil(L, -1) ? otherwise : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* --- values: each checks the value on top of the stack against the row at index row --- */

static bool check_value(struct load *load, int row, const char *path, size_t parent);

static bool bound(struct load *load, int row, const char *name, double *value)
{
    lua_State *L = load->L;
    lua_getfield(L, row, name);
    bool found = true;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        *value = lua_tonumber(L, -1);
    } else {
        size_t n;
        const char *text = lua_tolstring(L, -1, &n);
        found = text && (settings_parse_duration(text, n, value) || settings_parse_size(text, n, value));
    }
    lua_pop(L, 1);
    return found;
}

static bool check_bounds(struct load *load, int row, const char *path, double value, const char *what)
{
    double limit;
    if (bound(load, row, "min", &limit) && value < limit)
        return settings_fail(load, path, "expected %s of at least %.14g, got %.14g", what, limit, value);
    if (bound(load, row, "max", &limit) && value > limit)
        return settings_fail(load, path, "expected %s of at most %.14g, got %.14g", what, limit, value);
    return true;
}

static bool add(struct load *load, const char *path, size_t parent, struct setting setting)
{
    setting.path = path;
    setting.restart = load->restart;
    settings_add(load->settings, parent, &setting);
    return true;
}

static bool check_boolean(struct load *load, int row, const char *path, size_t parent)
{
    (void)row;
    if (!lua_isboolean(load->L, -1))
        return settings_fail(load, path, "expected true or false, got %s", shown(load->L, false));
    return add(load, path, parent, (struct setting){.kind = SETTING_BOOLEAN, .boolean = lua_toboolean(load->L, -1)});
}

static bool add_number(struct load *load, int row, const char *path, size_t parent, double value, const char *what)
{
    return check_bounds(load, row, path, value, what) &&
           add(load, path, parent, (struct setting){.kind = SETTING_NUMBER, .number = value});
}

static bool check_integer(struct load *load, int row, const char *path, size_t parent)
{
    double value = lua_tonumber(load->L, -1);
    if (lua_type(load->L, -1) != LUA_TNUMBER || value != floor(value) || fabs(value) > 9007199254740991.0)
        return settings_fail(load, path, "expected a whole number, got %s", shown(load->L, false));
    return add_number(load, row, path, parent, value, "a whole number");
}

static bool check_number(struct load *load, int row, const char *path, size_t parent)
{
    double value = lua_tonumber(load->L, -1);
    if (lua_type(load->L, -1) != LUA_TNUMBER || !isfinite(value))
        return settings_fail(load, path, "expected a number, got %s", shown(load->L, false));
    return add_number(load, row, path, parent, value, "a number");
}

typedef bool parse_fn(const char *text, size_t length, double *value);

static bool check_quantity(struct load *load, int row, const char *path, size_t parent, parse_fn *parse,
                           const char *what)
{
    lua_State *L = load->L;
    double value = 0;
    size_t n = 0;
    bool good = false;
    if (lua_type(L, -1) == LUA_TNUMBER) {
        value = lua_tonumber(L, -1);
        good = value >= 0 && isfinite(value);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &n);
        good = parse(text, n, &value);
    }
    if (!good)
        return settings_fail(load, path, "expected %s, got %s", what, shown(L, false));
    return add_number(load, row, path, parent, value, what);
}

static bool check_duration(struct load *load, int row, const char *path, size_t parent)
{
    return check_quantity(load, row, path, parent, settings_parse_duration, "a duration such as \"10 s\"");
}

static bool check_size(struct load *load, int row, const char *path, size_t parent)
{
    return check_quantity(load, row, path, parent, settings_parse_size, "a size such as \"1 MiB\"");
}

/* Strings of every kind: bounds count octets. */
static bool add_text(struct load *load, int row, const char *path, size_t parent, bool secret)
{
    size_t n = 0;
    const char *text = lua_type(load->L, -1) == LUA_TSTRING ? lua_tolstring(load->L, -1, &n) : NULL;
    if (!text || memchr(text, 0, n))
        return settings_fail(load, path, "expected a string, got %s", shown(load->L, secret));
    double limit;
    if (bound(load, row, "min", &limit) && (double)n < limit)
        return settings_fail(load, path, "expected a string of at least %.0f octets, got %zu", limit, n);
    if (bound(load, row, "max", &limit) && (double)n > limit)
        return settings_fail(load, path, "expected a string of at most %.0f octets, got %zu", limit, n);
    return add(load, path, parent, (struct setting){.kind = SETTING_TEXT, .text = text, .length = n, .secret = secret});
}

static bool check_string(struct load *load, int row, const char *path, size_t parent)
{
    return add_text(load, row, path, parent, row_flag(load->L, row, "secret", false));
}

static bool check_secret(struct load *load, int row, const char *path, size_t parent)
{
    return add_text(load, row, path, parent, true);
}

static bool check_enum(struct load *load, int row, const char *path, size_t parent)
{
    lua_State *L = load->L;
    struct buf words = {0};
    bool found = false;
    lua_getfield(L, row, "values");
    for (int i = 1; lua_istable(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        found = found || lua_rawequal(L, -1, -3);
        buf_printf(&words, "%s\"%s\"", i > 1 ? ", " : "", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (!found)
        settings_fail(load, path, "expected one of %s, got %s", buf_cstr(&words), shown(L, false));
    buf_free(&words);
    return found && add_text(load, row, path, parent, false);
}

static bool check_address(struct load *load, int row, const char *path, size_t parent)
{
    size_t n = 0;
    const char *text = lua_type(load->L, -1) == LUA_TSTRING ? lua_tolstring(load->L, -1, &n) : NULL;
    if (!text || !settings_check_address(text, n))
        return settings_fail(load, path,
                             "expected an address such as \"127.0.0.1:8008\" or \"unix:/run/x.sock\", got %s",
                             shown(load->L, false));
    return add_text(load, row, path, parent, false);
}

static bool check_path(struct load *load, int row, const char *path, size_t parent)
{
    lua_State *L = load->L;
    if (lua_type(L, -1) != LUA_TSTRING || lua_objlen(L, -1) == 0)
        return settings_fail(load, path, "expected a path, got %s", shown(L, false));
    if (lua_tostring(L, -1)[0] == '/')
        return add_text(load, row, path, parent, false);
    lua_pushfstring(L, "%s/%s", load->settings->root, lua_tostring(L, -1));
    bool good = add_text(load, row, path, parent, false);
    lua_pop(L, 1);
    return good;
}

/* Pushes the row of a list's or map's elements: row.of is a row, or the name of a type. */
static bool push_element_row(struct load *load, int row, const char *path)
{
    lua_State *L = load->L;
    lua_getfield(L, row, "of");
    if (lua_istable(L, -1))
        return true;
    if (lua_type(L, -1) != LUA_TSTRING)
        return settings_fail(load, path, "its row in default.lua lacks `of`");
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, "type");
    return true;
}

/* Checks the value at index value under path.name; leaves the stack as it was. */
static bool check_child(struct load *load, int row, int value, const char *path, const char *name, size_t parent)
{
    lua_State *L = load->L;
    struct buf child = {0};
    buf_printf(&child, "%s.%s", path, name);
    const char *source = load->source;
    lua_pushvalue(L, value);
    bool good = check_value(load, row, buf_cstr(&child), parent);
    if (good)
        lua_pop(L, 1);
    load->source = source;
    buf_free(&child);
    return good;
}

static bool check_list(struct load *load, int row, const char *path, size_t parent)
{
    lua_State *L = load->L;
    if (!lua_istable(L, -1))
        return settings_fail(load, path, "expected a list, got %s", shown(L, false));
    int list = lua_gettop(L), n = (int)lua_objlen(L, list), entries = 0;
    for (lua_pushnil(L); lua_next(L, list); lua_pop(L, 1))
        entries++;
    if (entries != n)
        return settings_fail(load, path, "expected a list, got a table with names");
    add(load, path, parent, (struct setting){.kind = SETTING_LIST});
    size_t self = load->settings->count - 1;
    if (!push_element_row(load, row, path))
        return false;
    int element = lua_gettop(L);
    for (int i = 1; i <= n; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        lua_rawgeti(L, list, i);
        if (!check_child(load, element, lua_gettop(L), path, name, self))
            return false;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return true;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of the table at index table, sorted; NULL after fail() if one is no string. The caller frees the array. */
static const char **sorted_keys(struct load *load, int table, const char *path, size_t *count)
{
    lua_State *L = load->L;
    const char **keys = mem_alloc(sizeof *keys);
    *count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            settings_fail(load, path, "expected names, got the key %s",
                          lua_isnumber(L, -2) ? "of a list" : "of another type");
            lua_pop(L, 2);
            free(keys);
            return NULL;
        }
        keys = mem_realloc(keys, (*count + 1) * sizeof *keys);
        keys[(*count)++] = lua_tostring(L, -2);
    }
    qsort(keys, *count, sizeof *keys, compare_text);
    return keys;
}

static bool check_map(struct load *load, int row, const char *path, size_t parent)
{
    lua_State *L = load->L;
    if (!lua_istable(L, -1))
        return settings_fail(load, path, "expected a table of names, got %s", shown(L, false));
    int map = lua_gettop(L);
    size_t count;
    const char **keys = sorted_keys(load, map, path, &count);
    if (!keys)
        return false;
    add(load, path, parent, (struct setting){.kind = SETTING_TABLE});
    size_t self = load->settings->count - 1;
    bool good = push_element_row(load, row, path);
    int element = lua_gettop(L);
    for (size_t i = 0; i < count && good; i++) {
        lua_getfield(L, map, keys[i]);
        good = check_child(load, element, lua_gettop(L), path, keys[i], self);
        if (good)
            lua_pop(L, 1);
    }
    free(keys);
    if (good)
        lua_pop(L, 1);
    return good;
}

static bool check_record(struct load *load, int row, const char *path, size_t parent)
{
    lua_State *L = load->L;
    if (!lua_istable(L, -1))
        return settings_fail(load, path, "expected a table, got %s", shown(L, false));
    int record = lua_gettop(L);
    add(load, path, parent, (struct setting){.kind = SETTING_TABLE});
    lua_getfield(L, row, "fields");
    if (!lua_istable(L, -1))
        return settings_fail(load, path, "its row in default.lua lacks `fields`");
    bool good = settings_check_rows(load, lua_gettop(L), record, path, load->settings->count - 1);
    if (good)
        lua_pop(L, 1);
    return good;
}

static const struct {
    const char *name;
    bool (*check)(struct load *, int row, const char *path, size_t parent);
} types[] = {
    {"boolean", check_boolean}, {"integer", check_integer}, {"number", check_number}, {"duration", check_duration},
    {"size", check_size},       {"string", check_string},   {"secret", check_secret}, {"enum", check_enum},
    {"address", check_address}, {"path", check_path},       {"list", check_list},     {"map", check_map},
    {"record", check_record},
};

/* Checks the value on top of the stack against the row at index row and adds it. Leaves it there. */
static bool check_value(struct load *load, int row, const char *path, size_t parent)
{
    const char *type = row_text(load->L, row, "type");
    if (load->depth >= DEPTH_MAX || !lua_checkstack(load->L, 20))
        return settings_fail(load, path, "is nested too deeply");
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i].name) != 0)
            continue;
        size_t mark = load->settings->count;
        bool replaced = false;
        load->depth++;
        /* The file must be right even where a variable overrides it: the variable may be gone at the next start. */
        bool good = types[i].check(load, row, path, parent) && settings_apply_environment(load, path, type, &replaced);
        if (good && replaced) {
            settings_truncate(load->settings, mark);
            good = types[i].check(load, row, path, parent);
        }
        load->depth--;
        return good;
    }
    return settings_fail(load, path, "its row in default.lua has no known type");
}

/* Pushes values[name], or the row's default, or what the environment says; nil if there is none. */
static bool push_effective(struct load *load, int row, int values, const char *name, const char *path)
{
    lua_State *L = load->L;
    lua_getfield(L, values, name);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_getfield(L, row, "default");
    }
    const char *type = row_text(L, row, "type");
    bool replaced;
    return !lua_isnil(L, -1) || !type || settings_apply_environment(load, path, type, &replaced);
}

static bool check_row(struct load *load, int row, int values, const char *prefix, size_t parent)
{
    lua_State *L = load->L;
    const char *name = row_text(L, row, "name"), *source = load->source;
    struct buf path = {0};
    if (!name)
        return settings_fail(load, prefix, "a row in default.lua lacks a name");
    buf_printf(&path, "%s%s%s", prefix ? prefix : "", prefix ? "." : "", name);
    if (parent == SETTINGS_TOP)
        load->restart = !row_flag(L, row, "reload", true);
    bool good = push_effective(load, row, values, name, buf_cstr(&path));
    if (good && !lua_isnil(L, -1))
        good = check_value(load, row, buf_cstr(&path), parent);
    else if (good && row_flag(L, row, "required", false)) {
        static char variable_hint[256];
        settings_variable_name(buf_cstr(&path), "", variable_hint, sizeof variable_hint);
        good = settings_fail(load, buf_cstr(&path), "is required: set it here or by %s", variable_hint);
    } else if (good)
        add(load, buf_cstr(&path), parent, (struct setting){.kind = SETTING_UNSET});
    if (good)
        lua_pop(L, 1);
    load->source = good ? source : load->source;
    buf_free(&path);
    return good;
}

static bool has_row(lua_State *L, int rows, const char *name)
{
    for (int i = 1, n = (int)lua_objlen(L, rows); i <= n; i++) {
        lua_rawgeti(L, rows, i);
        const char *row = row_text(L, lua_gettop(L), "name");
        bool found = row && strcmp(row, name) == 0;
        lua_pop(L, 1);
        if (found)
            return true;
    }
    return false;
}

static bool refuse_unknown(struct load *load, int rows, int values, const char *path)
{
    size_t count;
    const char **keys = sorted_keys(load, values, path, &count);
    bool good = keys != NULL;
    for (size_t i = 0; i < count && good; i++) {
        if (!has_row(load->L, rows, keys[i]))
            good = path ? settings_fail(load, path, "no such field: %s", keys[i])
                        : settings_fail(load, keys[i], "no such setting");
    }
    free(keys);
    return good;
}

bool settings_check_rows(struct load *load, int rows, int values, const char *path, size_t parent)
{
    lua_State *L = load->L;
    if (!refuse_unknown(load, rows, values, path))
        return false;
    for (int i = 1, n = (int)lua_objlen(L, rows); i <= n; i++) {
        lua_rawgeti(L, rows, i);
        if (!lua_istable(L, -1))
            return settings_fail(load, path, "row %d in default.lua is no table", i);
        if (!check_row(load, lua_gettop(L), values, path, parent))
            return false;
        lua_pop(L, 1);
    }
    return true;
}
