/* loop/work.c: the thread pool. Jobs go to the threads through one locked queue and come back through a second one and
 * an eventfd that the loop watches. */
#include "loop/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/background.h"
#include "base/seats.h"
#include "loop/loop.h"
#include "loop/poll.h"

struct job {
    struct job *next;
    void (*run)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

struct job_list {
    struct job *first, **last;
};

struct work {
    struct loop *loop;
    struct watch watch;
    int wake; /* eventfd */
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct job_list waiting, finished; /* both under lock */
    bool stop;                         /* under lock */
    unsigned pending, queue_limit;     /* the loop's thread only */
    unsigned started, limit;           /* the loop's thread only */
    struct seats *seats;               /* NULL: jobs run at once */
    unsigned seat;
    pthread_t threads[];
};

static void list_init(struct job_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
}

static struct job *list_pop(struct job_list *list)
{
    struct job *job = list->first;
    list->first = job->next;
    if (!list->first)
        list->last = &list->first;
    return job;
}

static void run_job(struct work *pool, struct job *job)
{
    if (pool->seats)
        seats_take(pool->seats, pool->seat);
    job->run(job->arg);
    if (pool->seats)
        seats_leave(pool->seats, pool->seat);
}

static void *thread_main(void *arg)
{
    struct work *pool = arg;
    background_thread();
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->waiting.first && !pool->stop)
            pthread_cond_wait(&pool->ready, &pool->lock);
        if (!pool->waiting.first)
            break;
        struct job *job = list_pop(&pool->waiting);
        pthread_mutex_unlock(&pool->lock);
        run_job(pool, job);
        pthread_mutex_lock(&pool->lock);
        list_push(&pool->finished, job);
        uint64_t one = 1;
        ssize_t n = write(pool->wake, &one, sizeof one); /* fails only when it is already awake */
        (void)n;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void finish_jobs(struct work *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct job *job = pool->finished.first;
    list_init(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
    while (job) {
        struct job *next = job->next;
        pool->pending--;
        job->done(job->arg);
        free(job);
        job = next;
    }
}

static void on_wake(struct watch *w, unsigned events)
{
    (void)events;
    struct work *pool = (struct work *)((char *)w - offsetof(struct work, watch));
    uint64_t count;
    ssize_t n = read(pool->wake, &count, sizeof count);
    (void)n;
    finish_jobs(pool);
}

struct work *work_new(struct loop *loop, unsigned threads, unsigned queue)
{
    struct work *pool = calloc(1, sizeof *pool + threads * sizeof(pthread_t));
    if (!pool)
        return NULL;
    pool->loop = loop;
    pool->limit = threads;
    pool->queue_limit = queue;
    pool->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pool->wake < 0) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->ready, NULL);
    list_init(&pool->waiting);
    list_init(&pool->finished);
    watch_start(&pool->watch, loop, pool->wake, WATCH_READ, on_wake);
    return pool;
}

void work_share(struct work *pool, struct seats *seats, unsigned number)
{
    pool->seats = seats;
    pool->seat = number;
}

/* Signals belong to the loop's thread: the new one starts with all of them blocked. */
static bool start_thread(struct work *pool)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(&pool->threads[pool->started], NULL, thread_main, pool) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (ok)
        pool->started++;
    return ok;
}

bool work_submit(struct work *pool, void (*run)(void *arg), void (*done)(void *arg), void *arg)
{
    if (pool->pending >= pool->queue_limit + pool->limit)
        return false;
    struct job *job = malloc(sizeof *job);
    if (!job)
        return false;
    *job = (struct job){.run = run, .done = done, .arg = arg};
    if (pool->started < pool->limit && pool->pending >= pool->started && !start_thread(pool) && pool->started == 0) {
        free(job);
        return false;
    }
    pool->pending++;
    pthread_mutex_lock(&pool->lock);
    list_push(&pool->waiting, job);
    pthread_cond_signal(&pool->ready);
    pthread_mutex_unlock(&pool->lock);
    return true;
}

unsigned work_pending(const struct work *pool)
{
    return pool->pending;
}

void work_free(struct work *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->ready);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    finish_jobs(pool);
    watch_stop(&pool->watch);
    close(pool->wake);
    pthread_cond_destroy(&pool->ready);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
