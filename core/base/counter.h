/* base/counter.h: metrics in shared memory. Written by a worker, read by whoever answers /metrics.
 *
 * The master makes one segment per worker slot before it forks, so counts outlive a worker and any process can add them
 * up. A segment holds up to COUNTER_SLOTS named counters; a slot, once named, keeps its name for good, so a pointer to
 * it can be kept. Adding is one atomic operation and needs no lock. */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include "base/buf.h"

enum { COUNTER_SLOTS = 4096, COUNTER_NAME_MAX = 63, COUNTER_LABELS_MAX = 191, COUNTER_BUCKETS = 15 };

enum counter_kind { COUNTER_COUNT = 1, COUNTER_GAUGE, COUNTER_HISTOGRAM };

struct counter_segment;
struct counter;

/* A new segment, shared with the processes forked later; NULL (errno set) without memory. Unmap with the free. */
struct counter_segment *counter_segment_new(void);
void counter_segment_free(struct counter_segment *segment);

/* The counter of that name and label text (`route="/x",code="200"` or ""), made at its first use. Never NULL: when the
 * segment is full, the name is too long, or it exists as another kind, what is counted goes to the common slot
 * "toolbox_metrics_refused". */
struct counter *counter_get(struct counter_segment *segment, enum counter_kind kind, struct str name,
                            struct str labels);

/* The same for a histogram with up to COUNTER_BUCKETS upper bounds, ascending (fixed when it is made). */
struct counter *counter_histogram(struct counter_segment *segment, struct str name, struct str labels,
                                  const double *bounds, size_t count);

/* Upper bounds in seconds for durations of requests and queries: 0.5 ms … 10 s. */
extern const double counter_seconds[COUNTER_BUCKETS];

/* Adds to a count or a gauge. */
void counter_add(struct counter *c, double value);

/* Sets a gauge. */
void counter_set(struct counter *c, double value);

/* Records one value in a histogram. */
void counter_observe(struct counter *c, double value);

/* One more event of so many seconds: 1 added to count, seconds recorded in histogram. Only for counters that no other
 * thread writes: it costs no locked instruction. */
void counter_event(struct counter *count, struct counter *histogram, double seconds);

/* What a count or gauge stands at; of a histogram the sum of its values. */
double counter_value(const struct counter *c);

/* Gauges back to 0: called when a slot gets a new worker, whose predecessor cannot take back what it had added. */
void counter_reset_gauges(struct counter_segment *segment);

/* Appends `name="value"`, after a comma if labels is not empty, escaped as the text format wants it. */
void counter_label(struct buf *labels, struct str name, struct str value);

/* Prometheus text format 0.0.4 of the sums over all segments, by name. */
void counter_dump(struct counter_segment *const *segments, size_t count, struct buf *out);

#endif
