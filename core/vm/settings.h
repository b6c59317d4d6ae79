/* vm/settings.h: the settings of one configuration file, checked against the rows that config/default.lua declares.
 *
 * default.lua returns an array of rows:
 *   { name = "body_limit", type = "size", default = "1 MiB", min = "1 KiB", max = "1 GiB", reload = true, doc = "…" }
 * type      what a file may write                what is read back
 * boolean   true                                 boolean
 * integer   10                                   number
 * number    0.5                                  number
 * duration  "10 s", "500 ms", "5 min", "1 h", "2 d", 10   seconds
 * size      "1 MiB", "64 KiB", "1 GiB", 4096     octets
 * string    "text"                               text
 * secret    "text"                               text, masked wherever it is printed
 * enum      one of row.values                    text
 * address   "127.0.0.1:8008", "[::1]:80", "*:80", "unix:/run/x.sock"   text
 * path      "lua/x", made absolute by the root   text
 * list      an array, elements of row.of         table
 * map       names to values of row.of            table
 * record    row.fields, themselves rows          table
 * row.of is a type's name or a row without a name. A row without default is optional, unless required = true.
 * reload = false: a change of it is refused at a reload, by name. The variable TOOLBOX_NAME overrides a setting
 * (lists: separated by commas; not maps or records); TOOLBOX_NAME_FILE reads a secret from a file.
 *
 * A file may call os.getenv(NAME) and include("development"), which gives the table of the file of that name beside it.
 *
 * A path names a value: "body_limit", "services.api.listen", "roots.1". Called by the candidate, the workers and the
 * command line; holds no Lua after it is loaded. */
#ifndef VM_SETTINGS_H
#define VM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct settings;

enum setting_kind {
    SETTING_BOOLEAN = 'b',
    SETTING_NUMBER = 'n',
    SETTING_TEXT = 's',
    SETTING_TABLE = 't',
    SETTING_LIST = 'l',
    SETTING_UNSET = 'u' /* declared, optional and not set: only settings_declared() sees it */
};

struct setting {
    const char *path; /* "services.api.listen" */
    enum setting_kind kind;
    bool boolean;
    bool secret;
    bool restart; /* changes only with a restart */
    double number;
    const char *text; /* text and its NUL belong to the settings */
    size_t length;
};

/* Reads file and the default.lua beside it, or in the root's config/. environment is a NULL-ended array of NAME=value.
 * Returns NULL with one line in error ("config/x.lua: body_limit: expected a size such as \"1 MiB\", got 3x"). */
struct settings *settings_load(const char *file, char *const *environment, struct buf *error);

void settings_free(struct settings *settings);

/* The settings as bytes and back; unpack copies. NULL if the bytes are not whole. */
void settings_pack(const struct settings *settings, struct buf *out);
struct settings *settings_unpack(const void *data, size_t length);

/* The configuration file as it was named, and the folder that relative paths start from (absolute). */
const char *settings_file(const struct settings *settings);
const char *settings_root(const struct settings *settings);

/* NULL if there is no such value. */
const struct setting *settings_find(const struct settings *settings, const char *path);

/* Does a row declare a setting of this name? */
bool settings_declared(const struct settings *settings, const char *path);

/* A value that a row declares with a default; of another kind or missing is a programming error and aborts by name. */
int64_t settings_int(const struct settings *settings, const char *path);
double settings_real(const struct settings *settings, const char *path);
bool settings_bool(const struct settings *settings, const char *path);

/* NULL if it is not set. */
const char *settings_text(const struct settings *settings, const char *path);

/* Calls each for every direct child of path (NULL: the top), in order. name is the last part of the child's path. */
void settings_each(const struct settings *settings, const char *path,
                   void (*each)(void *arg, const char *name, const struct setting *setting), void *arg);

/* The name of the first top setting that needs a restart and differs, or NULL. */
const char *settings_needs_restart(const struct settings *before, const struct settings *after);

/* The effective settings as Lua source, secrets masked. */
void settings_print(const struct settings *settings, struct buf *out);

#endif
