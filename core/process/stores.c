/* process/stores.c: see stores.h. */
#include "process/stores.h"

#include "base/buf.h"
#include "base/log.h"
#include "client/http_client.h"
#include "client/pg_pool.h"
#include "client/redis_pool.h"
#include "vm/settings.h"

static void add_database(void *arg, const char *name, const struct setting *setting)
{
    struct worker_env *env = arg;
    const struct settings *settings = env->settings;
    struct buf path = {0};
    (void)setting;
    buf_printf(&path, "databases.%s.", name);
    size_t base = path.len;
    struct pg_pool_options options = {.loop = env->loop, .work = env->work, .name = name};
    buf_printf(&path, "url");
    options.url = settings_text(settings, buf_cstr(&path));
    path.len = base;
    buf_printf(&path, "pool");
    options.size = (unsigned)settings_int(settings, buf_cstr(&path));
    path.len = base;
    buf_printf(&path, "connect_timeout");
    options.connect_timeout = settings_real(settings, buf_cstr(&path));
    path.len = base;
    buf_printf(&path, "query_timeout");
    options.query_timeout = settings_real(settings, buf_cstr(&path));
    pg_pools_add(env->pg, &options);
    buf_free(&path);
}

void stores_open(struct worker_env *env)
{
    env->pg = pg_pools_new();
    settings_each(env->settings, "databases", add_database, env);
    env->http = http_client_new(env->loop);
    const char *redis = settings_text(env->settings, "redis"), *error = NULL;
    if (redis)
        env->redis = redis_pool_new(env->loop, env->work, redis, &error);
    if (error)
        log_write(LOG_ERROR, "setting redis cannot be used", log_str("reason", error), LOG_END);
}

void stores_close(struct worker_env *env)
{
    pg_pools_free(env->pg);
    env->pg = NULL;
    http_client_free(env->http);
    env->http = NULL;
    redis_pool_free(env->redis);
    env->redis = NULL;
}
