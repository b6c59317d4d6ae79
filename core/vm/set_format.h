/* vm/set_format.h: the memory file of a set, as set_build.c writes and set.c reads it. */
#ifndef VM_SET_FORMAT_H
#define VM_SET_FORMAT_H

#include <stdint.h>

#define SET_MAGIC "toolset1"

struct set_header {
    char magic[8];
    uint64_t count;
};

struct set_record {
    uint32_t kind;
    uint32_t name_length;
    uint64_t name, data, data_length; /* offsets from the file's start */
    char digest[64];
};

#endif
