/* vm/env.h: what a worker (or a command) has besides Lua. Filled by process/worker.c and process/command.c before the
 * first generation loads; read by bindings through vm_env(). All of it outlives generations, except settings and set,
 * which change at each swap: whoever keeps a setting copies it. NULL marks what this process does not have. */
#ifndef VM_ENV_H
#define VM_ENV_H

#include <stdbool.h>
#include <stddef.h>

struct lua_State;
struct loop;
struct work;
struct settings;
struct set;
struct counter_segment;
struct server;
struct pg_pools;
struct redis_pool;
struct http_client;
struct vm;
struct beat;

struct worker_env {
    void (*bind)(struct lua_State *L); /* makes the host modules known to a new VM (bind_all) */
    struct loop *loop;
    struct work *work;                 /* thread pool for slow work */
    struct work *hashing;              /* … and for password hashes, whose crowd holds up nothing else */
    const struct settings *settings;   /* of the generation in force */
    const struct set *set;             /* of the generation in force */
    struct vm *vm;                     /* the generation in force; NULL before the first swap */
    struct counter_segment *counters;  /* this worker's */
    struct counter_segment **segments; /* of all workers, for /metrics */
    size_t segment_count;
    struct server *server;
    struct pg_pools *pg;
    struct redis_pool *redis;
    struct http_client *http;
    struct beat *beat;    /* the worker's line in the memory it shares with the master */
    int worker;           /* slot, from 0; -1 in a command */
    unsigned generations; /* alive now */
    size_t lua_limit;     /* octets that all VMs together may use */
    bool draining;        /* the worker stops */
    _Atomic bool replace; /* set when Lua memory passes 75 % of the limit: the worker asks for its replacement */
};

#endif
