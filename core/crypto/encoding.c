#include "crypto/encoding.h"

/* -1 if low <= c <= high, else 0: the shift spreads the sign that one of the differences has outside. */
static int within(int c, int low, int high)
{
    return ~(((c - low) | (high - c)) >> 31);
}

/* The branch-free form of "if (mask) value": mask is 0 or -1. */
static int pick(int mask, int value)
{
    return mask & value;
}

static char digit_of(int value, enum base64_alphabet alphabet)
{
    bool url = alphabet == BASE64_URL;
    return (char)(pick(within(value, 0, 25), 'A' + value) | pick(within(value, 26, 51), 'a' + value - 26) |
                  pick(within(value, 52, 61), '0' + value - 52) | pick(within(value, 62, 62), url ? '-' : '+') |
                  pick(within(value, 63, 63), url ? '_' : '/'));
}

/* 0–63, or -1 if c is not of the alphabet. */
static int value_of(unsigned char c, enum base64_alphabet alphabet)
{
    bool url = alphabet == BASE64_URL;
    int plus = url ? '-' : '+', slash = url ? '_' : '/';
    int value = pick(within(c, 'A', 'Z'), c - 'A' + 1) | pick(within(c, 'a', 'z'), c - 'a' + 27) |
                pick(within(c, '0', '9'), c - '0' + 53) | pick(within(c, plus, plus), 63) |
                pick(within(c, slash, slash), 64);
    return value - 1;
}

size_t base64_encoded_size(enum base64_alphabet alphabet, size_t n)
{
    return alphabet == BASE64 ? (n + 2) / 3 * 4 : n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

size_t base64_decoded_size(size_t n)
{
    return n / 4 * 3 + 3;
}

size_t base64_encode(enum base64_alphabet alphabet, const void *octets, size_t n, char *out)
{
    const unsigned char *in = octets;
    char *start = out;
    for (; n >= 3; n -= 3, in += 3) {
        *out++ = digit_of(in[0] >> 2, alphabet);
        *out++ = digit_of((in[0] & 3) << 4 | in[1] >> 4, alphabet);
        *out++ = digit_of((in[1] & 15) << 2 | in[2] >> 6, alphabet);
        *out++ = digit_of(in[2] & 63, alphabet);
    }
    if (n > 0) {
        int second = n == 2 ? in[1] : 0;
        *out++ = digit_of(in[0] >> 2, alphabet);
        *out++ = digit_of((in[0] & 3) << 4 | second >> 4, alphabet);
        if (n == 2)
            *out++ = digit_of((second & 15) << 2, alphabet);
        for (size_t i = n; alphabet == BASE64 && i < 3; i++)
            *out++ = '=';
    }
    return (size_t)(out - start);
}

bool base64_decode(enum base64_alphabet alphabet, struct str text, unsigned char *out, size_t *n)
{
    if (alphabet == BASE64) {
        if (text.n % 4 != 0)
            return false;
        for (int i = 0; i < 2 && text.n > 0 && text.p[text.n - 1] == '='; i++)
            text.n--;
    }
    if (text.n % 4 == 1)
        return false;

    int bad = 0;
    uint32_t bits = 0;
    unsigned char *start = out;
    for (size_t i = 0; i < text.n; i++) {
        int value = value_of((unsigned char)text.p[i], alphabet);
        bad |= value;
        bits = bits << 6 | (uint32_t)(value & 63);
        if (i % 4 != 0)
            *out++ = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    *n = (size_t)(out - start);
    uint32_t padding = text.n % 4 == 2 ? bits & 15 : text.n % 4 == 3 ? bits & 3 : 0;
    return bad >= 0 && padding == 0;
}

void hex_encode(const void *octets, size_t n, char *out)
{
    const unsigned char *in = octets;
    for (size_t i = 0; i < n; i++) {
        int high = in[i] >> 4, low = in[i] & 15;
        *out++ = (char)('0' + high + pick(within(high, 10, 15), 'a' - '9' - 1));
        *out++ = (char)('0' + low + pick(within(low, 10, 15), 'a' - '9' - 1));
    }
}

bool hex_decode(struct str text, unsigned char *out)
{
    int bad = (int)(text.n % 2);
    for (size_t i = 0; i + 1 < text.n; i += 2) {
        int value = 0;
        for (size_t k = i; k < i + 2; k++) {
            int c = (unsigned char)text.p[k], lower = c | 0x20;
            int digit = pick(within(c, '0', '9'), c - '0' + 1) | pick(within(lower, 'a', 'f'), lower - 'a' + 11);
            bad |= digit == 0;
            value = value << 4 | ((digit - 1) & 15);
        }
        out[i / 2] = (unsigned char)value;
    }
    return bad == 0;
}
