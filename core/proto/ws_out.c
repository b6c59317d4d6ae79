/* proto/ws_out.c: frames of the server and the opening handshake. See ws.h. */
#include "proto/ws.h"

#include "proto/deflate.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { FIN = 0x80, RSV1 = 0x40, REASON_MAX = 123 };

/* Below this many bytes deflate's own framing eats what it saves. */
enum { WORTH_DEFLATING = 32 };

size_t ws_head(char out[WS_HEAD_MAX], enum ws_opcode opcode, bool compressed, uint64_t payload_size)
{
    size_t length_size = payload_size < 126 ? 0 : payload_size <= UINT16_MAX ? 2 : 8;
    out[0] = (char)(FIN | (compressed ? RSV1 : 0) | opcode);
    out[1] = (char)(length_size == 0 ? payload_size : length_size == 2 ? 126 : 127);
    for (size_t i = 0; i < length_size; i++)
        out[2 + i] = (char)(payload_size >> 8 * (length_size - 1 - i));
    return 2 + length_size;
}

static void write_frame(struct buf *out, enum ws_opcode opcode, bool compressed, struct str payload)
{
    char *p = buf_reserve(out, WS_HEAD_MAX + payload.n);
    out->len += ws_head(p, opcode, compressed, payload.n);
    buf_append_str(out, payload);
}

void ws_write(struct buf *out, enum ws_opcode opcode, struct str payload)
{
    write_frame(out, opcode, false, payload);
}

void ws_write_deflated(struct buf *out, enum ws_opcode opcode, struct str payload, struct deflate *deflate)
{
    struct buf smaller = {0};
    if (payload.n >= WORTH_DEFLATING)
        deflate_message(deflate, payload, &smaller);
    bool worth = smaller.len > 0 && smaller.len < payload.n;
    write_frame(out, opcode, worth, worth ? buf_str(&smaller) : payload);
    buf_free(&smaller);
}

void ws_write_close(struct buf *out, uint16_t code, struct str reason)
{
    char payload[2 + REASON_MAX] = {(char)(code >> 8), (char)code};
    if (code == WS_NO_STATUS) {
        write_frame(out, WS_CLOSE, false, STR(""));
        return;
    }
    if (reason.n > REASON_MAX)
        reason.n = REASON_MAX;
    reason.n = utf8_valid_prefix(reason);
    if (reason.n)
        memcpy(payload + 2, reason.p, reason.n);
    write_frame(out, WS_CLOSE, false, str_of(payload, 2 + reason.n));
}

/* 16 bytes in base64 are 22 digits and "==" (RFC 6455 §4.1). */
static bool key_valid(struct str key)
{
    unsigned char padded[24], decoded[18];
    if (key.n != sizeof padded || memcmp(key.p + 22, "==", 2) != 0 || memchr(key.p, '=', 22))
        return false;
    memcpy(padded, key.p, sizeof padded);
    for (size_t i = 0; i < 22; i++) /* EVP_DecodeBlock forgives blanks */
        if (padded[i] <= ' ')
            return false;
    return EVP_DecodeBlock(decoded, padded, sizeof padded) == sizeof decoded;
}

bool ws_accept(struct str key, char out[WS_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 §1.3 */
    unsigned char text[24 + sizeof guid - 1], digest[SHA_DIGEST_LENGTH], encoded[WS_ACCEPT_SIZE + 1];
    if (!key_valid(key))
        return false;
    memcpy(text, key.p, 24);
    memcpy(text + 24, guid, sizeof guid - 1);
    SHA1(text, sizeof text, digest);
    EVP_EncodeBlock(encoded, digest, sizeof digest);
    memcpy(out, encoded, WS_ACCEPT_SIZE);
    return true;
}

/* The parameters of an offer, each at most once (RFC 7692 §7.1). */
enum { SERVER_NO_CONTEXT = 1, CLIENT_NO_CONTEXT = 2, SERVER_WINDOW = 4, CLIENT_WINDOW = 8 };

static unsigned parameter_of(struct str name)
{
    static const struct {
        struct str name;
        unsigned parameter;
    } known[] = {
        {{"server_no_context_takeover", 26}, SERVER_NO_CONTEXT},
        {{"client_no_context_takeover", 26}, CLIENT_NO_CONTEXT},
        {{"server_max_window_bits", 22}, SERVER_WINDOW},
        {{"client_max_window_bits", 22}, CLIENT_WINDOW},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ieq(name, known[i].name))
            return known[i].parameter;
    return 0;
}

/* 8–15 without leading zero, perhaps in quotes; 0 otherwise. */
static uint64_t window_bits(struct str value)
{
    uint64_t bits = 0;
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = str_of(value.p + 1, value.n - 2);
    return value.n && value.p[0] != '0' && str_to_u64(value, &bits) && bits >= 8 && bits <= 15 ? bits : 0;
}

static bool parameter_acceptable(struct str text, unsigned *seen)
{
    struct str value = text, name = str_trim(str_cut(&value, '='));
    bool has_value = value.p != NULL;
    unsigned parameter = parameter_of(name);
    if (parameter == 0 || (*seen & parameter))
        return false;
    *seen |= parameter;
    value = str_trim(value);
    if (parameter == SERVER_WINDOW)
        return has_value && window_bits(value) == 15;
    if (parameter == CLIENT_WINDOW)
        return !has_value || window_bits(value) > 0;
    return !has_value;
}

static bool offer_acceptable(struct str offer)
{
    unsigned seen = 0;
    if (!str_ieq(str_trim(str_cut(&offer, ';')), STR("permessage-deflate")))
        return false;
    while (offer.p)
        if (!parameter_acceptable(str_trim(str_cut(&offer, ';')), &seen))
            return false;
    return true;
}

bool ws_deflate_offered(struct str extensions)
{
    while (extensions.p)
        if (offer_acceptable(str_cut(&extensions, ',')))
            return true;
    return false;
}
