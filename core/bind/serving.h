/* bind/serving.h: what serve.c, request.c, answer.c, sockets.c and ws.c share. */
#ifndef BIND_SERVING_H
#define BIND_SERVING_H

#include "bind/bind.h"
#include "server/request.h"
#include "server/response.h"
#include "server/server.h"
#include "server/socket.h"

struct tls_tickets;

/* A service's handle function in the generation in force. */
struct route_entry {
    const struct service *service;
    int handle; /* registry reference */
};

/* A handler of sockets or streams there. */
struct socket_entry {
    struct str service, name; /* texts belong to the entry */
    enum socket_kind kind;
    int open, message, close; /* registry references, LUA_NOREF if there is none */
};

struct serving {
    struct worker_env *env;
    struct server *server;
    struct tls_tickets *tickets;
    double deadline; /* of a request's or a message's task */
    uint64_t body_limit;

    struct vm *vm; /* in force; what follows belongs to it */
    struct route_entry *routes;
    size_t route_count;
    struct socket_entry *sockets;
    size_t socket_count;
    int request_class, socket_class, stream_class; /* registry references of the metatables */
    int methods[HTTP_TRACE + 1];                   /* … and of the names of methods */
};

/* The serving of a VM's worker; raises in a process without a server. */
struct serving *serving_of(lua_State *L);

/* Requests (request.c). A Lua object points at a pooled request and knows by the serial number whether it is still the
 * one it was made for. */
struct request_box {
    const char *type; /* request_type: what a userdata of this size must begin with to be one */
    struct request *request;
    uint64_t serial;
};
void request_class(lua_State *L); /* leaves the metatable on the stack */
struct request *check_request(lua_State *L);
void requests_serve(struct request *r);
void requests_event(struct request *r);
void requests_gone(struct request *r);

/* Answers (answer.c). */
void answer_results(lua_State *L, int count, struct request *r);
/* Fills response from the table at index, or from what server.headers made (nil: nothing); NULL, or a sentence. The
 * strings must stay on their table; arena gets the texts of numbers. */
const char *answer_headers(lua_State *L, int index, struct arena *arena, struct response *response);
int l_prepare_headers(lua_State *L); /* server.headers */
extern const luaL_Reg answer_methods[], answer_waiting[];

/* Sockets (sockets.c, ws.c). */
void socket_class(lua_State *L);
void stream_class(lua_State *L);
bool sockets_known(void *generation, const struct socket *s);
void sockets_open(struct socket *s);
void sockets_message(struct socket *s, struct str data, bool binary);
void sockets_close(struct socket *s, int code, struct str reason);
void sockets_gone(struct socket *s);
void sockets_unbind(struct socket *s);
void sockets_over(struct socket *s);
void push_socket(lua_State *L, struct socket *s);
int l_websocket(lua_State *L);
int l_events(lua_State *L);

/* Stores the metatable's functions for push_socket in the registry under the serving's references (serve.c). */
extern const char request_type[], socket_type[], stream_type[];

#endif
