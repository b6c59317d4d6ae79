/* process/serve.h: `toolboxd serve`. Called by main.c. */
#ifndef PROCESS_SERVE_H
#define PROCESS_SERVE_H

#include <stdbool.h>

/* Runs the server with this configuration until it is stopped. watch: reload whenever a file of it changes, and print
 * errors as text. Returns the exit code. */
int serve(const char *config, bool watch);

#endif
