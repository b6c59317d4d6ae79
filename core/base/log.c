/* base/log.c: see log.h. Owns the log's file descriptor and the context fields of this process. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* A line under construction. Room for its end ("}\n") is kept back, so it can always be closed. */
struct line {
    char text[PIPE_BUF];
    size_t n;
};

enum { LINE_END = 8, ROOM = PIPE_BUF - LINE_END };

static struct {
    _Atomic int fd;
    _Atomic int level, worker;
    _Atomic int64_t generation;
    _Atomic uint64_t dropped, told;
} log_state = {.fd = STDERR_FILENO, .level = LOG_INFO, .worker = -1, .generation = -1};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static bool put(struct line *line, struct str s)
{
    if (s.n > ROOM - line->n)
        return false;
    if (s.n)
        memcpy(line->text + line->n, s.p, s.n);
    line->n += s.n;
    return true;
}

/* Length of the valid UTF-8 sequence at p, or 0 (RFC 3629 §4). */
static size_t sequence_length(const unsigned char *p, size_t n)
{
    size_t length = p[0] < 0x80                   ? 1
                    : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                    : (p[0] & 0xF0) == 0xE0       ? 3
                    : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                                  : 0;
    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return length;
}

/* One character of text as JSON shows it (RFC 8259 §7); `*used` is how many bytes of the input it took. */
static struct str escaped(const unsigned char *p, size_t n, char scratch[8], size_t *used)
{
    size_t length = sequence_length(p, n);
    *used = length ? length : 1;
    if (length == 0)
        return STR("\xEF\xBF\xBD");
    if (p[0] == '"' || p[0] == '\\')
        return str_of(scratch, (size_t)snprintf(scratch, 8, "\\%c", p[0]));
    if (p[0] == '\n')
        return STR("\\n");
    if (p[0] == '\t')
        return STR("\\t");
    if (p[0] < 0x20 || p[0] == 0x7F)
        return str_of(scratch, (size_t)snprintf(scratch, 8, "\\u%04x", p[0]));
    return str_of(p, length);
}

/* A JSON string; text that does not fit ends in "…". */
static void put_string(struct line *line, struct str s)
{
    static const struct str cut = {"\xE2\x80\xA6\"", 4};
    const unsigned char *p = (const unsigned char *)s.p;
    char scratch[8];
    if (!put(line, STR("\"")))
        return;
    for (size_t i = 0, used; i < s.n; i += used) {
        struct str piece = escaped(p + i, s.n - i, scratch, &used);
        if (piece.n + cut.n > ROOM - line->n || !put(line, piece)) {
            put(line, cut);
            return;
        }
    }
    put(line, STR("\""));
}

static void put_number(struct line *line, const struct log_field *field)
{
    char text[40];
    if (field->kind == LOG_FIELD_INT)
        snprintf(text, sizeof text, "%lld", (long long)field->as.integer);
    else if (isfinite(field->as.real))
        snprintf(text, sizeof text, "%.9g", field->as.real);
    else
        snprintf(text, sizeof text, "null");
    put(line, str_from(text));
}

/* `,"name":value`, or nothing at all when the line is nearly full. */
static void put_field(struct line *line, const struct log_field *field)
{
    size_t name = strlen(field->name);
    if (name + 64 > ROOM - line->n)
        return;
    put(line, STR(",\""));
    put(line, str_of(field->name, name));
    put(line, STR("\":"));
    if (field->kind == LOG_FIELD_STR)
        put_string(line, field->as.text);
    else if (field->kind == LOG_FIELD_BOOL)
        put(line, field->as.truth ? STR("true") : STR("false"));
    else
        put_number(line, field);
}

static void put_head(struct line *line, enum log_level level, struct str message)
{
    char date[ISO_DATE_SIZE];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_format_iso((double)now.tv_sec + (double)now.tv_nsec * 1e-9, date);
    put(line, STR("{\"time\":\""));
    put(line, str_of(date, sizeof date));
    put(line, STR("\",\"level\":\""));
    put(line, str_from(level_names[level]));
    put(line, STR("\",\"message\":"));
    put_string(line, message);
    if (atomic_load(&log_state.worker) >= 0)
        put_field(line, &(struct log_field){"worker", LOG_FIELD_INT, {.integer = atomic_load(&log_state.worker)}});
    if (atomic_load(&log_state.generation) >= 0)
        put_field(line,
                  &(struct log_field){"generation", LOG_FIELD_INT, {.integer = atomic_load(&log_state.generation)}});
}

/* One write, only if it will not wait: a pipe that polls writable takes PIPE_BUF bytes at once. */
static void send_line(const struct line *line)
{
    int fd = atomic_load(&log_state.fd);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT) || write(fd, line->text, line->n) != (ssize_t)line->n)
        atomic_fetch_add(&log_state.dropped, 1);
}

static void finish_line(struct line *line)
{
    uint64_t dropped = atomic_load(&log_state.dropped), told = atomic_exchange(&log_state.told, dropped);
    if (dropped > told)
        put_field(line, &(struct log_field){"dropped", LOG_FIELD_INT, {.integer = (int64_t)(dropped - told)}});
    memcpy(line->text + line->n, "}\n", 2);
    line->n += 2;
    send_line(line);
}

void log_fields(enum log_level level, struct str message, const struct log_field *fields, size_t count)
{
    struct line line = {.n = 0};
    if (!log_enabled(level))
        return;
    put_head(&line, level, message);
    for (size_t i = 0; i < count; i++)
        put_field(&line, &fields[i]);
    finish_line(&line);
}

void log_write(enum log_level level, const char *message, ...)
{
    struct line line;
    if (!log_enabled(level))
        return;
    line.n = 0;
    put_head(&line, level, str_from(message));
    va_list args;
    va_start(args, message);
    for (;;) {
        struct log_field field = va_arg(args, struct log_field);
        if (field.kind == LOG_FIELD_END)
            break;
        put_field(&line, &field);
    }
    va_end(args);
    finish_line(&line);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

bool log_level_from(struct str name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (str_eq(name, str_from(level_names[i]))) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_context(int worker, int64_t generation)
{
    atomic_store(&log_state.worker, worker);
    atomic_store(&log_state.generation, generation);
}

/* The new file takes the old descriptor's number (dup3), so a thread that is writing meets one or the other. */
bool log_open(const char *path)
{
    int old = atomic_load(&log_state.fd);
    if (!path) {
        atomic_store(&log_state.fd, STDERR_FILENO);
        if (old != STDERR_FILENO)
            close(old);
        return true;
    }
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    if (old == STDERR_FILENO) {
        atomic_store(&log_state.fd, fd);
        return true;
    }
    bool moved = dup3(fd, old, O_CLOEXEC) >= 0;
    close(fd);
    return moved;
}

uint64_t log_dropped(void)
{
    return atomic_load(&log_state.dropped);
}

int log_fd(void)
{
    return atomic_load(&log_state.fd);
}
