/* process/command.h: commands written in Lua: `toolboxd NAME` runs commands/NAME.lua of the first root that has it, as
 * a task in a VM of its own, with a loop, pools and all of LuaJIT's libraries. Called by main.c. */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

/* args: what stands behind the name, NULL-ended. Returns the exit code: the number that the command returned, 0 if it
 * returned nothing, 1 if it raised, 2 if there is no such command or the configuration is wrong.
 *
 * The file returns { usage = "text", run = function(...) return code end }; `toolboxd NAME --help` prints usage. */
int command_run(const char *config, const char *name, char **args);

#endif
