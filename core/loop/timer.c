/* loop/timer.c: the heap of timers of a loop. A timer that is moved to a later time stays where it is and is put right
 * when its old place comes up, since most timeouts are moved many times and almost never fire. */
#include "loop/timer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "loop/loop.h"

enum { ARY = 4 };

static void place(struct timer_heap *heap, unsigned i, struct timer *t)
{
    heap->slots[i] = t;
    t->slot = i + 1;
}

static void sift_up(struct timer_heap *heap, unsigned i, struct timer *t)
{
    while (i > 0) {
        unsigned parent = (i - 1) / ARY;
        if (heap->slots[parent]->armed <= t->armed)
            break;
        place(heap, i, heap->slots[parent]);
        i = parent;
    }
    place(heap, i, t);
}

static void sift_down(struct timer_heap *heap, unsigned i, struct timer *t)
{
    for (;;) {
        unsigned first = i * ARY + 1, best = first;
        if (first >= heap->count)
            break;
        for (unsigned k = first + 1; k < first + ARY && k < heap->count; k++)
            if (heap->slots[k]->armed < heap->slots[best]->armed)
                best = k;
        if (heap->slots[best]->armed >= t->armed)
            break;
        place(heap, i, heap->slots[best]);
        i = best;
    }
    place(heap, i, t);
}

static void insert(struct timer_heap *heap, struct timer *t)
{
    if (heap->count == heap->capacity) {
        unsigned capacity = heap->capacity ? heap->capacity * 2 : 64;
        struct timer **slots = realloc(heap->slots, capacity * sizeof(struct timer *));
        if (!slots)
            abort(); /* a lost timer is a limit that does not hold */
        heap->slots = slots;
        heap->capacity = capacity;
    }
    sift_up(heap, heap->count++, t);
}

static void take_out(struct timer_heap *heap, struct timer *t)
{
    unsigned i = t->slot - 1;
    struct timer *last = heap->slots[--heap->count];
    t->slot = 0;
    if (last == t)
        return;
    if (i > 0 && heap->slots[(i - 1) / ARY]->armed > last->armed)
        sift_up(heap, i, last);
    else
        sift_down(heap, i, last);
}

void timer_init(struct timer *t, struct loop *loop, void (*fn)(struct timer *t))
{
    *t = (struct timer){.loop = loop, .fn = fn};
}

void timer_start_at(struct timer *t, double at)
{
    t->at = at;
    if (t->slot && t->armed <= at)
        return;
    struct timer_heap *heap = loop_timers(t->loop);
    t->armed = at;
    if (t->slot)
        sift_up(heap, t->slot - 1, t);
    else
        insert(heap, t);
    if (t->slot == 1)
        loop_timers_changed(t->loop);
}

void timer_start(struct timer *t, double seconds)
{
    timer_start_at(t, clock_now() + seconds);
}

void timer_pause(struct timer *t)
{
    t->at = 0;
}

void timer_stop(struct timer *t)
{
    t->at = 0;
    if (t->slot)
        take_out(loop_timers(t->loop), t);
}

double timer_earliest(const struct timer_heap *heap)
{
    return heap->count ? heap->slots[0]->armed : 0;
}

void timer_run_due(struct timer_heap *heap)
{
    double now = clock_now();
    /* A timer that its own fn starts again with 0 seconds waits for the next turn: at most what stands now is run. */
    for (unsigned left = heap->count; left > 0 && heap->count && heap->slots[0]->armed <= now; left--) {
        struct timer *t = heap->slots[0];
        if (t->at > now) {
            t->armed = t->at;
            sift_down(heap, 0, t);
            continue;
        }
        take_out(heap, t);
        if (t->at == 0)
            continue;
        t->at = 0;
        t->fn(t);
    }
}
