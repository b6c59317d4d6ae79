/* process/message.h: messages between the master and its children over a SOCK_SEQPACKET pair: a kind, a number, text,
 * and perhaps a descriptor. */
#ifndef PROCESS_MESSAGE_H
#define PROCESS_MESSAGE_H

#include <stdbool.h>

enum message_kind {
    MESSAGE_LOAD = 1, /* master → worker: number of a generation, its set as descriptor */
    MESSAGE_LOADED,   /* worker → master: number of the generation in force */
    MESSAGE_FAILED,   /* worker → master: number, why it does not load */
    MESSAGE_STOP,     /* master → worker: drain and end; number: the close code of its WebSockets */
    MESSAGE_LOG,      /* master → worker: text is the log file, to be opened again after a rotation */
    MESSAGE_ACCEPTED, /* candidate → master: the set as descriptor */
    MESSAGE_REFUSED,  /* candidate → master: number is the exit code, text the error */
};

enum { MESSAGE_TEXT = 16384 };

struct message {
    enum message_kind kind;
    unsigned number;
    int fd; /* -1: none. Received: the receiver's to close */
    char text[MESSAGE_TEXT];
};

/* Both ends non-blocking and close-on-exec. False (errno set) without descriptors. */
bool message_pair(int fds[2]);

/* text NULL: none; longer than MESSAGE_TEXT it is cut. False (errno set) when it cannot be sent. */
bool message_send(int socket, enum message_kind kind, unsigned number, const char *text, int fd);

/* 1: received; 0: nothing there; -1: the other end is gone. */
int message_receive(int socket, struct message *message);

#endif
