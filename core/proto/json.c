/* proto/json.c: see json.h. Reading. */
#include "proto/json.h"

#include "base/mem.h"
#include "proto/chars.h"
#include "proto/json_scan.h"
#include "proto/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct json *j;
    const char *begin, *p, *end;
};

static bool read_value(struct reader *r, int depth);

static bool fail(struct reader *r, const char *at, const char *message)
{
    r->j->message = message;
    r->j->offset = (size_t)(at - r->begin);
    return false;
}

static inline struct json_token *add(struct reader *r, enum json_kind kind)
{
    struct json *j = r->j;
    if (j->count == j->capacity) {
        j->capacity = j->capacity ? j->capacity * 2 : 64;
        j->tokens = mem_realloc(j->tokens, j->capacity * sizeof *j->tokens);
    }
    struct json_token *token = &j->tokens[j->count++];
    token->kind = (uint8_t)kind;
    return token;
}

static inline void skip_space(struct reader *r)
{
    while (r->p < r->end && (unsigned char)*r->p <= ' ' &&
           (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

/* The four digits behind "\u", or -1. */
static int32_t read_unit(struct reader *r)
{
    int32_t unit = 0;
    if (r->end - r->p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(r->p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    r->p += 4;
    return unit;
}

/* Behind "\u": one code point, from one unit or a surrogate pair (RFC 8259 §7, §8.2). */
static bool read_unicode(struct reader *r, struct buf *out)
{
    const char *at = r->p - 2;
    int32_t unit = read_unit(r), low;
    if (unit < 0)
        return fail(r, at, "malformed escape");
    if (unit >= 0xD800 && unit <= 0xDFFF) {
        if (unit > 0xDBFF || r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u')
            return fail(r, at, "lone surrogate");
        r->p += 2;
        low = read_unit(r);
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(r, at, "lone surrogate");
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    out->len += utf8_encode((uint32_t)unit, buf_reserve(out, 4));
    return true;
}

/* At a backslash. */
static bool read_escape(struct reader *r, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *which = r->p + 1 < r->end ? memchr(from, r->p[1], sizeof from - 1) : NULL;
    if (which) {
        buf_append_char(out, to[which - from]);
        r->p += 2;
        return true;
    }
    if (r->p + 1 < r->end && r->p[1] == 'u') {
        r->p += 2;
        return read_unicode(r, out);
    }
    return fail(r, r->p, "malformed escape");
}

/* The rest of a string that has an escape at r->p; `from` is where it began. */
static bool read_escaped(struct reader *r, const char *from, struct json_token *token)
{
    struct buf *out = &r->j->unescaped;
    size_t begin = out->len;
    bool high = false;
    buf_append(out, from, (size_t)(r->p - from));
    while (r->p < r->end && *r->p != '"') {
        if (*r->p == '\\') {
            if (!read_escape(r, out))
                return false;
            continue;
        }
        const char *clean = r->p;
        r->p = json_scan(clean, r->end, &high);
        if (r->p == clean)
            return fail(r, r->p, "control character in string");
        buf_append(out, clean, (size_t)(r->p - clean));
    }
    token->escaped = true;
    token->as.text.unescaped = (uint32_t)begin;
    token->size = (uint32_t)(out->len - begin);
    return true;
}

/* At the opening quote. */
static bool read_string(struct reader *r)
{
    struct json_token *token = add(r, JSON_STRING);
    const char *from = ++r->p;
    bool high = false;
    r->p = json_scan(from, r->end, &high);
    token->as.text.at = (uint32_t)(from - r->begin);
    token->escaped = false;
    token->size = (uint32_t)(r->p - from);
    if (r->p < r->end && *r->p == '\\' && !read_escaped(r, from, token))
        return false;
    if (r->p == r->end)
        return fail(r, r->p, "unterminated string");
    if (*r->p != '"')
        return fail(r, r->p, "control character in string");
    if (high || token->escaped) {
        struct str raw = str_of(from, (size_t)(r->p - from));
        size_t valid = utf8_valid_prefix(raw);
        if (valid < raw.n)
            return fail(r, from + valid, "invalid UTF-8");
    }
    r->p++;
    return true;
}

/* What the digits of a number say: `mantissa` × 10^`exponent`, exact if there were at most 19 digits. */
struct decimal {
    uint64_t mantissa;
    int64_t exponent;
    int digits;
    bool negative, integer;
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static void read_digits(struct reader *r, struct decimal *d)
{
    for (; r->p < r->end && is_digit(*r->p); r->p++) {
        if (d->digits < 19)
            d->mantissa = d->mantissa * 10 + (unsigned)(*r->p - '0');
        if (d->mantissa > 0 && d->digits < 1000000)
            d->digits++;
    }
}

/* fraction and exponent behind the integer part */
static bool read_fraction(struct reader *r, struct decimal *d)
{
    if (r->p < r->end && *r->p == '.') {
        const char *from = ++r->p;
        d->integer = false;
        read_digits(r, d);
        if (r->p == from)
            return false;
        d->exponent -= r->p - from;
    }
    if (r->p < r->end && (*r->p | 0x20) == 'e') {
        int64_t exponent = 0;
        d->integer = false;
        r->p++;
        bool negative = r->p < r->end && *r->p == '-';
        if (negative || (r->p < r->end && *r->p == '+'))
            r->p++;
        const char *from = r->p;
        for (; r->p < r->end && is_digit(*r->p); r->p++)
            if (exponent < 100000)
                exponent = exponent * 10 + (*r->p - '0');
        if (r->p == from)
            return false;
        d->exponent += negative ? -exponent : exponent;
    }
    return true;
}

/* strtod wants a NUL behind the number; the process keeps the C locale. */
static double convert(const char *from, const char *end)
{
    size_t n = (size_t)(end - from);
    char small[64], *text = n < sizeof small ? small : mem_alloc(n + 1);
    memcpy(text, from, n);
    text[n] = '\0';
    double number = strtod(text, NULL);
    if (text != small)
        free(text);
    return number;
}

/* True if the integer with these digits is exactly `number`: "%.0f" writes every digit of a double. */
static bool integer_exact(double number, const char *from, const char *end)
{
    char digits[400];
    int n = snprintf(digits, sizeof digits, "%.0f", number);
    return n == end - from && memcmp(digits, from, (size_t)n) == 0;
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The double that is nearest to the decimal. Up to 2^53 and 10^22 both factors are exact, so one operation rounds
 * correctly (W. D. Clinger, How to Read Floating Point Numbers Accurately, 1990); the rest is left to strtod. */
static bool to_double(const struct decimal *d, const char *from, const char *end, double *number)
{
    if (d->digits <= 19 && d->mantissa <= (uint64_t)1 << 53 && d->exponent >= -22 && d->exponent <= 22) {
        double m = (double)d->mantissa;
        double value = d->exponent < 0 ? m / powers[-d->exponent] : m * powers[d->exponent];
        *number = d->negative ? -value : value;
        return true;
    }
    *number = convert(from, end);
    if (isinf(*number) || (*number == 0 && d->mantissa != 0))
        return false;
    return !d->integer || integer_exact(*number, from, end);
}

/* Any number of the grammar. */
static bool read_any_number(struct reader *r)
{
    const char *from = r->p;
    struct decimal d = {.negative = *from == '-', .integer = true};
    r->p += d.negative;
    const char *digits = r->p;
    read_digits(r, &d);
    if (r->p == digits || (*digits == '0' && r->p - digits > 1))
        return fail(r, from, "malformed number");
    if (r->p < r->end && (*r->p == '.' || (*r->p | 0x20) == 'e') && !read_fraction(r, &d))
        return fail(r, from, "malformed number");
    double number;
    if (!to_double(&d, from, r->p, &number))
        return fail(r, from, "number does not fit");
    add(r, JSON_NUMBER)->as.number = number;
    return true;
}

/* A number of at most 15 digits without an exponent, which nearly all are: exact as above. The rest is read again. */
static bool read_number(struct reader *r)
{
    const char *p = r->p + (*r->p == '-'), *digits = p, *last = r->end - p > 16 ? p + 16 : r->end;
    uint64_t mantissa = 0;
    for (; p < last && is_digit(*p); p++)
        mantissa = mantissa * 10 + (unsigned)(*p - '0');
    const char *point = p;
    bool plain = p > digits && (*digits != '0' || p == digits + 1);
    if (p < last && *p == '.') {
        for (p++; p < last && is_digit(*p); p++)
            mantissa = mantissa * 10 + (unsigned)(*p - '0');
        plain = plain && p > point + 1;
    }
    if (!plain || p == digits + 16 || (p < r->end && (*p | 0x20) == 'e'))
        return read_any_number(r);
    double number = (double)mantissa;
    if (p > point)
        number /= powers[p - point - 1];
    add(r, JSON_NUMBER)->as.number = *r->p == '-' ? -number : number;
    r->p = p;
    return true;
}

static bool read_literal(struct reader *r, struct str literal, enum json_kind kind)
{
    if ((size_t)(r->end - r->p) < literal.n || memcmp(r->p, literal.p, literal.n) != 0)
        return fail(r, r->p, "expected a value");
    r->p += literal.n;
    add(r, kind);
    return true;
}

/* Behind a member: true at a comma, false at `close` (taken) or at anything else (*failed). */
static bool another(struct reader *r, char close, bool *failed)
{
    skip_space(r);
    if (r->p < r->end && (*r->p == ',' || *r->p == close))
        return *r->p++ == ',';
    *failed = !fail(r, r->p, close == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
    return false;
}

static bool at_close(struct reader *r, char close)
{
    skip_space(r);
    if (r->p == r->end || *r->p != close)
        return false;
    r->p++;
    return true;
}

static bool read_array(struct reader *r, int depth)
{
    uint32_t index = r->j->count, members = 0;
    bool failed = false;
    add(r, JSON_ARRAY);
    r->p++;
    if (!at_close(r, ']')) {
        do {
            if (!read_value(r, depth))
                return false;
            members++;
        } while (another(r, ']', &failed));
    }
    r->j->tokens[index].size = members;
    return !failed;
}

static bool read_pair(struct reader *r, int depth)
{
    skip_space(r);
    if (r->p == r->end || *r->p != '"')
        return fail(r, r->p, "expected a name in quotes");
    if (!read_string(r))
        return false;
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return fail(r, r->p, "expected ':'");
    r->p++;
    return read_value(r, depth);
}

static bool read_object(struct reader *r, int depth)
{
    uint32_t index = r->j->count, pairs = 0;
    bool failed = false;
    add(r, JSON_OBJECT);
    r->p++;
    if (!at_close(r, '}')) {
        do {
            if (!read_pair(r, depth))
                return false;
            pairs++;
        } while (another(r, '}', &failed));
    }
    r->j->tokens[index].size = pairs;
    return !failed;
}

/* Skips blanks and reads a value; `depth` containers are open around it. */
static bool read_value(struct reader *r, int depth)
{
    skip_space(r);
    if (r->p == r->end)
        return fail(r, r->p, "expected a value");
    switch (*r->p) {
    case '"':
        return read_string(r);
    case '{':
    case '[':
        if (depth == JSON_DEPTH_MAX)
            return fail(r, r->p, "nested deeper than 64 levels");
        return *r->p == '{' ? read_object(r, depth + 1) : read_array(r, depth + 1);
    case 't':
        return read_literal(r, STR("true"), JSON_TRUE);
    case 'f':
        return read_literal(r, STR("false"), JSON_FALSE);
    case 'n':
        return read_literal(r, STR("null"), JSON_NULL);
    default:
        if (*r->p == '-' || char_is(*r->p, CHAR_DIGIT))
            return read_number(r);
        return fail(r, r->p, "expected a value");
    }
}

bool json_parse(struct json *j, struct str text)
{
    const char *begin = text.p ? text.p : "";
    struct reader r = {j, begin, begin, begin + text.n};
    j->count = 0;
    buf_clear(&j->unescaped);
    if (text.n > UINT32_MAX)
        return fail(&r, r.p, "text too long");
    if (!read_value(&r, 0))
        return false;
    skip_space(&r);
    return r.p == r.end || fail(&r, r.p, "something behind the value");
}

void json_free(struct json *j)
{
    free(j->tokens);
    buf_free(&j->unescaped);
    *j = (struct json){0};
}
