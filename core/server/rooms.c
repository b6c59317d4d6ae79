/* server/rooms.c: rooms of sockets. A room exists while it has members; a message to it is encoded once for each form
 * that is needed: frame, deflated frame, event. */
#include <stdlib.h>

#include "base/mem.h"
#include "proto/deflate.h"
#include "proto/sse.h"
#include "server/socket_state.h"

enum { BUCKETS_FIRST = 64, DEFLATE_LEAST = 128 };

struct room {
    struct room *next; /* in its bucket */
    struct membership **members;
    size_t count, capacity;
    struct str name;
    char text[];
};

struct membership {
    struct membership *next; /* of the same socket */
    struct socket *socket;
    struct room *room;
    size_t at; /* in room->members */
};

struct rooms {
    struct room **buckets;
    size_t bucket_count, count;
};

struct rooms *rooms_new(void)
{
    struct rooms *rooms = mem_zalloc(sizeof *rooms);
    rooms->bucket_count = BUCKETS_FIRST;
    rooms->buckets = mem_zalloc(BUCKETS_FIRST * sizeof(struct room *));
    return rooms;
}

void rooms_free(struct rooms *rooms)
{
    if (!rooms)
        return;
    free(rooms->buckets); /* the sockets have left by now, and a room goes with its last member */
    free(rooms);
}

static struct room **bucket_of(struct rooms *rooms, struct str name)
{
    return &rooms->buckets[(size_t)str_hash(name) & (rooms->bucket_count - 1)];
}

static struct room *find(struct rooms *rooms, struct str name)
{
    struct room *room = *bucket_of(rooms, name);
    while (room && !str_eq(room->name, name))
        room = room->next;
    return room;
}

static void grow(struct rooms *rooms)
{
    struct rooms wider = {.bucket_count = rooms->bucket_count * 2, .count = rooms->count};
    wider.buckets = mem_zalloc(wider.bucket_count * sizeof(struct room *));
    for (size_t i = 0; i < rooms->bucket_count; i++)
        while (rooms->buckets[i]) {
            struct room *room = rooms->buckets[i], **to = bucket_of(&wider, room->name);
            rooms->buckets[i] = room->next;
            room->next = *to;
            *to = room;
        }
    free(rooms->buckets);
    *rooms = wider;
}

static struct room *find_or_make(struct rooms *rooms, struct str name)
{
    struct room *room = find(rooms, name);
    if (room)
        return room;
    if (++rooms->count > rooms->bucket_count)
        grow(rooms);
    room = mem_zalloc(sizeof *room + name.n);
    memcpy(room->text, name.p, name.n);
    room->name = str_of(room->text, name.n);
    struct room **bucket = bucket_of(rooms, name);
    room->next = *bucket;
    *bucket = room;
    return room;
}

static void remove_room(struct rooms *rooms, struct room *room)
{
    struct room **p = bucket_of(rooms, room->name);
    while (*p != room)
        p = &(*p)->next;
    *p = room->next;
    rooms->count--;
    free(room->members);
    free(room);
}

static void leave(struct socket *s, struct membership **link)
{
    struct membership *m = *link;
    struct room *room = m->room;
    *link = m->next;
    struct membership *last = room->members[--room->count];
    room->members[m->at] = last;
    last->at = m->at;
    free(m);
    if (room->count == 0)
        remove_room(s->server->rooms, room);
}

void room_join(struct socket *s, struct str name)
{
    if (s->closed)
        return;
    struct room *room = find_or_make(s->server->rooms, name);
    for (struct membership *m = s->rooms; m; m = m->next)
        if (m->room == room)
            return;
    if (room->count == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 4;
        room->members = mem_realloc(room->members, room->capacity * sizeof(struct membership *));
    }
    struct membership *m = mem_alloc(sizeof *m);
    *m = (struct membership){.next = s->rooms, .socket = s, .room = room, .at = room->count};
    room->members[room->count++] = m;
    s->rooms = m;
}

void room_leave(struct socket *s, struct str name)
{
    for (struct membership **link = &s->rooms; *link; link = &(*link)->next)
        if (str_eq((*link)->room->name, name)) {
            leave(s, link);
            return;
        }
}

void rooms_leave_all(struct socket *s)
{
    while (s->rooms)
        leave(s, &s->rooms);
}

size_t room_count(struct server *server, struct str name)
{
    struct room *room = find(server->rooms, name);
    return room ? room->count : 0;
}

struct socket *room_member(struct server *server, struct str name, size_t i)
{
    return find(server->rooms, name)->members[i]->socket;
}

/* One message in the forms that members want, each made at its first use. */
struct cast {
    struct str data;
    bool binary;
    struct str event, id;
    struct deflate *deflate;
    struct shared *plain, *deflated;
    struct buf text; /* of the event */
};

static struct shared *share(struct buf *frame)
{
    struct shared *s = shared_new(frame->len);
    memcpy(s->data, frame->data, frame->len);
    buf_free(frame);
    return s;
}

static struct shared *frame_for(struct cast *cast, const struct socket *s)
{
    enum ws_opcode opcode = cast->binary ? WS_BINARY : WS_TEXT;
    struct buf frame = {0};
    if (s->ws.deflate && cast->data.n >= DEFLATE_LEAST) {
        if (!cast->deflated) {
            ws_write_deflated(&frame, opcode, cast->data, cast->deflate);
            cast->deflated = share(&frame);
        }
        return cast->deflated;
    }
    if (!cast->plain) {
        ws_write(&frame, opcode, cast->data);
        cast->plain = share(&frame);
    }
    return cast->plain;
}

static enum socket_result send_to(struct cast *cast, struct socket *s)
{
    if (s->kind == SOCKET_WEB)
        return websocket_send_shared(s, frame_for(cast, s));
    return stream_send_text(s, buf_str(&cast->text));
}

long room_broadcast(struct server *server, struct str name, struct str data, bool binary, struct str event,
                    struct str id)
{
    struct cast cast = {.data = data, .binary = binary, .event = event, .id = id, .deflate = server->deflate};
    if (!sse_write(&cast.text, data, event, id)) {
        buf_free(&cast.text);
        return -1;
    }
    long sent = 0;
    struct room *room = find(server->rooms, name);
    /* From the end: a member that has to go is replaced by the last one, which has its message already. */
    for (size_t i = room ? room->count : 0; i-- > 0;) {
        bool last = room->count == 1;
        if (send_to(&cast, room->members[i]->socket) == SOCKET_SENT)
            sent++;
        else if (last)
            break; /* the room is gone with it */
    }
    if (cast.plain)
        shared_release(cast.plain);
    if (cast.deflated)
        shared_release(cast.deflated);
    buf_free(&cast.text);
    return sent;
}
