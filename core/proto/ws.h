/* proto/ws.h: WebSocket, the server's side (RFC 6455, RFC 7692). Called by server/websocket.c; no I/O.
 *
 * `struct ws` reads frames: it takes every byte it is given, unmasks in place, and hands out whole messages. A message
 * that lies in one unfragmented frame inside the caller's buffer is handed out right there; only a partial one is
 * collected on the heap, so an idle socket owns nothing but this struct. Every rule of RFC 6455 §5 (masking, reserved
 * bits, opcodes, minimal length, control frames, fragmentation), §7.4 (close codes) and §8.1 (UTF-8, failing at the
 * first byte that cannot become valid) is checked; a breach is WS_FAIL with the code to close with. */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include "base/buf.h"
#include "proto/utf8.h"

struct deflate;

enum ws_opcode { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

enum ws_close {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL_ERROR = 1002,
    WS_UNSUPPORTED = 1003,
    WS_NO_STATUS = 1005, /* never on the wire: the close frame was empty */
    WS_ABNORMAL = 1006,  /* never on the wire: the connection was lost */
    WS_INVALID_DATA = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_INTERNAL = 1011,
    WS_RESTART = 1012,
    WS_TRY_LATER = 1013,
};

enum ws_event {
    WS_MORE,    /* all bytes taken, nothing complete */
    WS_MESSAGE, /* a whole data message: `opcode` is WS_TEXT or WS_BINARY */
    WS_CONTROL, /* ping (answer with a pong of the same payload), pong, or close (`code`, reason in payload; answer it)
                 */
    WS_FAIL,    /* close with `code` and the reason in payload; call no more */
};

struct ws_message {
    uint8_t opcode;
    uint16_t code;      /* of a close or a failure */
    struct str payload; /* valid until the next ws_next(); NUL-free for reasons, else any bytes */
};

struct ws {
    struct buf partial;      /* of the data message under way */
    struct buf control;      /* of the control frame under way */
    struct deflate *deflate; /* set if permessage-deflate was agreed on; shared by all sockets of a worker */
    uint64_t remaining;      /* payload bytes of this frame still to come */
    uint64_t limit;          /* octets of a message, after inflating; above: 1009 */
    struct utf8 utf8;
    uint8_t head[14], head_size; /* of a frame whose head is not complete */
    uint8_t opcode;              /* of the frame */
    uint8_t message;             /* opcode of the message under way, 0: none */
    uint8_t mask[4], mask_at;
    bool fin, in_payload, compressed, handed_out, closed;
};

/* A fresh socket; `deflate` NULL without permessage-deflate. */
void ws_init(struct ws *w, uint64_t message_limit, struct deflate *deflate);

/* Frees what a partial message holds. */
void ws_free(struct ws *w);

/* Reads `n` bytes, which it may overwrite, up to the next event; *consumed says how far. Call until WS_MORE. */
enum ws_event ws_next(struct ws *w, char *data, size_t n, size_t *consumed, struct ws_message *message);

/* Writing. A frame is head and payload; frames of the server are never masked and never fragmented. */

enum { WS_HEAD_MAX = 10 };

/* The head of a final frame to `out`; returns its size, 2–10. */
size_t ws_head(char out[WS_HEAD_MAX], enum ws_opcode opcode, bool compressed, uint64_t payload_size);

/* A whole frame, appended. */
void ws_write(struct buf *out, enum ws_opcode opcode, struct str payload);

/* A data message, deflated if that makes it smaller (RFC 7692 §7.2.1). */
void ws_write_deflated(struct buf *out, enum ws_opcode opcode, struct str payload, struct deflate *deflate);

/* A close frame; WS_NO_STATUS gives an empty one, the reason is cut to 123 bytes at a character's end. */
void ws_write_close(struct buf *out, uint16_t code, struct str reason);

/* True if `code` may stand in a close frame (RFC 6455 §7.4). */
bool ws_close_code_valid(unsigned code);

/* The opening handshake (RFC 6455 §4.2). */

enum { WS_ACCEPT_SIZE = 28 };

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key; false if the key is not 16 bytes in base64. */
bool ws_accept(struct str key, char out[WS_ACCEPT_SIZE]);

/* True if an offer in Sec-WebSocket-Extensions can be taken; the answer's value is then WS_DEFLATE_ANSWER. Offers that
 * ask for a smaller window of ours are declined (RFC 7692 §7.1). */
bool ws_deflate_offered(struct str extensions);
#define WS_DEFLATE_ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

#endif
