/* vm/settings.c: the settings of one configuration, flat: each value under its path, children behind their table.
 * settings_load.c fills it; the accepted set carries it packed to the workers. */
#include "vm/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/settings_store.h"

struct settings *settings_new(const char *file, const char *root)
{
    struct settings *s = mem_zalloc(sizeof *s);
    s->file = mem_dup(file, strlen(file));
    s->root = mem_dup(root, strlen(root));
    return s;
}

void settings_truncate(struct settings *s, size_t mark)
{
    while (s->count > mark) {
        const struct setting *last = &s->items[--s->count].setting;
        free((char *)last->path);
        free((char *)last->text);
    }
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    settings_truncate(s, 0);
    free(s->items);
    free(s->file);
    free(s->root);
    free(s);
}

size_t settings_add(struct settings *s, size_t parent, const struct setting *setting)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->items = mem_realloc(s->items, s->capacity * sizeof *s->items);
    }
    struct settings_item *item = &s->items[s->count];
    item->parent = parent;
    item->setting = *setting;
    item->setting.path = mem_dup(setting->path, strlen(setting->path));
    item->setting.text = setting->text ? mem_dup(setting->text, setting->length) : NULL;
    return s->count++;
}

const char *settings_file(const struct settings *s)
{
    return s->file;
}

const char *settings_root(const struct settings *s)
{
    return s->root;
}

static size_t find(const struct settings *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].setting.path, path) == 0)
            return i;
    return SETTINGS_TOP;
}

const struct setting *settings_find(const struct settings *s, const char *path)
{
    size_t i = find(s, path);
    return i == SETTINGS_TOP || s->items[i].setting.kind == SETTING_UNSET ? NULL : &s->items[i].setting;
}

bool settings_declared(const struct settings *s, const char *path)
{
    return find(s, path) != SETTINGS_TOP;
}

static const struct setting *need(const struct settings *s, const char *path, enum setting_kind kind)
{
    const struct setting *found = settings_find(s, path);
    if (!found || found->kind != kind) {
        fprintf(stderr, "setting %s: no row with a default of this kind declares it\n", path);
        abort();
    }
    return found;
}

int64_t settings_int(const struct settings *s, const char *path)
{
    return (int64_t)need(s, path, SETTING_NUMBER)->number;
}

double settings_real(const struct settings *s, const char *path)
{
    return need(s, path, SETTING_NUMBER)->number;
}

bool settings_bool(const struct settings *s, const char *path)
{
    return need(s, path, SETTING_BOOLEAN)->boolean;
}

const char *settings_text(const struct settings *s, const char *path)
{
    const struct setting *found = settings_find(s, path);
    return found ? found->text : NULL;
}

/* The last part of a child's path. Names may hold dots, so the parent's length decides. */
static const char *name_of(const struct settings *s, size_t child)
{
    size_t parent = s->items[child].parent;
    const char *path = s->items[child].setting.path;
    return parent == SETTINGS_TOP ? path : path + strlen(s->items[parent].setting.path) + 1;
}

void settings_each(const struct settings *s, const char *path,
                   void (*each)(void *arg, const char *name, const struct setting *setting), void *arg)
{
    size_t parent = path ? find(s, path) : SETTINGS_TOP;
    if (path && parent == SETTINGS_TOP)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].parent == parent && s->items[i].setting.kind != SETTING_UNSET)
            each(arg, name_of(s, i), &s->items[i].setting);
}

static bool equal(const struct setting *a, const struct setting *b)
{
    return a->kind == b->kind && a->boolean == b->boolean && a->number == b->number && a->length == b->length &&
           strcmp(a->path, b->path) == 0 && (a->length == 0 || memcmp(a->text, b->text, a->length) == 0);
}

/* Does every value of a below its top setting i stand in b too? */
static bool contains(const struct settings *b, const struct settings *a, size_t i)
{
    const char *top = a->items[i].setting.path;
    size_t length = strlen(top);
    for (; i < a->count; i++) {
        const struct setting *setting = &a->items[i].setting;
        bool below =
            strncmp(setting->path, top, length) == 0 && (!setting->path[length] || setting->path[length] == '.');
        if (!below)
            break;
        size_t other = find(b, setting->path);
        if (other == SETTINGS_TOP || !equal(setting, &b->items[other].setting))
            return false;
    }
    return true;
}

const char *settings_needs_restart(const struct settings *before, const struct settings *after)
{
    const struct settings *pairs[2][2] = {{before, after}, {after, before}};
    for (int p = 0; p < 2; p++) {
        const struct settings *a = pairs[p][0], *b = pairs[p][1];
        for (size_t i = 0; i < a->count; i++)
            if (a->items[i].parent == SETTINGS_TOP && a->items[i].setting.restart && !contains(b, a, i))
                return a->items[i].setting.path;
    }
    return NULL;
}

static void pack_text(struct buf *out, const char *text, size_t length)
{
    uint32_t n = (uint32_t)length;
    buf_append(out, &n, sizeof n);
    buf_append(out, text, length);
}

void settings_pack(const struct settings *s, struct buf *out)
{
    uint32_t count = (uint32_t)s->count;
    pack_text(out, s->file, strlen(s->file));
    pack_text(out, s->root, strlen(s->root));
    buf_append(out, &count, sizeof count);
    for (size_t i = 0; i < s->count; i++) {
        const struct setting *setting = &s->items[i].setting;
        uint64_t parent = s->items[i].parent;
        unsigned char flags[5] = {(unsigned char)setting->kind, setting->boolean, setting->secret, setting->restart,
                                  setting->text != NULL};
        buf_append(out, &parent, sizeof parent);
        buf_append(out, flags, sizeof flags);
        buf_append(out, &setting->number, sizeof setting->number);
        pack_text(out, setting->path, strlen(setting->path));
        pack_text(out, setting->text ? setting->text : "", setting->length);
    }
}

struct reader {
    const char *p, *end;
    bool broken;
};

static void take(struct reader *r, void *into, size_t length)
{
    if (r->broken || (size_t)(r->end - r->p) < length) {
        r->broken = true;
        memset(into, 0, length);
        return;
    }
    memcpy(into, r->p, length);
    r->p += length;
}

/* Returns a copy that the caller frees. */
static char *take_text(struct reader *r, size_t *length)
{
    uint32_t n;
    take(r, &n, sizeof n);
    if (r->broken || (size_t)(r->end - r->p) < n) {
        r->broken = true;
        n = 0;
    }
    char *text = mem_dup(r->p, n);
    r->p += n;
    *length = n;
    return text;
}

/* A child's path is its table's, a dot and a name; only tables and lists have children. */
static bool fits_parent(const struct settings *s, uint64_t parent, const char *path)
{
    if (parent == SETTINGS_TOP)
        return true;
    if (parent >= s->count)
        return false;
    const struct setting *table = &s->items[parent].setting;
    size_t length = strlen(table->path);
    return (table->kind == SETTING_TABLE || table->kind == SETTING_LIST) && strncmp(path, table->path, length) == 0 &&
           path[length] == '.';
}

static void take_item(struct reader *r, struct settings *s)
{
    uint64_t parent;
    unsigned char flags[5];
    struct setting setting = {0};
    size_t length;
    take(r, &parent, sizeof parent);
    take(r, flags, sizeof flags);
    take(r, &setting.number, sizeof setting.number);
    char *path = take_text(r, &length);
    char *text = take_text(r, &setting.length);
    setting.kind = (enum setting_kind)flags[0];
    setting.boolean = flags[1] != 0;
    setting.secret = flags[2] != 0;
    setting.restart = flags[3] != 0;
    setting.path = path;
    setting.text = flags[4] ? text : NULL;
    setting.length = flags[4] ? setting.length : 0;
    if (!fits_parent(s, parent, path) || !flags[0] || !strchr("bnstlu", flags[0]) ||
        (flags[0] == SETTING_TEXT) != flags[4])
        r->broken = true;
    if (!r->broken)
        settings_add(s, parent, &setting);
    free(path);
    free(text);
}

struct settings *settings_unpack(const void *data, size_t length)
{
    struct reader r = {data, (const char *)data + length, false};
    size_t n;
    uint32_t count;
    char *file = take_text(&r, &n);
    char *root = take_text(&r, &n);
    struct settings *s = settings_new(file, root);
    free(file);
    free(root);
    take(&r, &count, sizeof count);
    for (uint32_t i = 0; i < count && !r.broken; i++)
        take_item(&r, s);
    if (r.broken) {
        settings_free(s);
        return NULL;
    }
    return s;
}

static void print_text(struct buf *out, const char *text, size_t length)
{
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 32 || c == 127)
            buf_printf(out, "\\%03d", c);
        else
            buf_append(out, text + i, 1);
    }
    buf_append(out, "\"", 1);
}

static void print_below(const struct settings *s, size_t parent, int depth, struct buf *out);

static void print_value(const struct settings *s, size_t i, int depth, struct buf *out)
{
    const struct setting *setting = &s->items[i].setting;
    switch (setting->kind) {
    case SETTING_BOOLEAN:
        buf_printf(out, "%s", setting->boolean ? "true" : "false");
        break;
    case SETTING_NUMBER:
        buf_printf(out, "%.14g", setting->number);
        break;
    case SETTING_TEXT:
        if (setting->secret)
            buf_printf(out, "\"********\"");
        else
            print_text(out, setting->text, setting->length);
        break;
    case SETTING_TABLE:
    case SETTING_LIST:
        buf_printf(out, "{\n");
        print_below(s, i, depth + 1, out);
        buf_printf(out, "%*s}", 2 * depth, "");
        break;
    case SETTING_UNSET:
        break;
    }
}

static void print_below(const struct settings *s, size_t parent, int depth, struct buf *out)
{
    bool list = parent != SETTINGS_TOP && s->items[parent].setting.kind == SETTING_LIST;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].parent != parent || s->items[i].setting.kind == SETTING_UNSET)
            continue;
        const char *name = name_of(s, i);
        bool word = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(name);
        buf_printf(out, "%*s", 2 * depth, "");
        if (!list)
            buf_printf(out, word ? "%s = " : "[\"%s\"] = ", name);
        print_value(s, i, depth, out);
        buf_printf(out, ",\n");
    }
}

void settings_print(const struct settings *s, struct buf *out)
{
    buf_printf(out, "-- %s\nreturn {\n", s->file);
    print_below(s, SETTINGS_TOP, 1, out);
    buf_printf(out, "}\n");
}
