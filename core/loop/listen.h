/* loop/listen.h: listening sockets. The master opens them, a worker accepts from them. */
#ifndef LOOP_LISTEN_H
#define LOOP_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct listener;
struct sockaddr;

/* Opens a listening socket. address: "127.0.0.1:8008", "[::1]:8008", "*:8008" (all IPv4 and IPv6), "unix:/path".
 * Port 0 lets the system choose. With shared = true it is one of several on the same address (SO_REUSEPORT).
 * Returns the descriptor (non-blocking, close-on-exec), or -1 with a sentence for people in error. */
int listen_open(const char *address, bool shared, char *error, size_t error_size);

/* Writes the address of a socket as text such as "127.0.0.1:8008" or "unix:/path". */
void listen_address_text(const struct sockaddr *address, size_t length, char *text, size_t size);

/* The address that a listening descriptor is bound to, as text. False when it has none. */
bool listen_address(int fd, char *text, size_t size);

/* Accepts from fd, which stays the caller's. accepted() owns the new descriptor (non-blocking, close-on-exec).
 * When descriptors or memory run out it pauses for LISTEN_PAUSE seconds or until listener_resume. */
struct listener *listener_new(struct loop *loop, int fd,
                              void (*accepted)(void *arg, int fd, const struct sockaddr *peer, size_t peer_length),
                              void *arg);

/* Stops accepting until listener_resume: new connections wait in the kernel's queue. */
void listener_pause(struct listener *l);
void listener_resume(struct listener *l);

/* Accepts all that waits in the kernel's queue now: closing the descriptor would reset it. */
void listener_empty(struct listener *l);

/* How often it paused because descriptors ran out. */
unsigned long listener_exhausted(const struct listener *l);

void listener_free(struct listener *l);

#endif
