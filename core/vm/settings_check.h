/* vm/settings_check.h: checks values on a Lua stack against the rows of default.lua, shared by the files
 * settings_load.c (files), settings_check.c (rows and types) and settings_environment.c (variables). The first error is
 * written to load->error, and everything unwinds with false. */
#ifndef VM_SETTINGS_CHECK_H
#define VM_SETTINGS_CHECK_H

#include <lua.h>

#include "vm/settings_store.h"

struct load {
    lua_State *L;
    struct settings *settings;
    char *const *environment;
    struct buf *error;
    const char *source; /* whom an error names: the file, or the variable */
    bool restart;       /* of the top row being checked */
    int depth;
};

/* Writes "source: path: …" to load->error; path may be NULL. Returns false. */
bool settings_fail(struct load *load, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Checks the table at index values against the array of rows at index rows and adds every value under path (NULL: the
 * top). Leaves the stack as it was if it returns true. */
bool settings_check_rows(struct load *load, int rows, int values, const char *path, size_t parent);

/* Replaces the value on top of the stack by what the environment says for path, if it says anything (*replaced). */
bool settings_apply_environment(struct load *load, const char *path, const char *type, bool *replaced);

/* "services.api.listen" → TOOLBOX_SERVICES_API_LISTEN, with suffix behind. */
void settings_variable_name(const char *path, const char *suffix, char *name, size_t size);

#endif
