#include "bind/pg_value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bind/bind.h"
#include "bind/json.h"
#include "client/pg_type.h"

static const char type[] = "host.pg.value";

enum { PARAMETERS_MAX = 65535 /* a 16-bit count on the wire */ };

/* ---- Values with a type of their own ---- */

struct value {
    bool binary;
    size_t n;
    char octets[];
};

/* Pushes a value with room for n octets. */
static struct value *push_value(lua_State *L, size_t n, bool binary)
{
    struct value *v = lua_newuserdata(L, sizeof *v + n);
    v->binary = binary;
    v->n = n;
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    return v;
}

static struct str string_at(lua_State *L, int index)
{
    size_t n;
    const char *p = lua_tolstring(L, index, &n);
    return str_of(p, n);
}

static bool has_nul(struct str s)
{
    return memchr(s.p, '\0', s.n) != NULL;
}

enum { NUMBER_MAX = 40 }; /* octets of a number as text */

/* Decimal text that PostgreSQL reads as any of its number types: integers without a fraction. */
static size_t number_text(double value, char out[NUMBER_MAX])
{
    if (value == floor(value) && fabs(value) < 0x1p63) {
        bool negative = value < 0;
        out[0] = '-';
        return negative + u64_to_digits((uint64_t)fabs(value), out + negative);
    }
    if (isinf(value))
        return (size_t)snprintf(out, NUMBER_MAX, value > 0 ? "Infinity" : "-Infinity");
    return (size_t)snprintf(out, NUMBER_MAX, isnan(value) ? "NaN" : "%.17g", value);
}

/* "text" to out; returns the end. */
static char *put_quoted(struct str s, char *out)
{
    *out++ = '"';
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            *out++ = '\\';
        *out++ = s.p[i];
    }
    *out++ = '"';
    return out;
}

/* The value on top as an element of an array literal to out; returns the end. */
static char *put_element(lua_State *L, char *out)
{
    if (lua_type(L, -1) == LUA_TSTRING)
        return put_quoted(string_at(L, -1), out);
    if (lua_type(L, -1) == LUA_TNUMBER)
        return out + number_text(lua_tonumber(L, -1), out);
    struct str s = lua_toboolean(L, -1) ? STR("true") : STR("false");
    memcpy(out, s.p, s.n);
    return out + s.n;
}

/* The literal {a,b} of the table at index 1 to out; returns its length. */
static size_t put_array(lua_State *L, int count, char *out)
{
    char *p = out;
    *p++ = '{';
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            *p++ = ',';
        lua_rawgeti(L, 1, i);
        p = put_element(L, p);
        lua_pop(L, 1);
    }
    *p++ = '}';
    return (size_t)(p - out);
}

static int l_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int count = (int)lua_objlen(L, 1), first = LUA_TNONE;
    size_t most = 2; /* octets of the literal */
    lua_settop(L, 1);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        int kind = lua_type(L, -1);
        first = i == 1 ? kind : first;
        bool scalar = kind == LUA_TNUMBER || kind == LUA_TBOOLEAN || kind == LUA_TSTRING;
        luaL_argcheck(L, scalar && kind == first, 1, "expected strings, numbers or booleans, all of one type");
        struct str text = kind == LUA_TSTRING ? string_at(L, -1) : STR("");
        luaL_argcheck(L, !has_nul(text), 1, "text cannot hold a NUL");
        most += kind == LUA_TSTRING ? 2 * text.n + sizeof "\"\"," : NUMBER_MAX + 1;
        lua_pop(L, 1);
    }
    struct value *v = push_value(L, most, false);
    v->n = put_array(L, count, v->octets);
    return 1;
}

static int push_copy(lua_State *L, struct str octets, bool binary)
{
    memcpy(push_value(L, octets.n, binary)->octets, octets.p, octets.n);
    return 1;
}

/* pg.lua makes pg.json of it: the text of a value of any type. */
static int l_text(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    return push_copy(L, string_at(L, 1), false);
}

static int l_bytes(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    return push_copy(L, string_at(L, 1), true);
}

void pg_value_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"text", l_text}, {"array", l_array}, {"bytes", l_bytes}, {NULL, NULL}};
    bind_class(L, type, NULL, NULL, NULL);
    lua_pop(L, 1);
    luaL_register(L, NULL, functions);
}

/* ---- Parameters ---- */

static struct value *to_value(lua_State *L, int index)
{
    void *p = lua_touserdata(L, index);
    if (!p || !lua_getmetatable(L, index))
        return NULL;
    luaL_getmetatable(L, type);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? p : NULL;
}

/* What is wrong with the parameter at index, or NULL. */
static const char *parameter_fault(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNUMBER:
    case LUA_TBOOLEAN:
        return NULL;
    case LUA_TSTRING:
        return has_nul(string_at(L, index)) ? "text cannot hold a NUL: use pg.bytes for octets" : NULL;
    case LUA_TLIGHTUSERDATA: /* json.null */
        if (!lua_touserdata(L, index))
            return NULL;
        break;
    case LUA_TUSERDATA:
        if (to_value(L, index))
            return NULL;
        break;
    case LUA_TTABLE:
        return "a table is no parameter: use pg.json or pg.array";
    }
    return "expected a string, a number, a boolean, nil, json.null, pg.json, pg.array or pg.bytes";
}

static void check_sql(lua_State *L, int index, int argument)
{
    luaL_argcheck(L, lua_type(L, index) == LUA_TSTRING, argument, "expected an SQL text");
    luaL_argcheck(L, !has_nul(string_at(L, index)), argument, "an SQL text cannot hold a NUL");
}

void pg_check_statement(lua_State *L, int index)
{
    check_sql(L, index, index);
    int top = lua_gettop(L);
    luaL_argcheck(L, top - index <= PARAMETERS_MAX, index, "too many parameters");
    luaL_checkstack(L, 4, "parameters");
    for (int i = index + 1; i <= top; i++) {
        const char *fault = parameter_fault(L, i);
        luaL_argcheck(L, !fault, i, fault);
    }
}

/* Parameters in { sql, a, b }, a table: up to field n if there is one, for NULLs at the end. name is where "n" lies. */
static int count_parameters(lua_State *L, int statement, int name)
{
    lua_pushvalue(L, name);
    lua_rawget(L, statement);
    int n = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : (int)lua_objlen(L, statement) - 1;
    lua_pop(L, 1);
    return n < 0 ? 0 : n;
}

void pg_check_batch(lua_State *L, int index, const char *(*refusal)(void *arg, struct str sql), void *arg)
{
    luaL_checktype(L, index, LUA_TTABLE);
    int count = (int)lua_objlen(L, index);
    luaL_argcheck(L, count >= 1 && count <= PG_BATCH_MAX, index, "expected 1 to 1000 statements");
    luaL_checkstack(L, 6, "batch");
    lua_pushliteral(L, "n");
    int statement = lua_gettop(L) + 1;
    const char *checked = NULL; /* Lua has equal texts once, and often many statements in a row have the same */
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        luaL_argcheck(L, lua_istable(L, statement), index, "expected statements { sql, … }");
        lua_rawgeti(L, statement, 1);
        if (lua_type(L, -1) != LUA_TSTRING || lua_tostring(L, -1) != checked) {
            check_sql(L, -1, index);
            const char *refused = refusal ? refusal(arg, string_at(L, -1)) : NULL;
            if (refused)
                luaL_error(L, "%s", refused);
            checked = lua_tostring(L, -1);
        }
        int params = count_parameters(L, statement, statement - 1);
        luaL_argcheck(L, params <= PARAMETERS_MAX, index, "too many parameters");
        for (int k = 1; k <= params; k++) {
            lua_rawgeti(L, statement, k + 1);
            const char *fault = parameter_fault(L, -1);
            luaL_argcheck(L, !fault, index, fault);
            lua_pop(L, 1);
        }
        lua_settop(L, statement - 1);
    }
    lua_pop(L, 1);
}

static void add_parameter(lua_State *L, int index, struct pg_request *r, struct pg_call *call)
{
    char digits[NUMBER_MAX];
    struct value *v;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        pg_request_param(r, call, str_of(digits, number_text(lua_tonumber(L, index), digits)), false);
        break;
    case LUA_TBOOLEAN:
        pg_request_param(r, call, lua_toboolean(L, index) ? STR("t") : STR("f"), false);
        break;
    case LUA_TSTRING:
        pg_request_param(r, call, string_at(L, index), false);
        break;
    default:
        v = lua_type(L, index) == LUA_TUSERDATA ? to_value(L, index) : NULL;
        pg_request_param(r, call, v ? str_of(v->octets, v->n) : STR_NULL, v && v->binary);
    }
}

struct pg_request *pg_request_of_statement(lua_State *L, int index)
{
    struct pg_request *r = pg_request_new(PG_STATEMENTS, 1);
    int top = lua_gettop(L);
    struct pg_call *call = pg_request_add(r, string_at(L, index), top - index);
    for (int i = index + 1; i <= top; i++)
        add_parameter(L, i, r, call);
    return r;
}

struct pg_request *pg_request_of_batch(lua_State *L, int index)
{
    int count = (int)lua_objlen(L, index);
    struct pg_request *r = pg_request_new(PG_STATEMENTS, (unsigned)count);
    lua_pushliteral(L, "n");
    int statement = lua_gettop(L) + 1;
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        int params = count_parameters(L, statement, statement - 1);
        lua_rawgeti(L, statement, 1);
        struct pg_call *call = pg_request_add(r, string_at(L, -1), params);
        for (int k = 1; k <= params; k++) {
            lua_rawgeti(L, statement, k + 1);
            add_parameter(L, statement + 2, r, call);
            lua_settop(L, statement + 1);
        }
        lua_settop(L, statement - 1);
    }
    lua_pop(L, 1);
    return r;
}

/* ---- Results ---- */

enum { DEPTH_ROOM = 12 /* stack slots that a value may need: an array of six dimensions */ };

/* What pushing values needs and may run into. */
struct reader {
    struct buf scratch;
    const char *code; /* of the first failure; NULL: none */
    const char *message, *column;
};

static bool push_array(lua_State *L, struct reader *in, struct pg_array *array);

/* Pushes the decoded value; false, and nothing, if it is no JSON that Lua can hold (a number that a double rounds). */
static bool push_json(lua_State *L, struct str text)
{
    int top = lua_gettop(L);
    bool ok = json_decode(L, text) == 1;
    if (ok)
        lua_replace(L, top + 1);
    lua_settop(L, top + ok);
    return ok;
}

/* Pushes exactly one value; nil after a failure. */
static void push_cell(lua_State *L, struct reader *in, uint32_t oid, bool binary, struct str data)
{
    struct pg_value v = pg_decode(oid, binary, data, &in->scratch);
    switch (v.kind) {
    case PG_NUMBER:
        lua_pushnumber(L, v.number);
        return;
    case PG_BOOLEAN:
        lua_pushboolean(L, v.boolean);
        return;
    case PG_TEXT:
        lua_pushlstring(L, v.text.p, v.text.n);
        return;
    case PG_JSON:
        if (push_json(L, v.text))
            return;
        in->code = "range";
        in->message = "a json value that Lua cannot hold";
        break;
    case PG_ARRAY: {
        struct pg_array array;
        pg_array_open(&array, v.element, binary, v.text);
        struct str none;
        bool whole = pg_array_next(&array, &none) == PG_ARRAY_OPEN && push_array(L, in, &array);
        pg_array_free(&array);
        if (whole)
            return;
        break;
    }
    case PG_RANGE:
        in->code = "range";
        in->message = "the value is outside of what Lua can hold exactly";
        break;
    case PG_BAD:
        break;
    }
    if (!in->code) {
        in->code = "sql";
        in->message = "the value is not what its type allows";
    }
    lua_pushnil(L);
}

/* Pushes the array whose OPEN was read, up to its CLOSE; false, and nothing, if it is broken. */
static bool push_array(lua_State *L, struct reader *in, struct pg_array *array)
{
    lua_newtable(L);
    json_mark_array(L, -1);
    for (int i = 1;; i++) {
        struct str data;
        switch (pg_array_next(array, &data)) {
        case PG_ARRAY_CLOSE:
            return true;
        case PG_ARRAY_NULL:
            lua_pushlightuserdata(L, NULL);
            break;
        case PG_ARRAY_ELEMENT:
            push_cell(L, in, array->element, array->binary, data);
            break;
        case PG_ARRAY_OPEN:
            if (push_array(L, in, array))
                break;
            lua_pop(L, 1);
            return false;
        default:
            lua_pop(L, 1);
            return false;
        }
        lua_rawseti(L, -2, i);
    }
}

static bool push_row(lua_State *L, struct reader *in, const PGresult *result, int row, int names)
{
    int columns = PQnfields(result);
    lua_createtable(L, 0, columns);
    for (int c = 0; c < columns; c++) {
        lua_pushvalue(L, names + c);
        int length = PQgetlength(result, row, c);
        if (length == 0 && PQgetisnull(result, row, c))
            lua_pushlightuserdata(L, NULL);
        else
            push_cell(L, in, PQftype(result, c), PQfformat(result, c) == 1,
                      str_of(PQgetvalue(result, row, c), (size_t)length));
        if (in->code) {
            in->column = PQfname(result, c);
            return false;
        }
        lua_rawset(L, -3);
    }
    return true;
}

/* Pushes the rows of a result; false, and something, if a value cannot be. The columns' names lie from index names on.
 */
static bool push_rows(lua_State *L, struct reader *in, const PGresult *result, int names)
{
    int rows = PQntuples(result), columns = PQnfields(result);
    lua_createtable(L, rows, 1);
    for (int r = 0; r < rows; r++) {
        if (!push_row(L, in, result, r, names))
            return false;
        lua_rawseti(L, -2, r + 1);
    }
    lua_pushvalue(L, names - 1);
    lua_pushinteger(L, columns > 0 ? rows : (lua_Integer)strtoll(PQcmdTuples((PGresult *)result), NULL, 10));
    lua_rawset(L, -3);
    return true;
}

/* True if the names of the result's columns lie from index names to the top. */
static bool has_names(lua_State *L, const PGresult *result, int names)
{
    int columns = PQnfields(result);
    bool same = lua_gettop(L) == names - 1 + columns;
    for (int c = 0; c < columns && same; c++)
        same = strcmp(PQfname(result, c), lua_tostring(L, names + c)) == 0;
    return same;
}

static void push_names(lua_State *L, const PGresult *result, int names)
{
    int columns = PQnfields(result);
    lua_settop(L, names - 1);
    lua_checkstack(L, columns + DEPTH_ROOM);
    for (int c = 0; c < columns; c++)
        lua_pushstring(L, PQfname(result, c));
}

/* Pushes the rows of each result: of a batch into the table at names - 2. */
static bool push_results(lua_State *L, struct reader *in, const struct pg_request *r, bool batch, int names)
{
    for (unsigned i = 0; i < r->count; i++) {
        const PGresult *result = r->calls[i].result;
        if (!has_names(L, result, names))
            push_names(L, result, names);
        if (!push_rows(L, in, result, names))
            return false;
        if (batch)
            lua_rawseti(L, names - 2, (int)i + 1);
    }
    return true;
}

static void set_field(lua_State *L, const char *name, const char *value)
{
    if (value) {
        lua_pushstring(L, value);
        lua_setfield(L, -2, name);
    }
}

int pg_push_error(lua_State *L, const struct pg_error *error)
{
    push_failure(L, error->code, error->message);
    set_field(L, "sqlstate", error->sqlstate);
    set_field(L, "constraint", error->constraint);
    set_field(L, "column", error->column);
    set_field(L, "detail", error->detail);
    return 2;
}

int pg_push_outcome(lua_State *L, const struct pg_request *r, bool batch)
{
    if (r->error.code)
        return pg_push_error(L, &r->error);
    int top = lua_gettop(L);
    struct reader in = {0};
    lua_checkstack(L, DEPTH_ROOM);
    if (batch)
        lua_createtable(L, (int)r->count, 0);
    else
        lua_pushnil(L);
    lua_pushliteral(L, "count");
    bool ok = push_results(L, &in, r, batch, top + 3);
    buf_free(&in.scratch);
    if (ok) {
        if (!batch)
            lua_replace(L, top + 1);
        lua_settop(L, top + 1);
        return 1;
    }
    lua_settop(L, top);
    char message[200];
    snprintf(message, sizeof message, "column %.80s: %s", in.column, in.message);
    return pg_push_error(L, &(struct pg_error){.code = in.code, .message = message, .column = in.column});
}
