/* proto/utf8.c: see utf8.h. Runs of ASCII go eight at a time; a lead byte says how many bytes follow and in which range
 * the first of them must lie, which is all that RFC 3629 §4 asks for. */
#include "proto/utf8.h"

/* Sets what must follow lead byte `c` (≥ 0x80); false if it leads nothing. */
static inline bool lead(struct utf8 *u, unsigned char c)
{
    if (c < 0xC2 || c > 0xF4)
        return false;
    u->left = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    u->low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    u->high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    return true;
}

static inline size_t skip_ascii(const unsigned char *p, size_t i, size_t n)
{
    uint64_t word;
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

/* Offset of the first impossible byte, or n. */
static size_t run(struct utf8 *u, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (u->left == 0) {
            i = skip_ascii(p, i, n);
            if (i == n)
                return n;
            if (!lead(u, p[i]))
                return i;
        } else {
            if (p[i] < u->low || p[i] > u->high)
                return i;
            u->left--;
            u->low = 0x80;
            u->high = 0xBF;
        }
    }
    return n;
}

bool utf8_feed(struct utf8 *u, struct str piece)
{
    return run(u, (const unsigned char *)piece.p, piece.n) == piece.n;
}

bool utf8_valid(struct str s)
{
    struct utf8 u = {0};
    return utf8_feed(&u, s) && utf8_complete(&u);
}

size_t utf8_valid_prefix(struct str s)
{
    struct utf8 u = {0};
    size_t end = run(&u, (const unsigned char *)s.p, s.n);
    if (u.left == 0)
        return end;
    while (end > 0 && ((unsigned char)s.p[end - 1] & 0xC0) == 0x80) /* an unfinished character: back to its lead byte */
        end--;
    return end ? end - 1 : 0;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
