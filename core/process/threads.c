/* process/threads.c: see threads.h. */
#include "process/threads.h"

#include "loop/work.h"

/* One thread for hashes: each takes a core and 32 MiB. There is a worker for each core; they wait for one another
 * (base/seats.h), so that a core is left to requests. Together with the time limit of a request this queue is longer
 * than what can be waited for. */
enum { WORK_THREADS = 4, WORK_QUEUE = 1024, HASH_THREADS = 1, HASH_QUEUE = 256 };

bool threads_open(struct worker_env *env)
{
    env->work = work_new(env->loop, WORK_THREADS, WORK_QUEUE);
    env->hashing = env->work ? work_new(env->loop, HASH_THREADS, HASH_QUEUE) : NULL;
    return env->hashing != NULL;
}

void threads_close(struct worker_env *env)
{
    work_free(env->hashing);
    work_free(env->work);
    env->hashing = env->work = NULL;
}
