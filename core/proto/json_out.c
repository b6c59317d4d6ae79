/* proto/json_out.c: strings and numbers as JSON text. See json.h. */
#include "proto/json.h"
#include "proto/json_scan.h"
#include "proto/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double EXACT = 0x1p53;

/* '"', '\\' and control characters, the only ones that RFC 8259 §7 wants escaped. */
static void write_escape(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char short_forms[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char *p = buf_reserve(out, 6);
    char letter = c < 0x20 ? short_forms[c] : (char)c;
    p[0] = '\\';
    if (letter) {
        p[1] = letter;
        out->len += 2;
        return;
    }
    memcpy(p + 1, "u00", 3);
    p[4] = digits[c >> 4];
    p[5] = digits[c & 15];
    out->len += 6;
}

/* A text with something to escape, behind the quote that was written. */
static void write_escaped(struct buf *out, struct str s)
{
    const char *p = s.p, *end = s.p + s.n;
    bool high = false;
    for (;;) {
        const char *stop = json_scan(p, end, &high);
        buf_append(out, p, (size_t)(stop - p));
        if (stop == end)
            return;
        write_escape(out, (unsigned char)*stop);
        p = stop + 1;
    }
}

/* Most texts need no escape: they are copied first and looked at in the buffer, where there is room to look at 16
 * octets even if fewer are left. */
bool json_write_string(struct buf *out, struct str s)
{
    char *p = buf_reserve(out, s.n + JSON_SCAN_ROOM + 2);
    bool high = false;
    *p++ = '"';
    if (s.n)
        memcpy(p, s.p, s.n);
    if (json_is_plain(p, s.n, &high)) {
        p[s.n] = '"';
        out->len += s.n + 2;
    } else {
        out->len++;
        write_escaped(out, s);
        buf_append_char(out, '"');
    }
    return !high || utf8_valid(s);
}

/* Decimals with few places, the common case: if the integer nearest to number × 10^k is below 2^53 and gives the number
 * back when it is divided by 10^k, then its digits with a point before the last k read as the number again, because
 * reading does the same correctly rounded division. The first such k gives the fewest digits. */
static bool write_short_decimal(struct buf *out, double number)
{
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    double magnitude = fabs(number);
    for (int k = 1; k < (int)(sizeof powers / sizeof *powers); k++) {
        double scaled = magnitude * powers[k];
        if (scaled >= EXACT)
            return false;
        uint64_t nearest = (uint64_t)llrint(scaled);
        if ((double)nearest / powers[k] != magnitude)
            continue;
        char digits[20];
        size_t n = u64_to_digits(nearest, digits), places = (size_t)k;
        char *p = buf_reserve(out, 40);
        if (signbit(number))
            *p++ = '-';
        if (n <= places) {
            *p++ = '0';
        } else {
            memcpy(p, digits, n - places);
            p += n - places;
        }
        *p++ = '.';
        for (size_t zeros = n < places ? places - n : 0; zeros > 0; zeros--)
            *p++ = '0';
        size_t rest = n < places ? n : places;
        memcpy(p, digits + n - rest, rest);
        out->len = (size_t)(p + rest - out->data);
        return true;
    }
    return false;
}

/* True if it was one: below 2^53, where every integer has its double. */
static bool write_integer(struct buf *out, double number)
{
    double magnitude = fabs(number);
    if (!(magnitude < EXACT) || (double)(uint64_t)magnitude != magnitude)
        return false;
    char *p = buf_reserve(out, 21);
    bool negative = signbit(number);
    *p = '-';
    out->len += negative + u64_to_digits((uint64_t)magnitude, p + negative);
    return true;
}

bool json_write_number(struct buf *out, double number)
{
    if (write_integer(out, number))
        return true;
    if (!isfinite(number))
        return false;
    if (write_short_decimal(out, number))
        return true;
    char *p = buf_reserve(out, 32);
    int n = 0;
    for (int precision = 15; precision <= 17; precision++) { /* 17 digits always suffice */
        n = snprintf(p, 32, "%.*g", precision, number);
        if (precision == 17 || strtod(p, NULL) == number)
            break;
    }
    out->len += (size_t)n;
    return true;
}
