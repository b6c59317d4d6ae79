/* proto/url.c: see url.h. */
#include "proto/url.h"

#include "proto/chars.h"
#include "proto/utf8.h"

#include <arpa/inet.h>

bool url_decode(struct str in, char *out, size_t *n)
{
    size_t length = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? hex_value(in.p[i + 1]) : -1, low = high < 0 ? -1 : hex_value(in.p[i + 2]);
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0')
            return false;
        out[length++] = c;
    }
    *n = length;
    return utf8_valid(str_of(out, length));
}

bool url_path_is_plain(struct str path)
{
    if (path.n == 0 || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7F || path.p[i] == '\\')
            return false;
    struct str rest = str_of(path.p + 1, path.n - 1);
    while (rest.p) {
        struct str segment = str_cut(&rest, '/');
        if ((segment.n == 0 && rest.p) || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return false;
    }
    return true;
}

/* IPv6address in brackets; zone identifiers and future versions are not for servers on the open net (RFC 3986 §3.2.2).
 */
static bool ipv6_valid(struct str literal)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (literal.n >= sizeof text)
        return false;
    memcpy(text, literal.p, literal.n);
    text[literal.n] = '\0';
    return strlen(text) == literal.n && inet_pton(AF_INET6, text, &address) == 1;
}

/* The end of the literal at `p`, which is a '['; NULL if it is none. */
static const char *literal_end(const char *p, const char *end)
{
    const char *close = memchr(p, ']', (size_t)(end - p));
    return close && ipv6_valid(str_of(p + 1, (size_t)(close - p - 1))) ? close + 1 : NULL;
}

/* The end of the reg-name or IPv4 address at `p`; NULL if there is none or it is too long. */
static const char *name_end(const char *p, const char *end)
{
    const char *stop = scan_words(p, end, CHAR_HOST);
    while (end - stop > 2 && *stop == '%' && hex_value(stop[1]) >= 0 && hex_value(stop[2]) >= 0)
        stop = scan_class(stop + 3, end, CHAR_HOST);
    return stop > p && stop - p <= 255 ? stop : NULL;
}

/* At most five digits fill [p, end). */
static bool port_valid(const char *p, const char *end)
{
    unsigned number = 0;
    if (end - p > 5)
        return false;
    for (; p < end; p++) {
        if (!char_is(*p, CHAR_DIGIT))
            return false;
        number = number * 10 + (unsigned)(*p - '0');
    }
    return number <= 65535;
}

bool url_authority_valid(struct str authority)
{
    const char *p = authority.p, *end = p + authority.n;
    if (authority.n == 0)
        return false;
    const char *host_end = *p == '[' ? literal_end(p, end) : name_end(p, end);
    return host_end && (host_end == end || (*host_end == ':' && port_valid(host_end + 1, end)));
}
