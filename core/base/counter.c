/* base/counter.c: see counter.h.
 *
 * A segment is an open-addressing hash table that only grows. A slot goes free → claimed → ready: the claimer fills in
 * name and kind before `ready` is published, and readers in other processes look at ready slots only. Untouched pages
 * cost nothing. */
#include "base/counter.h"

#include "base/mem.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_READY };

struct counter {
    _Atomic uint32_t state;
    uint8_t kind, name_size, labels_size, bucket_count;
    _Atomic double value;                     /* count, gauge, or sum of a histogram */
    _Atomic uint64_t observed;                /* histogram: number of values */
    _Atomic uint64_t bucket[COUNTER_BUCKETS]; /* histogram: values ≤ bound and > the bound before */
    double bound[COUNTER_BUCKETS];
    char name[COUNTER_NAME_MAX + 1];
    char labels[COUNTER_LABELS_MAX + 1];
};

struct counter_segment {
    struct counter refused;
    struct counter slot[COUNTER_SLOTS];
};

const double counter_seconds[COUNTER_BUCKETS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                 0.25,   0.5,   1,      2.5,   5,    7.5,   10};

static void name_slot(struct counter *c, enum counter_kind kind, struct str name, struct str labels)
{
    c->kind = (uint8_t)kind;
    c->name_size = (uint8_t)name.n;
    c->labels_size = (uint8_t)labels.n;
    memcpy(c->name, name.p, name.n);
    if (labels.n)
        memcpy(c->labels, labels.p, labels.n);
}

struct counter_segment *counter_segment_new(void)
{
    struct counter_segment *segment =
        mmap(NULL, sizeof *segment, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (segment == MAP_FAILED)
        return NULL;
    name_slot(&segment->refused, COUNTER_COUNT, STR("toolbox_metrics_refused"), STR_NULL);
    atomic_store(&segment->refused.state, SLOT_READY);
    return segment;
}

void counter_segment_free(struct counter_segment *segment)
{
    if (segment)
        munmap(segment, sizeof *segment);
}

static struct str name_of(const struct counter *c)
{
    return str_of(c->name, c->name_size);
}

static struct str labels_of(const struct counter *c)
{
    return str_of(c->labels, c->labels_size);
}

/* Waits for the few instructions between another thread's claim and its publication. A process killed right there
 * leaves its slot claimed for good: then false, and the slot is passed over. */
static bool await_ready(struct counter *c)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (atomic_load_explicit(&c->state, memory_order_acquire) == SLOT_READY)
            return true;
        sched_yield();
    }
    return false;
}

/* Takes a free slot for this name; false if somebody else was quicker. */
static bool claim(struct counter *c, enum counter_kind kind, struct str name, struct str labels, const double *bounds,
                  size_t count)
{
    uint32_t expected = SLOT_FREE;
    if (!atomic_compare_exchange_strong(&c->state, &expected, SLOT_CLAIMED))
        return false;
    name_slot(c, kind, name, labels);
    c->bucket_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++)
        c->bound[i] = bounds[i];
    atomic_store_explicit(&c->state, SLOT_READY, memory_order_release);
    return true;
}

static struct counter *find(struct counter_segment *segment, enum counter_kind kind, struct str name, struct str labels,
                            const double *bounds, size_t count)
{
    if (name.n == 0 || name.n > COUNTER_NAME_MAX || labels.n > COUNTER_LABELS_MAX)
        return &segment->refused;
    size_t start = (size_t)(str_hash(name) * 31 + str_hash(labels));
    for (size_t i = 0; i < COUNTER_SLOTS; i++) {
        struct counter *c = &segment->slot[(start + i) % COUNTER_SLOTS];
        if (atomic_load_explicit(&c->state, memory_order_acquire) == SLOT_FREE &&
            claim(c, kind, name, labels, bounds, count))
            return c;
        if (await_ready(c) && str_eq(name_of(c), name) && str_eq(labels_of(c), labels))
            return c->kind == kind ? c : &segment->refused;
    }
    return &segment->refused;
}

struct counter *counter_get(struct counter_segment *segment, enum counter_kind kind, struct str name, struct str labels)
{
    if (kind == COUNTER_HISTOGRAM)
        return find(segment, kind, name, labels, counter_seconds, COUNTER_BUCKETS);
    return find(segment, kind, name, labels, NULL, 0);
}

struct counter *counter_histogram(struct counter_segment *segment, struct str name, struct str labels,
                                  const double *bounds, size_t count)
{
    if (count > COUNTER_BUCKETS)
        return &segment->refused;
    return find(segment, COUNTER_HISTOGRAM, name, labels, bounds, count);
}

void counter_add(struct counter *c, double value)
{
    double old = atomic_load_explicit(&c->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&c->value, &old, old + value, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void counter_set(struct counter *c, double value)
{
    atomic_store_explicit(&c->value, value, memory_order_relaxed);
}

void counter_observe(struct counter *c, double value)
{
    for (size_t i = 0; i < c->bucket_count; i++) {
        if (value <= c->bound[i]) {
            atomic_fetch_add_explicit(&c->bucket[i], 1, memory_order_relaxed);
            break;
        }
    }
    atomic_fetch_add_explicit(&c->observed, 1, memory_order_relaxed);
    counter_add(c, value);
}

/* Adds where nobody else writes; readers never see half a number. */
#define ADD_ALONE(place, more)                                                                                         \
    atomic_store_explicit(place, atomic_load_explicit(place, memory_order_relaxed) + (more), memory_order_relaxed)

void counter_event(struct counter *count, struct counter *histogram, double seconds)
{
    size_t i = 0;
    while (i < histogram->bucket_count && seconds > histogram->bound[i])
        i++;
    if (i < histogram->bucket_count)
        ADD_ALONE(&histogram->bucket[i], 1);
    ADD_ALONE(&histogram->observed, 1);
    ADD_ALONE(&histogram->value, seconds);
    ADD_ALONE(&count->value, 1);
}

double counter_value(const struct counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

static bool is_ready(const struct counter *c)
{
    return atomic_load_explicit(&c->state, memory_order_acquire) == SLOT_READY;
}

void counter_reset_gauges(struct counter_segment *segment)
{
    for (size_t i = 0; i < COUNTER_SLOTS; i++)
        if (is_ready(&segment->slot[i]) && segment->slot[i].kind == COUNTER_GAUGE)
            counter_set(&segment->slot[i], 0);
}

void counter_label(struct buf *labels, struct str name, struct str value)
{
    if (labels->len)
        buf_append_char(labels, ',');
    buf_append_str(labels, name);
    buf_append(labels, "=\"", 2);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\n') {
            buf_append(labels, "\\n", 2);
            continue;
        }
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_append_char(labels, '\\');
        buf_append_char(labels, value.p[i]);
    }
    buf_append_char(labels, '"');
}

/* The dump: every ready slot of every segment, sorted by name and labels, equal ones added up. */

static int by_name(const void *left, const void *right)
{
    const struct counter *a = *(struct counter *const *)left, *b = *(struct counter *const *)right;
    int names = strcmp(a->name, b->name);
    return names ? names : strcmp(a->labels, b->labels);
}

static size_t collect(struct counter_segment *const *segments, size_t count, const struct counter **found)
{
    size_t n = 0;
    for (size_t s = 0; s < count; s++) {
        found[n++] = &segments[s]->refused;
        for (size_t i = 0; i < COUNTER_SLOTS; i++)
            if (is_ready(&segments[s]->slot[i]))
                found[n++] = &segments[s]->slot[i];
    }
    qsort(found, n, sizeof *found, by_name);
    return n;
}

static void write_number(struct buf *out, double value)
{
    if (value >= 0 && value < 1e15 && value == (double)(uint64_t)value)
        buf_append_u64(out, (uint64_t)value);
    else
        buf_printf(out, "%.17g", value);
    buf_append_char(out, '\n');
}

static void write_sample(struct buf *out, const struct counter *c, const char *suffix, const char *bound, double value)
{
    buf_printf(out, "%s%s", c->name, suffix);
    if (c->labels_size || bound)
        buf_printf(out, "{%s%s", c->labels, c->labels_size && bound ? "," : "");
    if (bound)
        buf_printf(out, "le=\"%s\"", bound);
    buf_append_str(out, c->labels_size || bound ? STR("} ") : STR(" "));
    write_number(out, value);
}

static double sum_values(const struct counter **same, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counter_value(same[i]);
    return sum;
}

static void write_histogram(struct buf *out, const struct counter **same, size_t count)
{
    const struct counter *c = same[0];
    uint64_t below = 0, all = 0;
    for (size_t b = 0; b < c->bucket_count; b++) {
        char bound[32];
        for (size_t i = 0; i < count; i++)
            below += atomic_load_explicit(&same[i]->bucket[b], memory_order_relaxed);
        snprintf(bound, sizeof bound, "%g", c->bound[b]);
        write_sample(out, c, "_bucket", bound, (double)below);
    }
    for (size_t i = 0; i < count; i++)
        all += atomic_load_explicit(&same[i]->observed, memory_order_relaxed);
    if (all < below) /* a value is being recorded right now */
        all = below;
    write_sample(out, c, "_bucket", "+Inf", (double)all);
    write_sample(out, c, "_sum", NULL, sum_values(same, count));
    write_sample(out, c, "_count", NULL, (double)all);
}

void counter_dump(struct counter_segment *const *segments, size_t count, struct buf *out)
{
    static const char *const kinds[] = {"", "counter", "gauge", "histogram"};
    const struct counter **found = mem_alloc(count * (COUNTER_SLOTS + 1) * sizeof *found);
    size_t n = collect(segments, count, found), same;
    for (size_t i = 0; i < n; i += same) {
        const struct counter *c = found[i];
        for (same = 1; i + same < n && by_name(&found[i], &found[i + same]) == 0; same++)
            ;
        if (i == 0 || strcmp(found[i - 1]->name, c->name) != 0)
            buf_printf(out, "# TYPE %s %s\n", c->name, kinds[c->kind]);
        if (c->kind == COUNTER_HISTOGRAM)
            write_histogram(out, found + i, same);
        else
            write_sample(out, c, "", NULL, sum_values(found + i, same));
    }
    free(found);
}
