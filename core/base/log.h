/* base/log.h: one JSON object a line, on stderr or in a file. Used by every layer, from any thread.
 *
 *     log_write(LOG_INFO, "worker started", log_str("reason", s), log_int("pid", n), LOG_END);
 *
 * gives {"time":"…","level":"info","message":"worker started","worker":0,"generation":3,"reason":"…","pid":12}.
 * A line is at most PIPE_BUF (4096) bytes, so it is written whole even when processes share the file; text that does
 * not fit is cut and marked with "…". A write never waits: what a full pipe or a full disk does not take is dropped,
 * and the next line that gets through carries "dropped": how many were lost. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_FIELD_END, LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_BOOL } kind;
    union {
        struct str text;
        int64_t integer;
        double real;
        bool truth;
    } as;
};

#define LOG_END ((struct log_field){.kind = LOG_FIELD_END})

static inline struct log_field log_slice(const char *name, struct str value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_STR, .as.text = value};
}

static inline struct log_field log_str(const char *name, const char *value)
{
    return log_slice(name, str_from(value));
}

static inline struct log_field log_int(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_INT, .as.integer = value};
}

static inline struct log_field log_real(const char *name, double value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_REAL, .as.real = value};
}

static inline struct log_field log_bool(const char *name, bool value)
{
    return (struct log_field){.name = name, .kind = LOG_FIELD_BOOL, .as.truth = value};
}

/* Writes one line; the fields (struct log_field) end with LOG_END. Invalid UTF-8 becomes U+FFFD. */
void log_write(enum log_level level, const char *message, ...);

/* The same with the fields in an array. */
void log_fields(enum log_level level, struct str message, const struct log_field *fields, size_t count);

/* True if lines of this level are written: to skip costly preparation. */
bool log_enabled(enum log_level level);

/* Lines below `level` are not written (at first: LOG_INFO). */
void log_set_level(enum log_level level);

/* "debug", "info", "warn", "error" → level; false for anything else. */
bool log_level_from(struct str name, enum log_level *level);

/* Every later line carries them; a negative number leaves the field out. */
void log_set_context(int worker, int64_t generation);

/* Appends to the file `path` from now on (NULL: stderr), also for reopening after a rotation. False (errno set) if the
 * file cannot be opened; the old one stays in use. */
bool log_open(const char *path);

/* The descriptor that lines go to, for who closes all others. */
int log_fd(void);

/* Lines dropped since the process started. */
uint64_t log_dropped(void);

#endif
