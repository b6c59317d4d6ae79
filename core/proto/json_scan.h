/* proto/json_scan.h: how far a string runs before something in it needs a look. Shared by json.c and json_out.c. */
#ifndef PROTO_JSON_SCAN_H
#define PROTO_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SSE2__)
/* One bit for each of the 16 octets that is '"', '\\' or a control character. */
static inline unsigned json_specials(__m128i octets)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1F);
    __m128i special = _mm_or_si128(_mm_cmpeq_epi8(octets, quote), _mm_cmpeq_epi8(octets, backslash));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(octets, last_control), octets));
    return (unsigned)_mm_movemask_epi8(special);
}
#endif

/* First '"', '\\' or control character in [p, end), or end; *high is set if a byte before it is not ASCII. */
static inline const char *json_scan(const char *p, const char *end, bool *high)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned stop = json_specials(octets), not_ascii = (unsigned)_mm_movemask_epi8(octets);
        if (stop) {
            unsigned before = (unsigned)__builtin_ctz(stop);
            *high |= (not_ascii & ((1u << before) - 1)) != 0;
            return p + before;
        }
        *high |= not_ascii != 0;
    }
#endif
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        *high |= c >= 0x80;
    }
    return p;
}

enum { JSON_SCAN_ROOM = 16 }; /* octets behind a text that json_is_plain() may read */

/* True if nothing in the n octets at p needs a look. JSON_SCAN_ROOM more must be readable; what they are is the same.
 */
static inline bool json_is_plain(const char *p, size_t n, bool *high)
{
#if defined(__SSE2__)
    unsigned special = 0, not_ascii = 0;
    for (size_t i = 0; i < n; i += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        unsigned ours = n - i < 16 ? (1u << (n - i)) - 1 : 0xFFFF;
        special |= json_specials(octets) & ours;
        not_ascii |= (unsigned)_mm_movemask_epi8(octets) & ours;
    }
    *high = not_ascii != 0;
    return special == 0;
#else
    return json_scan(p, p + n, high) == p + n;
#endif
}

#endif
