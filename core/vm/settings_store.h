/* vm/settings_store.h: how settings are laid out, shared by settings.c and settings_load.c alone. */
#ifndef VM_SETTINGS_STORE_H
#define VM_SETTINGS_STORE_H

#include "vm/settings.h"

#define SETTINGS_TOP ((size_t)-1)

struct settings_item {
    size_t parent; /* index of the table that holds it, or SETTINGS_TOP */
    struct setting setting;
};

struct settings {
    char *file, *root;
    struct settings_item *items; /* a table stands before its children */
    size_t count, capacity;
};

struct settings *settings_new(const char *file, const char *root);

/* Copies setting and its texts; returns its index. */
size_t settings_add(struct settings *settings, size_t parent, const struct setting *setting);

/* Takes back what was added since count was mark. */
void settings_truncate(struct settings *settings, size_t mark);

#endif
