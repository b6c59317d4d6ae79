/* vm/settings_environment.c: TOOLBOX_NAME and TOOLBOX_NAME_FILE override what a configuration file says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/settings_check.h"

enum { SECRET_FILE_MAX = 64 * 1024 };

static const char *variable(const struct load *load, const char *name)
{
    size_t length = strlen(name);
    for (char *const *e = load->environment; e && *e; e++)
        if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
            return (*e)[length + 1] ? *e + length + 1 : NULL; /* an empty one counts as not set */
    return NULL;
}

/* "services.api.listen" → TOOLBOX_SERVICES_API_LISTEN */
void settings_variable_name(const char *path, const char *suffix, char *name, size_t size)
{
    int n = snprintf(name, size, "TOOLBOX_%s%s", path, suffix);
    for (int i = 0; i < n && (size_t)i < size - 1; i++) {
        if (name[i] >= 'a' && name[i] <= 'z')
            name[i] -= 'a' - 'A';
        else if (!(name[i] >= 'A' && name[i] <= 'Z') && !(name[i] >= '0' && name[i] <= '9'))
            name[i] = '_';
    }
}

static bool push_secret_file(struct load *load, const char *path, const char *file)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return settings_fail(load, path, "cannot read %s: %s", file, strerror(errno));
    char *text = mem_alloc(SECRET_FILE_MAX);
    size_t n = fread(text, 1, SECRET_FILE_MAX, f);
    fclose(f);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    lua_pushlstring(load->L, text, n);
    explicit_bzero(text, n);
    free(text);
    return true;
}

/* A variable's text as a value of the row's type: lists fall apart at commas, true and false are booleans, plain
 * numbers are numbers. */
static void push_variable(lua_State *L, const char *text, const char *type)
{
    char *end;
    if (strcmp(type, "list") == 0) {
        lua_newtable(L);
        for (int i = 1; *text; i++) {
            size_t n = strcspn(text, ",");
            lua_pushlstring(L, text, n);
            lua_rawseti(L, -2, i);
            text += n + (text[n] == ',');
        }
        return;
    }
    if (strcmp(type, "boolean") == 0 && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        lua_pushboolean(L, text[0] == 't');
        return;
    }
    bool numeric = strcmp(type, "integer") == 0 || strcmp(type, "number") == 0 || strcmp(type, "duration") == 0 ||
                   strcmp(type, "size") == 0;
    double number = strtod(text, &end);
    if (numeric && *end == 0 && strspn(text, "0123456789.-") == strlen(text))
        lua_pushnumber(L, number);
    else
        lua_pushstring(L, text);
}

/* Replaces the value on top by the environment's, if that names one. */
bool settings_apply_environment(struct load *load, const char *path, const char *type, bool *replaced)
{
    static char name[256];
    *replaced = false;
    if (strcmp(type, "map") == 0 || strcmp(type, "record") == 0)
        return true;
    settings_variable_name(path, "", name, sizeof name);
    const char *text = variable(load, name);
    if (text) {
        *replaced = true;
        load->source = name;
        lua_pop(load->L, 1);
        push_variable(load->L, text, type);
        return true;
    }
    if (strcmp(type, "secret") != 0)
        return true;
    settings_variable_name(path, "_FILE", name, sizeof name);
    text = variable(load, name);
    if (!text)
        return true;
    *replaced = true;
    load->source = name;
    lua_pop(load->L, 1);
    return push_secret_file(load, path, text);
}
