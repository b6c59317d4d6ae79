/* vm/loader.h: the accepted set, everything a generation is made of: scripts as bytecode, assets, settings and
 * certificates. The candidate builds it into a sealed memory file (memfd), the master keeps that, workers map it; so a
 * worker never reads half-saved files, and a respawned one runs what was accepted. Built by process/candidate.c, read
 * by vm/, bindings (host.file) and TLS set-up. A set is never changed. */
#ifndef VM_LOADER_H
#define VM_LOADER_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "base/buf.h"
#include "base/str.h"

struct set;
struct settings;

enum set_kind {
    SET_MODULE = 'm',      /* name: as for require; data: bytecode with its file name and lines */
    SET_ASSET = 'a',       /* name: path from the root; data: the file */
    SET_CERTIFICATE = 'c', /* name: absolute path; data: PEM (certificate or key) */
    SET_SETTINGS = 's',    /* name: "" */
};

struct set_entry {
    enum set_kind kind;
    struct str name;
    struct str data;
    struct str digest; /* SHA-256, 64 hex digits: of data, or of a module's file name and source */
};

/* Reads and compiles everything the settings name; returns a sealed memfd, or -1 with one line in error. What has not
 * changed since before, a set of this same binary, is not compiled again; NULL: there is none. */
int set_build(const struct settings *settings, const struct set *before, struct buf *error);

/* The same without scripts and certificates: what host.file gives a command, whose scripts come from the disk. */
int set_build_assets(const struct settings *settings, struct buf *error);

/* Maps a set; fd stays the caller's. NULL if it is damaged. Free with set_release. */
struct set *set_open(int fd);
struct set *set_retain(struct set *set);
void set_release(struct set *set);

/* Loading is over and little of the set will be read again: this process gives its pages up, which stay in the memory
 * file and come back when they are read. */
void set_rest(const struct set *set);

/* The entry, or NULL. */
const struct set_entry *set_find(const struct set *set, enum set_kind kind, struct str name);

/* Entries are sorted by kind and name. */
size_t set_count(const struct set *set);
const struct set_entry *set_at(const struct set *set, size_t index);

const struct settings *set_settings(const struct set *set);

/* require of a VM that has a set, or roots. */
int loader_require(lua_State *L);

#endif
