/* vm/settings_type.h: the notations of setting values: durations, sizes, addresses. Bytes in, values out; called by
 * settings_load.c and fuzzed. text need not end in NUL. */
#ifndef VM_SETTINGS_TYPE_H
#define VM_SETTINGS_TYPE_H

#include <stdbool.h>
#include <stddef.h>

/* "10 s", "1.5 min", "2 d" → seconds. Units: ms, s, min, h, d, week(s). */
bool settings_parse_duration(const char *text, size_t length, double *seconds);

/* "1 MiB", "64 KiB", "512 B" → octets. */
bool settings_parse_size(const char *text, size_t length, double *octets);

/* "host:port", "[v6]:port", "*:port" with a port of 0–65535, or "unix:/path". */
bool settings_check_address(const char *text, size_t length);

#endif
