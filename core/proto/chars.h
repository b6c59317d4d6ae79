/* proto/chars.h: classes of octets and fast scans over them, shared by the parsers. */
#ifndef PROTO_CHARS_H
#define PROTO_CHARS_H

#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    CHAR_TOKEN = 1, /* tchar (RFC 9110 §5.6.2) */
    CHAR_VALUE = 2, /* field-vchar, SP, HTAB, obs-text (RFC 9110 §5.5) */
    CHAR_QUERY = 4, /* may stand in a request target behind '?' */
    CHAR_PATH = 8,  /* … before it */
    CHAR_HOST = 16, /* reg-name without escapes: unreserved, sub-delims (RFC 3986 §3.2.2) */
    CHAR_DIGIT = 32,
    CHAR_ETAG = 64,        /* etagc (RFC 9110 §8.8.3) */
    CHAR_UNRESERVED = 128, /* RFC 3986 §2.3 */
};

extern const uint8_t http_chars[256];

static inline int char_is(char c, int class)
{
    return http_chars[(unsigned char)c] & class;
}

/* 0–15, or -1 if `c` is no hexadecimal digit. */
static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* First octet in [p, end) that is not of the class. */
static inline const char *scan_class(const char *p, const char *end, int class)
{
    while (p < end && char_is(*p, class))
        p++;
    return p;
}

/* The same, for CHAR_TOKEN, CHAR_HOST, CHAR_PATH and CHAR_QUERY in texts of the usual kind: letters, digits, '-' and
 * '.' belong to all of these, '/' to two, and are looked at 16 at a time. */
static inline const char *scan_words(const char *p, const char *end, int class)
{
#if defined(__SSE2__)
    const __m128i bit = _mm_set1_epi8(0x20), before_a = _mm_set1_epi8('a' - 1), after_z = _mm_set1_epi8('z' + 1);
    const __m128i before_hyphen = _mm_set1_epi8('-' - 1), after_9 = _mm_set1_epi8('9' + 1), slash = _mm_set1_epi8('/');
    for (; end - p >= 16; p += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p), lower = _mm_or_si128(octets, bit);
        __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(lower, before_a), _mm_cmplt_epi8(lower, after_z));
        __m128i others = _mm_and_si128(_mm_cmpgt_epi8(octets, before_hyphen), _mm_cmplt_epi8(octets, after_9));
        if (!(class & (CHAR_PATH | CHAR_QUERY)))
            others = _mm_andnot_si128(_mm_cmpeq_epi8(octets, slash), others);
        unsigned rest = (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, others)) ^ 0xFFFF;
        if (rest) {
            p += __builtin_ctz(rest);
            break;
        }
    }
#endif
    return scan_class(p, end, class);
}

/* First `c` in [p, end), or end. For short distances, where calling memchr() costs more than looking. */
static inline const char *scan_to(const char *p, const char *end, char c)
{
#if defined(__SSE2__)
    for (const __m128i wanted = _mm_set1_epi8(c); end - p >= 16; p += 16) {
        int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), wanted));
        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    while (p < end && *p != c)
        p++;
    return p;
}

/* First octet in [p, end) that may not stand in a field value: 16 at a time where the machine can. */
static inline const char *scan_value(const char *p, const char *end)
{
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1F), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7F);
    for (; end - p >= 16; p += 16) {
        __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(octets, last_control), octets);
        __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(octets, tab), control), _mm_cmpeq_epi8(octets, del));
        int mask = _mm_movemask_epi8(bad);
        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    return scan_class(p, end, CHAR_VALUE);
}

#endif
