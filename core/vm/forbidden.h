/* vm/forbidden.h: finds uses of what served scripts do not have, before they run. Called by set_build.c. */
#ifndef VM_FORBIDDEN_H
#define VM_FORBIDDEN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* True if source (Lua that compiles) names os.exit, io.popen, debug.sethook, the ffi module and the like; error is then
 * "file:line: os.exit is not open to served scripts". Names hidden behind variables are caught when they are used:
 * prelude.lua leaves them out of their tables. */
bool forbidden_find(struct str source, const char *file, struct buf *error);

#endif
