/* bind/serve.c: makes the worker's server and joins it to the generation in force: settings, certificates, folders,
 * handlers. Called by process/worker.c; the functions that run Lua are request.c's and sockets.c's. */
#include "bind/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "bind/certificates.h"
#include "bind/serving.h"
#include "loop/tls.h"
#include "vm/generation.h"
#include "vm/settings.h"

static const struct server_hooks hooks = {
    .request = requests_serve,
    .request_event = requests_event,
    .request_gone = requests_gone,
    .socket_known = sockets_known,
    .socket_open = sockets_open,
    .socket_message = sockets_message,
    .socket_close = sockets_close,
    .socket_gone = sockets_gone,
    .socket_unbind = sockets_unbind,
    .socket_over = sockets_over,
};

struct serving *serving_of(lua_State *L)
{
    struct server *server = vm_env(vm_of(L))->server;
    if (!server)
        luaL_error(L, "this process serves nothing: host.server and host.ws need a worker");
    return server_hooks_arg(server);
}

struct server *serve_new(struct worker_env *env)
{
    struct serving *serving = mem_zalloc(sizeof *serving);
    serving->env = env;
    serving->server = server_new(env->loop, &hooks, serving, env->counters);
    env->server = serving->server;
    return serving->server;
}

void serve_set_tickets(struct server *server, struct tls_tickets *tickets)
{
    ((struct serving *)server_hooks_arg(server))->tickets = tickets;
}

/* Settings. --- */

struct texts {
    const char *list[256];
    size_t count;
};

static void add_text(void *arg, const char *name, const struct setting *setting)
{
    struct texts *texts = arg;
    (void)name;
    if (texts->count + 1 < sizeof texts->list / sizeof *texts->list)
        texts->list[texts->count++] = setting->text;
    else
        log_write(LOG_ERROR, "a list in the configuration is too long; the rest is left out", LOG_END);
}

static const char *const *texts_of(const struct settings *settings, const char *path, struct texts *texts)
{
    *texts = (struct texts){0};
    settings_each(settings, path, add_text, texts);
    return texts->list;
}

static void configure(struct serving *serving, const struct settings *s)
{
    struct texts origins, proxies;
    struct server_options options = {
        .body_limit = (uint64_t)settings_int(s, "body_limit"),
        .target_limit = (uint32_t)settings_int(s, "target_limit"),
        .header_limit = (uint32_t)settings_int(s, "header_limit"),
        .header_timeout = settings_real(s, "header_timeout"),
        .body_timeout = settings_real(s, "body_timeout"),
        .idle_timeout = settings_real(s, "idle_timeout"),
        .write_timeout = settings_real(s, "write_timeout"),
        .max_connections = (unsigned)settings_int(s, "max_connections"),
        .max_connections_per_address = (unsigned)settings_int(s, "max_connections_per_address"),
        .ws_message_limit = (uint64_t)settings_int(s, "ws_message_limit"),
        .ws_queue_limit = (uint64_t)settings_int(s, "ws_queue_limit"),
        .ws_ping_interval = settings_real(s, "ws_ping_interval"),
        .ws_idle_timeout = settings_real(s, "ws_idle_timeout"),
        .access_log = settings_bool(s, "access_log"),
        .ws_origins = texts_of(s, "ws_origins", &origins),
        .trusted_proxies = texts_of(s, "trusted_proxies", &proxies),
    };
    serving->deadline = settings_real(s, "request_timeout");
    serving->body_limit = options.body_limit;
    server_configure(serving->server, &options);
}

struct walk {
    struct serving *serving;
    const struct settings *settings;
    const char *service;
};

static void add_folder(void *arg, const char *name, const struct setting *setting)
{
    struct walk *walk = arg;
    char prefix[256], dir[1024];
    size_t n = strlen(name);
    snprintf(prefix, sizeof prefix, "%s%s%s", name[0] == '/' ? "" : "/", name, n && name[n - 1] == '/' ? "" : "/");
    if (setting->text[0] == '/')
        snprintf(dir, sizeof dir, "%s", setting->text);
    else
        snprintf(dir, sizeof dir, "%s/%s", settings_root(walk->settings), setting->text);
    server_set_static(walk->serving->server, walk->service, prefix, dir);
}

static void set_certificates(struct walk *walk)
{
    struct serving *serving = walk->serving;
    struct buf error = {0};
    struct tls_context *context = certificates_context(serving->env->set, walk->service, serving->tickets, &error);
    if (context) {
        server_set_tls(serving->server, walk->service, context);
        tls_context_release(context);
    } else if (error.len) {
        log_write(LOG_ERROR, "certificates cannot be used; those in force stay", log_str("service", walk->service),
                  log_slice("error", buf_str(&error)), LOG_END);
    }
    buf_free(&error);
}

/* Handlers. --- */

static void forget_handlers(struct serving *serving)
{
    for (size_t i = 0; i < serving->socket_count; i++) {
        free((char *)(uintptr_t)serving->sockets[i].service.p);
        free((char *)(uintptr_t)serving->sockets[i].name.p);
    }
    free(serving->routes);
    free(serving->sockets);
    serving->routes = NULL;
    serving->sockets = NULL;
    serving->route_count = serving->socket_count = 0;
}

/* A reference to the function called name in the table at index, LUA_NOREF if there is none. */
static int function_ref(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    if (lua_isfunction(L, -1))
        return luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return LUA_NOREF;
}

static struct str copy(const char *text)
{
    size_t n = strlen(text);
    return str_of(mem_dup(text, n), n);
}

/* Rows of sockets or streams; the service's table is on top. */
static void add_sockets(struct walk *walk, lua_State *L, const char *field, enum socket_kind kind)
{
    struct serving *serving = walk->serving;
    lua_getfield(L, -1, field);
    if (lua_istable(L, -1)) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1))
                continue;
            int row = lua_gettop(L);
            serving->sockets = mem_realloc(serving->sockets, (serving->socket_count + 1) * sizeof *serving->sockets);
            serving->sockets[serving->socket_count++] = (struct socket_entry){
                .service = copy(walk->service),
                .name = copy(lua_tostring(L, row - 1)),
                .kind = kind,
                .open = function_ref(L, row, "open"),
                .message = function_ref(L, row, "message"),
                .close = function_ref(L, row, "close"),
            };
        }
    }
    lua_pop(L, 1);
}

static void add_service(void *arg, const char *name, const struct setting *setting)
{
    struct walk *walk = arg;
    struct serving *serving = walk->serving;
    lua_State *L = vm_state(serving->vm);
    char path[256];
    (void)setting;
    walk->service = name;
    snprintf(path, sizeof path, "services.%s.static", name);
    settings_each(walk->settings, path, add_folder, walk);
    set_certificates(walk);

    lua_getfield(L, -1, name); /* of the app's services */
    if (lua_istable(L, -1)) {
        serving->routes = mem_realloc(serving->routes, (serving->route_count + 1) * sizeof *serving->routes);
        serving->routes[serving->route_count++] = (struct route_entry){
            .service = server_service_named(serving->server, name), .handle = function_ref(L, lua_gettop(L), "handle")};
        add_sockets(walk, L, "sockets", SOCKET_WEB);
        add_sockets(walk, L, "streams", SOCKET_EVENTS);
    }
    lua_pop(L, 1);
}

static int class_ref(lua_State *L, void (*make)(lua_State *L))
{
    make(L);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void serve_set_generation(struct worker_env *env, struct vm *vm)
{
    struct serving *serving = server_hooks_arg(env->server);
    struct walk walk = {.serving = serving, .settings = env->settings};
    lua_State *L = vm_state(vm);
    int top = lua_gettop(L);
    serving->vm = vm;
    serving->request_class = class_ref(L, request_class);
    serving->socket_class = class_ref(L, socket_class);
    serving->stream_class = class_ref(L, stream_class);
    for (enum http_method method = HTTP_GET; method <= HTTP_TRACE; method++) {
        struct str name = http_method_name(method);
        lua_pushlstring(L, name.p, name.n);
        serving->methods[method] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    configure(serving, env->settings);
    forget_handlers(serving);
    generation_push_app(L);
    lua_getfield(L, -1, "services");
    settings_each(env->settings, "services", add_service, &walk);
    lua_settop(L, top);
    server_set_generation(serving->server, vm, vm_generation(vm));
}

void serve_free(struct worker_env *env)
{
    if (!env->server)
        return;
    struct serving *serving = server_hooks_arg(env->server);
    server_free(env->server);
    env->server = NULL;
    forget_handlers(serving);
    free(serving);
}
