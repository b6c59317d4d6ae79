/* proto/field.c: see field.h and chars.h. Owns the tables of octet classes and of known field names. */
#include "proto/field.h"

#include "proto/chars.h"

/* clang-format off */
const uint8_t http_chars[256] = { /* a row is 16 octets; the unit test builds it again from the RFCs' grammars */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x02, 0x5f, 0x02, 0x43, 0x5f, 0x4f, 0x5f, 0x5f, 0x5e, 0x5e, 0x5f, 0x5f, 0x5e, 0xdf, 0xdf, 0x4e,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x4e, 0x5e, 0x42, 0x5e, 0x42, 0x46,
    0x4e, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf,
    0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0x4e, 0x46, 0x4e, 0x4f, 0xdf,
    0x4f, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf,
    0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0x4e, 0x4f, 0x4e, 0xdf, 0x00,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
};

/* Slot of each known name by slot_of(), which gives no two names the same slot (the unit test proves it). */
static const uint8_t slots[128] = {
    [4] = HTTP_FIELD_CONTENT_LENGTH,
    [10] = HTTP_FIELD_IF_MATCH,
    [15] = HTTP_FIELD_IF_NONE_MATCH,
    [19] = HTTP_FIELD_X_FORWARDED_PROTO,
    [21] = HTTP_FIELD_SEC_WEBSOCKET_KEY,
    [25] = HTTP_FIELD_X_REAL_IP,
    [27] = HTTP_FIELD_TRANSFER_ENCODING,
    [32] = HTTP_FIELD_ACCEPT,
    [39] = HTTP_FIELD_REFERER,
    [40] = HTTP_FIELD_EXPECT,
    [43] = HTTP_FIELD_TRAILER,
    [44] = HTTP_FIELD_HOST,
    [59] = HTTP_FIELD_X_FORWARDED_FOR,
    [72] = HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS,
    [75] = HTTP_FIELD_TRACEPARENT,
    [76] = HTTP_FIELD_USER_AGENT,
    [77] = HTTP_FIELD_FORWARDED,
    [82] = HTTP_FIELD_COOKIE,
    [83] = HTTP_FIELD_AUTHORIZATION,
    [84] = HTTP_FIELD_CONNECTION,
    [88] = HTTP_FIELD_CONTENT_TYPE,
    [93] = HTTP_FIELD_LAST_EVENT_ID,
    [96] = HTTP_FIELD_IF_RANGE,
    [100] = HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL,
    [104] = HTTP_FIELD_ORIGIN,
    [105] = HTTP_FIELD_IF_MODIFIED_SINCE,
    [107] = HTTP_FIELD_IF_UNMODIFIED_SINCE,
    [111] = HTTP_FIELD_RANGE,
    [112] = HTTP_FIELD_TE,
    [115] = HTTP_FIELD_ACCEPT_ENCODING,
    [119] = HTTP_FIELD_UPGRADE,
    [127] = HTTP_FIELD_SEC_WEBSOCKET_VERSION,
};
/* clang-format on */

static const struct str names[HTTP_FIELD_COUNT] = {[HTTP_FIELD_OTHER] = {"", 0},
#define X(id, name) [HTTP_FIELD_##id] = {name, sizeof(name) - 1},
                                                   HTTP_FIELDS(X)
#undef X
};

static unsigned slot_of(struct str name)
{
    unsigned first = (unsigned char)name.p[0] | 0x20u, last = (unsigned char)name.p[name.n - 1] | 0x20u;
    return ((unsigned)name.n + 2 * first + 14 * last) % 128;
}

/* Compares octets at `text` with the lower-case letters and hyphens at `name`, as many as the word is wide. In a
 * letter's place (it has bit 0x40) the bit that tells cases apart is set first; elsewhere the octets must be the same.
 */
static inline bool same_word(const char *text, const char *name)
{
    uint64_t a, b;
    memcpy(&a, text, sizeof a);
    memcpy(&b, name, sizeof b);
    return (a | (b >> 1 & 0x2020202020202020u)) == b;
}

static inline bool same_half(const char *text, const char *name)
{
    uint32_t a, b;
    memcpy(&a, text, sizeof a);
    memcpy(&b, name, sizeof b);
    return (a | (b >> 1 & 0x20202020u)) == b;
}

/* By words; the last one overlaps the one before. */
static bool same_name(const char *text, const char *name, size_t n)
{
    if (n < 4)
        return str_ieq(str_of(text, n), str_of(name, n));
    if (n < 8)
        return same_half(text, name) && same_half(text + n - 4, name + n - 4);
    for (size_t i = 0; i + 8 < n; i += 8)
        if (!same_word(text + i, name + i))
            return false;
    return same_word(text + n - 8, name + n - 8);
}

enum http_field http_field_id(struct str name)
{
    if (name.n == 0)
        return HTTP_FIELD_OTHER;
    unsigned id = slots[slot_of(name)];
    if (id == HTTP_FIELD_OTHER || names[id].n != name.n || !same_name(name.p, names[id].p, name.n))
        return HTTP_FIELD_OTHER;
    return (enum http_field)id;
}

struct str http_field_name(enum http_field id)
{
    return names[id];
}

bool http_is_token(struct str s)
{
    return s.n > 0 && scan_class(s.p, s.p + s.n, CHAR_TOKEN) == s.p + s.n;
}

bool http_is_value(struct str s)
{
    return s.n == 0 || (scan_value(s.p, s.p + s.n) == s.p + s.n && str_trim(s).n == s.n);
}

bool http_list_has(struct str value, struct str token)
{
    while (value.p)
        if (str_ieq(str_trim(str_cut(&value, ',')), token))
            return true;
    return false;
}
