/* vm/read_file.h: reads a file whole. Blocks: for the candidate and commands only. */
#ifndef VM_READ_FILE_H
#define VM_READ_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends the regular file path, at most limit octets; false with what is wrong ("No such file or directory"). */
bool read_file(const char *path, size_t limit, struct buf *out, struct buf *problem);

#endif
