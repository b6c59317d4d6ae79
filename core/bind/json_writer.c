/* bind/json_writer.c: json.writer(plan): writes a value as JSON by a plan: of each object the planned members and no
 * others, in the plan's order; maps and what has no plan are written in the order of their names, so that the text is
 * canonical if the plan is. What web/shape.lua knows of an answer when the scripts load need not be found out at
 * each row again: a member's name is there as it is written, and no table is made in between.
 *
 * A plan is "any", or a table:
 *   { kind = "object", { name, plan, absence }, … }   absence: what stands for nil and null: "null", "nothing", "fault"
 *   { kind = "list", plan }      { kind = "map", plan }
 *   { kind = "variant", tag, { value, plan }, … }      the object's member `tag` says which plan
 *
 * The plan becomes a tree of nodes in an arena that the writer's userdata owns. Names are Lua strings too, kept in a
 * table by number; equal strings of a VM are one, so a tag is told by its address. */
#include <string.h>

#include "base/arena.h"
#include "bind/bind.h"
#include "bind/json.h"
#include "proto/json.h"

static const char writer_type[] = "host.json.writer";

enum { DEPTH_MAX = 64, SLOTS_PER_LEVEL = 4 };
enum kind { ANY, OBJECT, LIST, MAP, VARIANT };
enum absence { ABSENT_NULL, ABSENT_NOTHING, ABSENT_FAULT };

struct node;

struct member {
    const char *name;   /* kept by the table of names */
    int number;         /* there */
    struct str written; /* "name": */
    enum absence absence;
    const struct node *node;
};

struct node {
    enum kind kind;
    int tag; /* VARIANT: number of the name */
    unsigned count;
    struct member *members; /* LIST and MAP: one, without a name */
};

struct writer {
    struct arena arena;
    const struct node *root;
};

/* ---- From plan to nodes ---- */

struct planner {
    lua_State *L;
    struct writer *writer;
    int names, count, depth; /* stack index of the table of names, how many it has */
};

static const struct node any = {.kind = ANY};

static const struct node *plan_node(struct planner *p);

/* Keeps the name on top of the stack, which stays there. */
static void keep_name(struct planner *p, struct member *m)
{
    m->name = luaL_checkstring(p->L, -1);
    m->number = ++p->count;
    lua_pushvalue(p->L, -1);
    lua_rawseti(p->L, p->names, m->number);
    struct buf text = {0};
    json_write_string(&text, str_from(m->name));
    buf_append_char(&text, ':');
    m->written = arena_dup_str(&p->writer->arena, buf_str(&text));
    buf_free(&text);
}

/* The plan that is field i of the table on top. */
static const struct node *plan_field(struct planner *p, int i)
{
    lua_rawgeti(p->L, -1, i);
    const struct node *node = plan_node(p);
    lua_pop(p->L, 1);
    return node;
}

/* { name, plan, absence } on top. */
static void plan_member(struct planner *p, struct member *m)
{
    static const char *const words[] = {"null", "nothing", "fault", NULL};
    lua_rawgeti(p->L, -1, 1);
    keep_name(p, m);
    lua_pop(p->L, 1);
    m->node = plan_field(p, 2);
    lua_rawgeti(p->L, -1, 3);
    m->absence = (enum absence)luaL_checkoption(p->L, -1, "fault", words);
    lua_pop(p->L, 1);
}

static const struct node *plan_node(struct planner *p)
{
    static const char *const words[] = {"object", "list", "map", "variant", NULL};
    lua_State *L = p->L;
    if (!lua_istable(L, -1))
        return &any;
    if (++p->depth > DEPTH_MAX)
        luaL_error(L, "a plan nested deeper than %d levels", DEPTH_MAX);
    luaL_checkstack(L, SLOTS_PER_LEVEL + 2, "json");
    struct node *node = arena_zalloc(&p->writer->arena, sizeof *node);
    lua_getfield(L, -1, "kind");
    node->kind = (enum kind)(OBJECT + luaL_checkoption(L, -1, NULL, words));
    lua_pop(L, 1);
    bool named = node->kind == OBJECT || node->kind == VARIANT;
    int first = node->kind == VARIANT ? 2 : 1;
    node->count = named ? (unsigned)lua_objlen(L, -1) + 1 - (unsigned)first : 1;
    node->members = arena_zalloc(&p->writer->arena, (node->count + 1) * sizeof *node->members);
    if (node->kind == VARIANT) {
        lua_rawgeti(L, -1, 1);
        keep_name(p, &node->members[node->count]);
        node->tag = p->count;
        lua_pop(L, 1);
    }
    for (unsigned i = 0; i < node->count; i++) {
        if (named) {
            lua_rawgeti(L, -1, first + (int)i);
            luaL_checktype(L, -1, LUA_TTABLE);
            plan_member(p, &node->members[i]);
            lua_pop(L, 1);
        } else {
            node->members[i].node = plan_field(p, 1);
        }
    }
    p->depth--;
    return node;
}

/* ---- Writing: the value on top of the stack, which stays there ---- */

struct writing {
    lua_State *L;
    struct buf *out;
    int names;
};

static void write_node(struct writing *w, const struct node *node);

static bool is_nothing(lua_State *L)
{
    int kind = lua_type(L, -1);
    return kind == LUA_TNIL || (kind == LUA_TLIGHTUSERDATA && !lua_touserdata(L, -1));
}

static int fault(lua_State *L, const char *format, const char *name)
{
    lua_pushfstring(L, format, name);
    return lua_error(L);
}

static void check_table(lua_State *L, const char *what)
{
    if (!lua_istable(L, -1))
        fault(L, "answer has something else in place of %s", what);
}

static void write_any(struct writing *w)
{
    struct str s;
    size_t begin = w->out->len;
    switch (lua_type(w->L, -1)) {
    case LUA_TSTRING:
        s.p = lua_tolstring(w->L, -1, &s.n);
        if (json_write_string(w->out, s))
            return;
        break;
    case LUA_TNUMBER:
        if (json_write_number(w->out, lua_tonumber(w->L, -1)))
            return;
        break;
    case LUA_TBOOLEAN:
        buf_append_str(w->out, lua_toboolean(w->L, -1) ? STR("true") : STR("false"));
        return;
    }
    w->out->len = begin;
    json_encode_canonical(w->L, lua_gettop(w->L), w->out); /* tables; and it knows how to complain */
}

static void write_object(struct writing *w, const struct node *node)
{
    lua_State *L = w->L;
    char separator = '{';
    check_table(L, "an object");
    for (unsigned i = 0; i < node->count; i++) {
        const struct member *m = &node->members[i];
        lua_rawgeti(L, w->names, m->number);
        lua_rawget(L, -2);
        bool nothing = is_nothing(L);
        if (nothing && m->absence == ABSENT_FAULT)
            fault(L, "answer lacks field \"%s\"", m->name);
        if (!nothing || m->absence == ABSENT_NULL) {
            char *p = buf_reserve(w->out, m->written.n + 1);
            *p = separator;
            memcpy(p + 1, m->written.p, m->written.n);
            w->out->len += m->written.n + 1;
            separator = ',';
            if (nothing)
                buf_append_str(w->out, STR("null"));
            else
                write_node(w, m->node);
        }
        lua_pop(L, 1);
    }
    buf_append_str(w->out, separator == '{' ? STR("{}") : STR("}"));
}

static void write_list(struct writing *w, const struct node *node)
{
    lua_State *L = w->L;
    check_table(L, "a list");
    int count = (int)lua_objlen(L, -1);
    buf_append_char(w->out, '[');
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            buf_append_char(w->out, ',');
        lua_rawgeti(L, -1, i);
        write_node(w, node->members[0].node);
        lua_pop(L, 1);
    }
    buf_append_char(w->out, ']');
}

static void write_map(struct writing *w, const struct node *node)
{
    static const char NO_TEXT[] = "answer has a name that is no text in %s";
    lua_State *L = w->L;
    size_t count;
    check_table(L, "a map");
    const struct str *names = json_names(L, &count);
    if (!names)
        fault(L, NO_TEXT, "a map");
    for (size_t i = 0; i < count; i++) {
        buf_append_char(w->out, i ? ',' : '{');
        if (!json_write_string(w->out, names[i]))
            fault(L, NO_TEXT, "a map");
        buf_append_char(w->out, ':');
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_rawget(L, -3);
        write_node(w, node->members[0].node);
        lua_pop(L, 1);
    }
    buf_append_str(w->out, count ? STR("}") : STR("{}"));
    lua_pop(L, 1);
}

static void write_variant(struct writing *w, const struct node *node)
{
    lua_State *L = w->L;
    check_table(L, "an object");
    lua_rawgeti(L, w->names, node->tag);
    lua_rawget(L, -2);
    const char *value = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    for (unsigned i = 0; value && i < node->count; i++)
        if (node->members[i].name == value) {
            lua_pop(L, 1);
            write_node(w, node->members[i].node);
            return;
        }
    fault(L, "answer has an unknown %s", node->members[node->count].name);
}

static void write_node(struct writing *w, const struct node *node)
{
    static void (*const by_kind[])(struct writing * w, const struct node *node) = {
        [OBJECT] = write_object, [LIST] = write_list, [MAP] = write_map, [VARIANT] = write_variant};
    if (node->kind == ANY)
        write_any(w);
    else if (is_nothing(w->L))
        buf_append_str(w->out, STR("null"));
    else
        by_kind[node->kind](w, node);
}

/* writer(value): upvalues are the writer and the table of names. */
static int l_write(lua_State *L)
{
    struct writer *writer = lua_touserdata(L, lua_upvalueindex(1));
    lua_settop(L, 1);
    luaL_checkstack(L, SLOTS_PER_LEVEL * DEPTH_MAX, "json");
    lua_pushvalue(L, lua_upvalueindex(2));
    struct buf *out = json_text(L);
    lua_pushvalue(L, 1);
    write_node(&(struct writing){.L = L, .out = out, .names = 2}, writer->root);
    json_push_text(L, out);
    return 1;
}

static int l_gc(lua_State *L)
{
    struct writer *writer = lua_touserdata(L, 1);
    arena_free(&writer->arena);
    return 0;
}

int json_writer(lua_State *L)
{
    lua_settop(L, 1);
    struct writer *writer = lua_newuserdata(L, sizeof *writer);
    *writer = (struct writer){0};
    arena_init(&writer->arena, 1024);
    bind_class(L, writer_type, NULL, NULL, l_gc);
    lua_setmetatable(L, -2);
    lua_newtable(L);
    lua_pushvalue(L, 1);
    writer->root = plan_node(&(struct planner){.L = L, .writer = writer, .names = 3});
    lua_settop(L, 3);
    lua_pushcclosure(L, l_write, 2);
    return 1;
}
