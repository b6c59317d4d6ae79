/* process/control.h: the Unix socket by which reload, status and stop find the server.
 *
 * A client sends one line ("reload", "status", "stop") and reads the answer until the server closes: a first line "ok"
 * or "error", then text for people. The server end belongs to master.c, the client end to main.c. */
#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct loop;
struct control;
struct control_client;

/* Takes the lock beside the socket and listens (mode 0600; missing folders are made). command is called on the loop for
 * each line; it must lead to one control_answer. NULL with one line in error: another server holds it, or the path does
 * not work. */
struct control *control_new(struct loop *loop, const char *path,
                            void (*command)(void *arg, struct control_client *client, const char *line), void *arg,
                            struct buf *error);

/* The same over a socket and a lock that an upgrade handed on. */
struct control *control_adopt(struct loop *loop, const char *path, int fd, int lock,
                              void (*command)(void *arg, struct control_client *client, const char *line), void *arg);
void control_descriptors(const struct control *control, int *fd, int *lock);

/* Answers and closes; the client is gone afterwards. text may be empty. */
void control_answer(struct control_client *client, bool good, const char *text);

/* Stops listening and removes the socket; clients still waiting are closed without an answer. */
void control_free(struct control *control);

/* Asks the server at path; the answer's text is appended to answer. 0: ok, 1: error, 2: nobody answers there. Blocks,
 * at most seconds. */
int control_ask(const char *path, const char *command, double seconds, struct buf *answer);

#endif
